"""Drawing from a trained generator: codes by name, batches of rows, confidence of the category."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.errors import InvalidParameterError
from equipoise.imsic.network import IMSICNetwork

ROWS_AT_ONCE = 128  # their maps fit a cache


def draw_codes(
    n: int, names: tuple[str, ...], fixed: Mapping[Any, Any] | None, generator: torch.Generator
) -> Tensor:
    """Codes from U(−1, 1), but for those that are fixed.

    Parameters
    ----------
    n : int
    names : tuple of str
        Names of the m codes.
    fixed : mapping or None
        Name or number of a code → its value, one for all rows or an array of n.
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n, m)

    Raises
    ------
    InvalidParameterError
        Unknown code, value of another length, not a finite number.
    """
    if not isinstance(fixed, Mapping | None):
        raise InvalidParameterError(f"codes={fixed!r} must be a dict of code to value, or None.")
    codes = 2 * torch.rand(n, len(names), generator=generator) - 1
    for name, value in (fixed or {}).items():
        values = np.asarray(value, dtype=np.float64)
        if values.shape not in {(), (n,)} or not np.isfinite(values).all():
            raise InvalidParameterError(
                f"codes={{{name!r}: ...}} must be a finite number or an array of {n} of them, "
                f"got shape {values.shape}."
            )
        codes[:, code_number(name, names)] = torch.from_numpy(values).float()
    return codes


def code_number(code: Any, names: tuple[str, ...]) -> int:
    """Number of a code given by its name or number.

    Raises
    ------
    InvalidParameterError
        There is no such code.
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
    """Inputs (n, *input) that the averaged generator makes."""
    network.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                network.average(*part)
                for part in zip(
                    noise.split(ROWS_AT_ONCE),
                    category.split(ROWS_AT_ONCE),
                    codes.split(ROWS_AT_ONCE),
                    strict=True,
                )
            ]
        )


def read(network: IMSICNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the categories (n, n_classes) and readings of the codes (n, m)."""
    network.eval()
    with torch.inference_mode():
        judgements = [network.discriminator(part, None) for part in x.split(ROWS_AT_ONCE)]
    category = torch.cat([j.category for j in judgements]).log_softmax(1)
    return category, torch.cat([j.codes for j in judgements])


def draw_confident(
    draw: Callable[[int], Tensor],
    confidence_of: Callable[[Tensor], Tensor],
    n: int,
    least: float,
    most_draws: int,
) -> tuple[Tensor, int, int]:
    """Draw until enough rows are confident, or keep the best of ``most_draws``.

    Parameters
    ----------
    draw : callable
        Number → as many rows.
    confidence_of : callable
        Rows → their confidence in [0, 1].
    n : int
        Rows wanted.
    least : float
        Confidence that is enough.
    most_draws : int
        Rows to draw before giving up, overstepped by less than ``n``.

    Returns
    -------
    rows : Tensor of shape (n, ...)
        The confident ones in the order of their draw, then the most confident others.
    n_drawn : int
    n_confident : int
        Of the rows returned.
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
