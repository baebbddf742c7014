"""Probabilities under the real class priors, from a classifier that was trained with others."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, check_consistent_length, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from equipoise.classifiers.learnt_prior import check_countable, fit_and_count
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import adopt_features, check_labels
from equipoise.notebook import DocumentedEstimator
from equipoise.parameters import Constraint, Instance, Methods, OneOf, check_parameters
from equipoise.priors import correct_posterior, priors_by_class

PRIORS = Instance((dict, list, tuple, np.ndarray), "class priors that sum to 1")


class PriorCorrectedClassifier(
    DocumentedEstimator, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    r"""Correct predicted probabilities for class priors changed by resampling or class weights.

    A classifier that was trained on balanced rows assumes that the classes are equally frequent,
    and predicts too high probabilities for the rare ones. If resampling has changed only the number
    of rows of a class, but not their distribution, the probabilities under the real priors follow
    from Bayes' rule [1]_, [2]_:

    .. math:: p(y \mid x) \propto p_{res}(y \mid x) \, \pi_{target}(y) / \pi_{training}(y)

    The correction does not change the ranking of rows between two classes. :meth:`predict` favours
    the frequent classes again, unless ``target_prior="uniform"``.

    Parameters
    ----------
    estimator : estimator
        Classifier with ``predict_proba``, such as a pipeline of imbalanced-learn with any samplers.
        It is cloned.
    training_prior : {"auto", "uniform"}, dict or array-like of shape (n_classes,), default="auto"
        Class priors that the probabilities of ``estimator`` assume. ``"auto"`` computes them from
        the rows that reach the last step of the pipeline, their ``sample_weight`` and the
        ``class_weight`` of the step. That is impossible for classifiers that correct for the class
        sizes themselves (a balanced ensemble, a logit-adjusted loss, :class:`DGCClassifier`), which
        raise an error. They need ``"uniform"``, or a dict by class or an array in the order of
        ``classes_`` that sums to 1.
    target_prior : {"train", "uniform"}, dict or array-like of shape (n_classes,), default="train"
        Class priors where the classifier will be used. ``"train"`` takes the class frequencies of
        ``y`` in :meth:`fit`, without sample weights.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimator_ : estimator
        The fitted estimator, whose own probabilities are not corrected.
    training_prior_ : ndarray of shape (n_classes,)
    target_prior_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Number of features, if ``estimator_`` has this attribute.
    feature_names_in_ : ndarray of str
        Names of the columns, if ``estimator_`` has this attribute.

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
        "estimator": [Methods(("fit", "get_params"), "a classifier")],
        "training_prior": [OneOf(("auto", "uniform")), PRIORS],
        "target_prior": [OneOf(("train", "uniform")), PRIORS],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        training_prior: ArrayLike = "auto",
        target_prior: ArrayLike = "train",
    ) -> None:
        self.estimator = estimator
        self.training_prior = training_prior
        self.target_prior = target_prior

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Fit the estimator, and determine the class priors.

        Parameters
        ----------
        X : array-like
            Rows as ``estimator`` accepts them; they are passed on unchanged.
        y : array-like of shape (n,)
            Class labels, at least two classes.
        **params
            Arguments for the fit of ``estimator``. If scikit-learn's metadata routing is enabled,
            only those that it requests are passed on.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        InvalidInputError
            If a class has no row left after the resampling.
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
                f"estimator was fitted with the classes {estimator.classes_.tolist()}, but y has "
                f"{classes.tolist()}. Pass rows of the same classes."
            )
        self.estimator_, self.classes_ = estimator, estimator.classes_
        self.training_prior_ = totals / totals.sum() if training_prior is None else training_prior
        self.target_prior_ = target_prior
        adopt_features(self, estimator)
        return self

    def _prior(self, name: str, classes: np.ndarray, measured: np.ndarray | None) -> Any:
        """Priors that a parameter specifies; ``measured`` if it specifies none."""
        value = getattr(self, name)
        if isinstance(value, str):
            return np.full(len(classes), 1 / len(classes)) if value == "uniform" else measured
        return priors_by_class(f"{type(self).__name__}: {name}", value, classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the posterior of every class under ``target_prior_``.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Probabilities in the order of ``classes_``.
        """
        check_is_fitted(self)
        posterior = self.estimator_.predict_proba(X)
        return correct_posterior(posterior, self.training_prior_, self.target_prior_)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the log posterior of every class; see :meth:`predict_proba`."""
        check_is_fitted(self)
        with np.errstate(divide="ignore"):  # the log of a probability of 0
            if hasattr(self.estimator_, "predict_log_proba"):
                log_posterior = self.estimator_.predict_log_proba(X)
            else:
                log_posterior = np.log(self.estimator_.predict_proba(X))
        shift = np.log(self.target_prior_) - np.log(self.training_prior_)
        return log_softmax(log_posterior + shift, axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of every row under ``target_prior_``: shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def get_metadata_routing(self) -> MetadataRouter:
        """Describe to scikit-learn's metadata routing what :meth:`fit` passes to ``estimator``."""
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(
            estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit")
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.non_deterministic = inner.input_tags, inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags
