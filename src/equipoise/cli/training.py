"""Training an estimator into a run folder, for every command that trains."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import typer

from equipoise.atomic import write_text
from equipoise.cli import pictures
from equipoise.cli.data import DataChoice, describe, training_rows
from equipoise.cli.results import Results
from equipoise.cli.resuming import begin, resumable
from equipoise.cli.runs import Run
from equipoise.datasets import Dataset
from equipoise.parameters import check_parameters
from equipoise.training import Callback, Checkpoint, Progress


class Recorder(Callback):
    """Write the history of a run after every epoch, and notice an interruption.

    The file is written anew each time: when a run that was killed is continued, it has every
    epoch once, which appended lines might not.

    Attributes
    ----------
    epoch, max_epochs : int
        Number of epochs that are done, and of those that were asked for.
    interrupted : bool
        Whether the training was stopped by Ctrl-C.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.epoch = self.max_epochs = 0
        self.interrupted = False

    def on_epoch_end(self, progress: Progress) -> None:
        """Write one line for each epoch so far."""
        lines = [json.dumps(record) + "\n" for record in progress.history]
        write_text(self.run.history, "".join(lines))

    def on_fit_end(self, progress: Progress) -> None:
        """Find out whether the training ended before its last epoch."""
        self.epoch, self.max_epochs = progress.epoch, progress.max_epochs
        self.interrupted = progress.epoch < progress.max_epochs and not progress.stop


def settings_of(model: Any, options: Iterable[str], **settings: Any) -> dict[str, Any]:
    """Settings of a run that trains this model, for its record.

    Parameters
    ----------
    model : estimator
        Not fitted.
    options : iterable of str
        Names of the parameters that the command line can set.
    **settings : object
        What was asked for besides.

    Raises
    ------
    ValueError
        A parameter of the model is out of range.
    """
    method = type(model).__name__
    check_parameters(method, model.get_params(deep=False), model._constraints)
    parameters = {name: getattr(model, name) for name in options}
    return {"method": method, **settings, "seed": model.random_state, "parameters": parameters}


def start(
    out: Path,
    settings: dict[str, Any],
    choice: DataChoice,
    download: bool,
    overwrite: bool,
    note: Callable[[str], None],
) -> tuple[Run, Dataset, np.ndarray, np.ndarray]:
    """Load the data of a run, and create its folder or open it to continue.

    Returns
    -------
    run : Run
    data : Dataset
    X, y : ndarray
        The images to train on, and their labels.
    """
    run = resumable(out, settings, overwrite)
    data = choice.load(download)
    X, y = training_rows(data, settings)
    if settings["method"] == "IMSIC" and len(set(data.y_test.tolist())) == 1:
        raise ValueError("The test images are of one class. Add some of another.")
    run = begin(run, out, settings, describe(choice, data, X, y))
    note(f"{len(y)} training images of {len(data.class_names)} classes, run folder {out}")
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
    run.update(status="running")
    model.set_params(callbacks=[Checkpoint(run.checkpoint), Recorder(run)])
    try:
        model.fit(X, y)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        run.update(status="interrupted" if stopped else "failed")
        if isinstance(error, ValueError) and not run.checkpoint.exists():
            run.clear()  # the parameters or the data were wrong: there is nothing to keep
        raise
    model.save(run.model)
    recorder = model.callbacks_[1]
    run.update(
        status="interrupted" if recorder.interrupted else "trained",
        epochs=recorder.epoch,
        training_seconds=sum(epoch["seconds"] for epoch in model.history_),  # of all processes
    )
    if recorder.interrupted:
        note(
            f"interrupted after {recorder.epoch} of {recorder.max_epochs} epochs; the model so far "
            f"is in {run.model}. Run the same command again to continue."
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
    note(f"testing on {len(y)} images")
    started = time.perf_counter()
    results = Results.of(model, X, y, run.record["data"])
    seconds = time.perf_counter() - started
    results.save(run.path)
    pictures.draw_confusion(results, run.pictures / "confusion.png")
    pictures.draw_recall({name: results}, run.pictures / "recall-by-size.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.finish(predict_seconds=seconds)
    print(results.report())
