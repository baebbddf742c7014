"""Augmentation of training images by small random translations, rotations and scalings."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

AUGMENTATIONS = ("none", "shift", "affine")
SHIFT = 1 / 14  # of the size: two pixels of 28
ANGLE = math.radians(10)
ZOOM = 0.1


def augment(x: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """Transform every image of a batch at random; pixels from outside repeat the edge.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
        Floats; never modified.
    kind : {"none", "shift", "affine"}
        ``"none"`` returns ``x`` itself. ``"shift"`` translates by whole pixels, up to 1/14 of the
        height and width (rounded: 2 of 28 pixels, 1 of 8, none below 8). ``"affine"`` rotates by
        up to 10 degrees, scales by 0.9 to 1.1 and translates by up to 1/14 of the size.
    generator : torch.Generator
        Source of all noise, on the CPU.

    Returns
    -------
    Tensor
        Images of the shape and dtype of ``x``, with values within its range.
    """
    if kind == "none":
        return x
    return _shift(x, generator) if kind == "shift" else _affine(x, generator)


def _shift(x: Tensor, generator: torch.Generator) -> Tensor:
    n, _, height, width = x.shape

    def sources(size: int) -> Tensor:
        """Index of the row (or column) from which each of ``size`` is copied, (n, size)."""
        most = round(SHIFT * size)
        by = torch.randint(-most, most + 1, (n, 1), generator=generator)
        return (torch.arange(size) - by).clamp(0, size - 1).to(x.device)

    rows, columns = sources(height)[:, :, None], sources(width)[:, None, :]
    images = torch.arange(n, device=x.device)[:, None, None]
    # Indexing puts the channels last, which is also the memory layout of encoded images.
    return x[images, :, rows, columns].permute(0, 3, 1, 2)


def _affine(x: Tensor, generator: torch.Generator) -> Tensor:
    n, _, height, width = x.shape
    noise = 2 * torch.rand(4, n, generator=generator) - 1
    angle, zoom = ANGLE * noise[0], 1 + ZOOM * noise[1]
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    # Both axes run from -1 to 1. A shift by a fraction of the size is thus twice that number, and
    # the rotation of an image that is not square depends on the ratio of its sides.
    move_x, move_y = 2 * SHIFT * noise[2:]
    across = torch.stack([cos, -sin * height / width, move_x], dim=1)
    down = torch.stack([sin * width / height, cos, move_y], dim=1)
    theta = torch.stack([across, down], dim=1).to(x)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    # This is padding_mode="border", which older versions of torch do not support on Apple's MPS.
    edge = 1 - 1 / torch.tensor([width, height]).to(x)
    return F.grid_sample(x, grid.clamp(-edge, edge), align_corners=False)
