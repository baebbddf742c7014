"""The optimisation step of a discriminative classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from equipoise.classifiers.network import ClassifierNetwork
from equipoise.classifiers.objective import draw_mixing_weights, mix, paste, remix_label_weights
from equipoise.networks.backbone import backbone_of
from equipoise.preprocessing import moved
from equipoise.training import Callback, Progress, TrainingRows
from equipoise.training.augment import Augmentation
from equipoise.training.steps import adam, descend, dropout

PASTING = ("cutmix", "cmo")  # kinds of mixing that paste a box of another image


class ClassifierPlan(Callback):
    """Training with any loss of the logits, by AdamW.

    The plan is also a callback, because its weights depend on the epoch.

    Parameters
    ----------
    network : ClassifierNetwork
    data : TrainingRows
    class_sizes : Tensor of shape (n_classes,)
        Before any resampling; Remix compares them.
    late_weight : Tensor of shape (n,) or None
        Weights that replace those of ``data`` in the last fifth of the epochs (at least one).
    loss : callable
        Maps logits, class indices and ``weight=`` of a batch to a scalar.
    augmentation : callable
        Changes the images of a batch; see :func:`equipoise.training.augment.augment`.
    mixing : {"none", "mixup", "remix", "cutmix", "cmo"}
    mixing_alpha : float
        Parameter α of the Beta distribution of the mixing weights.
    learning_rate, weight_decay : float
    """

    def __init__(
        self,
        network: ClassifierNetwork,
        data: TrainingRows,
        *,
        class_sizes: Tensor,
        late_weight: Tensor | None,
        loss: Callable[..., Tensor],
        augmentation: Augmentation,
        mixing: str,
        mixing_alpha: float,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.backbone = backbone_of(network)
        self.class_sizes = class_sizes
        self.late_weight, self.loss, self.augmentation = late_weight, loss, augmentation
        self.mixing, self.mixing_alpha = mixing, mixing_alpha
        self.partners = data.resampled("inverse") if mixing == "cmo" else data
        self.optimizers = [adam(network, learning_rate=learning_rate, weight_decay=weight_decay)]

    def on_fit_start(self, progress: Progress) -> None:
        """Use the weights of the first epoch, or of that where a checkpoint continues."""
        n_late = max(1, round(progress.max_epochs / 5))
        if self.late_weight is not None and progress.epoch >= progress.max_epochs - n_late:
            self.data = replace(self.data, weight=self.late_weight)

    on_epoch_end = on_fit_start

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x, y, weight = self.data.batch(self.data.drawn(rows))
        x = self.augmentation(x, self.data.noise)
        if self.mixing == "none":
            logits = self._logits(x)
        else:
            x, y, weight = self._mixed(x, y, weight)
            logits = self._logits(x).repeat(2, 1)
        loss = self.loss(logits, y, weight=weight)
        descend(self.optimizers[0], loss)
        return {"loss": loss.detach()}

    def _mixed(self, x: Tensor, y: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Mix every row of a batch with a partner.

        Returns the mixed inputs, and two labels with weights for each: first all labels of the rows
        themselves, then those of their partners. The loss of a mixed row is the weighted sum of the
        losses of both labels, which for the cross-entropy is the loss of the mixed label.
        """
        noise = self.data.noise
        if self.mixing == "cmo":
            rows = self.partners.drawn(np.arange(len(x)))
            x_partner, y_partner, weight_partner = self.partners.batch(rows)
            x_partner = self.augmentation(x_partner, noise)
        else:
            partner = torch.randperm(len(x), generator=noise, device=noise.device)
            x_partner, y_partner = x[partner], y[partner]
            weight_partner = None if weight is None else weight[partner]
        mixing = moved(draw_mixing_weights(len(x), self.mixing_alpha, self.generator), x.device)
        if self.mixing in PASTING:
            x, mixing = paste(x, x_partner, mixing, noise)
        else:
            x = mix(x, x_partner, mixing)
        if self.mixing == "remix":
            mixing = remix_label_weights(mixing, self.class_sizes[y], self.class_sizes[y_partner])
        first = mixing if weight is None else mixing * weight
        second = 1 - mixing if weight_partner is None else (1 - mixing) * weight_partner
        return x, torch.cat([y, y_partner]), torch.cat([first, second])

    def _logits(self, x: Tensor) -> Tensor:
        to_features, head = self.modules
        noise = self.data.noise
        x = dropout(x, getattr(to_features, "input_dropout", 0.0), noise)
        with self.data.autocast, self.data.seeded(self.backbone):
            features = dropout(to_features(x), self.modules.dropout, noise)
            return head(features).float()
