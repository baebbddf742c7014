"""What to do about imbalance without new rows: nothing, another decision, class weights.

Each function takes an unfitted classifier, which it may change, and returns it fitted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import islice
from typing import Any, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_classifier
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.class_weight import compute_sample_weight

from equipoise.columns import Rows
from equipoise.errors import InvalidParameterError

NONE, UNIFORM_PRIOR, CLASS_WEIGHT, THRESHOLD = "none", "uniform prior", "class weight", "threshold"
TUNING_FOLDS, TUNING_THRESHOLDS = 5, 100  # scikit-learn's own defaults
ENOUGH_ROWS = 20_000  # of more rows one fold suffices, in a third of the time


def fit_plainly(classifier: Any, X: Rows, y: np.ndarray, seed: int, groups: Any = None) -> Any:
    """Fit the classifier as it is."""
    return classifier.fit(X, y)


def fit_for_uniform_prior(
    classifier: Any, X: Rows, y: np.ndarray, seed: int, groups: Any = None
) -> Any:
    """Fit the classifier and divide by the class priors before it decides; see the class."""
    return UniformPriorClassifier(classifier).fit(X, y)


def fit_weighted(classifier: Any, X: Rows, y: np.ndarray, seed: int, groups: Any = None) -> Any:
    """Fit with ``class_weight="balanced"``, or with such a ``sample_weight``.

    Class weights are used where the classifier and all classifiers among its parameters have
    them. In a pipeline, the last step is weighted.

    Raises
    ------
    InvalidParameterError
        The classifier accepts neither.
    """
    prefix, last = "", classifier
    if isinstance(classifier, Pipeline):
        name, last = classifier.steps[-1]
        prefix = f"{name}__"
    values = [v for v in last.get_params().values() if hasattr(v, "fit")]
    parts = [last, *filter(is_classifier, values)]
    if "class_weight" in last.get_params() or all(map(_class_weights, parts)):
        balanced = dict.fromkeys((prefix + name for name in _class_weights(last)), "balanced")
        return classifier.set_params(**balanced).fit(X, y)
    fit = inspect.signature(last.fit).parameters
    if "sample_weight" not in fit and all(p.kind is not p.VAR_KEYWORD for p in fit.values()):
        raise InvalidParameterError(
            f"{type(last).__name__} takes neither class_weight nor sample_weight. Use another "
            "classifier, or leave this treatment out."
        )
    with config_context(enable_metadata_routing=False):  # weights need no request then
        weights = compute_sample_weight("balanced", y)
        return classifier.fit(X, y, **{f"{prefix}sample_weight": weights})


def _class_weights(classifier: Any) -> list[str]:
    """Names of the class weights among the parameters, including those of nested estimators."""
    return [p for p in classifier.get_params() if p.split("__")[-1] == "class_weight"]


def fit_threshold(classifier: Any, X: Rows, y: np.ndarray, seed: int, groups: Any = None) -> Any:
    """Fit the classifier and change its decision, but not its probabilities.

    For two classes the threshold with the best balanced accuracy in an inner cross-validation,
    which keeps groups together where every class has two; of more than 20,000 rows, only its first
    fold is held out. For more classes, the same as :func:`fit_for_uniform_prior`. Where an inner
    fit predicts only one probability, no threshold can be tuned and the classifier is fitted as it
    is.
    """
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) > 2:
        return fit_for_uniform_prior(classifier, X, y, seed)
    n_groups = 0 if groups is None else min(len(np.unique(groups[y == c])) for c in classes)
    splitter = StratifiedGroupKFold if n_groups > 1 else StratifiedKFold
    n_folds = min(TUNING_FOLDS, n_groups if n_groups > 1 else max(2, counts.min()))
    splits = splitter(n_folds, shuffle=True, random_state=seed).split(
        X, y, groups if n_groups > 1 else None
    )
    folds = list(islice(splits, 1 if len(y) > ENOUGH_ROWS else None))
    tuned = TunedThresholdClassifierCV(
        classifier, scoring="balanced_accuracy", thresholds=TUNING_THRESHOLDS, cv=folds
    )
    try:
        return tuned.fit(X, y)
    except ValueError as error:
        if "constant predictions" not in str(error):
            raise
        return fit_plainly(classifier, X, y, seed)


REMEDIES: dict[str, Callable[..., Any]] = {
    NONE: fit_plainly,
    UNIFORM_PRIOR: fit_for_uniform_prior,
    CLASS_WEIGHT: fit_weighted,
    THRESHOLD: fit_threshold,
}


def remedies_for(n_classes: int) -> list[str]:
    """Names of the remedies that differ: for more than two classes no threshold can be tuned."""
    return [name for name in REMEDIES if name != THRESHOLD or n_classes == 2]


class UniformPriorClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Predict the class with the largest probability after division by the training prior.

    This is the decision with the best balanced accuracy where the probabilities are right. The
    probabilities themselves are not changed, and nothing is tuned.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``.

    References
    ----------
    Menon, Jayasumana, Rawat, Jain, Veit, Kumar. "Long-Tail Learning via Logit Adjustment", ICLR
    2021, section 4.1, with τ = 1.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Rows, y: np.ndarray) -> Self:
        """Fit the classifier and count the classes."""
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.prior_ = counts / counts.sum()
        return self

    def predict_proba(self, X: Rows) -> np.ndarray:
        """Probabilities of the classifier, not adjusted."""
        return self.estimator_.predict_proba(X)

    def predict(self, X: Rows) -> np.ndarray:
        """Class with the largest adjusted probability."""
        return self.classes_[(self.predict_proba(X) / self.prior_).argmax(axis=1)]
