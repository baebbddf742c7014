"""The training loop: epochs, batches, history, the check for divergence, and Ctrl-C."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from equipoise.errors import TrainingDivergedError
from equipoise.training.batches import Batches
from equipoise.training.callbacks import Callback
from equipoise.training.interruption import fit_is_of_the_user
from equipoise.training.plan import Plan, Progress
from equipoise.training.schedules import learning_rate_factor


def fit_loop(
    plan: Plan,
    n_rows: int,
    *,
    max_epochs: int,
    batch_size: int,
    schedule: str = "constant",
    score: Callable[[], float] | None = None,
    callbacks: Sequence[Callback] = (),
    fingerprint: Callable[[], str] = str,
    snapshot: Callable[[list[dict[str, Any]]], Any] | None = None,
) -> list[dict[str, Any]]:
    """Train for up to ``max_epochs`` epochs.

    Parameters
    ----------
    plan : Plan
        The modules, their optimisers and the step. A plan that is a Callback, too, is called like
        one.
    n_rows : int
        Number of training rows.
    max_epochs, batch_size : int
        Largest number of epochs, and largest number of rows per step.
    schedule : str
        See :func:`equipoise.training.schedules.learning_rate_factor`.
    score : callable, optional
        Function that returns the current validation ACSA; it is called after every epoch.
    callbacks : sequence of Callback
        Called in this order.
    fingerprint : callable
        Function that returns what distinguishes this fit from others, for
        :class:`~equipoise.training.Checkpoint`.
    snapshot : callable, optional
        Makes a fitted estimator of the plan's modules and a history, for the callbacks.

    Returns
    -------
    list of dict
        One record per epoch: ``epoch`` (from 1), ``seconds``, ``learning_rate``, the mean of
        every named loss, and ``val_acsa`` if there is a score.

    Raises
    ------
    TrainingDivergedError
        If a loss becomes NaN or infinite.
    KeyboardInterrupt
        After Ctrl-C, unless the user has called ``fit``, or a callback says that the model so far
        is kept.
    """
    batches = Batches(n_rows, batch_size, plan.generator)
    progress = Progress(plan, max_epochs, len(batches), fingerprint, n_rows)
    progress.make_snapshot = snapshot
    if isinstance(plan, Callback):  # last, after a checkpoint may have been restored
        callbacks = [*callbacks, plan]
    peaks = [[g["lr"] for g in optimizer.param_groups] for optimizer in plan.optimizers]
    try:
        for callback in callbacks:
            callback.on_fit_start(progress)
        while progress.epoch < max_epochs and not progress.stop:
            _run_epoch(plan, batches, progress, peaks, schedule, callbacks)
            if score is not None:
                plan.modules.eval()
                progress.history[-1]["val_acsa"] = score()
            for callback in callbacks:
                callback.on_epoch_end(progress)
    except KeyboardInterrupt:
        if not (fit_is_of_the_user() or any(c.keeps_interrupted for c in callbacks)):
            raise
        warnings.warn(
            f"Training was interrupted in epoch {progress.epoch + 1} of {max_epochs}; "
            "the model is kept as it is now.",
            stacklevel=2,
        )
    finally:
        for optimizer, rates in zip(plan.optimizers, peaks, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
        plan.modules.eval()
        for callback in callbacks:
            callback.on_fit_end(progress)
    return progress.history


def _run_epoch(
    plan: Plan,
    batches: Batches,
    progress: Progress,
    peaks: list[list[float]],
    schedule: str,
    callbacks: Sequence[Callback],
) -> None:
    plan.modules.train()
    started = time.perf_counter()
    totals: dict[str, float] = {}
    n_steps = progress.max_epochs * len(batches)
    for i, rows in enumerate(batches):
        step = progress.epoch * len(batches) + i
        factor = learning_rate_factor(schedule, step / n_steps)
        for optimizer, rates in zip(plan.optimizers, peaks, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        losses = {name: float(value) for name, value in plan.step(rows).items()}
        if not math.isfinite(losses["loss"]):
            parts = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
            raise TrainingDivergedError(
                f"The loss is no longer finite at step {step + 1} (epoch {progress.epoch + 1}, "
                f"batch {i + 1}): {parts}. Try a smaller learning_rate (now "
                f"{peaks[0][0] * factor:.3g}), look for extreme values in X, or standardise it."
            )
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + value
        progress.batch = i + 1
        progress.losses = losses
        for callback in callbacks:
            callback.on_batch_end(progress)
    progress.epoch += 1
    record: dict[str, Any] = {
        "epoch": progress.epoch,
        "seconds": time.perf_counter() - started,
        "learning_rate": plan.optimizers[0].param_groups[0]["lr"],
    }
    record |= {name: total / len(batches) for name, total in totals.items()}
    progress.history.append(record)
