"""The class prior that a classifier learns, from the rows that it is fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metadata_routing import get_routing_for_object

from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.parameters import OneOf

# Parameters by which a classifier corrects for the class sizes itself, and the values with which it
# does not. The effect of class_weight, which is not among them, can be computed.
NEUTRAL = {
    "auto_class_weights": OneOf((None, "None")),
    "class_weights": OneOf((None,)),
    "is_unbalance": OneOf((None, False)),
    "class_prior": OneOf((None, "train")),
    "fit_prior": OneOf((True,)),
    "priors": OneOf((None,)),
    "resampling": OneOf(("none",)),
    "sampling_strategy": OneOf(()),
    "scale_pos_weight": OneOf((None, 1, 1.0)),
}
SEARCHED = ("param_grid", "param_distributions")
BALANCING_LOSSES = OneOf(("logit_adjusted", "balanced_softmax"))


def fit_and_count(
    estimator: Any, X: Any, y: Any, classes: np.ndarray, fit_params: Mapping[str, Any]
) -> np.ndarray:
    """Fit an estimator, and count the rows of every class that its last step was fitted on.

    Parameters
    ----------
    estimator : estimator
        A classifier, or a (nested) pipeline that ends with one. It is fitted.
    X, y : array-like
    classes : ndarray of shape (n_classes,)
        Sorted labels of ``y``.
    fit_params : dict
        Arguments for the fit of ``estimator``.

    Returns
    -------
    ndarray of shape (n_classes,)
        Number of rows of every class that reached the last step, weighted by their
        ``sample_weight`` and the ``class_weight`` of that step.

    Raises
    ------
    InvalidInputError
        If a class has no row at the last step, which is then not fitted.
    InvalidParameterError
        If ``class_weight="balanced"`` is combined with a ``sample_weight``.
    """
    pipeline, step = _last_step(estimator)
    counting = _CountingStep(step, classes)
    if pipeline is None:
        counting.fit(X, y, **fit_params)
    else:
        name = pipeline.steps[-1][0]
        pipeline.steps[-1] = (name, counting)
        estimator.fit(X, y, **fit_params)
        pipeline.steps[-1] = (name, step)
    return counting.totals_


def check_countable(owner: str, estimator: Any) -> None:
    """Raise an error if the rows of the last step do not determine its class prior.

    Raises
    ------
    InvalidParameterError
        If the last step is already fitted, resamples the rows itself, or sets a prior itself.
    """
    _, step = _last_step(estimator)
    cause = "it is fitted already" if isinstance(step, FrozenEstimator) else None
    given = step.get_params()
    if given.get("probability") and given.get("class_weight") is not None:
        cause = "its probabilities are partly calibrated to the real class priors"
    for name, value in _settings(step):
        if _changes_prior(name, value):
            cause = f"{name}={value!r} corrects for the class sizes inside it"
            break
    if cause:
        raise InvalidParameterError(
            f"{owner}: training_prior='auto' counts the rows that the last step is fitted on, "
            f"which do not determine the class prior of {type(step).__name__}: {cause}. Pass "
            "training_prior='uniform' if it treats the classes as equally frequent, or an array "
            f"of its priors; a pipeline inside it can be wrapped in a {owner} of its own."
        )


def _last_step(estimator: Any) -> tuple[Pipeline | None, Any]:
    """Return the innermost pipeline, if there is one, and the classifier at its end."""
    pipeline = None
    while isinstance(estimator, Pipeline):
        pipeline, estimator = estimator, estimator.steps[-1][1]
    return pipeline, estimator


def _settings(step: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over an estimator's parameters, and the values that a search inside it tries."""
    for name, value in step.get_params().items():
        yield name, value
        if name.rpartition("__")[2] in SEARCHED:
            for grid in [value] if isinstance(value, Mapping) else value:
                for key, tried in grid.items():
                    if isinstance(tried, Iterable):  # or else a distribution
                        yield from ((f"{name}__{key}", one) for one in tried)


def _changes_prior(name: str, value: Any) -> bool:
    """Whether a parameter of the last step, or of what it wraps, changes the class prior."""
    wrapped, _, own = name.rpartition("__")
    if hasattr(value, "fit_resample"):
        return True
    if own == "class_weight":
        return value is not None if wrapped else OneOf(("deferred",)).accepts(value)
    if own == "loss":
        return BALANCING_LOSSES.accepts(value)
    return own in NEUTRAL and not NEUTRAL[own].accepts(value)


class _CountingStep(BaseEstimator):
    """Replacement for the last step of a pipeline that counts the classes and then fits it."""

    def __init__(self, estimator: Any, classes: np.ndarray) -> None:
        self.estimator = estimator
        self.classes = classes

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        labels = column_or_1d(y)
        weight = params.get("sample_weight")
        if weight is not None and np.shape(weight) != labels.shape:
            raise InvalidInputError(
                f"sample_weight has shape {np.shape(weight)}, but the last step is fitted on "
                f"{counted(len(labels), 'row')}. Leave sample_weight out if a sampler comes "
                "before, because synthetic rows have no weight."
            )
        index = np.searchsorted(self.classes, labels)
        self.totals_ = np.bincount(index, weight, minlength=len(self.classes)).astype(np.float64)
        if (self.totals_ == 0).any():
            raise InvalidInputError(
                f"Class {self.classes.tolist()[self.totals_.argmin()]!r} has no row left (or no "
                "sample_weight) where the last step is fitted, so that its probability cannot be "
                "corrected. Change the sampler before it, or leave the class out of y."
            )
        self.totals_ *= self._class_weights(labels, weight)
        self.estimator.fit(X, y, **params)
        return self

    def _class_weights(self, labels: np.ndarray, sample_weight: Any) -> np.ndarray | float:
        class_weight = self.estimator.get_params(deep=False).get("class_weight")
        if class_weight is None:
            return 1.0
        if isinstance(class_weight, str):
            if sample_weight is not None:
                raise InvalidParameterError(
                    f"class_weight={class_weight!r} with a sample_weight has different meanings "
                    "in different classifiers. Pass the resulting prior as training_prior, or the "
                    "class weights as a dict."
                )
            class_weight = "balanced"  # a forest's "balanced_subsample" is that in expectation
        return compute_class_weight(class_weight, classes=self.classes, y=labels)

    def get_metadata_routing(self) -> Any:
        """Return the metadata requests of the last step."""
        return get_routing_for_object(self.estimator)
