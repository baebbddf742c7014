"""The training loop: epochs, batches, history, the check for divergence, and Ctrl-C."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from equipoise.errors import TrainingDivergedError
from equipoise.training.batches import Batches
from equipoise.training.callbacks import Callback
from equipoise.training.distributed import from_first
from equipoise.training.interruption import fit_is_of_the_user
from equipoise.training.plan import Plan, Progress
from equipoise.training.schedules import learning_rate_factor

# Whoever reads a loss waits for the device, which then idles until the next step. On a CPU there is
# nothing to wait for, and every step is read.
STEPS_PER_READ = 32


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
        Function that returns the current validation ACSA; it is called after every epoch, by the
        first process alone if several train together.
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
                progress.history[-1]["val_acsa"] = from_first(score)
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
    n_before = progress.epoch * len(batches)
    on_cpu = next(plan.modules.parameters()).device.type == "cpu"
    unread: list[tuple[int, dict[str, torch.Tensor]]] = []
    for i, rows in enumerate(batches):
        factor = learning_rate_factor(schedule, (n_before + i) / n_steps)
        for optimizer, rates in zip(plan.optimizers, peaks, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        unread.append((i, plan.step(rows)))
        if on_cpu or i % STEPS_PER_READ == 0 or i + 1 == len(batches):
            for batch, losses in _read(unread):
                if not math.isfinite(losses["loss"]):
                    step = n_before + batch
                    rate = peaks[0][0] * learning_rate_factor(schedule, step / n_steps)
                    parts = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
                    raise TrainingDivergedError(
                        f"The loss is no longer finite at step {step + 1} (epoch "
                        f"{progress.epoch + 1}, batch {batch + 1}): {parts}. Try a smaller "
                        f"learning_rate (now {rate:.3g}), look for extreme values in X, or "
                        "standardise it."
                    )
                for name, value in losses.items():
                    totals[name] = totals.get(name, 0.0) + value
                progress.losses = losses
            unread.clear()
        progress.batch = i + 1
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


def _read(
    batches: list[tuple[int, dict[str, torch.Tensor]]],
) -> Iterator[tuple[int, dict[str, float]]]:
    """The losses of some batches as numbers, by a single transfer from their device."""
    values = torch.stack([value for _, losses in batches for value in losses.values()]).tolist()
    numbers = iter(values)
    for batch, losses in batches:
        yield batch, {name: next(numbers) for name in losses}
