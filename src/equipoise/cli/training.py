"""What the training leaves on the way."""

from __future__ import annotations

import json

from equipoise.atomic import write_text
from equipoise.cli.runs import Run
from equipoise.training import Callback, Progress


class Recorder(Callback):
    """Write the history of a run after every epoch, and notice an interruption.

    The file is written anew each time: after a run that was killed and taken up again it has
    every epoch once, which appended lines might not.

    Attributes
    ----------
    epoch, max_epochs : int
        Epochs done, and how many there were to be.
    interrupted : bool
        Whether the training ended before its time.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.epoch = self.max_epochs = 0
        self.interrupted = False

    def on_epoch_end(self, progress: Progress) -> None:
        """Write one line per epoch so far."""
        lines = [json.dumps(record) + "\n" for record in progress.history]
        write_text(self.run.history, "".join(lines))

    def on_fit_end(self, progress: Progress) -> None:
        """See whether all epochs were run."""
        self.epoch, self.max_epochs = progress.epoch, progress.max_epochs
        self.interrupted = progress.epoch < progress.max_epochs and not progress.stop
