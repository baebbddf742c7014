"""The rows that a plan trains on, and what it takes of them in a step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass
class TrainingRows:
    """Rows, labels and weights, with the noise and the precision of the steps on them.

    Attributes
    ----------
    load : callable
        Row indices → tensor of those inputs on the network's device.
    y : Tensor of shape (n,)
        Class indices.
    weight : Tensor of shape (n,) or None
        Of every row in the loss.
    class_counts : Tensor of shape (n_classes,)
        Rows of every class, or their weight.
    generator : torch.Generator
        On the CPU: source of the shuffle and of all noise.
    autocast : context manager
        Precision of a forward pass.
    """

    load: Callable[[np.ndarray], Tensor]
    y: Tensor
    weight: Tensor | None
    class_counts: Tensor
    generator: torch.Generator
    autocast: AbstractContextManager[Any]

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor | None]:
        """Inputs, class indices and weights of the rows with these indices."""
        index = torch.from_numpy(rows).to(self.y.device)
        weight = None if self.weight is None else self.weight[index]
        return self.load(rows), self.y[index], weight

    def through(self, module: Any, x: Tensor) -> Tensor:
        """What a module makes of ``x`` in the precision of the steps, in that of ``x``."""
        with self.autocast:
            y = module(x)
        return y.to(x)
