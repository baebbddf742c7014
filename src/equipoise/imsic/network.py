"""The modules of IMSIC: generator, and discriminator with three heads."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from equipoise.imsic.convolutions import (
    CompactGenerator,
    PaperGenerator,
    compact_features,
    paper_features,
)
from equipoise.networks.columns import ColumnBlocks
from equipoise.networks.mlp import MLPDecoder
from equipoise.networks.seeding import Seeded
from equipoise.preprocessing.tables import Layout

# Factor on the logits of a table's categories, relative to the noise with which they are drawn.
# With 1 the noise hides the dependence between columns for much of the training.
SHARPNESS = 4.0


class Judgement(NamedTuple):
    """Outputs of the discriminator for n inputs."""

    realness: Tensor  # (n,), above 0 for real
    category: Tensor  # (n, n_classes), logits
    codes: Tensor  # (n, n_codes), the inferred codes


class Generator(nn.Module):
    """Generator G(z, k, c) of inputs from noise, category and codes.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes, n_codes, noise_dim : int
    architecture : {"compact", "paper"}
        Ignored for tables.
    layout : Layout, default=None
        Positions of the columns of a table, None for images.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        n_codes: int,
        noise_dim: int,
        architecture: str,
        layout: Layout | None = None,
    ) -> None:
        super().__init__()
        self.n_classes, self.n_codes, self.noise_dim = n_classes, n_codes, noise_dim
        n_inputs = noise_dim + n_classes + n_codes
        self.blocks = None if layout is None else ColumnBlocks(*layout)
        # A table needs additional noise to draw its categories.
        self.noise_size = noise_dim
        if self.blocks is not None:
            self.noise_size += input_shape[0] - self.blocks.n_numeric
        if len(input_shape) == 1:
            self.body: nn.Module = MLPDecoder(n_inputs, input_shape[0])
        else:
            body = CompactGenerator if architecture == "compact" else PaperGenerator
            self.body = body(n_inputs, input_shape)

    def forward(self, noise: Tensor, y: Tensor, codes: Tensor) -> Tensor:
        """Inputs (n, *input) from noise (n, noise_size), class indices (n,) and codes (n, m)."""
        category = nn.functional.one_hot(y, self.n_classes).to(noise)
        made = self.body(torch.cat([noise[:, : self.noise_dim], category, codes], 1))
        if self.blocks is None:
            return made
        made[:, self.blocks.n_numeric :] *= SHARPNESS
        return self.blocks.one_hot(made, noise[:, self.noise_dim :])


def _table_features(n_features: int, width: int = 256) -> tuple[nn.Sequential, int]:
    # With spectral normalisation, dense layers do not notice that generated columns vary too
    # little. A gradient penalty stabilises the training instead.
    layers: list[nn.Module] = []
    for n_in in (n_features, width, width):
        layers += [nn.Linear(n_in, width), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers), width


class Discriminator(nn.Module):
    """Features with three heads; realness is conditional on the label by projection, if known.

    References
    ----------
    Miyato and Koyama, cGANs with projection discriminator, ICLR 2018.
    """

    def __init__(
        self, input_shape: tuple[int, ...], n_classes: int, n_codes: int, architecture: str
    ) -> None:
        super().__init__()
        if len(input_shape) == 1:
            self.features, width = _table_features(input_shape[0])
        elif architecture == "compact":
            self.features, width = compact_features(input_shape)
        else:
            self.features, width = paper_features(input_shape)
        self.realness: nn.Module = nn.Linear(width, 1)
        self.of_class: nn.Module = nn.Embedding(n_classes, width)
        if architecture == "compact":
            self.realness, self.of_class = map(spectral_norm, (self.realness, self.of_class))
        self.category = nn.Linear(width, n_classes)
        self.codes = nn.Linear(width, n_codes)

    def forward(self, x: Tensor, y: Tensor | None) -> Judgement:
        """Judge inputs (n, *input) of classes (n,); ``y=None`` judges them without a label."""
        h = self.features(x).to(self.category.weight.dtype)  # out of autocast's precision
        realness = self.realness(h).squeeze(1)
        if y is not None:
            realness = realness + (self.of_class(y) * h).sum(1)
        return Judgement(realness, self.category(h), self.codes(h))


class IMSICNetwork(nn.Module):
    """Generator, discriminator, and the averaged generator that samples are drawn from."""

    n_averaged: Tensor  # steps that the average has seen

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        n_codes: int,
        noise_dim: int,
        architecture: str = "compact",
        layout: Layout | None = None,
    ) -> None:
        super().__init__()
        self.arguments = (input_shape, n_classes, n_codes, noise_dim, architecture, layout)
        self.generator = Generator(*self.arguments)
        self.discriminator = Discriminator(input_shape, n_classes, n_codes, architecture)
        self.average = Generator(*self.arguments)
        self.average.load_state_dict(self.generator.state_dict())
        self.average.requires_grad_(False)
        self.register_buffer("n_averaged", torch.zeros((), dtype=torch.int64))

    def __reduce__(self) -> tuple[Any, ...]:
        # torch cannot pickle modules with spectral normalisation, but their state.
        return _rebuild, (self.arguments, self.state_dict(), self.training)


def _rebuild(arguments: Any, state: dict[str, Tensor], training: bool) -> IMSICNetwork:
    with Seeded(0):  # the initial weights are drawn, and then replaced
        network: Any = IMSICNetwork(*arguments)
    network.load_state_dict(state)
    network.to(memory_format=torch.channels_last)
    return network.train(training)
