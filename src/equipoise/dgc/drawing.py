"""Drawing of images: an autoencoder beside the classifier, and codes next to those of real rows.

The codes of the classifier hold what distinguishes the classes, on purpose, and their decoder
therefore returns the mean of a class. This autoencoder is trained on the same batches, but sends no
gradient to the classifier, and learns how single images look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn

from equipoise.errors import InvalidInputError
from equipoise.networks.conv import conv_block

LARGEST_MAP = 8  # pixels to which images are halved
CODE_DIM = 256
CODE_NOISE = 0.1  # in training, relative to the spread of the codes
N_NEIGHBOURS = 5
N_MIXED = 3  # rows between which a new code lies
SHIFT = 0.4  # of the difference between two neighbours of any class, which is added
MOST_ANCHORS = 1000  # of a class
CLOSEST = 0.4  # quantile of the distances between neighbours; drawn rows are not closer to a row


def halved_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of an image that is halved, at least once, until a side has at most 8 pixels."""
    sizes = [(height, width)]
    while len(sizes) == 1 or min(sizes[-1]) > LARGEST_MAP:
        sizes.append((math.ceil(sizes[-1][0] / 2), math.ceil(sizes[-1][1] / 2)))
    return sizes


class Drawing(nn.Module):
    """Autoencoder of images, whose codes have mean 0 and variance 1 in every dimension.

    Parameters
    ----------
    image_shape : tuple of int
        ``(height, width, channels)``.
    width : int, default=32
        Number of channels after the first halving; at smaller sizes there are twice as many.
    """

    def __init__(self, image_shape: tuple[int, ...], width: int = 32) -> None:
        super().__init__()
        height, image_width, channels = image_shape
        sizes = halved_sizes(height, image_width)
        widths = [width, *[2 * width] * (len(sizes) - 2)]
        self.code_dim = CODE_DIM
        n_values = widths[-1] * math.prod(sizes[-1])
        self.encoder = nn.Sequential(
            *[conv_block(a, b, stride=2) for a, b in pairwise([channels, *widths])],
            conv_block(widths[-1], widths[-1]),
            nn.Flatten(),
            nn.Linear(n_values, self.code_dim),
        )
        self.normalised = nn.BatchNorm1d(self.code_dim, affine=False)
        finer = [*reversed(widths), width // 2]
        self.decoder = nn.Sequential(
            nn.Linear(self.code_dim, n_values),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (widths[-1], *sizes[-1])),
            conv_block(widths[-1], widths[-1]),
            *[
                nn.Sequential(nn.Upsample(size), conv_block(a, b))
                for size, (a, b) in zip(sizes[-2::-1], pairwise(finer), strict=True)
            ],
            nn.Conv2d(width // 2, channels, 3, padding=1),
            nn.Sigmoid(),
        )

    def codes(self, images: Tensor) -> Tensor:
        """Codes (n, code_dim) of images (n, channels, height, width)."""
        return self.normalised(self.encoder(images).float())


def disturbed(codes: Tensor) -> Tensor:
    """Codes (n, k), each moved along the difference between two others.

    The decoder thereby learns the surroundings of a code in the directions in which codes vary. No
    random numbers are needed, since the batch is shuffled.
    """
    others = codes.detach()
    return codes + CODE_NOISE / math.sqrt(2) * (others.roll(1, 0) - others.roll(2, 0))


def absolute_error(images: Tensor, decoded: Tensor) -> Tensor:
    """Sum of the absolute differences of every image: (n,)."""
    return (images - decoded).flatten(1).abs().sum(1)


@dataclass
class Anchors:
    """Real rows, next to which new ones are drawn.

    Attributes
    ----------
    codes : Tensor of shape (m, code_dim)
        Their codes in the autoencoder.
    features : Tensor of shape (m, K)
        Their mean codes in the classifier, in which the distance to new rows is measured.
    target : Tensor of shape (m,)
        Class indices.
    neighbours : Tensor of shape (m, 5)
        The most similar anchors of the same class by ``codes``; a row itself where a class has too
        few others.
    least : Tensor of shape (n_classes,)
        Distance between the features of a new row and those of all anchors of its class.
    """

    codes: Tensor
    features: Tensor
    target: Tensor
    neighbours: Tensor
    least: Tensor

    @classmethod
    def of(cls, codes: Tensor, features: Tensor, target: Tensor, n_classes: int) -> Self:
        """Find the neighbours."""
        neighbours = torch.arange(len(target))[:, None].repeat(1, N_NEIGHBOURS)
        least = torch.zeros(n_classes)
        for c in range(n_classes):
            rows = (target == c).nonzero().ravel()
            n = min(N_NEIGHBOURS, len(rows) - 1)
            if n == 0:
                continue
            nearest = _distances_to_others(codes[rows]).topk(n, largest=False).indices
            # Fewer neighbours than there is room for are named again.
            neighbours[rows] = rows[nearest][:, torch.arange(N_NEIGHBOURS) % n]
            closest = _distances_to_others(features[rows]).min(1).values
            least[c] = closest.quantile(CLOSEST)
        return cls(codes, features, target, neighbours, least)

    def to_tensors(self) -> dict[str, Tensor]:
        """The attributes from which :meth:`from_tensors` makes the anchors again."""
        return {"codes": self.codes, "features": self.features, "target": self.target}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], code_dim: int, latent_dim: int, n_classes: int
    ) -> Self:
        """Anchors of saved tensors, which are checked against the network."""
        try:
            codes, features, target = (tensors[name] for name in ("codes", "features", "target"))
        except KeyError as missing:
            raise InvalidInputError(f"The rows to draw from lack {missing}.") from None
        fit = (
            codes.shape == (len(target), code_dim)
            and features.shape == (len(target), latent_dim)
            and target.ndim == 1
            and target.dtype == torch.int64
            and bool((target.bincount(minlength=n_classes) > 0).all())
            and len(target.bincount(minlength=n_classes)) == n_classes
        )
        if not fit:
            raise InvalidInputError("The rows to draw from do not fit the network.")
        return cls.of(codes, features, target, n_classes)

    def draw(self, classes: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a code for each of these classes, of shape (n, code_dim).

        It is a random average of the codes of a real row and of two of its neighbours, moved along
        the difference between two neighbours of any class: variation that large classes show and
        rare ones lack.
        """

        def below(n: Tensor) -> Tensor:
            """A random index below each of these numbers."""
            draws = torch.rand(n.shape, generator=generator, dtype=torch.float64)
            return (draws * n).long()

        n = len(classes)
        order = self.target.argsort(stable=True)
        counts = self.target.bincount(minlength=len(self.least))
        starts = counts.cumsum(0) - counts
        row = order[starts[classes] + below(counts[classes])]
        places = below(torch.full((n, N_MIXED - 1), N_NEIGHBOURS))
        mixed = torch.cat([row[:, None], self.neighbours[row].gather(1, places)], 1)
        # A Dirichlet distribution by way of the Gamma distribution with shape 3.
        shares = -torch.rand(n, N_MIXED, 3, generator=generator).log().sum(2)
        shares /= shares.sum(1, keepdim=True)
        one = below(torch.full((n,), len(self.target)))
        place = below(torch.full((n, 1), N_NEIGHBOURS))
        other = self.neighbours[one].gather(1, place)[:, 0]
        average = (shares[:, :, None] * self.codes[mixed]).sum(1)
        return average + SHIFT * (self.codes[other] - self.codes[one])

    def are_new(self, features: Tensor, classes: Tensor) -> Tensor:
        """Which rows are not closer to a real row of their class than real ones to each other."""
        new = torch.ones(len(classes), dtype=torch.bool)
        for c in classes.unique():
            rows = classes == c
            anchors = self.features[self.target == c]
            new[rows] = torch.cdist(features[rows], anchors).min(1).values > self.least[c]
        return new


def _distances_to_others(rows: Tensor) -> Tensor:
    distances = torch.cdist(rows, rows)
    return distances.fill_diagonal_(math.inf)
