"""Follow a comparison or an export, and end it when asked."""

from __future__ import annotations

from typing import Any, Self

from equipoise.studio.errors import StudioError
from equipoise.studio.jobs import Job
from equipoise.training import Callback, Progress


class Follow(Callback):
    """Tell a job which share of its work is done; a request to stop ends it with an error.

    A network is also followed within its fit; it gets this as a callback.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.fit, self.fits = 0, 1

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # an estimator copies its callbacks, but this one follows all fits

    def begin(self, fit: int, fits: int) -> None:
        """Note that a fit begins."""
        self.fit, self.fits = fit, fits
        self._tell(0.0)

    def on_batch_end(self, progress: Progress) -> None:
        """Tell the progress within the fit."""
        self._tell((progress.epoch + progress.batch / progress.n_batches) / progress.max_epochs)

    def _tell(self, of_fit: float) -> None:
        self.tell(
            (self.fit + of_fit) / self.fits,
            f"Fit {self.fit + 1} of {self.fits}: the classifier is trained without and with the "
            "synthetic rows",
        )

    def tell(self, share: float | None, words: str) -> None:
        """Tell the progress, in words too; None is a share that is not known."""
        self.check()
        self.job.progress = {"share": share, "words": words}

    def check(self) -> None:
        """End the work if it was asked to stop."""
        if self.job.stop.is_set():
            raise StudioError(f"{self.job.title} was stopped.")
