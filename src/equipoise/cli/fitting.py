"""From data and an untrained model to a run folder, for every command that trains."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import typer

from equipoise.cli import pictures
from equipoise.cli.results import Results
from equipoise.cli.runs import Run, now
from equipoise.cli.training import Recorder
from equipoise.training import Checkpoint


def fit(model: Any, X: np.ndarray, y: np.ndarray, run: Run, note: Callable[[str], None]) -> Any:
    """Train, or go on training, or take what an earlier process has trained.

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
        Ctrl-C; the model so far is saved.
    """
    if run.status == "trained":
        note("the training was done already")
        return run.load_model()
    if run.checkpoint.exists():
        note("going on from the last whole epoch")
    run.update(status="running")
    model.set_params(callbacks=[Checkpoint(run.checkpoint), Recorder(run)])
    try:
        model.fit(X, y)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        run.update(status="interrupted" if stopped else "failed")
        if isinstance(error, ValueError) and not run.checkpoint.exists():
            run.clear()  # a mistake in the parameters is no run
        raise
    model.save(run.model)
    seconds = sum(epoch["seconds"] for epoch in model.history_)  # of all processes
    recorder = model.callbacks_[1]
    if recorder.interrupted:
        run.update(status="interrupted", epochs=recorder.epoch, training_seconds=seconds)
        note(
            f"interrupted after {recorder.epoch} of {recorder.max_epochs} epochs; the model so far "
            f"is in {run.model}. Run the same command again to go on."
        )
        raise typer.Exit(130)
    run.update(status="trained", epochs=recorder.epoch, training_seconds=seconds)
    return model


def report(
    run: Run, model: Any, name: str, X: np.ndarray, y: np.ndarray, note: Callable[[str], None]
) -> None:
    """Test a classifier once, write what came out, print it.

    Parameters
    ----------
    run : Run
    model : classifier
    name : str
        What the pictures call it.
    X, y : ndarray
        Test images, and their labels among the classes of the run.
    note : callable
    """
    note(f"testing on {len(y)} images")
    about = run.record["data"]
    started = time.perf_counter()
    probabilities = model.predict_proba(X)
    seconds = time.perf_counter() - started
    results = Results(y, probabilities, about["class_names"], about["class_counts"])
    results.save(run.path)
    pictures.draw_confusion(results, run.pictures / "confusion.png")
    pictures.draw_recall({name: results}, run.pictures / "recall-by-size.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.update(status="finished", finished=now(), predict_seconds=seconds)
    print(results.report())
