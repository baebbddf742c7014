"""What the loop trains, and where it stands: shared by the loop and its callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn


class Plan(Protocol):
    """What a method's ``training.py`` provides: the modules, their optimisers, one step."""

    @property
    def modules(self) -> nn.Module:
        """Everything that is trained, and all that a checkpoint has to hold."""

    @property
    def optimizers(self) -> Sequence[torch.optim.Optimizer]:
        """The loop sets their learning rates."""

    @property
    def generator(self) -> torch.Generator:
        """Source of all randomness, the shuffle included."""

    def step(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Train on the rows with these indices; scalar losses by name, the total as "loss"."""


@dataclass
class Progress:
    """Where the training stands; callbacks read it, and set ``stop`` to end after the epoch."""

    plan: Plan
    max_epochs: int
    n_batches: int
    fingerprint: str = ""
    epoch: int = 0
    batch: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    stop: bool = False
    best_epoch: int = 0
    best_score: float = float("-inf")
    best_weights: dict[str, torch.Tensor] | None = None
