"""CatBoost, LightGBM and XGBoost, where they are installed, with categories as such."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone

from equipoise.columns import Rows

from .columns import as_floats, as_strings, categorical_columns

MODULES = ("catboost", "lightgbm", "xgboost")
# Name -> class, the parameter that is its number of threads, and what else it is given. CatBoost's
# statistics of the target gain little over one-hot codes in columns with few categories, and take
# three to five times as long.
GIVEN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CatBoost": (
        "CatBoostClassifier",
        "thread_count",
        {"verbose": 0, "allow_writing_files": False, "one_hot_max_size": 64},
    ),
    "LightGBM": ("LGBMClassifier", "n_jobs", {"verbose": -1}),
    "XGBoost": ("XGBClassifier", "n_jobs", {"verbosity": 0}),
}


def installed_boosting(one_thread: bool) -> dict[str, BoostingClassifier]:
    """Those of CatBoost, LightGBM and XGBoost that are installed, by name.

    They have their defaults, but CatBoost takes columns of up to 64 categories one-hot encoded.

    Parameters
    ----------
    one_thread : bool
        Whether a fit uses one thread instead of as many as torch, which ``OMP_NUM_THREADS`` sets.
        More threads than free cores wait for each other at every split.
    """
    found, n_threads = {}, 1 if one_thread else torch.get_num_threads()
    for name, (cls, threads, given) in GIVEN.items():
        if find_spec(name.lower()):
            params = {**given, threads: n_threads, "random_state": 0}
            found[name] = BoostingClassifier(getattr(import_module(name.lower()), cls)(**params))
    return found


def is_boosting(model: Any) -> bool:
    """Whether this is a classifier of CatBoost, LightGBM or XGBoost."""
    return type(model).__module__.startswith(MODULES)


def with_categories(model: Any) -> BoostingClassifier:
    """Prepare a classifier of CatBoost, LightGBM or XGBoost for any table.

    CatBoost with ``cat_features`` cannot be cloned by scikit-learn if they are a list, so that they
    move from the classifier to what prepares its rows.
    """
    params = model.get_params()
    given = params.pop("cat_features", None)
    if given is None:
        return BoostingClassifier(model)
    return BoostingClassifier(type(model)(**params), tuple(given))


class BoostingClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """CatBoost, LightGBM or XGBoost for any table and any labels.

    Categories reach the classifier as such, so that it treats them in its own way: as ``category``
    columns or, for CatBoost, by name. A missing category is a category of its own. Dates and
    durations are seconds, and missing numbers stay missing.

    Parameters
    ----------
    estimator : classifier
        Of CatBoost, LightGBM or XGBoost. It is cloned.
    categories : tuple of int or str, default=()
        Positions or names of further columns that are categories although they hold numbers.
    """

    def __init__(self, estimator: Any, categories: tuple[int | str, ...] = ()) -> None:
        self.estimator = estimator
        self.categories = categories

    def fit(self, X: Rows, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit the classifier on labels from 0, which XGBoost demands.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        sample_weight : ndarray of shape (n_rows,), default=None

        Returns
        -------
        self
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        places = sorted({*categorical_columns(X), *map(partial(_place, X), self.categories)})
        texts = as_strings(pd.DataFrame(X).iloc[:, places])
        self.levels_ = {i: texts.iloc[:, at].dropna().unique() for at, i in enumerate(places)}
        model = clone(self.estimator)
        if self._is_catboost:
            model.set_params(cat_features=[f"x{i}" for i in places])
        elif type(model).__module__.startswith("xgboost"):
            model.set_params(enable_categorical=True)
        self.estimator_ = model.fit(self._rows(X), codes, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: Rows) -> np.ndarray:
        """Probabilities of shape (n_rows, n_classes), in the order of ``classes_``."""
        return self.estimator_.predict_proba(self._rows(X))

    def predict(self, X: Rows) -> np.ndarray:
        """Most probable class of every row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @property
    def _is_catboost(self) -> bool:
        return type(self.estimator).__module__.startswith("catboost")

    def _rows(self, X: Rows) -> pd.DataFrame:
        """Floats and categories, in columns that are named by their place."""
        frame = pd.DataFrame(X)
        columns = {}
        for i in range(frame.shape[1]):
            column = frame.iloc[:, [i]]
            if i not in self.levels_:
                values = pd.DataFrame(as_floats(column))
            elif self._is_catboost:  # which takes any text, but no missing value
                values = as_strings(column).fillna("")
            else:
                values = as_strings(column).astype(pd.CategoricalDtype(self.levels_[i]))
            columns[f"x{i}"] = values.iloc[:, 0]
        return pd.DataFrame(columns)


def _place(X: Rows, column: int | str) -> int:
    """Position of a column that is given by its name or position."""
    return list(pd.DataFrame(X).columns).index(column) if isinstance(column, str) else column
