"""Probabilities for the real class shares, from a classifier that learnt on other ones."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import log_softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from equipoise.classifiers.learnt_prior import check_countable, fit_and_count
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import adopt_features, check_labels
from equipoise.parameters import Constraint, Instance, OneOf, check_parameters

SHARES = Instance((list, tuple, np.ndarray), "an array of class shares that sums to 1")


def correct_posterior(
    posterior: np.ndarray, training_prior: np.ndarray, target_prior: np.ndarray
) -> np.ndarray:
    """Posterior under another class prior than the one that it was learnt with.

    Parameters
    ----------
    posterior : ndarray of shape (n, n_classes)
        p(y | x) under ``training_prior``; rows sum to 1.
    training_prior, target_prior : ndarray of shape (n_classes,)
        Positive shares that sum to 1.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Proportional to ``posterior * target_prior / training_prior``; rows sum to 1.

    References
    ----------
    Saerens, Latinne, Decaestecker, Adjusting the outputs of a classifier to new a priori
    probabilities, Neural Computation 14, 2002, Eq. 4.
    """
    odds = posterior * (target_prior / training_prior)
    return odds / odds.sum(axis=1, keepdims=True)


class PriorCorrectedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""Undo in the probabilities what resampling or class weights did to the class shares.

    A classifier that was trained on balanced rows believes that the classes are equally frequent,
    and gives the rare ones far too much probability. Where resampling changed only how many rows
    a class has, not what they look like, Bayes' rule says what the probabilities are for the real
    shares [1]_, [2]_:

    .. math:: p(y \mid x) \propto p_{res}(y \mid x) \, \pi_{target}(y) / \pi_{training}(y)

    The ranking of the rows for one class against another stays; :meth:`predict` then favours the
    frequent classes again, unless ``target_prior="uniform"``.

    Parameters
    ----------
    estimator : estimator
        A classifier with ``predict_proba``, such as a pipeline of imbalanced-learn with any
        samplers. It is cloned.
    training_prior : {"auto", "uniform"} or array-like of shape (n_classes,), default="auto"
        Class shares that the probabilities of ``estimator`` assume. ``"auto"`` measures them: the
        rows that reach the last step of the pipeline, times their ``sample_weight`` and its
        ``class_weight``. What minds class sizes inside itself (a balanced ensemble, a
        logit-adjusted loss, :class:`DGCClassifier`) is refused, and needs ``"uniform"`` or
        an array in the order of ``classes_`` that sums to 1.
    target_prior : {"train", "uniform"} or array-like of shape (n_classes,), default="train"
        Class shares where the classifier will be used. ``"train"`` is those of the ``y`` of
        :meth:`fit`, every row counted once.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimator_ : estimator
        The fitted estimator, with its own, uncorrected probabilities.
    training_prior_ : ndarray of shape (n_classes,)
    target_prior_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Where ``estimator_`` has it.
    feature_names_in_ : ndarray of str
        Where ``estimator_`` has it.

    References
    ----------
    .. [1] Saerens, Latinne, Decaestecker, Adjusting the outputs of a classifier to new a priori
       probabilities, Neural Computation 14, 2002, Eq. 4.
    .. [2] Elkan, The foundations of cost-sensitive learning, IJCAI 2001, Theorem 2.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from equipoise import PriorCorrectedClassifier
    >>> X, y = make_classification(1000, weights=[0.9], flip_y=0, random_state=0)
    >>> balanced = make_pipeline(RandomUnderSampler(random_state=0), LogisticRegression())
    >>> model = PriorCorrectedClassifier(balanced).fit(X, y)
    >>> model.training_prior_, model.target_prior_
    (array([0.5, 0.5]), array([0.901, 0.099]))
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        "estimator": [Instance((BaseEstimator,), "a classifier")],
        "training_prior": [OneOf(("auto", "uniform")), SHARES],
        "target_prior": [OneOf(("train", "uniform")), SHARES],
    }

    def __init__(
        self, estimator: Any, *, training_prior: Any = "auto", target_prior: Any = "train"
    ) -> None:
        self.estimator = estimator
        self.training_prior = training_prior
        self.target_prior = target_prior

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Fit the estimator and note the class shares.

        Parameters
        ----------
        X : array-like
            Rows as ``estimator`` takes them; passed on as they are.
        y : array-like of shape (n,)
            Class labels, at least two classes.
        **params
            For the fit of ``estimator``: all of them, or with scikit-learn's metadata routing
            enabled those that it requests.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Impossible parameters or data, before any training.
        InvalidInputError
            A class lost all its rows in the resampling.
        """
        name = type(self).__name__
        check_parameters(name, self.get_params(deep=False), self._constraints)
        if not hasattr(self.estimator, "predict_proba"):
            raise InvalidParameterError(
                f"{name}: estimator={self.estimator!r} has no predict_proba, so that there are no "
                "probabilities to correct. Pass a classifier with it, or wrap this one in "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        check_consistent_length(X, y)
        classes, target = check_labels(y, np.asarray(y).size)
        target_prior = self._prior("target_prior", classes, np.bincount(target) / len(target))
        training_prior = self._prior("training_prior", classes, None)
        if training_prior is None:
            check_countable(name, self.estimator)
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **params)["estimator"]["fit"]

        estimator = clone(self.estimator)
        totals = fit_and_count(estimator, X, y, classes, params)
        if estimator.classes_.tolist() != classes.tolist():
            raise InvalidInputError(
                f"estimator knows the classes {estimator.classes_.tolist()}, but y has "
                f"{classes.tolist()}. Pass rows of just the classes that it knows."
            )
        self.estimator_, self.classes_ = estimator, estimator.classes_
        self.training_prior_ = totals / totals.sum() if training_prior is None else training_prior
        self.target_prior_ = target_prior
        adopt_features(self, estimator)
        return self

    def _prior(self, name: str, classes: np.ndarray, measured: Any) -> Any:
        """The shares that a parameter asks for; ``measured`` where it names no shares."""
        value = getattr(self, name)
        if isinstance(value, str):
            return np.full(len(classes), 1 / len(classes)) if value == "uniform" else measured
        prior = np.asarray(value)
        if prior.dtype.kind not in "iuf" or not (
            prior.shape == classes.shape and (prior > 0).all() and abs(prior.sum() - 1) <= 1e-6
        ):
            raise InvalidParameterError(
                f"{type(self).__name__}: {name}={value!r} must hold {len(classes)} positive shares "
                f"that sum to 1, one for each of the classes {classes.tolist()}."
            )
        return prior.astype(np.float64)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Posterior of every class under ``target_prior_``.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        posterior = self.estimator_.predict_proba(X)
        return correct_posterior(posterior, self.training_prior_, self.target_prior_)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Log posterior of every class; see :meth:`predict_proba`."""
        check_is_fitted(self)
        with np.errstate(divide="ignore"):  # the log of a probability of 0
            if hasattr(self.estimator_, "predict_log_proba"):
                log_posterior = self.estimator_.predict_log_proba(X)
            else:
                log_posterior = np.log(self.estimator_.predict_proba(X))
        shift = np.log(self.target_prior_) - np.log(self.training_prior_)
        return log_softmax(log_posterior + shift, axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class of every row, under ``target_prior_``: ndarray of shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def get_metadata_routing(self) -> MetadataRouter:
        """What :meth:`fit` passes on to ``estimator``, for scikit-learn's metadata routing."""
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(
            estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit")
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.non_deterministic = inner.input_tags, inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags
