"""Samplers of imbalanced-learn for any table: which one fits, and what it has to be given."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from imblearn import FunctionSampler
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    BorderlineSMOTE,
    RandomOverSampler,
)
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, TransformerMixin

from equipoise.errors import InvalidInputError, InvalidParameterError

from .columns import as_floats, categorical_columns, number_columns

NEIGHBOURS = 5  # imbalanced-learn's own default
NUMERIC_ONLY = {"borderline-smote": BorderlineSMOTE, "adasyn": ADASYN}
NAMES = ("random", "smote", *NUMERIC_ONLY)


def make_sampler(name: str, X: Any, smallest: int) -> Any:
    """Oversampler of imbalanced-learn for a table with such columns.

    Parameters
    ----------
    name : {"random", "smote", "borderline-smote", "adasyn"}
        ``"smote"`` is SMOTENC where X has categorical columns and SMOTEN where it has no others.
    X : DataFrame or ndarray
    smallest : int
        Rows of the smallest class that the sampler will see, for the number of its neighbours:
        5, or fewer where the class has fewer others.

    Returns
    -------
    sampler

    Raises
    ------
    InvalidParameterError
        There is no such name.
    InvalidInputError
        It needs numbers only, and X has categorical columns.
    """
    categorical = categorical_columns(X)
    neighbours = max(1, min(NEIGHBOURS, smallest - 1))
    if name == "random":
        return RandomOverSampler()
    if name == "smote":
        if not categorical:
            return SMOTE(k_neighbors=neighbours)
        if len(categorical) == X.shape[1]:
            return SMOTEN(k_neighbors=neighbours)
        return SMOTENC(categorical_features=categorical, k_neighbors=neighbours)
    if name not in NUMERIC_ONLY:
        raise InvalidParameterError(f"{name!r} is no sampler. Choose one of {', '.join(NAMES)}.")
    if categorical:
        raise InvalidInputError(
            f"{name!r} cannot take the categorical column {X.columns[categorical[0]]!r}. Choose "
            "'smote', which knows categories, or 'random'."
        )
    if name == "adasyn":
        return ADASYN(n_neighbors=neighbours)
    return BorderlineSMOTE(k_neighbors=neighbours)


def takes_any_table(sampler: Any) -> bool:
    """Whether a sampler gets the rows as they are: strings, dates, missing values.

    Those of imbalanced-learn that compute distances do not; what others take is their own affair.
    """
    if not type(sampler).__module__.startswith("imblearn."):
        return True
    if isinstance(sampler, RandomOverSampler):
        return sampler.shrinkage is None
    return isinstance(sampler, (RandomUnderSampler, FunctionSampler, Pipeline))


class CompleteTable(TransformerMixin, BaseEstimator):
    """A table without gaps whose columns are floats or categories, in their order.

    Missing numbers become the median of the fitted rows, missing categories the most frequent one;
    dates and durations are seconds.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what to fill gaps with."""
        frame = _floats_and_categories(X)
        numbers = frame.iloc[:, number_columns(frame)]
        categories = frame.iloc[:, categorical_columns(frame)]
        self.fill_ = {
            **numbers.median().fillna(0.0),  # 0 in a column that is all gaps
            **{name: mode.iloc[0] for name in categories if len(mode := categories[name].mode())},
        }
        return self

    def transform(self, X: Any) -> Any:
        """The same rows as floats and categories, without gaps; an array for an array."""
        frame = _floats_and_categories(X)
        filled = frame.apply(lambda c: c.where(c.notna(), self.fill_.get(c.name, np.nan)))
        return filled if isinstance(X, pd.DataFrame) else filled.to_numpy()


def _floats_and_categories(X: Any) -> pd.DataFrame:
    if not isinstance(X, pd.DataFrame):
        return pd.DataFrame(as_floats(X))
    frame, numbers = X.copy(deep=False), X.columns[number_columns(X)]
    frame[numbers] = as_floats(X[numbers])
    bools = frame.columns[frame.dtypes.map(pd.api.types.is_bool_dtype)]
    return frame.astype(dict.fromkeys(bools, object))  # SMOTEN takes no bools beside categories
