"""Convolutional backbones for images of any size.

The compact networks are small enough for a laptop: a 28×28 image takes about 29 million
multiply-adds for its trunk and 1 million for its decoder, and a 32×32 photograph takes 46 million
for its trunk. The paper networks have the widths of the DGC release, with about 35 times as many.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


def conv_block(n_in: int, n_out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution with batch normalisation and ReLU; a stride of 2 halves the size."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, stride, (kernel - 1) // 2, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


class CompactTrunk(nn.Sequential):
    """Three stages of two 3×3 convolutions, of 32, 64 and 128 channels, and a global mean.

    The image is halved by max pooling between the stages. Images larger than 32 pixels have
    further stages of 128 channels, until 8 pixels remain. With ``spatial``, the features of all
    positions are kept, after another pooling, instead of their mean.
    """

    def __init__(self, image_shape: tuple[int, ...], spatial: bool = False) -> None:
        height, width, channels = image_shape

        def pool() -> nn.MaxPool2d:
            return nn.MaxPool2d(2, ceil_mode=True)  # a single pixel remains one

        layers = [conv_block(channels, 32), conv_block(32, 32), pool()]
        layers += [conv_block(32, 64), conv_block(64, 64), pool()]
        layers += [conv_block(64, 128), conv_block(128, 128)]
        n_further = max(0, math.ceil(math.log2(min(height, width) / 32)))
        for _ in range(n_further):
            layers += [pool(), conv_block(128, 128)]
        super().__init__(*layers, pool() if spatial else nn.AdaptiveAvgPool2d(1), nn.Flatten())
        factor = 2 ** (3 + n_further)
        n_positions = math.ceil(height / factor) * math.ceil(width / factor) if spatial else 1
        self.out_features = 128 * n_positions


class Residual(nn.Module):
    """Two 3×3 convolutions, whose result is added to their input (He et al., CVPR 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv_block(width, width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm.weight)  # the block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class ResidualTrunk(nn.Sequential):
    """A stem that halves the image, then stages of 48, 96 and 192 channels, for photographs.

    The stages are divided by max pooling, and the last two end in a residual block. Larger images
    are halved more often by the stem, until at most 32 pixels remain, and have another stage if
    more than 16 do. The features are the largest value of every channel, or with ``spatial`` those
    of all positions after another pooling.
    """

    def __init__(
        self, image_shape: tuple[int, ...], spatial: bool = False, width: int = 48
    ) -> None:
        *sides, channels = image_shape

        def pool() -> nn.MaxPool2d:
            return nn.MaxPool2d(2, ceil_mode=True)  # a single pixel remains one

        n_strides = max(0, math.ceil(math.log2(min(sides) / 64)))
        n_further = 1 if min(sides) / 2**n_strides > 32 else 0
        # The first halvings of a large image are strides, which take much less time than pooling.
        widths = [channels, *[width // 2] * n_strides]
        layers: list[nn.Module] = [conv_block(a, b, 4, 2) for a, b in pairwise(widths)]
        layers += [conv_block(widths[-1], width // 2), pool(), conv_block(width // 2, width)]
        layers += [conv_block(width, 2 * width), pool(), Residual(2 * width)]
        layers += [conv_block(2 * width, 4 * width), pool(), Residual(4 * width)]
        for _ in range(n_further):
            layers += [pool(), Residual(4 * width)]
        super().__init__(*layers, pool() if spatial else nn.AdaptiveMaxPool2d(1), nn.Flatten())
        n_poolings = 4 + n_further
        n_positions = [math.ceil(side // 2**n_strides / 2**n_poolings) for side in sides]
        self.out_features = 4 * width * (math.prod(n_positions) if spatial else 1)


class CompactDecoder(nn.Module):
    """Linear layer to a small feature map, then transposed convolutions that double its size."""

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


def _paper_kernel_and_depth(image_shape: tuple[int, ...]) -> tuple[int, int]:
    """Kernel size and number of layers of the release: 4 and 4 for 28×28, 5 and 5 for 64×64."""
    return (4, 4) if max(image_shape[:2]) <= 32 else (5, 5)


class PaperTrunk(nn.Sequential):
    """Convolutions of stride 2, each with twice the channels of the previous one, up to 1024."""

    def __init__(self, image_shape: tuple[int, ...]) -> None:
        height, width, channels = image_shape
        kernel, depth = _paper_kernel_and_depth(image_shape)
        padding = (kernel - 1) // 2
        widths = [channels] + [1024 // 2**i for i in reversed(range(depth))]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            # Convolutions have no ceil_mode. Padding the far side lets a single pixel remain one.
            layers += [
                nn.ZeroPad2d((padding, kernel // 2, padding, kernel // 2)),
                nn.Conv2d(n_in, n_out, kernel, 2, bias=False),
                nn.BatchNorm2d(n_out, eps=1e-5, momentum=0.1),  # decay .9 in the release
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers, nn.Flatten())
        for _ in range(depth):
            height, width = math.ceil(height / 2), math.ceil(width / 2)
        self.out_features = 1024 * height * width


class PaperDecoder(nn.Module):
    """Linear layer to a small map of 1024 channels, then transposed convolutions.

    The map has a quarter or an eighth of the image size. Every convolution doubles the size, and
    all but the last halve the channels.
    """

    def __init__(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.height, self.width, channels = image_shape
        kernel, _ = _paper_kernel_and_depth(image_shape)
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
