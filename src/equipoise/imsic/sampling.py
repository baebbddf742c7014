"""Computations with trained IMSIC networks: draw codes and rows, infer categories and codes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from equipoise.errors import InvalidParameterError
from equipoise.imsic.network import Discriminator, IMSICNetwork

ROWS_PER_BLOCK = 128  # The feature maps of so many images fit a cache.


def draw_codes(
    n: int,
    names: tuple[str, ...],
    fixed: Mapping[str | int, ArrayLike] | None,
    generator: torch.Generator,
) -> Tensor:
    """Draw codes from U(−1, 1), except those that are fixed.

    Parameters
    ----------
    n : int
    names : tuple of str
        Names of the m codes.
    fixed : mapping or None
        Maps the name or number of a code to its value: one for all rows, or an array of n.
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n, m)

    Raises
    ------
    InvalidParameterError
        If a code is unknown, an array has another length, or a value is not finite.
    """
    if not isinstance(fixed, Mapping | None):
        raise InvalidParameterError(
            f"codes={fixed!r} must be a dict from codes to values, or None."
        )
    codes = 2 * torch.rand(n, len(names), generator=generator) - 1
    for name, value in (fixed or {}).items():
        values = np.asarray(value, dtype=np.float64)
        if values.shape not in {(), (n,)} or not np.isfinite(values).all():
            raise InvalidParameterError(
                f"codes={{{name!r}: ...}} must be a finite number or an array of {n} of them, "
                f"got shape {values.shape}."
            )
        if (np.abs(values) > 1).any():
            extreme = values.flat[np.abs(values).argmax()]
            warnings.warn(
                f"codes has {name!r} at {extreme:g}, but codes were from -1 to 1 in training. What "
                "the generator makes of other values has no meaning that is known.",
                stacklevel=2,
            )
        codes[:, code_number(name, names)] = torch.from_numpy(values).float()
    return codes


def code_number(code: Any, names: tuple[str, ...]) -> int:
    """Number of a code that is given by its name or number.

    Raises
    ------
    InvalidParameterError
        If there is no such code.
    """
    if isinstance(code, str) and code in names:
        return names.index(code)
    is_number = isinstance(code, int | np.integer) and not isinstance(code, bool)
    if is_number and 0 <= code < len(names):
        return int(code)
    raise InvalidParameterError(
        f"code={code!r} is unknown. Pass one of {', '.join(map(repr, names))}, or a number from "
        f"0 to {len(names) - 1}."
    )


def generate(network: IMSICNetwork, noise: Tensor, category: Tensor, codes: Tensor) -> Tensor:
    """Generate encoded rows (n, *input) with the averaged generator."""
    network.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                network.average(*part)
                for part in zip(
                    noise.split(ROWS_PER_BLOCK),
                    category.split(ROWS_PER_BLOCK),
                    codes.split(ROWS_PER_BLOCK),
                    strict=True,
                )
            ]
        )


def infer_category_and_codes(discriminator: Discriminator, x: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the categories (n, n_classes) and inferred codes (n, n_codes)."""
    discriminator.eval()
    with torch.inference_mode():
        judgements = [discriminator(part, None) for part in x.split(ROWS_PER_BLOCK)]
    category = torch.cat([j.category for j in judgements]).log_softmax(1)
    return category, torch.cat([j.codes for j in judgements])


def draw_confident(
    draw: Callable[[int], Tensor],
    confidence_of: Callable[[Tensor], Tensor],
    n: int,
    least: float,
    most_draws: int,
) -> tuple[Tensor, int, int]:
    """Draw until enough rows are confident, or keep the most confident of ``most_draws``.

    Parameters
    ----------
    draw : callable
        Draws the given number of rows.
    confidence_of : callable
        Maps rows to their confidence in [0, 1].
    n : int
        Number of rows to return.
    least : float
        Smallest confidence at which a row counts as confident.
    most_draws : int
        Number of draws after which to give up; it is exceeded by less than ``n``.

    Returns
    -------
    rows : Tensor of shape (n, ...)
        The confident rows in the order of their draw, then the most confident of the others.
    n_drawn : int
        Number of draws.
    n_confident : int
        Number of confident rows among those returned.
    """
    rows, confidence, n_drawn, n_confident = torch.empty(0), torch.empty(0), 0, 0
    while n_confident < n and n_drawn < most_draws:
        more = draw(n - n_confident)
        n_drawn += len(more)
        rows = torch.cat([rows.to(more), more])
        confidence = torch.cat([confidence.to(more), confidence_of(more)])
        best = confidence.clamp(max=least).argsort(descending=True, stable=True)[:n]
        rows, confidence = rows[best], confidence[best]
        n_confident = int((confidence >= least).sum())
    return rows, n_drawn, n_confident
