"""``equipoise evaluate``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.atomic import write_text
from equipoise.cli.console import notes, print_table
from equipoise.cli.options import add_options
from equipoise.cli.oversampling import sampler_of
from equipoise.cli.shared_options import Ignored, MissingValues, Positive, Quiet, Seed, Words
from equipoise.runs.csv_cells import csv_text
from equipoise.runs.files import check_target
from equipoise.runs.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

METRIC_NAMES = ("balanced_accuracy", "f1_macro", "g_macro", "average_precision", "brier")
SHORT = METRIC_NAMES[1:]  # printed without deviations


@add_options()
def evaluate_table(
    table: Path,
    *,
    target: str,
    samplers: Words = "random,smote,dgc",
    classifiers: Words = "auto",
    metric: str = "balanced_accuracy",
    folds: Annotated[int, typer.Option(min=2)] = 5,
    repeats: Positive = 1,
    jobs: Positive = 1,
    dates: Words = None,
    categories: Words = None,
    missing_values: MissingValues = None,
    ignored: Ignored = None,
    seed: Seed = 0,
    out: Path | None = None,
    plot: Path | None = None,
    save: Path | None = None,
    quiet: Quiet = False,
) -> None:
    """Find out what helps on a table: which classifier, and whether with resampling.

    Classifiers are trained as they are, with the uniform prior, with class weights, with a tuned
    threshold and on resampled rows, and tested on held-out rows.

    Parameters
    ----------
    samplers : NAME,...
        What to compare: dgc, imsic, random, smote, borderline-smote, adasyn.
    classifiers : NAME,..., default=auto
        logistic-regression, random-forest, gradient-boosting, catboost, lightgbm, xgboost; auto for
        all of them that are installed.
    metric : NAME, default=balanced_accuracy
        What the verdict, the picture and the best combination go by: balanced_accuracy, f1_macro,
        g_macro, average_precision, brier.
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
    save : FOLDER, default=none
        New folder for the best combination, fitted to all rows, which `equipoise predict` applies
        to other tables. It holds a pickle: do not load such folders of others.
    """
    note = notes(quiet)
    if out is not None:
        if out.resolve() == table.resolve():
            raise ValueError(f"--out {out} is the table itself. Name another file.")
        check_target(out, ".csv")
    if plot is not None:
        check_target(plot, ".png", ".pdf", ".svg")
    if save is not None:
        if save.exists():
            raise ValueError(f"--save {save} exists. Name a new folder.")
        check_target(save)
    if metric not in METRIC_NAMES:
        raise ValueError(
            f"--metric {metric!r} is unknown. Choose one of {', '.join(METRIC_NAMES)}."
        )
    read = read_table(table, target, dates, categories, ignored, missing_values)
    for remark in read.remarks:
        note(remark)
    from equipoise.experiments import evaluate_resampling
    from equipoise.metrics.names import METRICS

    smallest = read.y.value_counts().min()
    smallest -= math.ceil(smallest / folds)  # of its rows in a training part
    found = evaluate_resampling(
        read.X,
        read.y,
        {name: sampler_of(name, read.X, smallest) for name in samplers},
        classifiers_of(classifiers, jobs),
        cv=folds,
        n_repeats=repeats,
        refit=None if save is None else metric,
        n_jobs=jobs,
        random_state=seed,
        verbose=0 if quiet else 1,
    )
    summary = found.summary()
    print_table(
        ["", "balanced\naccuracy", *(METRICS[name].symbol for name in SHORT), "fit s"],
        *(_rows_of(summary, name) for name in summary.index.unique("classifier")),
    )
    print(found.verdict(metric))
    if out is not None:
        write_text(out, csv_text(found.scores))
    if plot is not None:
        from equipoise.cli import pictures

        pictures.save(found.plot(metric).figure, plot)
    if save is not None:
        from equipoise.cli import saved_model

        if found.best_estimator_ is None:  # a warning has said why
            raise typer.Exit(1)

        name, treatment = found.best_classifier_, found.best_treatment_
        scores = summary.xs("mean", axis=1, level=1).loc[(name, treatment)].to_dict()
        about = {"target": target, "classifier": name, "treatment": treatment, "scores": scores}
        about["missing_values"] = missing_values
        saved_model.save(save, found.best_estimator_, read.X, about)
        note(f"{name} with {treatment!r}, fitted to all rows, in {save}")


def classifiers_of(names: Sequence[str], jobs: int) -> Any:
    """The classifiers of these names; those of boosting use one thread where folds run in parallel.

    Raises
    ------
    ValueError
        A classifier is unknown or not installed.
    """
    from equipoise.experiments.classifiers import AUTO, auto_classifiers

    made = auto_classifiers(one_thread=jobs > 1)
    if names == [AUTO]:
        return made
    by_name = {name.lower().replace(" ", "-"): name for name in made}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(
            f"--classifiers {unknown[0]!r} is unknown or not installed. Choose from "
            f"{', '.join(by_name)}."
        )
    return {by_name[name]: made[by_name[name]] for name in names}


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
