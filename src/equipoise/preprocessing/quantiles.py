"""A column of numbers ⇄ normal scores, whatever its skew, its modes and its ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import ndtri

MOST_KNOTS = 1000  # of a column with more distinct values; between them the map is linear
FARTHEST = 1e6  # widths of the training range that a value may lie outside: more would overflow
SNAP = 2e-7  # scores this close to a knot's are that knot's: rounding must not move a value


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Monotone map that gives a training column mean 0, deviation 1 and a normal shape.

    A value that the column holds more than once owns the interval of scores that its share of
    the rows spans: it is encoded as the middle, and the whole interval is decoded to it. So a
    column with many zeros keeps as many, and one with few values takes no others but rounded
    neighbours. Beyond the training range the map is linear, up to `FARTHEST`; decoding stays
    within it.

    Attributes
    ----------
    knots : ndarray of shape (k,)
        Increasing values, the least and the greatest among them.
    low, high : ndarray of shape (k,)
        Ends of their intervals, in normal scores.
    mean, scale : float
        Of the scores of the training column.
    """

    knots: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Learn the map from finite values (n,), at least one."""
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
        # A scale of rounding errors would blow them up into features.
        return cls(knots, raw.low, raw.high, float(scores.mean()), scale if scale > 1e-9 else 1.0)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Values (n,) → standardised scores (n,)."""
        knots, low, high = self.knots, self.low, self.high
        width = knots[-1] - knots[0]
        if width == 0:  # nothing was learnt of other values
            return np.where(np.isnan(values), np.nan, 0.0)
        reach = FARTHEST * width
        values = np.clip(values, knots[0] - reach, knots[-1] + reach)
        at = np.clip(np.searchsorted(knots, values, "right") - 1, 0, len(knots) - 1)
        after = np.minimum(at + 1, len(knots) - 1)
        gap = knots[after] - knots[at]
        share = (values - knots[at]) / np.where(gap > 0, gap, 1.0)
        scores = high[at] + share * (low[after] - high[at])
        scores = np.where(values == knots[at], (low[at] + high[at]) / 2, scores)
        slope = (high[-1] - low[0]) / width
        scores = np.where(values < knots[0], low[0] + (values - knots[0]) * slope, scores)
        scores = np.where(values > knots[-1], high[-1] + (values - knots[-1]) * slope, scores)
        return (scores - self.mean) / self.scale

    def decode(self, scores: np.ndarray) -> np.ndarray:
        """Standardised scores (n,) → values (n,) within the training range."""
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
