"""Augmentation of training images by small random changes that keep their class."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from equipoise.errors import InvalidParameterError, counted
from equipoise.networks.seeding import Seeded
from equipoise.training.distributed import n_all_rows, own_rows, rank

Augmentation = Callable[..., Tensor]  # of the images, a generator, and the rows of the batch
AUGMENTATIONS = ("auto", "none", "shift", "flip", "affine", "learned")
SHIFT = 1 / 14  # of the size: two pixels of 28
CROP = 1 / 8  # of the size: four pixels of 32, as is common for small photographs
ANGLE = math.radians(10)
ZOOM = 0.1
SYMMETRIC = 0.05  # largest asymmetry of photographs; digits and clothes have .17 and more
LEAST_PIXELS = 16  # of the smaller side of images that are flipped by default
TOLERANCE = 1e-3  # outside of [0, 1], for what a function of the user's returns


def augment(kind: str, x: Tensor, generator: torch.Generator, n: int | None = None) -> Tensor:
    """Transform every image of a batch at random.

    Parameters
    ----------
    kind : {"none", "shift", "flip", "affine"}
        ``"none"`` returns ``x`` itself. ``"shift"`` translates by whole pixels, up to 1/14 of the
        height and width (rounded: 2 of 28 pixels, 1 of 8, none below 8), and repeats the edge.
        ``"flip"`` mirrors half of the images from left to right and translates all by whole pixels,
        up to 1/8 of the size, with the image reflected at its edge. ``"affine"`` rotates by up to
        10 degrees, scales by 0.9 to 1.1 and translates by up to 1/14 of the size.
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
    if kind == "none":
        return x
    if kind == "affine":
        return _affine(x, generator, n)
    return _shift(x, kind == "flip", generator, n)


@dataclass(frozen=True)
class GivenAugmentation:
    """A function of the user's as the augmentation of a training.

    Attributes
    ----------
    function : callable
        Maps float images ``(n, channels, height, width)`` in [0, 1] to such images.
    """

    function: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor, generator: torch.Generator, n: int | None = None) -> Tensor:
        """Apply the function, with what torch draws on the CPU seeded by the generator.

        Parameters
        ----------
        x : Tensor of shape (n, channels, height, width)
        generator : torch.Generator
        n : int, optional
            As in :func:`augment`.

        Returns
        -------
        Tensor
            Images of the shape and dtype of ``x``.
        """
        device = generator.device
        seed = int(torch.randint(2**62, (), generator=generator, device=device)) + rank()
        with Seeded(seed):
            return self.function(x).to(x)

    def check(self, x: Tensor) -> None:
        """Try the function on a few images.

        Raises
        ------
        InvalidParameterError
            It fails, or returns something else than images in [0, 1] of the same shape.
        """
        expected = "Pass a function from float images (n, channels, height, width) to such images."
        try:
            with Seeded(0):
                found = self.function(x.clone())
        except Exception as error:
            raise InvalidParameterError(
                f"augmentation={self.function!r} fails on {counted(len(x))} of shape "
                f"{tuple(x.shape[1:])}: {type(error).__name__}: {error}. {expected}"
            ) from error
        if not isinstance(found, Tensor) or found.shape != x.shape:
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InvalidParameterError(
                f"augmentation={self.function!r} returns {got} for images of shape "
                f"{tuple(x.shape)}. {expected}"
            )
        least, most = float(found.min()), float(found.max())
        if not (least >= -TOLERANCE and most <= 1 + TOLERANCE):
            raise InvalidParameterError(
                f"augmentation={self.function!r} returns values from {least:.3g} to {most:.3g}, "
                "but images have values from 0 to 1, also those that are predicted later. Leave "
                "out a normalisation, and clip other values."
            )


def moved_pixels(x: Tensor, places: Tensor) -> Tensor:
    """Images whose pixels are those of others at given places.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
    places : Tensor of shape (n, height, width, 2)
        To the right and down, where -1 and 1 are the edges of the image.

    Returns
    -------
    Tensor of shape (n, channels, height, width)
        Interpolated bilinearly; places outside of the image have the value of its edge.
    """
    _, _, height, width = x.shape
    # This is padding_mode="border", which older versions of torch do not support on Apple's MPS.
    edge = 1 - 1 / torch.tensor([width, height]).to(x)
    return F.grid_sample(x, places.clamp(-edge, edge), align_corners=False)


def mirror_asymmetry(x: Tensor) -> float:
    """How far images differ on average from their mirror images.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
        At least two images of one class.

    Returns
    -------
    float
        Squared mean of the difference between an image and its mirror image, less what chance
        explains of it, as a fraction of the variance of that difference. It is about 0 for images
        whose mirror images are as likely, such as most photographs.
    """
    difference = x - x.flip(3)
    variance = difference.var(0)
    total = float(variance.sum())
    excess = float((difference.mean(0).square() - variance / len(x)).sum())
    return excess / total if total > 0 else 0.0


def _shift(x: Tensor, flip: bool, generator: torch.Generator, n: int | None) -> Tensor:
    _, _, height, width = x.shape
    n_noise, device = n_all_rows(x, n), generator.device

    def sources(size: int) -> Tensor:
        """Index of the row (or column) from which each of ``size`` is copied, (n, size)."""
        most = round((CROP if flip else SHIFT) * size)
        by = torch.randint(-most, most + 1, (n_noise, 1), generator=generator, device=device)
        index = torch.arange(size, device=device) - own_rows(by, n)
        if flip:  # reflected at both edges
            return size - 1 - (size - 1 - index.abs()).abs()
        return index.clamp(0, size - 1)

    rows, columns = sources(height)[:, :, None], sources(width)[:, None, :]
    if flip:
        mirrored = torch.rand(n_noise, 1, 1, generator=generator, device=device) < 0.5
        columns = torch.where(own_rows(mirrored, n), width - 1 - columns, columns)
    images = torch.arange(len(x), device=x.device)[:, None, None]
    # Indexing puts the channels last, which is also the memory layout of encoded images.
    return x[images, :, rows.to(x.device), columns.to(x.device)].permute(0, 3, 1, 2)


def _affine(x: Tensor, generator: torch.Generator, n: int | None) -> Tensor:
    _, _, height, width = x.shape
    noise = torch.rand(4, n_all_rows(x, n), generator=generator, device=generator.device)
    noise = 2 * own_rows(noise.T, n).T - 1
    angle, zoom = ANGLE * noise[0], 1 + ZOOM * noise[1]
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    # Both axes run from -1 to 1. A shift by a fraction of the size is thus twice that number, and
    # the rotation of an image that is not square depends on the ratio of its sides.
    move_x, move_y = 2 * SHIFT * noise[2:]
    across = torch.stack([cos, -sin * height / width, move_x], dim=1)
    down = torch.stack([sin * width / height, cos, move_y], dim=1)
    theta = torch.stack([across, down], dim=1).to(x)
    return moved_pixels(x, F.affine_grid(theta, list(x.shape), align_corners=False))
