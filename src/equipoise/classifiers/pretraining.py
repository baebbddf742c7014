"""Pre-training on synthetic rows, before the training on the real rows alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from equipoise.errors import InvalidParameterError
from equipoise.inputs import adopt_features, resampled_as_floats
from equipoise.notebook import DocumentedEstimator
from equipoise.parameters import Constraint, Methods, Number, check_parameters


def _estimator_has(name: str) -> Callable[[Any], bool]:
    def check(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


class SyntheticPretrainingClassifier(
    DocumentedEstimator, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Train a network on resampled rows first, then on the real rows alone.

    If synthetic rows take part in the training until its end, their defects are learnt as features
    of the rare classes. If they are used for pre-training only, the network learns the variation of
    the rare classes from them, and is then trained on the real rows, preferably with a loss that
    depends on the class sizes. Both parts together take as many steps as ``estimator`` alone.

    Parameters
    ----------
    estimator : estimator
        A classifier with ``warm_start`` and ``max_epochs``, such as
        ``ConvNetClassifier(loss="logit_adjusted")``. It is cloned.
    sampler : sampler
        An oversampler of this library or of imbalanced-learn. It is cloned and fitted; a fitted one
        that has a ``resample`` method and is wrapped in :class:`sklearn.frozen.FrozenEstimator` is
        used as it is.
    pretraining_share : float in (0, 1), default=0.25
        Fraction of the training steps that are taken on the resampled rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimator_ : estimator
        The trained classifier.
    sampler_ : sampler
        The fitted sampler.
    n_features_in_ : int
        Number of values per row.
    feature_names_in_ : ndarray of str
        Names of the columns, if fitted on a DataFrame.

    Examples
    --------
    >>> from imblearn.over_sampling import RandomOverSampler
    >>> from equipoise import ConvNetClassifier, SyntheticPretrainingClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = ConvNetClassifier(loss="logit_adjusted", random_state=0)
    >>> model = SyntheticPretrainingClassifier(network, RandomOverSampler(random_state=0))
    >>> model.fit(X[:110], y[:110]).predict(X[:1])
    array([0])
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        "estimator": [Methods(("fit", "get_params"), "a classifier")],
        "sampler": [Methods(("fit", "get_params"), "an oversampler")],
        "pretraining_share": [Number(0, 1, open_low=True, open_high=True)],
    }

    def __init__(self, estimator: Any, sampler: Any, *, pretraining_share: float = 0.25) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.pretraining_share = pretraining_share

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the sampler, pre-train on what it resamples, then train on ``X`` and ``y``.

        Parameters
        ----------
        X : array-like
            Rows as ``estimator`` and ``sampler`` accept them.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        """
        name = type(self).__name__
        check_parameters(name, self.get_params(deep=False), self._constraints)
        model = clone(self.estimator)
        known = model.get_params(deep=False)
        for needed in ("warm_start", "max_epochs"):
            if needed not in known:
                raise InvalidParameterError(
                    f"{name}: estimator={self.estimator!r} has no {needed}, so that it cannot be "
                    "trained in two parts. Pass a classifier that has it, such as "
                    "ConvNetClassifier."
                )
        if hasattr(model, "_constraints"):  # checked now, because the sampler may train for long
            check_parameters(type(model).__name__, known, model._constraints)
        sampler, resample = self._resampling()
        X_more, y_more = resampled_as_floats(sampler, resample, X, y)
        epochs = known["max_epochs"]
        real_share = np.size(np.asarray(y)) / len(y_more)
        first = max(1, round(self.pretraining_share * epochs * real_share))
        last = max(1, round((1 - self.pretraining_share) * epochs))
        model.set_params(warm_start=True, max_epochs=first).fit(X_more, y_more)
        model.set_params(max_epochs=last).fit(X, y)
        self.estimator_ = model.set_params(warm_start=known["warm_start"], max_epochs=epochs)
        self.sampler_, self.classes_ = sampler, model.classes_
        adopt_features(self, model)
        return self

    def _resampling(self) -> tuple[BaseEstimator, Callable[[Any, Any], tuple[Any, Any]]]:
        """Return the sampler, and the method that resamples X and y."""
        if isinstance(self.sampler, FrozenEstimator):
            sampler = self.sampler.estimator
            check_is_fitted(sampler)
            if hasattr(sampler, "resample"):
                return sampler, sampler.resample
        else:
            sampler = clone(self.sampler)
            if hasattr(sampler, "fit_resample"):
                return sampler, sampler.fit_resample
        raise InvalidParameterError(
            f"{type(self).__name__}: sampler={self.sampler!r} cannot resample. Pass an oversampler "
            "such as IMSIC, or a fitted one that has resample(), in a FrozenEstimator."
        )

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of every row: ndarray of shape (n,)."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the posterior of every class: ndarray of shape (n, n_classes)."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the log posterior of every class: ndarray of shape (n, n_classes)."""
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags
