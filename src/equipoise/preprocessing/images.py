"""Conversion of images to tensors in [0, 1], and back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.names import plain_names
from equipoise.sequences import RowSequence, extremes

DIMMER = 8  # times darker than every training image, by which images have another scale


@dataclass(frozen=True)
class ImageCodec:
    """The format of training images, and the conversion of images to tensors and back.

    Attributes
    ----------
    row_shape : tuple of int
        Shape of one row as the user gave it: flat, ``(height, width)`` or with channels last.
    image_shape : tuple of int
        ``(height, width, channels)``.
    dtype : str
        NumPy name of the user's dtype.
    low, high : float
        Values that are mapped to 0 and 1: 0 and 255 for ``uint8``, 0 and 1 for floats within this
        range, and otherwise the extremes of the training data.
    highest_minimum, lowest_maximum : float
        Every training image has values down to the first and up to the second. They are `low` and
        0 for ``uint8`` and ``bool``, whose values are not looked at.
    column_names : tuple or None
        Names of the columns, if flat images were the rows of a DataFrame.
    """

    row_shape: tuple[int, ...]
    image_shape: tuple[int, int, int]
    dtype: str
    low: float
    high: float
    highest_minimum: float
    lowest_maximum: float
    column_names: tuple[str | float, ...] | None = None

    @classmethod
    def fit(cls, X: Any, image_shape: tuple[int, ...] | None, original: Any = None) -> ImageCodec:
        """Fit the codec to shape, dtype and range of training images.

        Parameters
        ----------
        X : array or RowSequence
            Of shape (n, height, width), (n, height, width, channels) or (n, n_values).
        image_shape : tuple of int or None
            ``(height, width)``, or with channels; None if ``X`` has these dimensions.
        original : object, default=None
            What the user passed; if it is a DataFrame, later ones need the same columns.

        Raises
        ------
        InvalidInputError
            If the channels are not last, the shape does not match ``X``, or values are not finite.
        """
        given = tuple(X.shape[1:])
        if image_shape is None and has_channels_first(given):
            raise InvalidInputError(
                f"X has shape {X.shape}: images must have their channels last. Pass "
                "X.transpose(0, 2, 3, 1) or, if they have them last, "
                f"image_shape=({', '.join(map(str, given))})."
            )
        shape = given if image_shape is None else tuple(image_shape)
        full = (*shape, 1) if len(shape) == 2 else shape
        fits = (
            len(full) == 3
            and all(isinstance(n, (int, np.integer)) and n > 0 for n in full)
            and math.prod(full) == math.prod(given)
            and (X.ndim == 2 or full == (*given, 1)[:3])
        )
        if not fits:
            raise InvalidInputError(
                f"image_shape={image_shape} does not fit X of shape {X.shape}: it must be "
                "(height, width) or (height, width, channels) and multiply to the number of "
                f"values in a row, {math.prod(given)}. 3-D and 4-D images need none."
            )
        if X.ndim == 2 and has_channels_first(full, in_doubt=False):
            raise InvalidInputError(
                f"image_shape={image_shape}: images must have their channels last. Pass "
                f"X.reshape(-1, {', '.join(map(str, full))}).transpose(0, 2, 3, 1)."
            )
        low, high, highest_minimum, lowest_maximum = 0.0, 1.0, 0.0, 0.0
        if X.dtype == np.uint8:
            high = 255.0
        elif X.dtype != np.bool_:
            minima, maxima = _finite_extremes(X)
            highest_minimum, lowest_maximum = float(minima.max()), float(maxima.min())
            least, most = float(minima.min()), float(maxima.max())
            if least < 0 or most > 1:
                low, high = least, most if most > least else least + max(1.0, abs(least))
        is_frame = isinstance(original, pd.DataFrame)
        return cls(
            given,
            tuple(map(int, full)),  # type: ignore[arg-type]
            X.dtype.name,
            low,
            high,
            highest_minimum,
            lowest_maximum,
            tuple(plain_names(original.columns)) if is_frame else None,
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of an image, for which networks are built."""
        return self.image_shape

    encoded_shape = input_shape
    layout = None

    def rows(self, images: Any) -> Any:
        """Return the images unchanged; see :meth:`TableCodec.rows`."""
        return images

    def container(self, rows: np.ndarray | RowSequence) -> np.ndarray:
        """Inverse of :meth:`rows`, as an array."""
        return np.asarray(rows)

    def check(self, X: np.ndarray | RowSequence) -> None:
        """Raise an error for images that are not like those of the fit.

        Raises
        ------
        InvalidInputError
            If their shape or their range differs, or values are not finite.
        """
        if tuple(X.shape[1:]) != self.row_shape:
            raise InvalidInputError(
                f"X has rows of shape {tuple(X.shape[1:])}, but the estimator was fitted on rows "
                f"of shape {self.row_shape}. Bring the images into that shape first."
            )
        if X.dtype == np.uint8 and self.dtype == "uint8":
            return  # whatever the values are, they need not be read
        minima, maxima = _finite_extremes(X)
        low, high = float(minima.min()), float(maxima.max())
        if self._has_another_scale(X, low, high):
            raise InvalidInputError(
                f"X has {X.dtype} values from {low:.5g} to {high:.5g}, but the estimator was "
                f"fitted on {self.dtype} images of values from {self.low:g} to {self.high:g}. "
                "Bring X to the same scale."
            )

    def _has_another_scale(self, X: np.ndarray | RowSequence, low: float, high: float) -> bool:
        span = self.high - self.low
        outside = (
            (X.dtype == np.uint8 and self.high <= 1 < high)
            or high > self.high + 2 * span
            or low < self.low - 2 * span
            or (self.low >= 0 and low < self.low - span / 4)  # signed values
        )
        # Rescaled values, although the training images were bytes.
        rescaled = high <= 1 and (X.dtype == np.bool_ or _has_fractions(X))
        if outside or (self.high >= 128 and rescaled):
            return True
        if low == high:
            return False  # blank images say nothing of their scale
        if self.low < 0:  # no negative values, although every training image has such
            return low >= 0 and self.highest_minimum < -span / 4
        return 0 < high < self.lowest_maximum / DIMMER

    def encode(self, rows: np.ndarray) -> Tensor:
        """Encode an ``(n, *row_shape)`` array as ``(n, channels, height, width)`` in [0, 1].

        The result is a float32 view with the channels innermost in memory, the layout in which
        convolutions are fastest.
        """
        rows = np.asarray(rows)
        if rows.dtype not in (np.uint8, np.float32):
            rows = rows.astype(np.float64)  # subtracting an offset in float32 loses precision
        rows = np.require(rows, requirements=["C", "W"])  # torch warns of read-only memory
        images = torch.from_numpy(rows).reshape(len(rows), *self.image_shape).permute(0, 3, 1, 2)
        if images.dtype == torch.uint8:
            images = images.float()
        return ((images - self.low) / (self.high - self.low)).float()

    def decode(self, images: Tensor) -> np.ndarray:
        """Decode a tensor as from :meth:`encode` into the user's shape, dtype and range."""
        values = images.detach().cpu().double().permute(0, 2, 3, 1).numpy()
        values = values.reshape(len(values), *self.row_shape) * (self.high - self.low) + self.low
        dtype = np.dtype(self.dtype)
        if dtype == np.bool_:
            return values > 0.5
        if np.issubdtype(dtype, np.integer):
            values = np.rint(values)
        return np.clip(values, self.low, self.high).astype(dtype)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": "image", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ImageCodec:
        """Inverse of :meth:`to_dict`."""
        return cls(
            tuple(values["row_shape"]),
            tuple(values["image_shape"]),
            values["dtype"],
            values["low"],
            values["high"],
            values["highest_minimum"],
            values["lowest_maximum"],
            values["column_names"] and tuple(values["column_names"]),
        )


def has_channels_first(shape: tuple[int, ...], *, in_doubt: bool = True) -> bool:
    """Whether images of this shape, without the number of rows, have their channels first.

    Parameters
    ----------
    shape : tuple of int
    in_doubt : bool, default=True
        The answer for square images of many channels, such as (13, 4, 4), which may be read as 13
        lines of 4 pixels and 4 channels.
    """
    if len(shape) != 3:
        return False
    first, second, third = shape
    if first <= 4:
        return min(second, third) > 4
    return in_doubt and first > second == third > 1


def _finite_extremes(X: np.ndarray | RowSequence) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of every image."""
    minima, maxima = extremes(X)
    if not np.isfinite(minima).all() or not np.isfinite(maxima).all():
        nan = np.isnan(minima).any()
        found = "NaN" if nan else f"infinity or a value too large for {X.dtype}"
        raise InvalidInputError(
            f"Input X contains {found}. Images must have finite values: leave those out that have "
            "not, or replace the values."
        )
    return minima, maxima


def _has_fractions(X: np.ndarray | RowSequence) -> bool:
    return X.dtype.kind == "f" and any((block % 1).any() for block in RowSequence(X).blocks())
