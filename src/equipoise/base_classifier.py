"""What the classifiers of this library share: fitting with sample weights, and predictions."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from equipoise.base import DeepEstimator
from equipoise.parameters import BOOLEAN, Constraint, Number
from equipoise.polars import as_pandas


class DeepClassifier(ClassifierMixin, DeepEstimator):
    """Template of a neural classifier for images and tables.

    A subclass implements ``_build``, ``_plan`` and ``_log_posterior``.
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepEstimator._constraints,
        "weight_decay": [Number(0)],
        "early_stopping": [BOOLEAN],
        "validation_fraction": [Number(0, 1, open_low=True, open_high=True)],
        "n_iter_no_change": [Number(1, integer=True)],
    }

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Train on images or rows of a table.

        Parameters
        ----------
        X : array-like
            Images ``(n, height, width)`` or ``(n, height, width, channels)``, flat images
            ``(n, n_values)`` with ``image_shape``, or a table ``(n, n_features)``, whose
            columns may be of any kind in a DataFrame.
            ``uint8`` 0–255 or any float range. Never modified. Images may be a lazy sequence (see
            the user guide) or a memory map, and are never all in memory then.
        y : array-like of shape (n,)
            Class labels, ints or strings, at least two classes.
        sample_weight : array-like of shape (n,), optional
            Non-negative weights. Rows of weight zero are ignored. The total weight of a class
            counts as its size, so that what corrects for class sizes undoes a weight that all
            rows of a class share: logit adjustment, and the uniform ``class_prior`` of
            :class:`DGCClassifier`. To favour a class nevertheless, set ``class_weight`` of
            :class:`ConvNetClassifier` or ``class_prior`` of :class:`DGCClassifier`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        TrainingDivergedError
            If the loss becomes NaN or infinite.
        """
        self._fit(as_pandas(X), as_pandas(y), sample_weight)
        return self

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the log posterior of every class.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Log probabilities in the order of ``classes_``.
        """
        scores = self._scores(X).astype(np.float64)
        return np.asarray(log_softmax(scores, axis=1))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the posterior of every class, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Probabilities that sum to 1 in every row.
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of every row.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n,)
            Labels as in ``y``.
        """
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._apply(X, partial(self._log_posterior, spec=self._spec))
