"""``equipoise imsic grid-search``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.atomic import write_text
from equipoise.cli.console import exit_if_failed, notes
from equipoise.cli.grid import (
    LEGEND,
    Point,
    axes_of,
    corners,
    folder_name,
    new_study,
    print_ranked,
    product,
    proposals,
    ranked,
    written,
)
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import (
    ImageSize,
    Overwrite,
    Positive,
    Quiet,
    RunSeed,
    SkipDamaged,
)
from equipoise.cli.train import IMSIC_PARAMETERS, build_gan
from equipoise.cli.trial import Trial, in_processes, is_finished
from equipoise.runs.csv_cells import csv_text
from equipoise.runs.data import DataChoice, describe, training_and_validation_rows
from equipoise.runs.files import make_folder

PUBLISHED = "structure_weight=.1,.2,.3,.4,.5,.6,.7,.8,.9,1"


class Score(StrEnum):
    """The score that trials are ranked by."""

    VAL_ACSA = "val_acsa"
    FIDELITY = "fidelity"
    RECOVERY = "recovery"


@add_options(IMSIC_PARAMETERS)
def grid_search(
    *,
    dataset: str,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
    skip_damaged: SkipDamaged = False,
    download: bool = True,
    protocol: str | None = None,
    seed: RunSeed = 0,
    grid: list[str] | None = None,
    trials: Annotated[int | None, typer.Option(min=1)] = None,
    jobs: Annotated[int | None, typer.Option(min=1)] = None,
    rank_by: Score = Score.VAL_ACSA,
    validation_fraction: Annotated[float, typer.Option(min=0.01, max=0.9)] = 0.2,
    classifier_epochs: Positive = 12,
    out: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Train a GAN and the classifier that it feeds for each point of a grid, and rank the points.

    Each trial has its own process and run folder. The same command continues after a kill; finished
    trials are not run again. The test set is not used. The options from --architecture on are the
    parameters of IMSIC that the grid does not vary.

    Parameters
    ----------
    grid : NAME=V,V,..., default=structure_weight=.1,.2 and so on to 1, as published
        Parameter of IMSIC and its values, with | between them where they contain commas; repeated,
        every combination. With --trials also LOW:HIGH or LOW:HIGH:log.
    trials : int, default=all points of the grid
        Let Optuna choose so many points, each after the scores of those before it.
    jobs : int, default=one per processor core
        Trials at a time.
    rank_by : str, default=val_acsa
        Score that puts the best trial first; the others break ties.
    validation_fraction : float, default=0.2
        Fraction of each class's training images to validate on.
    classifier_epochs : int, default=12
        Epochs of the classifier that each GAN feeds.
    out : FOLDER, default=runs/imsic-grid-DATASET-seedSEED
        Folder of all trials.
    """
    note = notes(quiet)
    from equipoise.experiments.processes import cores

    axes = axes_of(grid or [PUBLISHED], IMSIC_PARAMETERS)
    choice = DataChoice(dataset, data_dir, image_size, hair, skip_damaged)
    shared = {
        "method": "IMSIC",
        **choice.settings(protocol),
        "seed": seed,
        "validation_fraction": validation_fraction,
        "classifier_epochs": classifier_epochs,
    }
    study = new_study(seed) if trials else None
    points = [] if study else list(product(axes))
    for point in points or corners(axes):
        build_gan(chosen | point, seed, verbose=0)  # finds mistakes
    out = out or Path("runs") / f"imsic-grid-{choice.title}-seed{seed}"
    data = choice.load(download)
    train, validation = training_and_validation_rows(data, shared)
    about = describe(choice, data, *train)
    n_trials = trials or len(points)
    n_jobs = min(jobs or cores(), n_trials)
    note(
        f"{n_trials} trials, {len(train[1])} training and {len(validation[1])} validation images, "
        f"{n_jobs} at a time, folder {out}"
    )

    def trial_in(folder: Path, point: Point) -> Trial:
        settings = shared | {"parameters": chosen | point}
        return Trial(folder, settings, about, train, validation, overwrite)

    def score_of(point: Point) -> float | None:
        return _scores(out / folder_name(point)).get(rank_by.value)

    batches: Iterable[list[Point]] = [points]
    if study:
        batches = proposals(study, axes, n_trials, n_jobs, score_of)
    done: dict[Path, Point] = {}
    n_failed = 0
    try:
        for batch in batches:
            folders = {out / folder_name(point): point for point in batch}
            done |= folders
            asked = [trial_in(folder, point) for folder, point in folders.items()]
            waiting = [trial for trial in asked if not is_finished(trial)]
            make_folder(out)
            note(f"{len(asked) - len(waiting)} of {len(asked)} trials done already")
            for trial, error in in_processes(waiting, n_jobs):
                note(f"{trial.path.name}: {'failed' if error else 'done'}")
                if error:
                    n_failed += 1
                    print(error, file=sys.stderr)
    except KeyboardInterrupt:
        note("interrupted. Run the same command again to go on.")
        raise typer.Exit(130) from None

    rows = [
        {name: written(value) for name, value in point.items()} | found | {"run": str(path)}
        for path, point in done.items()
        if (found := _scores(path))
    ]
    if rows:
        table = ranked(rows, rank_by.value)
        write_text(out / "grid.csv", csv_text(table, index_label="rank"))
        print_ranked(table)
        note(LEGEND)
    exit_if_failed(n_failed, len(done), "trials")


def _scores(folder: Path) -> dict[str, Any]:
    """Scores of a finished trial, empty for any other."""
    path = folder / "metrics.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
