"""Training an estimator into a run folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from filelock import FileLock

from equipoise.atomic import write_text
from equipoise.parameters import check_parameters
from equipoise.runs.run import Run
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

    keeps_interrupted = True

    def __init__(self, run: Run) -> None:
        self.run = run
        self.epoch = self.max_epochs = 0
        self.interrupted = False

    def on_fit_start(self, progress: Progress) -> None:
        """Write the epochs of a checkpoint; a kill may have come between it and the last line."""
        if progress.history:
            self.on_epoch_end(progress)

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


def train(model: Any, X: Any, y: Any, run: Run, callbacks: Sequence[Callback] = ()) -> Recorder:
    """Train a model, or continue its training after its last whole epoch, and save it in the run.

    Parameters
    ----------
    model : estimator
        With its parameters; fitted already only if it has ``warm_start=True``.
    X, y : array-like
    run : Run
        Its status becomes "trained", or "interrupted" or "failed".
    callbacks : sequence of Callback, default=()
        Called after each epoch is stored.

    Returns
    -------
    Recorder
        Knows whether the training was interrupted; the model so far is saved all the same.

    Raises
    ------
    ValueError
        Another process is training the run, or the parameters or the data are wrong.
    """
    with run.hold() as lock:
        return _train(model, X, y, run, callbacks, lock)


def _train(
    model: Any, X: Any, y: Any, run: Run, callbacks: Sequence[Callback], lock: FileLock
) -> Recorder:
    run.update(status="running")
    model.set_params(callbacks=[Checkpoint(run.checkpoint), Recorder(run), *callbacks])
    try:
        model.fit(X, y)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        run.update(status="interrupted" if stopped else "failed")
        if isinstance(error, ValueError) and not run.checkpoint.exists():
            lock.release()  # a file that is open cannot be deleted everywhere
            run.clear()  # the parameters or the data were wrong: there is nothing to keep
        raise
    model.save(run.model)
    recorder = model.callbacks_[1]
    run.update(
        status="interrupted" if recorder.interrupted else "trained",
        epochs=recorder.epoch,
        training_seconds=sum(epoch["seconds"] for epoch in model.history_),  # of all processes
    )
    return recorder
