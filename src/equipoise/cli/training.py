"""Training an estimator into a run folder, for every command that trains."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer

from equipoise.cli import pictures
from equipoise.cli.results import Results
from equipoise.datasets import Dataset
from equipoise.errors import counted
from equipoise.runs.data import DataChoice, describe, training_rows
from equipoise.runs.resuming import begin, resumable
from equipoise.runs.run import Run
from equipoise.runs.training import train
from equipoise.training import Checkpoint
from equipoise.training.distributed import from_first, joined, rank


def start_and_fit(
    model: Any,
    out: Path,
    settings: dict[str, Any],
    choice: DataChoice,
    download: bool,
    overwrite: bool,
    note: Callable[[str], None],
) -> tuple[Run, Dataset, np.ndarray, np.ndarray, Any]:
    """Load the data of a run, and train a model in its folder, which may be there to continue.

    Of several processes that torchrun has started, only the first returns from here. It alone
    touches the folder.

    Returns
    -------
    run : Run
    data : Dataset
    X, y : ndarray
        The images to train on, and their labels.
    model : estimator
        Fitted, and saved in the run.
    """
    with joined():
        if rank() == 0:
            run, data, X, y = _start(out, settings, choice, download, overwrite, note)
            from_first(lambda: run.status)
            return run, data, X, y, fit(model, X, y, run, note)
        if from_first(str) != "trained":
            X, y = training_rows(choice.load(download=False), settings)
            model.set_params(callbacks=[Checkpoint(out)]).fit(X, y)
        raise typer.Exit


def _start(
    out: Path,
    settings: dict[str, Any],
    choice: DataChoice,
    download: bool,
    overwrite: bool,
    note: Callable[[str], None],
) -> tuple[Run, Dataset, np.ndarray, np.ndarray]:
    """Load the data of a run, and create its folder or open it to continue."""
    run = resumable(out, settings, overwrite)
    data = choice.load(download)
    X, y = training_rows(data, settings)
    if settings["method"] == "IMSIC" and len(set(data.y_test.tolist())) == 1:
        raise ValueError("The test images are of one class. Add some of another.")
    run = begin(run, out, settings, describe(choice, data, X, y))
    note(
        f"{counted(len(y), 'training image')} of "
        f"{counted(len(data.class_names), 'class', 'classes')}, run folder {out}"
    )
    return run, data, X, y


def fit(model: Any, X: np.ndarray, y: np.ndarray, run: Run, note: Callable[[str], None]) -> Any:
    """Train a model, or continue its training, or load it where the training is done.

    Parameters
    ----------
    model : estimator
        With its parameters, not fitted.
    X, y : ndarray
    run : Run
    note : callable
        Tells the user a line.

    Returns
    -------
    estimator
        Fitted, and saved in the run.

    Raises
    ------
    typer.Exit
        The user pressed Ctrl-C; the model so far is saved.
    """
    if run.status == "trained":
        note("the model is trained already")
        return run.load_model()
    if run.checkpoint.exists():
        note("continuing after the last complete epoch")
    recorder = train(model, X, y, run)
    if recorder.interrupted:
        note(
            f"interrupted after {recorder.epoch} of {counted(recorder.max_epochs, 'epoch')}; the "
            f"model so far is in {run.model}. Run the same command again to continue."
        )
        raise typer.Exit(130)
    return model


def report(
    run: Run, model: Any, name: str, X: np.ndarray, y: np.ndarray, note: Callable[[str], None]
) -> None:
    """Test a classifier, and write and print the results.

    Parameters
    ----------
    run : Run
    model : classifier
    name : str
        Name of the method in the pictures.
    X, y : ndarray
        Test images, and their labels among the classes of the run.
    note : callable
        Tells the user a line.
    """
    note(f"testing on {counted(len(y))}")
    started = time.perf_counter()
    results = Results.of(model, X, y, run.record["data"])
    seconds = time.perf_counter() - started
    results.save(run.path)
    pictures.draw_confusion(results, run.pictures / "confusion.png")
    pictures.draw_recall({name: results}, run.pictures / "recall-by-size.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.finish(predict_seconds=seconds)
    print(results.report())
