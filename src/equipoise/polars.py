"""polars' frames and series ⇄ pandas'."""

from __future__ import annotations

from typing import Any


def as_pandas(data: Any) -> Any:
    """A frame or series of polars as one of pandas, anything else as it is."""
    return data.to_pandas() if _is_polars(data) else data


def as_given(made: Any, given: Any) -> Any:
    """What was made from ``as_pandas(given)``, in the container and dtypes of ``given``."""
    if not _is_polars(given):
        return made
    import polars

    return polars.from_pandas(made).cast(given.schema if made.ndim == 2 else given.dtype)


def _is_polars(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "polars" and hasattr(data, "to_pandas")
