"""Formatting of tables as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def format_score(value: float) -> str:
    """Format a score with four decimals, or NaN as a dash."""
    return "-" if np.isnan(value) else f"{value:.4f}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with the first column aligned left and the others aligned right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
