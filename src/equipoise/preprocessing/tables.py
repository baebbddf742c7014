"""Numeric tables ⇄ standardised tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from equipoise.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class TableCodec:
    """How the rows of one fit look, and the way to standardised tensors and back.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        A column becomes ``(value - mean) / scale``; the scale of a constant column is 1.
    columns : list or None
        Names, when the user fitted a DataFrame; the output is then one too.
    column_dtypes : list of str
        dtype of every column, which the output takes on again; integers are rounded, and what
        is neither a number nor a bool becomes float64.
    """

    mean: np.ndarray
    scale: np.ndarray
    columns: list[Any] | None
    column_dtypes: list[str]

    @classmethod
    def fit(cls, X: np.ndarray, original: object) -> TableCodec:
        """Learn the moments from the checked matrix, and the look from the user's container."""
        columns: list[Any] | None = None
        dtypes = [_restorable(original.dtype if isinstance(original, np.ndarray) else X.dtype)]
        if isinstance(original, pd.DataFrame):
            plain = (str, int, float)  # what JSON keeps
            columns = [name if isinstance(name, plain) else str(name) for name in original]
            dtypes = [_restorable(dtype) for dtype in original.dtypes]
        with np.errstate(over="ignore", invalid="ignore"):
            mean = X.mean(axis=0, dtype=np.float64)
            scale = X.std(axis=0, dtype=np.float64)
        if not np.isfinite(scale).all():
            raise InvalidInputError(
                f"X has values of up to {np.abs(X).max():.3g} in column {scale.argmax()}, too "
                "large to standardise. Divide them by a constant first."
            )
        # A scale of rounding errors would blow them up into features.
        scale = np.where(scale > 1e-12 * (1 + np.abs(mean)), scale, 1.0)
        return cls(mean, scale, columns, dtypes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape for which the networks are built."""
        return (len(self.mean),)

    def check(self, X: np.ndarray) -> None:
        """Refuse rows with another number of columns than those of the fit."""
        if X.ndim != 2 or X.shape[1] != len(self.mean):
            raise InvalidInputError(
                f"X has shape {X.shape}, but the estimator was fitted on rows of "
                f"{len(self.mean)} features. Pass the same columns."
            )

    def encode(self, rows: np.ndarray) -> Tensor:
        """``(n, n_features)`` array → standardised float64 tensor of the same shape."""
        return torch.from_numpy((rows - self.mean) / self.scale)

    def decode(self, rows: Tensor) -> np.ndarray | pd.DataFrame:
        """Tensor as :meth:`encode` makes it → the user's container, columns and dtypes."""
        values = rows.detach().cpu().double().numpy() * self.scale + self.mean
        if self.columns is None:
            return _cast(values, self.column_dtypes[0])
        columns = {i: _cast(values[:, i], dtype) for i, dtype in enumerate(self.column_dtypes)}
        return pd.DataFrame(columns).set_axis(self.columns, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "kind": "table",
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "columns": self.columns,
            "column_dtypes": self.column_dtypes,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TableCodec:
        """Inverse of :meth:`to_dict`."""
        return cls(
            np.asarray(values["mean"]),
            np.asarray(values["scale"]),
            values["columns"],
            values["column_dtypes"],
        )


def _restorable(dtype: Any) -> str:
    """Name of a dtype of numbers or bools; nullable ones have the NumPy dtype of their values."""
    plain = getattr(dtype, "numpy_dtype", dtype)
    return str(dtype) if isinstance(plain, np.dtype) and plain.kind in "biuf" else "float64"


def _cast(values: np.ndarray, name: str) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(name)
    plain = getattr(dtype, "numpy_dtype", dtype)
    if plain.kind == "b":
        values = values > 0.5
    elif plain.kind in "iu":
        limits = np.iinfo(plain)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(plain) if plain is dtype else pd.array(values.astype(plain), dtype=dtype)
