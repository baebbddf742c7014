"""``equipoise evaluate``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.atomic import replacing, write_text
from equipoise.cli.console import Quiet, notes
from equipoise.cli.files import check_target
from equipoise.cli.oversampling import METHODS, sampler_of
from equipoise.cli.parsing import words
from equipoise.cli.tables import Categories, Dates, Ignored, TableFile, Target, read_table

if TYPE_CHECKING:
    from rich.table import Table

    from equipoise.evaluation import ResamplingEvaluation

HEADINGS = {
    "f1_macro": "F1",
    "g_macro": "G",
    "average_precision": "avg.\nprec.",
    "brier": "Brier",
}
PICTURES = (".png", ".pdf", ".svg")


def evaluate_table(
    table: TableFile,
    target: Target,
    samplers: Annotated[
        Any, typer.Option(parser=words, metavar="NAME,...", help=f"What to compare: {METHODS}.")
    ] = "random,smote,dgc",
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="Times to repeat it.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Folds at a time.")] = 1,
    dates: Dates = None,
    categories: Categories = None,
    ignored: Ignored = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of the folds and all fits.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="File for the scores of all folds.", show_default="none"),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"Picture: {', '.join(PICTURES)}.", show_default="none"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Find out whether resampling helps on a table.

    Logistic regression, random forest and gradient boosting are trained as they are, with class
    weights, with a tuned threshold and on resampled rows, and tested on rows that were kept out.
    """
    notes(quiet)
    if out is not None:
        if out.suffix.lower() != ".csv" or out.resolve() == table.resolve():
            raise ValueError(f"--out {out}: name another file, which ends in .csv.")
        check_target(out)
    if plot is not None:
        if plot.suffix not in PICTURES:
            raise ValueError(f"{plot}: name a file that ends in {' or '.join(PICTURES)}.")
        check_target(plot)
    read = read_table(table, target, dates, categories, ignored)
    from rich.console import Console

    from equipoise.evaluation import evaluate_resampling

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
    Console().print(as_table(found))
    print(found.verdict())
    if out is not None:
        write_text(out, found.scores.to_csv(index=False))
    if plot is not None:
        _draw(found, plot)


def as_table(found: ResamplingEvaluation) -> Table:
    """Mean scores, a section per classifier and a line per treatment."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(no_wrap=True)
    for heading in ("balanced\naccuracy", *HEADINGS.values(), "fit s"):
        table.add_column(heading, justify="right")
    summary = found.summary()
    for name in summary.index.unique("classifier"):
        table.add_row(name)
        for treatment, row in summary.loc[name].iterrows():
            first = row["balanced_accuracy"]
            table.add_row(
                f"  {treatment}",
                f"{first['mean']:.3f} ± {first['sd']:.3f}",
                *(f"{row[metric, 'mean']:.3f}" for metric in HEADINGS),
                f"{row['fit_seconds', 'mean']:.1f}",
            )
        table.add_section()
    return table


def _draw(found: ResamplingEvaluation, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    found.plot(ax=figure.add_subplot())
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=150)
