"""The optimisation step of IMSIC."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from equipoise.imsic.convolutions import ChannelDropout
from equipoise.imsic.network import IMSICNetwork, Judgement
from equipoise.imsic.objective import (
    hinge_discriminator_loss,
    squared_slopes,
    structure_loss,
)
from equipoise.imsic.structure import Structure
from equipoise.training import TrainingRows
from equipoise.training.augment import augment
from equipoise.training.distributed import all_rows, n_all_rows, own_rows
from equipoise.training.losses import adjusted_cross_entropy
from equipoise.training.steps import adam, descend

AVERAGE_DECAY = 0.999  # of the moving average of the generator's weights; less in the first steps
# Gradient penalty for tables. It is computed in every fourth step with four times the weight, which
# is as good as in every step, and cheaper.
PENALTY_WEIGHT, PENALTY_EVERY = 0.1, 4
BLUR = 0.15  # standard deviation of noise on the numbers of a table before the discriminator


class IMSICPlan:
    """A discriminator step and a generator step, each with all loss terms of the network.

    The authors' release takes three steps, the third for generator and discriminator together. Here
    the terms of that third step are added to the first two, which gives the same gradients with
    fewer passes.

    Parameters
    ----------
    network : IMSICNetwork
    data : TrainingRows
    structure : Structure
    supervised : bool
        Whether categories are the classes.
    others
        As in :class:`equipoise.IMSIC`.
    """

    def __init__(
        self,
        network: IMSICNetwork,
        data: TrainingRows,
        *,
        structure: Structure,
        structure_weight: float,
        category_weight: float,
        supervised: bool,
        class_balance: float,
        learning_rate: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.structure, self.structure_weight = structure, structure_weight
        self.category_weight, self.supervised = category_weight, supervised
        # Realness is conditional on the label, if that is known. If the generator were trained on
        # the category as well, the rows of overlapping classes, such as those of tables, would be
        # too typical of their class (Gong et al., Twin auxiliary classifiers GAN, NeurIPS 2019).
        blocks = network.generator.blocks
        self.generator_category_weight = (
            0.0 if supervised and blocks is not None else category_weight
        )
        self.n_numbers = 0 if blocks is None else blocks.n_numeric
        unnormalised = data.class_counts ** (1 - class_balance if supervised else 1)
        self.log_prior = torch.log(unnormalised / unnormalised.sum())
        self.sampling_weights = (self.log_prior.exp() / data.class_counts)[data.y].cpu()
        self.dropouts = [m for m in network.modules() if isinstance(m, ChannelDropout)]
        for module in self.dropouts:
            module.generator = data.noise

        average = network.average.state_dict(keep_vars=True)
        own = network.generator.state_dict(keep_vars=True)
        floating = [name for name, value in own.items() if value.is_floating_point()]
        self.averaged = [average[name].detach() for name in floating]
        self.followed = [own[name].detach() for name in floating]
        self.counted = [
            (average[k].detach(), v.detach()) for k, v in own.items() if k not in floating
        ]
        self.for_discriminator = adam(
            network.discriminator, learning_rate=learning_rate, beta_1=0.5
        )
        self.for_generator = adam(network.generator, learning_rate=learning_rate, beta_1=0.5)
        self.optimizers = [self.for_discriminator, self.for_generator]
        self.n_steps: int | None = None  # those of the average, once the first one has read them

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on as many rows as given; see :class:`equipoise.training.plan.Plan`.

        The rows are drawn again, with the class frequencies of ``class_balance``.
        """
        n = len(rows)
        drawn = torch.multinomial(
            self.sampling_weights, n, replacement=True, generator=self.generator
        )
        real, y, _ = self.data.batch(drawn.numpy())
        source: Any = {"generator": self.data.noise, "device": self.data.noise.device}
        if not self.supervised:
            y = torch.randint(len(self.log_prior), (n,), **source).to(y)
        noise = torch.randn(n, self.modules.generator.noise_size, **source).to(real)
        codes = 2 * torch.rand(n, self.modules.generator.n_codes, **source) - 1
        codes = codes.to(real)
        for module in self.dropouts:
            module.n = n
        with self.data.autocast:
            fake = self.modules.generator(*(own_rows(part, n) for part in (noise, y, codes)))
        parts = self._discriminator_step(real, fake.detach().to(real), y, codes)
        parts |= self._generator_step(fake.to(real), y, codes)
        self._average()
        return parts

    def _discriminator_step(
        self, real: Tensor, fake: Tensor, y: Tensor, codes: Tensor
    ) -> dict[str, Tensor]:
        n = len(y)
        seen = self._judge(torch.cat([real, fake]), y.repeat(2), n)
        adversarial = hinge_discriminator_loss(seen.realness[:n], seen.realness[n:])
        if self.supervised:  # the discriminator learns the classes from real rows only
            category = adjusted_cross_entropy(seen.category[:n], y, self.log_prior, 1.0)
        else:
            category = F.cross_entropy(seen.category[n:], y)
        structure = structure_loss(codes, seen.codes[n:], self.structure).loss
        loss = adversarial + self.category_weight * category + self.structure_weight * structure
        if real.ndim == 2 and self._n_averaged() % PENALTY_EVERY == 0:
            real.requires_grad_()
            slopes = squared_slopes(real, self._judge_own(real, y, n).realness)
            loss = loss + PENALTY_EVERY * PENALTY_WEIGHT * all_rows(slopes, n).mean()
        descend(self.for_discriminator, loss)
        return {
            "loss": loss.detach(),
            "discriminator": adversarial.detach(),
            "category": category.detach(),
        }

    def _generator_step(self, fake: Tensor, y: Tensor, codes: Tensor) -> dict[str, Tensor]:
        discriminator = self.modules.discriminator
        discriminator.requires_grad_(False)
        seen = self._judge(fake, y, len(y))
        adversarial = -seen.realness.mean()
        category = F.cross_entropy(seen.category, y)
        structure = structure_loss(codes, seen.codes, self.structure)
        descend(
            self.for_generator,
            adversarial
            + self.generator_category_weight * category
            + self.structure_weight * structure.loss,
        )
        discriminator.requires_grad_(True)
        return {
            "generator": adversarial.detach(),
            "generated_category": category.detach(),
            **{f"structure_{name}": value for name, value in structure.parts().items()},
        }

    def _judge(self, x: Tensor, y: Tensor, n: int) -> Judgement:
        """Judge all rows of one or several batches of ``n``; ``x`` has those of this process."""
        return Judgement(*(all_rows(part, n) for part in self._judge_own(x, y, n)))

    def _judge_own(self, x: Tensor, y: Tensor, n: int) -> Judgement:
        # Real and generated rows are augmented alike, so that a small number of real rows is not
        # memorised (Zhao et al., Differentiable augmentation for data-efficient GAN training,
        # NeurIPS 2020).
        x = augment("shift", x, self.data.noise, n) if x.ndim == 4 else self._blurred(x, n)
        with self.data.autocast:
            return self.modules.discriminator(x, own_rows(y, n) if self.supervised else None)

    def _blurred(self, x: Tensor, n: int) -> Tensor:
        """Add noise to the numbers of the rows of a table."""
        source = self.data.noise
        shape = (n_all_rows(x, n), self.n_numbers)
        noise = torch.randn(shape, generator=source, device=source.device).to(x)
        return x + F.pad(BLUR * own_rows(noise, n), (0, x.shape[1] - self.n_numbers))

    def _n_averaged(self) -> int:
        """Steps that the average has seen, read once: a checkpoint may have brought some."""
        if self.n_steps is None:
            self.n_steps = int(self.modules.n_averaged)
        return self.n_steps

    def _average(self) -> None:
        self.n_steps = n = self._n_averaged() + 1
        self.modules.n_averaged.add_(1)
        decay = min(AVERAGE_DECAY, n / (n + 10))
        torch._foreach_lerp_(self.averaged, self.followed, 1 - decay)
        for average, value in self.counted:
            average.copy_(value)
