"""Interfaces between the training loop, the methods that it trains, and the callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn


class Plan(Protocol):
    """What a method provides to the loop: its modules, their optimisers, and a training step."""

    @property
    def modules(self) -> nn.Module:
        """All modules that are trained, whose state a checkpoint has to contain."""

    @property
    def optimizers(self) -> Sequence[torch.optim.Optimizer]:
        """The optimisers, whose learning rates the loop sets."""

    @property
    def generator(self) -> torch.Generator:
        """Source of all randomness, the shuffle included, on the CPU."""

    def step(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Train on the rows with these indices.

        Returns scalar losses by name, with the total under ``"loss"``.
        """


@dataclass
class Progress:
    """State of the training; a callback may set ``stop`` to end it after the epoch.

    On a GPU the ``losses`` are not read after every step, and are those that were read last.
    """

    plan: Plan
    max_epochs: int
    n_batches: int
    make_fingerprint: Callable[[], str] = str
    n_rows: int = 0
    epoch: int = 0
    batch: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    stop: bool = False
    best_epoch: int = 0
    best_score: float = float("-inf")
    best_weights: dict[str, torch.Tensor] | None = None
    make_snapshot: Callable[[list[dict[str, Any]]], Any] | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the data and the parameters, which takes a look at all rows."""
        return self.make_fingerprint()

    def snapshot(self) -> Any:
        """A fitted copy of the estimator as it is now, such as to draw samples in a callback.

        It is independent of the training, which goes on as if it had not been made.
        """
        if self.make_snapshot is None:
            raise RuntimeError("This training is not that of an estimator.")
        return self.make_snapshot(self.history)
