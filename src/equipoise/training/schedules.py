"""Learning-rate schedules as functions of the progress of the training."""

from __future__ import annotations

import math

SCHEDULES = ("constant", "one_cycle", "cosine", "step", "exponential")


def learning_rate_factor(schedule: str, progress: float) -> float:
    """Factor on the peak learning rate.

    Parameters
    ----------
    schedule : {"constant", "one_cycle", "cosine", "step", "exponential"}
        ``"one_cycle"`` increases from 1/25 in the first quarter and then decreases to zero along a
        cosine; ``"step"`` halves after 60 % (DGC's epoch 30 of 50 on MNIST); ``"exponential"``
        decays smoothly to 1/100 (DGC on CelebA).
    progress : float
        Fraction of all steps that are done, in [0, 1].
    """
    if schedule == "one_cycle":
        warm = 0.25
        if progress < warm:
            return 1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * progress / warm)) / 2
        return (1 + math.cos(math.pi * (progress - warm) / (1 - warm))) / 2
    if schedule == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    if schedule == "step":
        return 1.0 if progress < 0.6 else 0.5
    if schedule == "exponential":
        return 0.01**progress
    return 1.0
