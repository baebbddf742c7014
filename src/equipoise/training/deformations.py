"""Deformations of images that are learnt from pairs of images of one class.

How the images of a class differ is seen best in the large classes. What bends one of them into
another is applied to images of all classes, so that the rare ones get variation that they
themselves do not show.

References
----------
Hauberg, Freifeld, Larsen, Fisher, Hansen, Dreaming more data: class-dependent distributions over
diffeomorphisms for learned data augmentation, AISTATS 2016. Here all classes share the
deformations, which are those of pairs and not draws from a distribution that is fitted to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from equipoise.preprocessing import EncodedRows
from equipoise.training.augment import moved_pixels
from equipoise.training.distributed import n_all_rows, own_rows

N_PAIRS = 2000
CONTROL_POINTS = 5  # per side, between which the displacement is interpolated
LARGEST_SIDE = 32  # of the images that are compared; larger ones are reduced
STEPS, LEARNING_RATE = 60, 0.03  # of Adam, in units of half an image
BENDING, MOVING = 0.5, 0.02  # weights of the roughness and of the size of a displacement
BLOCK = 500  # pairs at a time


@dataclass(frozen=True)
class Deformations:
    """Displacements that bend one image of a class into another.

    Attributes
    ----------
    displacements : Tensor of shape (m, 2, 5, 5)
        Of each pair of images, at 5 × 5 points from corner to corner: how far to the right and how
        far down the pixel is that comes to that point, where 1 is half of the width or height.
    """

    displacements: Tensor

    @classmethod
    def learn(
        cls, inputs: EncodedRows, target: np.ndarray, seed: int, device: torch.device
    ) -> Self:
        """Learn the displacements between at most 2,000 random pairs of images of a class.

        Parameters
        ----------
        inputs : EncodedRows
            The training images.
        target : ndarray of shape (n,)
            Their class indices.
        seed : int
            Decides which images are paired.
        device : torch.device
            Where they are learnt, and applied.
        """
        first, second = random_pairs(target, seed)
        if not len(first):  # no class has two images
            return cls(torch.zeros(1, 2, CONTROL_POINTS, CONTROL_POINTS, device=device))
        blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
        found = []
        for block in blocks:
            pair = (inputs[rows[block]].to(device, torch.float32) for rows in (first, second))
            found.append(register(*map(_reduced, pair)))
        return cls(torch.cat(found))

    def __call__(self, x: Tensor, generator: torch.Generator, n: int | None = None) -> Tensor:
        """Deform every image of a batch at random.

        Each gets one of the displacements, times a number from U(−1, 1).

        Parameters
        ----------
        x : Tensor of shape (n, channels, height, width)
            Floats; never modified.
        generator : torch.Generator
            Source of all noise.
        n : int, optional
            Number of rows of the batch, if ``x`` has only those of this process.

        Returns
        -------
        Tensor
            Images of the shape and dtype of ``x``, with values within its range.
        """
        shape, device = (n_all_rows(x, n),), generator.device
        chosen = torch.randint(len(self.displacements), shape, generator=generator, device=device)
        amount = 2 * torch.rand(shape, generator=generator, device=device) - 1
        chosen, amount = own_rows(chosen, n).to(x.device), own_rows(amount, n).to(x)
        return warp(x, amount[:, None, None, None] * self.displacements.to(x)[chosen])


def random_pairs(target: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """At most 2,000 random pairs of different rows of the same class.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Class indices.
    seed : int

    Returns
    -------
    first, second : ndarray of shape (m,)
        Row indices; rows that are the only ones of their class are left out.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(target))
    order = order[np.argsort(target[order], kind="stable")]
    counts = np.bincount(target)
    ends = np.cumsum(counts)[counts > 0] - 1
    following = np.arange(len(order)) + 1  # within a class, the last one by the first one
    following[ends] = ends + 1 - counts[counts > 0]
    paired = np.flatnonzero(counts[target[order]] > 1)
    paired = rng.permutation(paired)[:N_PAIRS]
    return order[paired], order[following[paired]]


def warp(x: Tensor, displacements: Tensor) -> Tensor:
    """Images whose pixels are those of ``x`` at displaced places.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
    displacements : Tensor of shape (n, 2, k, k)
        As in :class:`Deformations`; between the points they are interpolated bicubically.

    Returns
    -------
    Tensor of shape (n, channels, height, width)
        As from :func:`equipoise.training.augment.moved_pixels`.
    """
    _, _, height, width = x.shape
    identity = F.affine_grid(
        torch.eye(2, 3).to(x)[None], [1, 1, height, width], align_corners=False
    )
    dense = F.interpolate(displacements, (height, width), mode="bicubic", align_corners=True)
    return moved_pixels(x, identity + dense.permute(0, 2, 3, 1))


def register(first: Tensor, second: Tensor) -> Tensor:
    """Find the displacements that bend images into others, by descent from coarse to fine.

    Parameters
    ----------
    first, second : Tensor of shape (m, channels, height, width)

    Returns
    -------
    Tensor of shape (m, 2, 5, 5)
        Of every pair, so that ``warp(first, displacements)`` resembles ``second``. Rough and large
        displacements have a cost, which keeps images apart that only noise would make equal.
    """
    displacements = first.new_zeros(
        len(first), 2, CONTROL_POINTS, CONTROL_POINTS, requires_grad=True
    )
    optimizer = torch.optim.Adam([displacements], lr=LEARNING_RATE)
    scale = second.square().flatten(1).sum(1) + 1e-3
    for step in range(STEPS):
        size = 5 if step < STEPS / 2 else 3
        if step in (0, STEPS // 2):
            one, other = _blurred(first, size), _blurred(second, size)
        error = (warp(one, displacements) - other).square().flatten(1).sum(1) / scale
        bends = sum(displacements.diff(dim=d).square().flatten(1).sum(1) for d in (2, 3))
        moves = displacements.square().flatten(1).sum(1)
        loss = (error + BENDING * bends + MOVING * moves).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return displacements.detach()


def _reduced(x: Tensor) -> Tensor:
    """Images whose longer side has at most 32 pixels."""
    factor = LARGEST_SIDE / max(x.shape[2:])
    return F.interpolate(x, scale_factor=factor, mode="area") if factor < 1 else x


def _blurred(x: Tensor, size: int = 3) -> Tensor:
    for _ in range(2):
        x = F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)
    return x
