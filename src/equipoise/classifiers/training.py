"""One optimisation step of a discriminative classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.training.losses import adjusted_cross_entropy


class ClassifierPlan:
    """Cross-entropy, perhaps logit-adjusted, with AdamW.

    Parameters
    ----------
    network : torch.nn.Module
        Inputs → logits.
    load : callable
        Row indices → tensor of those inputs on the network's device.
    y : Tensor of shape (n,)
    weight : Tensor of shape (n,) or None
    log_prior : Tensor of shape (n_classes,)
        Log share of every class in the training data.
    tau : float
        Strength of the logit adjustment, 0 for none.
    generator : torch.Generator
        Source of the shuffle.
    autocast : context manager
        Precision of the forward pass.
    learning_rate, weight_decay : float
    """

    def __init__(
        self,
        network: nn.Module,
        load: Callable[[np.ndarray], Tensor],
        y: Tensor,
        weight: Tensor | None,
        *,
        log_prior: Tensor,
        tau: float,
        generator: torch.Generator,
        autocast: Any,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.load, self.y, self.weight = network, load, y, weight
        self.log_prior, self.tau = log_prior, tau
        self.generator, self.autocast = generator, autocast
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
        ]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        index = torch.from_numpy(rows).to(self.y.device)
        with self.autocast:
            logits = self.modules(self.load(rows))
        weight = None if self.weight is None else self.weight[index]
        loss = adjusted_cross_entropy(
            logits.float(), self.y[index], self.log_prior, self.tau, weight
        )
        self.optimizers[0].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[0].step()
        return {"loss": loss.detach()}
