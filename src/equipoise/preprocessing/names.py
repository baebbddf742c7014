"""Names of the columns of a DataFrame, by which later rows are matched with those of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from equipoise.errors import InvalidInputError

LISTED = 5  # names in a message


def plain_names(columns: pd.Index) -> list[str | float]:
    """Names as a saved estimator has them: other kinds than strings and numbers as strings."""
    return [name if isinstance(name, (str, int, float)) else str(name) for name in columns.tolist()]


def check_names(X: Any, known: Sequence[Any] | None) -> None:
    """Raise an error for a DataFrame with other columns than those of the fit.

    Names that are strings are also checked by scikit-learn; this function checks names of any kind.

    Parameters
    ----------
    X : object
        What the user passed.
    known : sequence or None
        The names in the fit, by :func:`plain_names`; None if it was not on a DataFrame.

    Raises
    ------
    InvalidInputError
        If a column is new or missing, or the order differs.
    """
    if known is None or not isinstance(X, pd.DataFrame):
        return
    names, expected = plain_names(X.columns), list(known)
    if names == expected:
        return
    unseen = [name for name in names if name not in expected]
    missing = [name for name in expected if name not in names]
    found = [
        f"{what} {', '.join(map(repr, odd[:LISTED]))}{' and others' * (len(odd) > LISTED)}"
        for what, odd in (("unseen in fit:", unseen), ("now missing:", missing))
        if odd
    ] or ["the columns must be in the same order as in fit"]
    raise InvalidInputError(
        "The feature names should match those that were passed during fit: "
        f"{'; '.join(found)}. Pass the columns of the fit, in their order."
    )
