"""Conversion of a column of numbers to normal scores, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import ndtri

MOST_KNOTS = 1000  # for columns with more distinct values; between knots the map is linear
FARTHEST = 1e6  # distance from the training range, in widths of it, at which values are clipped
SNAP = 2e-7  # tolerance of scores, so that rounding errors do not change a decoded value


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Monotone map that makes a training column approximately standard normal.

    A value that occurs more than once corresponds to an interval of scores, according to its
    frequency: it is encoded as the middle, and the whole interval is decoded to it. So the
    frequency of zeros is preserved, for example, and a column with few distinct values gets hardly
    any others. Beyond the training range the map is linear, up to `FARTHEST`; decoded values lie
    within the training range.

    Attributes
    ----------
    knots : ndarray of shape (k,)
        Increasing values, with the smallest and the largest of the training column.
    low, high : ndarray of shape (k,)
        Ends of the intervals of the knots, as normal scores.
    mean, scale : float
        Mean and standard deviation of the scores of the training column.
    """

    knots: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Fit the map to finite values (n,), at least one."""
        ordered = np.sort(values)
        n = len(ordered)
        knots = np.unique(ordered)
        if len(knots) > MOST_KNOTS:
            knots = np.unique(ordered[np.linspace(0, n - 1, MOST_KNOTS).round().astype(int)])
        first = np.searchsorted(ordered, knots, "left")
        last = np.searchsorted(ordered, knots, "right")
        raw = cls(knots, ndtri((first + 0.5) / n), ndtri((last - 0.5) / n))
        scores = raw.encode(ordered)
        scale = float(scores.std())
        # Division by a scale of rounding errors would turn them into features.
        return cls(knots, raw.low, raw.high, float(scores.mean()), scale if scale > 1e-9 else 1.0)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Convert values (n,) to standardised scores (n,)."""
        knots, low, high = self.knots, self.low, self.high
        width = knots[-1] - knots[0]
        if width == 0:  # all training values are equal
            return np.where(np.isnan(values), np.nan, 0.0)
        reach = FARTHEST * width
        values = np.clip(values, knots[0] - reach, knots[-1] + reach)
        at = np.clip(np.searchsorted(knots, values, "right") - 1, 0, len(knots) - 1)
        after = np.minimum(at + 1, len(knots) - 1)
        width_to_next = knots[after] - knots[at]
        fraction = (values - knots[at]) / np.where(width_to_next > 0, width_to_next, 1.0)
        scores = high[at] + fraction * (low[after] - high[at])
        scores = np.where(values == knots[at], (low[at] + high[at]) / 2, scores)
        slope = (high[-1] - low[0]) / width
        scores = np.where(values < knots[0], low[0] + (values - knots[0]) * slope, scores)
        scores = np.where(values > knots[-1], high[-1] + (values - knots[-1]) * slope, scores)
        return (scores - self.mean) / self.scale

    def decode(self, scores: np.ndarray) -> np.ndarray:
        """Convert standardised scores (n,) to values (n,) within the training range."""
        ends = np.stack([self.low - SNAP, self.high + SNAP], 1).ravel()
        return np.interp(scores * self.scale + self.mean, ends, self.knots.repeat(2))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        arrays = {name: np.asarray(values[name]) for name in ("knots", "low", "high")}
        return cls(**arrays, mean=values["mean"], scale=values["scale"])
