"""From fit to score: one treatment and one classifier on one fold.

Only training rows reach a fit. The test rows are asked for when the model is fitted, and are only
predicted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from equipoise.columns import Rows

from .boosting import BoostingClassifier
from .treatments.remedies import NONE, REMEDIES
from .treatments.samplers import TrainingRows

VALIDATION_FRACTION = 0.2  # of the training rows, to choose among the values of `tune`


class Outcome(NamedTuple):
    """A fitted model and its predictions for the test rows.

    Attributes
    ----------
    model : classifier
        Fitted; takes rows as they are, whatever the treatment made of the training rows.
    chosen : dict
        Values of the parameters that were tuned.
    y_test : ndarray of shape (n_test,)
    y_pred : ndarray of shape (n_test,)
    proba : ndarray of shape (n_test, n_classes) or None
        Columns in the order of the classes; zero for a class that the model does not know, None
        for a model without probabilities.
    fit_seconds, predict_seconds : float
        Without the time of the sampler.
    """

    model: Any
    chosen: dict[str, Any]
    y_test: np.ndarray
    y_pred: np.ndarray
    proba: np.ndarray | None
    fit_seconds: float
    predict_seconds: float


def run_fold(
    model: Any,
    training: TrainingRows,
    test_rows: Callable[[], tuple[Rows, np.ndarray]],
    classes: np.ndarray,
    *,
    seed: int,
    remedy: str | None = None,
    tune: Mapping[str, Sequence[Any]] | None = None,
    groups: np.ndarray | None = None,
) -> Outcome:
    """Fit a classifier with a treatment, then predict the test rows.

    Parameters
    ----------
    model : classifier
        Not fitted; it is changed.
    training : TrainingRows
        The training rows, resampled or not.
    test_rows : callable
        Gives the test rows and their labels; called after the fit.
    classes : ndarray of shape (n_classes,)
        All classes of the data set, sorted.
    seed : int
        For inner splits.
    remedy : str, default=None
        A key of ``REMEDIES``; None for the classifier as it is.
    tune : mapping of parameter to values, default=None
        Values to choose among by balanced accuracy on a stratified fifth of the training rows.
    groups : ndarray of shape (n_train,), default=None
        Groups of the training rows, for the remedies that split them.

    Returns
    -------
    Outcome
    """
    chosen: dict[str, Any] = {}
    started = time.perf_counter()
    if tune:
        model, chosen = _tuned(model, tune, training.X, training.y, seed)
    else:
        model = REMEDIES[remedy or NONE](model, training.X, training.y, seed, groups)
    fit_seconds = time.perf_counter() - started
    if training.completion is not None:
        from sklearn.pipeline import make_pipeline

        model = make_pipeline(training.completion, model)
    X_test, y_test = test_rows()
    started = time.perf_counter()
    y_pred = np.ravel(model.predict(X_test))  # CatBoost's is 2-D
    predict_seconds = time.perf_counter() - started
    proba = None
    if hasattr(model, "predict_proba"):
        proba = np.zeros((len(y_test), len(classes)))
        proba[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X_test)
    return Outcome(model, chosen, y_test, y_pred, proba, fit_seconds, predict_seconds)


def _tuned(
    model: Any, tune: Mapping[str, Sequence[Any]], X: Any, y: np.ndarray, seed: int
) -> tuple[Any, dict[str, Any]]:
    """The model with the best values, fitted on all rows, and these values."""
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

    step = "estimator__" if isinstance(model, BoostingClassifier) else ""
    if hasattr(model, "steps"):
        step = f"{model.steps[-1][0]}__"  # of a pipeline the last
    search = GridSearchCV(
        model,
        {step + name: values for name, values in tune.items()},
        scoring="balanced_accuracy",
        cv=StratifiedShuffleSplit(1, test_size=VALIDATION_FRACTION, random_state=seed),
        error_score="raise",
    ).fit(X, y)
    best = {name.removeprefix(step): value for name, value in search.best_params_.items()}
    return search.best_estimator_, best
