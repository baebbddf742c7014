"""Conversion of the frames and series of polars to those of pandas, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.errors import InvalidInputError


def as_pandas(data: Any) -> Any:
    """Convert a frame or series of polars to pandas; return anything else unchanged.

    Raises
    ------
    InvalidInputError
        If values of an array are masked: what is made of it would have them without the mask.
    """
    if np.ma.is_masked(data):
        raise InvalidInputError(
            f"{int(np.ma.count_masked(data))} values of a masked array are masked. Pass "
            "array.filled(numpy.nan), which makes them missing values, or leave these rows out."
        )
    return data.to_pandas() if _is_polars(data) else data


def as_given(made: Any, given: Any) -> Any:
    """Convert ``as_pandas(given)``, to which rows were appended, to the container of ``given``.

    For polars, the first rows are those of ``given`` themselves and not the converted ones, and all
    rows have the dtypes of ``given``.
    """
    if not _is_polars(given):
        return made
    import polars

    new = polars.from_pandas(made.iloc[len(given) :])
    return polars.concat([given, new.cast(given.schema if made.ndim == 2 else given.dtype)])


def _is_polars(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "polars" and hasattr(data, "to_pandas")
