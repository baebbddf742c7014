"""The convolutional layers of IMSIC: generators of images, and features for the discriminator.

The compact pair is designed for laptops: it takes about 14 million multiply-adds for a 28×28 image
and 6 million for its features. The paper pair has the layers of the authors' release.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from equipoise.training.steps import dropout

PAPER_EPS = 0.8  # ε of batch normalisation; in the release 0.8 was probably meant as a momentum


class CompactGenerator(nn.Module):
    """Linear layer to a small map, transposed convolutions that double it, values in [0, 1]."""

    def __init__(self, n_inputs: int, image_shape: tuple[int, ...], width: int = 32) -> None:
        super().__init__()
        self.height, self.width, channels = image_shape
        n_doublings = max(1, math.ceil(math.log2(min(self.height, self.width) / 8)))
        shrink = 2**n_doublings
        widths = [width * 2**i for i in reversed(range(n_doublings + 1))]
        self.start = (widths[0], math.ceil(self.height / shrink), math.ceil(self.width / shrink))
        self.expand = nn.Linear(n_inputs, math.prod(self.start))
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for n_in, n_out in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(n_in, n_out, 4, 2, 1, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(inplace=True),
            ]
        self.grow = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Sigmoid())

    def forward(self, inputs: Tensor) -> Tensor:
        grown = self.grow(self.expand(inputs).unflatten(1, self.start))
        return grown[:, :, : self.height, : self.width]


class PaperGenerator(nn.Module):
    """Linear layer to a quarter of the size × 128, then doubling by repetition, as released."""

    def __init__(self, n_inputs: int, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.height, self.width, channels = image_shape
        self.start = (128, math.ceil(self.height / 4), math.ceil(self.width / 4))
        self.expand = nn.Linear(n_inputs, math.prod(self.start))
        self.grow = nn.Sequential(
            nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 128, 3, 1, 1),
            nn.BatchNorm2d(128, eps=PAPER_EPS),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, 1, 1),
            nn.BatchNorm2d(64, eps=PAPER_EPS),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(64, channels, 3, 1, 1),
            nn.Tanh(),
        )
        self.apply(_initialise)

    def forward(self, inputs: Tensor) -> Tensor:
        grown = self.grow(self.expand(inputs).unflatten(1, self.start))
        return (grown[:, :, : self.height, : self.width] + 1) / 2


def compact_features(image_shape: tuple[int, ...], width: int = 32) -> tuple[nn.Sequential, int]:
    """Strided convolutions with spectral normalisation down to 4 pixels; and their width."""
    height, size, n_in = image_shape
    layers: list[nn.Module] = []
    n_out = width
    while min(height, size) > 4:
        layers += [spectral_norm(nn.Conv2d(n_in, n_out, 4, 2, 1)), nn.LeakyReLU(0.2, inplace=True)]
        height, size = height // 2, size // 2
        n_in, n_out = n_out, min(2 * n_out, 4 * width)
    layers += [spectral_norm(nn.Conv2d(n_in, n_out, 3, 1, 1)), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Flatten()), n_out * height * size


def paper_features(image_shape: tuple[int, ...]) -> tuple[nn.Sequential, int]:
    """Four strided convolutions with dropout, as released; and their width."""
    height, size, n_in = image_shape
    layers: list[nn.Module] = [_Rescale()]
    for i, n_out in enumerate((16, 32, 64, 128)):
        # On one pixel a stride of 2 changes nothing, but its gradient in torch's bfloat16 on CPUs
        # is unset memory (seen in 2.13).
        stride = (min(2, height), min(2, size))
        layers += [nn.Conv2d(n_in, n_out, 3, stride, 1), nn.LeakyReLU(0.2, inplace=True)]
        layers.append(ChannelDropout(0.25))
        if i:
            layers.append(nn.BatchNorm2d(n_out, eps=PAPER_EPS))
        n_in, height, size = n_out, math.ceil(height / 2), math.ceil(size / 2)
    features = nn.Sequential(*layers, nn.Flatten())
    features.apply(_initialise)
    return features, n_in * height * size


class ChannelDropout(nn.Module):
    """Dropout of whole channels.

    Attributes
    ----------
    generator : torch.Generator or None
        Source of the noise, which the training plan sets.
    n : int or None
        Number of rows of the batch, of which this process may have a part; also set by the plan.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.generator: torch.Generator | None = None
        self.n: int | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return dropout(x, self.rate, self.generator, n_dims=2, n=self.n)


class _Rescale(nn.Module):
    """[0, 1] → [−1, 1], the range of the release's images."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x - 1


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)
