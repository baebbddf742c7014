"""Samplers for any table or images: which one fits, what it is given, and what comes back."""

from __future__ import annotations

import time
from dataclasses import dataclass
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

from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments.columns import as_floats, categorical_columns, number_columns

from .one_hot import OneHot

N_NEIGHBORS = 5  # imbalanced-learn's own default
NUMERIC_ONLY = {"borderline-smote": BorderlineSMOTE, "adasyn": ADASYN}
NAMES = ("random", "smote", *NUMERIC_ONLY)
KNOW_CATEGORIES = (SMOTENC, SMOTEN)


@dataclass(frozen=True)
class TrainingRows:
    """Training rows as a classifier gets them.

    Attributes
    ----------
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    n_real : int
        How many rows there were before resampling.
    completion : CompleteTable, default=None
        What test rows have to go through before the classifier.
    seconds : float, default=None
        Time that the sampler took; None without a sampler.
    """

    X: Rows
    y: np.ndarray
    n_real: int
    completion: CompleteTable | None = None
    seconds: float | None = None


def resample_table(sampler: Any, X: Rows, y: np.ndarray) -> TrainingRows:
    """Resample the rows of a table.

    Parameters
    ----------
    sampler : sampler
        It is fitted. One of imbalanced-learn that computes distances gets a completed table, and
        one that takes only numbers gets categories one-hot encoded.
    X : DataFrame or ndarray
        Never modified.
    y : ndarray of shape (n_rows,)

    Returns
    -------
    TrainingRows
    """
    started = time.perf_counter()
    completion, code, rows = None, None, X
    if not takes_any_table(sampler):
        completion = CompleteTable().fit(X)
        rows = completion.transform(X)
        if categorical_columns(rows) and not isinstance(sampler, KNOW_CATEGORIES):
            code = OneHot(rows)
            rows = code.encode(rows)
    X_more, y_more = sampler.fit_resample(rows, y)
    if code is not None:
        X_more = code.decode(X_more)
    seconds = time.perf_counter() - started
    return TrainingRows(X_more, np.asarray(y_more), len(y), completion, seconds)


def make_sampler(name: str, X: Rows, smallest: int) -> Any:
    """Oversampler of imbalanced-learn for a table with such columns.

    Parameters
    ----------
    name : {"random", "smote", "borderline-smote", "adasyn"}
        ``"smote"`` is SMOTENC where X has categorical columns and SMOTEN where it has no others.
    X : DataFrame or ndarray
    smallest : int
        Rows of the smallest class that the sampler will see. The number of neighbours is 5, or
        fewer where that class has fewer other rows.

    Returns
    -------
    sampler

    Raises
    ------
    InvalidParameterError
        There is no such name.
    InvalidInputError
        The sampler takes only numbers, and X has categorical columns.
    """
    categorical = categorical_columns(X)
    n_neighbors = max(1, min(N_NEIGHBORS, smallest - 1))
    if name == "random":
        return RandomOverSampler()
    if name == "smote":
        if not categorical:
            return SMOTE(k_neighbors=n_neighbors)
        if len(categorical) == X.shape[1]:
            return SMOTEN(k_neighbors=n_neighbors)
        return SMOTENC(categorical_features=categorical, k_neighbors=n_neighbors)
    if name not in NUMERIC_ONLY:
        raise InvalidParameterError(f"{name!r} is no sampler. Choose one of {', '.join(NAMES)}.")
    if categorical and isinstance(X, pd.DataFrame):
        raise InvalidInputError(
            f"{name!r} cannot take the categorical column {X.columns[categorical[0]]!r}. Choose "
            "'smote', which handles categories, or 'random'."
        )
    if name == "adasyn":
        return ADASYN(n_neighbors=n_neighbors)
    return BorderlineSMOTE(k_neighbors=n_neighbors)


def takes_any_table(sampler: Any) -> bool:
    """Whether a sampler gets the rows as they are: strings, dates, missing values.

    Samplers of imbalanced-learn that compute distances do not. All others are expected to handle
    whatever the table holds.
    """
    if not type(sampler).__module__.startswith("imblearn."):
        return True
    if isinstance(sampler, RandomOverSampler):
        return sampler.shrinkage is None
    return isinstance(sampler, (RandomUnderSampler, FunctionSampler, Pipeline))


class CompleteTable(TransformerMixin, BaseEstimator):
    """Fill the missing values of a table and make its columns floats or categories.

    Missing numbers become the median of the fitted rows, missing categories the most frequent one.
    Dates and durations become seconds. The order of the columns stays.
    """

    def fit(self, X: Rows, y: Any = None) -> Self:
        """Learn what to fill missing values with."""
        frame = _floats_and_categories(X)
        numbers = frame.iloc[:, number_columns(frame)]
        categories = frame.iloc[:, categorical_columns(frame)]
        self.fill_ = {
            **numbers.median().fillna(0.0),  # 0 in a column without any value
            **{name: mode.iloc[0] for name in categories if len(mode := categories[name].mode())},
        }
        return self

    def transform(self, X: Rows) -> Rows:
        """The same rows as floats and categories, without missing values; an array for an array."""
        frame = _floats_and_categories(X)
        filled = frame.apply(lambda c: c.where(c.notna(), self.fill_.get(c.name, np.nan)))
        return filled if isinstance(X, pd.DataFrame) else filled.to_numpy()


def _floats_and_categories(X: Rows) -> pd.DataFrame:
    if not isinstance(X, pd.DataFrame):
        return pd.DataFrame(as_floats(X))
    frame, numbers = X.copy(deep=False), X.columns[number_columns(X)]
    frame[numbers] = as_floats(X[numbers])
    bools = frame.columns[frame.dtypes.map(pd.api.types.is_bool_dtype)]
    return frame.astype(dict.fromkeys(bools, object))  # SMOTEN takes no bools beside categories
