"""The classifiers that are compared by default, each with what it needs before it on any table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from .columns import as_floats, as_strings, categorical_columns, number_columns


def default_classifiers() -> dict[str, Pipeline]:
    """Logistic regression, random forest and gradient boosting, by name.

    Columns are told apart when a pipeline is fitted (see :mod:`equipoise.evaluation.columns`).
    Missing numbers are the median for the linear model and stay missing for the trees, which split
    on them; a missing category is a category of its own, and one that the training part does not
    have is none. A column without a value in the training part is left out.
    """
    return {
        "logistic regression": make_pipeline(_for_lines(), LogisticRegression(max_iter=1000)),
        "random forest": make_pipeline(_for_trees(), RandomForestClassifier()),
        "gradient boosting": make_pipeline(_for_trees(), HistGradientBoostingClassifier()),
    }


def _for_lines() -> ColumnTransformer:
    numbers = make_pipeline(
        FunctionTransformer(as_floats),
        SimpleImputer(strategy="median"),
        StandardScaler(),
    )
    categories = make_pipeline(
        FunctionTransformer(as_strings), OneHotEncoder(handle_unknown="ignore")
    )
    return _by_kind(numbers, categories)


def _for_trees() -> ColumnTransformer:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return _by_kind(
        FunctionTransformer(as_floats), make_pipeline(FunctionTransformer(as_strings), codes)
    )


def _by_kind(numbers: object, categories: object) -> ColumnTransformer:
    columns = ColumnTransformer(
        [("numbers", numbers, _known_numbers), ("categories", categories, _known_categories)]
    )
    return columns.set_output(transform="default")  # one-hot columns are sparse


# Columns without a value in the training part are left out: gradient boosting fails on them.


def _known_numbers(X: Any) -> list[int]:
    has_value = _has_value(X)
    return [i for i in number_columns(X) if has_value[i]]


def _known_categories(X: Any) -> list[int]:
    has_value = _has_value(X)
    return [i for i in categorical_columns(X) if has_value[i]]


def _has_value(X: Any) -> list[bool]:
    return np.logical_or.reduce(np.asarray(pd.notna(X))).tolist()
