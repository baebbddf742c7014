"""Follow the fits of a comparison, and end it when asked."""

from __future__ import annotations

from typing import Any, Self

from equipoise.studio.errors import StudioError
from equipoise.studio.jobs import Job
from equipoise.training import Callback, Progress

FITS = 2  # without and with synthetic rows


class Follow(Callback):
    """Tell a job which share of the fits is done; a request to stop ends them with an error."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.begun = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # an estimator copies its callbacks, but this one counts all fits

    def on_fit_start(self, progress: Progress) -> None:
        """Count the fits."""
        self.begun += 1

    def on_batch_end(self, progress: Progress) -> None:
        """Tell the progress, or end the comparison."""
        if self.job.stop.is_set():
            raise StudioError("The comparison was stopped.")
        of_fit = (progress.epoch + progress.batch / progress.n_batches) / progress.max_epochs
        self.job.progress = {"share": (self.begun - 1 + of_fit) / FITS}
