"""A classifier with its treatment as one estimator, which takes rows as they are."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from equipoise.columns import Rows, is_categorical, warn_if_all_unknown
from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.inputs import check_one_label_per_row
from equipoise.metrics._labels import check_labels
from equipoise.notebook import DocumentedEstimator
from equipoise.priors import correct_posterior

from .classifiers import prepared_if_bare
from .columns import as_table, is_time
from .compare import seeded
from .treatments.remedies import CLASS_WEIGHT, NONE, REMEDIES
from .treatments.samplers import TrainingRows, resample_table

NUMBERS, TIMES, CATEGORIES = "numbers", "dates or durations", "text or categories"


class TreatedClassifier(DocumentedEstimator, ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier with what is done about imbalance: a remedy without new rows, or a sampler.

    :func:`equipoise.evaluate_resampling` returns the best combination as such an estimator. It
    takes rows as they are: strings, dates and missing values.

    Parameters
    ----------
    classifier : classifier
        With ``predict_proba``. It is cloned, and gets the preparation that its kind needs where
        it has none of its own.
    remedy : {"none", "uniform prior", "class weight", "threshold"}, default="none"
        As in :func:`equipoise.evaluate_resampling`.
    sampler : sampler, default=None
        Anything with ``fit_resample``. It is cloned.
    random_state : int, RandomState or None, default=None
        Of the sampler, the classifier and the inner folds of ``"threshold"``.

    Attributes
    ----------
    estimator_ : classifier
        Fitted with the treatment; its probabilities are not corrected.
    classes_ : ndarray of shape (n_classes,)
    class_prior_ : ndarray of shape (n_classes,)
        Class shares of the rows in ``fit``.
    learnt_prior_ : ndarray of shape (n_classes,)
        Class shares that the classifier was fitted with: after resampling, or with equal weights.
    feature_names_in_ : ndarray of str
        Names of the columns, if fitted on a DataFrame.
    kinds_ : list of str
        What each column holds: numbers, dates or durations, text or categories.
    categories_ : list of set
        The values of each column of text or categories in the fit; empty for others.
    """

    def __init__(
        self, classifier: Any, *, remedy: str = NONE, sampler: Any = None, random_state: Any = None
    ) -> None:
        self.classifier = classifier
        self.remedy = remedy
        self.sampler = sampler
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Resample the rows where there is a sampler, and fit the classifier.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Never modified.
        y : array-like of shape (n_rows,)
            Class labels.
        groups : array-like of shape (n_rows,), default=None
            Groups that the inner folds of ``"threshold"`` keep together.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            The table cannot be used, or a class has no row left after resampling.
        InvalidParameterError
            There is no such remedy, or there is a sampler beside it.
        """
        if self.remedy not in REMEDIES:
            raise InvalidParameterError(
                f"remedy={self.remedy!r} is unknown. Choose one of {', '.join(REMEDIES)}."
            )
        if self.sampler is not None and self.remedy != NONE:
            raise InvalidParameterError(
                f"remedy={self.remedy!r} and a sampler are two treatments. Leave one of them out."
            )
        X, y = as_table(X), check_labels("y", y)
        check_one_label_per_row(len(X), len(y))
        seed = int(check_random_state(self.random_state).randint(2**31))
        training = TrainingRows(X, y, len(y))
        if self.sampler is not None:
            training = resample_table(seeded(self.sampler, seed), X, y)
        classes, counts = np.unique(y, return_counts=True)
        learnt = (training.y[:, np.newaxis] == classes).sum(axis=0)
        if not learnt.all():
            raise InvalidInputError(
                f"Class {classes[learnt.argmin()]!r} has no row left after resampling. Change the "
                "sampler, or leave the class out of y."
            )
        if self.remedy == CLASS_WEIGHT:
            learnt = np.ones(len(classes))
        model = seeded(prepared_if_bare(self.classifier, X), seed)
        groups = None if groups is None else np.asarray(groups)
        self.estimator_ = REMEDIES[self.remedy](model, training.X, training.y, seed, groups)
        self.completion_ = training.completion
        self.classes_ = classes
        self.class_prior_, self.learnt_prior_ = counts / counts.sum(), learnt / learnt.sum()
        frame = pd.DataFrame(X)
        self.n_features_in_ = frame.shape[1]
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        self.kinds_ = list(map(_kind, columns))
        self.categories_ = [
            set(column.dropna()) if kind == CATEGORIES else set()
            for column, kind in zip(columns, self.kinds_, strict=True)
        ]
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Class of every row, by the rule of the treatment.

        This is the prediction that was compared. It is not always the class with the largest
        corrected probability: ``"uniform prior"`` and ``"threshold"`` change the decision only,
        and class weights and samplers decide by their probabilities without the correction.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_columns)
            With the columns of the fit, in any order; further columns are ignored.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        InvalidInputError
            A column is missing, or holds something else than in the fit.
        """
        return np.ravel(self.estimator_.predict(self._completed(X)))  # CatBoost's is 2-D

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of every class, for the class shares of the rows in ``fit``.

        Where the classifier was fitted with other class shares (resampled or weighted rows), its
        probabilities are corrected for that as in :class:`equipoise.PriorCorrectedClassifier`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_columns)
            As in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``; rows sum to 1.

        Raises
        ------
        InvalidInputError
            A column is missing, or holds something else than in the fit.
        """
        found = self.estimator_.predict_proba(self._completed(X))
        if self.sampler is None and self.remedy != CLASS_WEIGHT:
            return found
        return correct_posterior(found, self.learnt_prior_, self.class_prior_)

    def _completed(self, X: Any) -> Rows:
        """Rows with the columns of the fit, as the classifier takes them."""
        check_is_fitted(self)
        X = as_table(X)
        names = getattr(self, "feature_names_in_", None)
        if names is not None:
            if missing := [name for name in names if name not in pd.DataFrame(X)]:
                raise InvalidInputError(
                    f"X has no column {missing[0]!r}, which the model was fitted with. Pass a "
                    f"DataFrame with the columns {', '.join(map(str, names))}."
                )
            X = X[list(names)]
        elif X.shape[1] != self.n_features_in_:
            raise InvalidInputError(
                f"X has {counted(X.shape[1], 'column')}, but the model was fitted with "
                f"{self.n_features_in_}. Pass the same columns."
            )
        for (name, column), expected, categories in zip(
            pd.DataFrame(X).items(), self.kinds_, self.categories_, strict=True
        ):
            known = column.dropna()
            if len(known) and (kind := _kind(known)) != expected:
                example = known.tolist()[0]
                raise InvalidInputError(
                    f"Column {name!r} of X holds {kind}, such as {example!r}, but {expected} when "
                    "the model was fitted. Convert it."
                )
            if categories:
                warn_if_all_unknown(name, known, categories)
        return X if self.completion_ is None else self.completion_.transform(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _kind(column: pd.Series) -> str:
    if is_categorical(column):
        return CATEGORIES
    return TIMES if is_time(column) else NUMBERS
