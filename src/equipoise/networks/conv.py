"""Convolutional backbones for images of any size.

The compact pair is made for a laptop: about 29 million multiply-adds for a 28×28 image and
1 million for its decoder. The paper pair has the widths of the DGC release, about 35 times more.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn


def _conv(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


class CompactTrunk(nn.Sequential):
    """3×3 convolutions 32-32, 64-64, 128-128, a pooling between them, then the global mean.

    Images above 32 pixels get further 128-wide stages until 8 pixels are left. ``spatial`` keeps
    the features of all positions, after one more pooling, instead of their mean.
    """

    def __init__(self, image_shape: tuple[int, ...], spatial: bool = False) -> None:
        height, width, channels = image_shape

        def pool() -> nn.MaxPool2d:
            return nn.MaxPool2d(2, ceil_mode=True)  # so that one pixel stays one pixel

        layers = [_conv(channels, 32), _conv(32, 32), pool(), _conv(32, 64), _conv(64, 64)]
        layers += [pool(), _conv(64, 128), _conv(128, 128)]
        n_further = max(0, math.ceil(math.log2(min(height, width) / 32)))
        for _ in range(n_further):
            layers += [pool(), _conv(128, 128)]
        super().__init__(*layers, pool() if spatial else nn.AdaptiveAvgPool2d(1), nn.Flatten())
        shrink = 2 ** (3 + n_further)
        n_positions = math.ceil(height / shrink) * math.ceil(width / shrink) if spatial else 1
        self.out_features = 128 * n_positions


class CompactDecoder(nn.Module):
    """Linear layer to a small map, then transposed convolutions that double it."""

    def __init__(self, latent_dim: int, image_shape: tuple[int, ...], width: int = 32) -> None:
        super().__init__()
        self.height, self.width, channels = image_shape
        n_doublings = max(1, math.ceil(math.log2(min(self.height, self.width) / 8)))
        self.start = (
            width,
            math.ceil(self.height / 2**n_doublings),
            math.ceil(self.width / 2**n_doublings),
        )
        self.expand = nn.Sequential(
            nn.Linear(latent_dim, math.prod(self.start)), nn.ReLU(inplace=True)
        )
        layers: list[nn.Module] = []
        for _ in range(n_doublings - 1):
            layers += [nn.ConvTranspose2d(width, width, 4, 2, 1), nn.ReLU(inplace=True)]
        self.grow = nn.Sequential(
            *layers, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Sigmoid()
        )

    def forward(self, z: Tensor) -> Tensor:
        grown = self.grow(self.expand(z).unflatten(1, self.start))
        return grown[:, :, : self.height, : self.width]


def _paper_sizes(image_shape: tuple[int, ...]) -> tuple[int, int]:
    """Kernel size and number of layers of the release: 4 and 4 for 28×28, 5 and 5 for 64×64."""
    return (4, 4) if max(image_shape[:2]) <= 32 else (5, 5)


class PaperTrunk(nn.Sequential):
    """Stride-2 convolutions that double the width up to 1024."""

    def __init__(self, image_shape: tuple[int, ...]) -> None:
        height, width, channels = image_shape
        kernel, depth = _paper_sizes(image_shape)
        padding = (kernel - 1) // 2
        widths = [channels] + [1024 // 2**i for i in reversed(range(depth))]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            # ceil_mode does not exist for convolutions: pad the far side to keep one pixel one.
            layers += [
                nn.ZeroPad2d((padding, kernel // 2, padding, kernel // 2)),
                nn.Conv2d(n_in, n_out, kernel, 2, bias=False),
                nn.BatchNorm2d(n_out, eps=1e-5, momentum=0.1),  # decay .9 in the release's words
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers, nn.Flatten())
        for _ in range(depth):
            height, width = math.ceil(height / 2), math.ceil(width / 2)
        self.out_features = 1024 * height * width


class PaperDecoder(nn.Module):
    """Linear layer to a quarter or an eighth of the size × 1024, then halving widths."""

    def __init__(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.height, self.width, channels = image_shape
        kernel, _ = _paper_sizes(image_shape)
        n_doublings = 2 if kernel == 4 else 3
        self.start = (
            1024,
            math.ceil(self.height / 2**n_doublings),
            math.ceil(self.width / 2**n_doublings),
        )
        self.expand = nn.Sequential(
            nn.Linear(latent_dim, math.prod(self.start)), nn.ReLU(inplace=True)
        )
        widths = [1024 // 2**i for i in range(n_doublings)]
        grow: list[nn.Module] = []
        padding, extra = (kernel - 1) // 2, kernel % 2
        for n_in, n_out in pairwise(widths):
            grow += [
                nn.ConvTranspose2d(n_in, n_out, kernel, 2, padding, extra, bias=False),
                nn.BatchNorm2d(n_out, eps=1e-5, momentum=0.1),
                nn.ReLU(inplace=True),
            ]
        grow += [nn.ConvTranspose2d(widths[-1], channels, kernel, 2, padding, extra), nn.Sigmoid()]
        self.grow = nn.Sequential(*grow)

    def forward(self, z: Tensor) -> Tensor:
        grown = self.grow(self.expand(z).unflatten(1, self.start))
        return grown[:, :, : self.height, : self.width]
