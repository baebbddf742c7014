"""``equipoise imsic grid-search``."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from multiprocessing import connection, get_context
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.atomic import write_text
from equipoise.cli.cell import Cell, run_alone
from equipoise.cli.console import notes
from equipoise.cli.data import DataChoice, choose_protocol, describe, training_rows, validation_rows
from equipoise.cli.docstrings import Parameter
from equipoise.cli.files import make_folder
from equipoise.cli.options import add_options, value_of
from equipoise.cli.ranking import LEGEND, as_csv, as_table, in_order, row_of, written
from equipoise.cli.resuming import check_same_data, same_run
from equipoise.cli.shared_options import ImageSize, Overwrite, Quiet, RunSeed
from equipoise.cli.train import IMSIC_PARAMETERS as PARAMETERS
from equipoise.cli.train import build_gan
from equipoise.cli.trials import Axis, Range, Trials, corners

PUBLISHED = "structure_weight=.1,.2,.3,.4,.5,.6,.7,.8,.9,1"


class Score(StrEnum):
    """What cells are ranked by."""

    VAL_ACSA = "val_acsa"
    FIDELITY = "fidelity"
    RECOVERY = "recovery"


@add_options(PARAMETERS)
def grid_search(
    *,
    dataset: str,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
    download: bool = True,
    protocol: str | None = None,
    seed: RunSeed = 0,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=V,V,...",
            help="Parameter of IMSIC and its values, with | between them where they have commas; "
            "repeated, every combination. With --trials also LOW:HIGH or LOW:HIGH:log.",
            show_default="structure_weight=.1,.2 and so on to 1, as published",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Let Optuna choose so many cells, each after the scores of those before it.",
            show_default="all cells of the grid",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Cells at a time.", show_default="one per processor core"),
    ] = None,
    rank_by: Annotated[
        Score, typer.Option(help="Score that puts the best cell first; the others break ties.")
    ] = Score.VAL_ACSA,
    validation_fraction: Annotated[
        float,
        typer.Option(
            min=0.01, max=0.9, help="Share of each class's training images to validate on."
        ),
    ] = 0.2,
    classifier_epochs: Annotated[
        int, typer.Option(min=1, help="Passes of the classifier that each GAN feeds.")
    ] = 12,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of all cells.",
            show_default="runs/imsic-grid-DATASET-seedSEED",
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Train a GAN and the classifier that it feeds for each cell of a grid, and rank the cells.

    Each cell has its own process and run folder. The same command goes on after a kill; finished
    cells are not run again. The test set is not looked at. The options from --architecture on
    are the parameters of IMSIC that the grid does not vary.
    """
    note = notes(quiet)
    from torch import get_num_threads

    axes = axes_of(grid or [PUBLISHED])
    choice = DataChoice(dataset, data_dir, image_size, hair)
    shared = {
        "method": "IMSIC",
        **choice.settings,
        "protocol": choose_protocol(protocol, dataset),
        "seed": seed,
        "validation_fraction": validation_fraction,
        "classifier_epochs": classifier_epochs,
    }
    search = Trials(axes, seed) if trials else None
    points = [] if search else list(product(axes))
    for point in points or corners(axes):
        build_gan(chosen | point, seed, verbose=0)  # finds mistakes
    out = out or Path("runs") / f"imsic-grid-{choice.title}-seed{seed}"
    data = choice.load(download)
    train = training_rows(data, shared)
    validation = validation_rows(data, shared)
    about = describe(choice, data, *train)
    cells: dict[str, tuple[dict[str, Any], Cell]] = {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    jobs = min(jobs or cores or 1, trials or max(1, len(points)))
    note(
        f"{trials or len(points)} cells, {len(train[1])} training and {len(validation[1])} "
        f"validation images, {jobs} at a time, folder {out}"
    )
    n_failed = 0

    def run(chosen_points: Sequence[dict[str, Any]]) -> list[Cell]:
        nonlocal n_failed
        these = []
        for point in chosen_points:
            settings = shared | {"parameters": chosen | point}
            path = out / folder_of(point)
            cell = Cell(path, settings, about, train, validation, overwrite)
            these.append(cells.setdefault(path.name, (point, cell))[1])
        waiting = [cell for cell in {c.path: c for c in these}.values() if not finished(cell)]
        make_folder(out)
        note(f"{len(these) - len(waiting)} of {len(these)} cells done already")
        for cell, code in in_processes(waiting, jobs, max(1, get_num_threads() // jobs)):
            note(f"{cell.path.name}: {'failed' if code else 'done'}")
            n_failed += code != 0
        return these

    try:
        if search is None or trials is None:
            run(points)
        else:
            for start in range(0, trials, jobs):
                search.learn(rank_by.value, run(search.propose(min(jobs, trials - start))))
    except KeyboardInterrupt:
        note("interrupted. Run the same command again to go on.")
        raise typer.Exit(130) from None

    rows = [row_of(point, cell) for point, cell in cells.values()]
    ranked = in_order([row for row in rows if row], rank_by.value)
    if ranked:
        write_text(out / "grid.csv", as_csv(ranked))
        from rich.console import Console

        Console().print(as_table(ranked))
        note(LEGEND)
    if n_failed:
        print(
            f"error: {n_failed} of {len(cells)} cells failed. The same command runs only them.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def axes_of(grid: Sequence[str]) -> dict[str, Axis]:
    """Values of each parameter in texts such as ``"n_codes=2,4"`` or ``"n_codes=2:6"``.

    Raises
    ------
    ValueError
        A text is written otherwise, or names no parameter.
    """
    known = {p.name: p for p in PARAMETERS}
    axes: dict[str, Axis] = {}
    for text in grid:
        name, _, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known or not values.strip():
            raise ValueError(
                f"--grid {text!r} is not like structure_weight=.1,.2 with one of the parameters "
                f"{', '.join(known)}."
            )
        if name in axes:
            raise ValueError(f"--grid {text!r}: {name} has values already. Name it once.")
        try:
            axes[name] = axis_of(known[name], values)
        except (ValueError, typer.BadParameter) as error:
            raise ValueError(f"--grid {text!r}: {error}") from None
    return axes


def axis_of(parameter: Parameter, text: str) -> Axis:
    """The values, or the range, that one text gives a parameter."""
    if ":" in text and parameter.annotation in {"int", "float"}:
        low, _, rest = text.partition(":")
        high, _, scale = rest.partition(":")
        ends = [value_of(parameter, end.strip()) for end in (low, high)]
        if scale not in {"", "log"} or not ends[0] < ends[1] or (scale and ends[0] <= 0):
            raise ValueError(f"{text!r} is not like LOW:HIGH or, above 0, LOW:HIGH:log.")
        return Range(ends[0], ends[1], scale == "log")
    parts = text.split("|" if "|" in text else ",")
    values = [value_of(parameter, part.strip()) for part in parts]
    if repeated := [value for i, value in enumerate(values) if value in values[:i]]:
        raise ValueError(f"{repeated[0]!r} stands there twice.")
    return values


def product(axes: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    """Every combination of the values.

    Raises
    ------
    ValueError
        There is a range among them.
    """
    lists = {name: axis for name, axis in axes.items() if isinstance(axis, list)}
    if ranges := axes.keys() - lists:
        raise ValueError(f"--grid {min(ranges)}: a range has no end of values. Add --trials.")
    for combination in itertools.product(*lists.values()):
        yield dict(zip(lists, combination, strict=True))


def folder_of(point: dict[str, Any]) -> str:
    """Name for the run folder of these values."""
    text = ",".join(f"{name}={written(value)}" for name, value in point.items())
    return re.sub(r"[^\w.,=+-]+", "-", text)


def finished(cell: Cell) -> bool:
    """Whether an earlier command has done this cell.

    Raises
    ------
    ValueError
        Its folder holds something else.
    """
    run = same_run(cell.path, cell.settings, cell.overwrite)
    if run is None:
        return False
    check_same_data(run, cell.about)
    return run.status == "finished"


def in_processes(cells: Sequence[Cell], jobs: int, threads: int) -> Iterator[tuple[Cell, int]]:
    """Run each cell in a process of its own; yield it with its exit code when it has ended."""
    context = get_context("spawn")  # torch's threads do not survive a fork
    waiting = list(cells)
    running: list[tuple[Any, Cell]] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.pop(0)
                process = context.Process(target=run_alone, args=(cell, threads), daemon=True)
                process.start()
                running.append((process, cell))
            connection.wait([process.sentinel for process, _ in running])
            for process, cell in [one for one in running if one[0].exitcode is not None]:
                running.remove((process, cell))
                yield cell, process.exitcode or 0
    finally:  # Ctrl-C: what a cell has after its last whole epoch is on disk
        for process, _ in running:
            process.kill()
            process.join()
