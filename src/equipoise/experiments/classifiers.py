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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import get_tags

from equipoise.columns import Rows

from .boosting import installed_boosting, is_boosting, with_categories
from .columns import as_floats, as_strings, categorical_columns, is_time, number_columns
from .specs import is_ours

TREES = ("sklearn.ensemble", "sklearn.tree", "imblearn.ensemble")
AUTO = "auto"


def default_classifiers() -> dict[str, Any]:
    """Logistic regression, random forest and gradient boosting of scikit-learn, by name.

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


def auto_classifiers(one_thread: bool) -> dict[str, Any]:
    """The default classifiers, then CatBoost, LightGBM and XGBoost, where they are installed.

    Parameters
    ----------
    one_thread : bool
        Whether a fit of the latter uses one thread instead of all cores.
    """
    return default_classifiers() | installed_boosting(one_thread)


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
        CatBoost, LightGBM and XGBoost get categories as such and missing values as they are; other
        trees get categories as codes and, if they accept them, missing values as they are; all
        others get one-hot codes and standardised numbers. Images become flat rows in [0, 1].
    """
    if is_ours(type(model)):
        return model
    if not isinstance(X, pd.DataFrame):
        return make_pipeline(FunctionTransformer(_flat), model)
    if is_boosting(model):
        return with_categories(model)
    if not type(model).__module__.startswith(TREES):
        return make_pipeline(_for_linear_models(), model)
    steps = [] if get_tags(model).input_tags.allow_nan else [SimpleImputer(strategy="median")]
    return make_pipeline(_for_trees(), *steps, model)


def prepared_if_bare(model: Any, X: Rows) -> Any:
    """Prepare a classifier without a preparation of its own for a table that it cannot take.

    Parameters
    ----------
    model : classifier
    X : DataFrame or ndarray
        The table.

    Returns
    -------
    classifier
        The same where the table has only numbers that the classifier takes, and where it is or
        holds a pipeline or a transformer, knows how to treat the categories, or takes anything.
    """
    if not hasattr(model, "__sklearn_tags__") or is_ours(type(model)):
        return model
    params, tags = model.get_params(), get_tags(model)
    if is_boosting(model) and params.get("cat_features") is not None:
        return with_categories(model)
    told = params.get("cat_features", params.get("categorical_features"))
    by_dtype = isinstance(told, str) and told == "from_dtype"
    takes_anything = tags.no_validation and not is_boosting(model)
    if takes_anything or any(map(_prepares, [model, *params.values()])):
        return model
    if told is not None and not by_dtype:
        return model
    frame = pd.DataFrame(X)
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    categories = frame.dtypes.iloc[categorical_columns(frame)]
    if by_dtype and all(isinstance(dtype, pd.CategoricalDtype) for dtype in categories):
        categories = categories[:0]
    lacks = not tags.input_tags.allow_nan and frame.isna().any(axis=None)
    needs = len(categories) or lacks or any(map(is_time, columns))
    return prepared(model, frame) if needs else model


def _prepares(part: Any) -> bool:
    return hasattr(part, "steps") or (hasattr(part, "transform") and not hasattr(part, "predict"))


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
