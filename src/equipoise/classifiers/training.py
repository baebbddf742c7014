"""One optimisation step of a discriminative classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.classifiers.network import ClassifierNetwork
from equipoise.training.augment import augment
from equipoise.training.steps import descend, dropout


class ClassifierPlan:
    """Any loss of the logits, with AdamW.

    Parameters
    ----------
    network : ClassifierNetwork
    load : callable
        Row indices → tensor of those inputs on the network's device.
    y : Tensor of shape (n,)
    weight : Tensor of shape (n,) or None
        Weight of every row in the loss.
    loss : callable
        Logits, class indices and ``weight=`` of a batch → scalar.
    chances : ndarray of shape (n,) or None
        Draw the rows of a step with replacement, in these proportions, instead of each once.
    augmentation : str
        See :func:`equipoise.training.augment.augment`.
    generator : torch.Generator
        On the CPU: source of the shuffle and of all noise.
    autocast : context manager
        Precision of the forward pass.
    learning_rate, weight_decay : float
    """

    def __init__(
        self,
        network: ClassifierNetwork,
        load: Callable[[np.ndarray], Tensor],
        y: Tensor,
        weight: Tensor | None,
        *,
        loss: Callable[..., Tensor],
        chances: np.ndarray | None,
        augmentation: str,
        generator: torch.Generator,
        autocast: Any,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.load, self.y, self.weight = network, load, y, weight
        self.loss, self.augmentation = loss, augmentation
        self.generator, self.autocast = generator, autocast
        self.cumulative = None
        if chances is not None:
            cumulative = np.cumsum(chances, dtype=np.float64)
            self.cumulative = cumulative / cumulative[-1]  # ends at 1 exactly, above every draw
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
        ]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        if self.cumulative is not None:
            draws = torch.rand(len(rows), generator=self.generator, dtype=torch.float64)
            rows = np.searchsorted(self.cumulative, draws.numpy(), side="right")
        index = torch.from_numpy(rows).to(self.y.device)
        x = augment(self.load(rows), self.augmentation, self.generator)
        with self.autocast:
            logits = self._logits(x)
        weight = None if self.weight is None else self.weight[index]
        loss = self.loss(logits.float(), self.y[index], weight=weight)
        descend(self.optimizers[0], loss)
        return {"loss": loss.detach()}

    def _logits(self, x: Tensor) -> Tensor:
        to_features, head = self.modules
        return head(dropout(to_features(x), self.modules.dropout, self.generator))
