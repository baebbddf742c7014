"""One optimisation step of a discriminative classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.classifiers.network import ClassifierNetwork
from equipoise.classifiers.objective import mix, mixing_shares, remix_shares
from equipoise.training import Callback, Progress
from equipoise.training.augment import augment
from equipoise.training.steps import descend, dropout


class ClassifierPlan(Callback):
    """Any loss of the logits, with AdamW.

    As a callback too, the plan is told where the training stands.

    Parameters
    ----------
    network : ClassifierNetwork
    load : callable
        Row indices → tensor of those inputs on the network's device.
    y : Tensor of shape (n,)
    weight : Tensor of shape (n,) or None
        Weight of every row in the loss.
    late_weight : Tensor of shape (n,) or None
        Takes the place of ``weight`` in the last fifth of the epochs, at least one.
    loss : callable
        Logits, class indices and ``weight=`` of a batch → scalar.
    chances : ndarray of shape (n,) or None
        Draw the rows of a step with replacement, in these proportions, instead of each once.
    augmentation : str
        See :func:`equipoise.training.augment.augment`.
    mixing : {"none", "mixup", "remix"}
    mixing_alpha : float
        α of the Beta distribution that the shares come from.
    class_counts : Tensor of shape (n_classes,)
        Rows of every class, or their weight, for remix.
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
        late_weight: Tensor | None,
        loss: Callable[..., Tensor],
        chances: np.ndarray | None,
        augmentation: str,
        mixing: str,
        mixing_alpha: float,
        class_counts: Tensor,
        generator: torch.Generator,
        autocast: Any,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.load, self.y, self.weight = network, load, y, weight
        self.late_weight, self.loss, self.augmentation = late_weight, loss, augmentation
        self.mixing, self.mixing_alpha, self.class_counts = mixing, mixing_alpha, class_counts
        self.generator, self.autocast = generator, autocast
        self.cumulative = None
        if chances is not None:
            cumulative = np.cumsum(chances, dtype=np.float64)
            self.cumulative = cumulative / cumulative[-1]  # ends at 1 exactly, above every draw
        self.optimizers = [
            torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
        ]

    def on_fit_start(self, progress: Progress) -> None:
        """Take the weights of the first epoch, or of where a checkpoint goes on."""
        n_late = max(1, round(progress.max_epochs / 5))
        if self.late_weight is not None and progress.epoch >= progress.max_epochs - n_late:
            self.weight = self.late_weight

    on_epoch_end = on_fit_start

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        if self.cumulative is not None:
            draws = torch.rand(len(rows), generator=self.generator, dtype=torch.float64)
            rows = np.searchsorted(self.cumulative, draws.numpy(), side="right")
        index = torch.from_numpy(rows).to(self.y.device)
        x = augment(self.load(rows), self.augmentation, self.generator)
        y = self.y[index]
        weight = None if self.weight is None else self.weight[index]
        if self.mixing == "none":
            logits = self._logits(x)
        else:
            x, y, weight = self._mixed(x, y, weight)
            logits = self._logits(x).repeat(2, 1)
        loss = self.loss(logits, y, weight=weight)
        descend(self.optimizers[0], loss)
        return {"loss": loss.detach()}

    def _mixed(self, x: Tensor, y: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Mixed inputs, and for each two labels with their weights, all first ones first.

        A loss of a mixed row is that of either label, weighted by the label's share, which for
        the cross-entropy is the loss of the mixed label.
        """
        partner = torch.randperm(len(x), generator=self.generator).to(y.device)
        shares = mixing_shares(len(x), self.mixing_alpha, self.generator).to(x)
        x = mix(x, partner, shares)
        if self.mixing == "remix":
            counts = self.class_counts[y]
            shares = remix_shares(shares, counts, counts[partner])
        first = torch.ones_like(shares) if weight is None else weight
        weights = torch.cat([shares * first, (1 - shares) * first[partner]])
        return x, torch.cat([y, y[partner]]), weights

    def _logits(self, x: Tensor) -> Tensor:
        to_features, head = self.modules
        with self.autocast:
            features = dropout(to_features(x), self.modules.dropout, self.generator)
            return head(features).float()
