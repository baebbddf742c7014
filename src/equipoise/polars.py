"""polars' frames and series ⇄ pandas'."""

from __future__ import annotations

from typing import Any


def as_pandas(data: Any) -> Any:
    """A frame or series of polars as one of pandas, anything else as it is."""
    return data.to_pandas() if _is_polars(data) else data


def as_given(made: Any, given: Any) -> Any:
    """``as_pandas(given)`` with what was appended to it, in the container and dtypes of ``given``.

    Rows of polars are those given, and never were pandas' on the way.
    """
    if not _is_polars(given):
        return made
    import polars

    new = polars.from_pandas(made.iloc[len(given) :])
    return polars.concat([given, new.cast(given.schema if made.ndim == 2 else given.dtype)])


def _is_polars(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "polars" and hasattr(data, "to_pandas")
