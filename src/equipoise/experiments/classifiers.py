"""Classifiers with the preparation that they need to take any table, or images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import get_tags

from equipoise.columns import Rows

from .columns import as_floats, as_strings, categorical_columns, number_columns
from .specs import is_ours

BOOSTING = ("lightgbm", "xgboost", "catboost")
TREES = ("sklearn.ensemble", "sklearn.tree", "imblearn.ensemble", *BOOSTING)


def default_classifiers() -> dict[str, Pipeline]:
    """Logistic regression, random forest and gradient boosting, by name.

    The kinds of the columns are determined when a pipeline is fitted (see
    :mod:`equipoise.experiments.columns`). Missing numbers become the median for the linear model
    and stay missing for the trees, which split on them. A missing category is a category of its
    own; a category that the training part lacks counts as none. A column without a value in the
    training part is left out.
    """
    return {
        "logistic regression": make_pipeline(
            _for_linear_models(), LogisticRegression(max_iter=1000)
        ),
        "random forest": make_pipeline(_for_trees(), RandomForestClassifier()),
        "gradient boosting": make_pipeline(_for_trees(), HistGradientBoostingClassifier()),
    }


def prepared(model: Any, X: Rows) -> Any:
    """Put the preparation before a classifier that it needs for mixed tables or for images.

    Parameters
    ----------
    model : classifier
        One of this library takes both and stays as it is.
    X : DataFrame or ndarray
        Rows like those that it will get: a table, or images of uint8.

    Returns
    -------
    classifier
        Trees get categories as codes and, if they accept them, missing values as they are; all
        others get one-hot codes and standardised numbers. Images become flat rows in [0, 1].
    """
    if is_ours(type(model)):
        return model
    if not isinstance(X, pd.DataFrame):
        return make_pipeline(FunctionTransformer(_flat), model)
    if not type(model).__module__.startswith(TREES):
        return make_pipeline(_for_linear_models(), model)
    steps = [] if _takes_missing(model) else [SimpleImputer(strategy="median")]
    return make_pipeline(_for_trees(), *steps, model)


def _takes_missing(model: Any) -> bool:
    of_boosting = type(model).__module__.startswith(BOOSTING)
    return of_boosting or get_tags(model).input_tags.allow_nan


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1).astype(np.float32) / np.float32(255)


def _for_linear_models() -> ColumnTransformer:
    numbers = make_pipeline(
        FunctionTransformer(as_floats), SimpleImputer(strategy="median"), StandardScaler()
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
        [
            ("numbers", numbers, partial(_with_values, number_columns)),
            ("categories", categories, partial(_with_values, categorical_columns)),
        ]
    )
    return columns.set_output(transform="default")  # one-hot columns are sparse


def _with_values(columns_of: Callable[[Any], list[int]], X: Any) -> list[int]:
    """Columns of one kind that have a value; gradient boosting fails on those that have none."""
    has_value = np.logical_or.reduce(np.asarray(pd.notna(X)))
    return [i for i in columns_of(X) if has_value[i]]
