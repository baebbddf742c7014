"""The optimisation steps of DGC."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from equipoise.dgc.drawing import Drawing, absolute_error, disturbed
from equipoise.dgc.network import DGCNetwork
from equipoise.dgc.objective import (
    DGCLoss,
    inverse_multiquadratic_mmd,
    joint_loss,
    moment_distance,
    oversampled_counts,
    reconstruction_error,
)
from equipoise.networks.backbone import backbone_of
from equipoise.networks.variational import draw_codes, moments
from equipoise.preprocessing import moved
from equipoise.training import TrainingRows
from equipoise.training.augment import Augmentation
from equipoise.training.distributed import all_rows, own_rows
from equipoise.training.losses import adjusted_cross_entropy
from equipoise.training.steps import adam, descend, dropout, repeated_indices

MMD_ROWS = 256  # per step; the pairs of more rows would take longer than the rest of the step
PRETRAIN_TOLERANCE = 0.1  # the release stops below this distance of the moments


class DGCPlan:
    """A joint step, and optional ones of the classifier, the encoder and what draws images.

    Parameters
    ----------
    network : DGCNetwork
    data : TrainingRows
    others
        As in :class:`equipoise.DGCClassifier`.
    """

    def __init__(
        self,
        network: DGCNetwork,
        data: TrainingRows,
        *,
        dropout: float,
        reconstruction: str,
        reconstruction_weight: float,
        mmd_weight: float,
        label_dropout: float,
        n_codes: int,
        logit_adjustment: float,
        oversampling_rate: float,
        latent_optimization: bool,
        learning_rate: float,
        beta_1: float,
        weight_decay: float,
        augmentation: Augmentation,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.backbone = backbone_of(network)
        self.dropout = dropout
        self.augmentation = augmentation
        self.reconstruction = reconstruction
        self.reconstruction_weight = reconstruction_weight
        self.mmd_weight = mmd_weight
        self.label_dropout = label_dropout
        self.n_codes = n_codes
        self.tau = logit_adjustment
        self.rate = oversampling_rate
        class_counts = data.class_counts
        self.log_prior = torch.log(class_counts / class_counts.sum())
        oversampled = oversampled_counts(class_counts, oversampling_rate)
        self.repeats = (oversampled / class_counts)[data.y].cpu()  # of every row
        self.log_oversampled_prior = torch.log(oversampled / oversampled.sum())

        rates = {"learning_rate": learning_rate, "beta_1": beta_1, "weight_decay": weight_decay}
        self.joint = adam(network, **rates)
        self.optimizers = [self.joint]
        if self.rate > 0:
            self.classifier = adam(network.head, **rates)
            self.optimizers.append(self.classifier)
        self.encoder: torch.optim.Optimizer | None = None
        if latent_optimization:
            self.encoder = adam(*network.encoder(), **rates)
            self.optimizers.append(self.encoder)
        self.drawing = network.drawing
        if self.drawing is not None:
            self.artist = adam(self.drawing, **rates)
            self.optimizers.append(self.artist)

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        rows = self.data.drawn(rows)
        images, y, weight = self.data.batch(rows)
        x = self.augmentation(images, self.data.noise, len(y))
        if self.encoder is not None:
            descend(self.encoder, self._loss(x, y, weight)[0].loss)
        loss, base, shifts = self._loss(x, y, weight)
        descend(self.joint, loss.loss)
        parts = loss.parts()
        if self.rate > 0:
            source = repeated_indices(self.repeats[torch.from_numpy(rows)], self.generator)
            parts["oversampled"] = self._classifier_step(
                base.detach(), shifts.detach(), moved(source, y.device), y, weight
            )
        if self.drawing is not None:
            parts["drawing"] = self._drawing_step(self.drawing, images, len(y))
        return parts

    def pretrain_encoder(self, n_steps: int, batch_size: int) -> None:
        """Match the moments of the codes to N(0, I) before training."""
        network = self.modules
        optimizer = adam(*network.encoder(), learning_rate=1e-3)
        network.train()
        for _ in range(n_steps):
            rows = torch.randint(len(self.data), (batch_size,), generator=self.generator).numpy()
            x, y, _ = self.data.batch(rows)
            base, shifts = self._recognise(x, batch_size)
            distance = moment_distance(self._codes(base, shifts[y])[:, 0])
            if float(distance.detach()) < PRETRAIN_TOLERANCE:
                return
            descend(optimizer, distance)

    def _recognise(self, x: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Parameters of q(z|x) for a batch of ``n`` rows, of which ``x`` has this process's."""
        trunk, noise = self.modules.trunk, self.data.noise
        x = dropout(x, getattr(trunk, "input_dropout", 0.0), noise, n=n)
        with self.data.seeded(self.backbone):
            features = all_rows(self.data.through(trunk, x), n)
        features = dropout(features, self.dropout, noise)
        return self.modules.parameters_of(features), self.modules.label_shifts()

    def _codes(self, base: Tensor, shift: Tensor, n_codes: int = 1) -> Tensor:
        """Draw codes (n, S, K) for every row of ``base`` (n, 2 K), shifted by its label's."""
        noise, base = self.data.noise, base[:, None]
        draws = torch.rand(len(base), n_codes, 1, generator=noise, device=noise.device)
        if self.label_dropout < 1:  # otherwise the codes of a row share their moments
            base = base + (draws >= self.label_dropout).to(base) * shift[:, None]
        mean, log_variance = moments(base)
        return draw_codes(mean, log_variance, noise, n_codes)

    def _loss(self, x: Tensor, y: Tensor, weight: Tensor | None) -> tuple[DGCLoss, Tensor, Tensor]:
        base, shifts = self._recognise(x, len(y))
        codes = self._codes(base, shifts[y], self.n_codes)
        x_hat = self.modules.decoder(own_rows(codes[:, 0], len(y)))
        error = reconstruction_error(
            self.modules.targets(x), x_hat.flatten(1), self.reconstruction, self.modules.blocks
        )
        sample, noise = codes[:MMD_ROWS, 0], self.data.noise
        prior = torch.randn(sample.shape, generator=noise, device=noise.device).to(codes)
        loss = joint_loss(
            all_rows(error, len(y)),
            self.modules.head(codes),
            y,
            # A single row has no pairs to compare.
            inverse_multiquadratic_mmd(sample, prior) if len(y) > 1 else codes.new_zeros(()),
            log_prior=self.log_prior,
            tau=self.tau,
            reconstruction_weight=self.reconstruction_weight,
            mmd_weight=self.mmd_weight,
            weight=weight,
        )
        return loss, base, shifts

    def _classifier_step(
        self, base: Tensor, shifts: Tensor, source: Tensor, y: Tensor, weight: Tensor | None
    ) -> Tensor:
        """Train the head alone on codes of which rarer classes provide more (oversampling).

        ``source`` has the position of each of them in the batch.
        """
        labels = y[source]
        codes = self._codes(base[source], shifts[labels])[:, 0]
        loss = adjusted_cross_entropy(
            self.modules.head(codes),
            labels,
            self.log_oversampled_prior,
            self.tau,
            None if weight is None else weight[source],
        )
        descend(self.classifier, loss)
        return loss.detach()

    def _drawing_step(self, drawing: Drawing, x: Tensor, n: int) -> Tensor:
        """Train the autoencoder on the batch; the classifier gets no gradient of it."""
        codes = drawing.normalised(self.data.through(drawing.encoder, x))
        codes = own_rows(disturbed(all_rows(codes, n)), n)
        decoded = self.data.through(drawing.decoder, codes)
        loss = all_rows(absolute_error(x, decoded), n).mean()
        descend(self.artist, loss)
        return loss.detach()
