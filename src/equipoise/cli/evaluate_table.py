"""``equipoise evaluate``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.atomic import write_text
from equipoise.cli.console import notes, print_table
from equipoise.cli.options import add_options
from equipoise.cli.oversampling import sampler_of
from equipoise.cli.shared_options import Ignored, Positive, Quiet, Seed, Words
from equipoise.runs.files import check_target
from equipoise.runs.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

SHORT = ("f1_macro", "g_macro", "average_precision", "brier")  # printed without deviations


@add_options()
def evaluate_table(
    table: Path,
    *,
    target: str,
    samplers: Words = "random,smote,dgc",
    folds: Annotated[int, typer.Option(min=2)] = 5,
    repeats: Positive = 1,
    jobs: Positive = 1,
    dates: Words = None,
    categories: Words = None,
    ignored: Ignored = None,
    seed: Seed = 0,
    out: Path | None = None,
    plot: Path | None = None,
    quiet: Quiet = False,
) -> None:
    """Find out whether resampling helps on a table.

    Logistic regression, random forest and gradient boosting are trained as they are, with class
    weights, with a tuned threshold and on resampled rows, and tested on held-out rows.

    Parameters
    ----------
    samplers : NAME,...
        What to compare: dgc, imsic, random, smote, borderline-smote, adasyn.
    folds : int, default=5
        Folds of the cross-validation.
    repeats : int, default=1
        Times to repeat it.
    jobs : int, default=1
        Folds at a time.
    seed : int, default=0
        Seed of the folds and all fits.
    out : CSV, default=none
        File for the scores of all folds.
    plot : FILE, default=none
        Picture: .png, .pdf, .svg.
    """
    notes(quiet)
    if out is not None:
        if out.resolve() == table.resolve():
            raise ValueError(f"--out {out} is the table itself. Name another file.")
        check_target(out, ".csv")
    if plot is not None:
        check_target(plot, ".png", ".pdf", ".svg")
    read = read_table(table, target, dates, categories, ignored)
    from equipoise.experiments import evaluate_resampling
    from equipoise.metrics.names import METRICS

    smallest = read.y.value_counts().min()
    smallest -= math.ceil(smallest / folds)  # of its rows in a training part
    found = evaluate_resampling(
        read.X,
        read.y,
        {name: sampler_of(name, read.X, smallest) for name in samplers},
        cv=folds,
        n_repeats=repeats,
        n_jobs=jobs,
        random_state=seed,
        verbose=0 if quiet else 1,
    )
    summary = found.summary()
    print_table(
        ["", "balanced\naccuracy", *(METRICS[name].symbol for name in SHORT), "fit s"],
        *(_rows_of(summary, name) for name in summary.index.unique("classifier")),
    )
    print(found.verdict())
    if out is not None:
        write_text(out, found.scores.to_csv(index=False))
    if plot is not None:
        from equipoise.cli import pictures

        pictures.save(found.plot().figure, plot)


def _rows_of(summary: pd.DataFrame, classifier: str) -> Iterator[list[str]]:
    """The mean scores of a classifier, with a row for each treatment."""
    yield [classifier]
    for treatment, row in summary.loc[classifier].iterrows():
        first = row["balanced_accuracy"]
        yield [
            f"  {treatment}",
            f"{first['mean']:.3f} ± {first['sd']:.3f}",
            *(f"{row[metric, 'mean']:.3f}" for metric in SHORT),
            f"{row['fit_seconds', 'mean']:.1f}",
        ]
