"""One fit and one prediction of a job, timed, on whatever rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

VALIDATION_SHARE = 0.2  # of the training rows, to choose among the values of `tune`


class Fitted(NamedTuple):
    """A trained model and what is to be told of its training.

    Attributes
    ----------
    model : object
    as_run : dict
        Parameter to value, where it is not that of the experiment file.
    seconds : float
    """

    model: Any
    as_run: dict[str, Any]
    seconds: float


def fit(
    model: Any, spec: Mapping[str, Any], X: Any, y: np.ndarray, n_real: int, seed: int
) -> Fitted:
    """Train a model as its method says.

    Parameters
    ----------
    model : classifier
        Not fitted; its own parameters are set where the rows ask for it.
    spec : dict
        With ``tune`` and ``remedy``, or None in their place.
    X : ndarray or DataFrame of shape (n_rows, ...)
    y : ndarray of shape (n_rows,)
    n_real : int
        How many of the rows are real.
    seed : int

    Returns
    -------
    Fitted
    """
    as_run = {}
    if epochs := same_steps(model, n_real, len(y)):
        as_run = {"max_epochs": epochs}
        model.set_params(**as_run)
    started = time.perf_counter()
    if spec["tune"]:
        model, chosen = tuned(model, spec["tune"], X, y, seed)
        as_run |= chosen
    elif spec.get("remedy"):
        from equipoise.evaluation.remedies import REMEDIES

        model = REMEDIES[spec["remedy"]](model, X, y, seed)
    else:
        model.fit(X, y)
    return Fitted(model, as_run, time.perf_counter() - started)


def predict(model: Any, X: Any) -> tuple[dict[str, np.ndarray], float]:
    """``y_pred`` and, where the model has them, ``proba``; and the seconds of the first."""
    started = time.perf_counter()
    found = {"y_pred": np.asarray(model.predict(X))}
    seconds = time.perf_counter() - started
    if hasattr(model, "predict_proba"):
        found["proba"] = np.asarray(model.predict_proba(X))
    return found, seconds


def same_steps(model: Any, n_real: int, n_resampled: int) -> int | None:
    """Passes over resampled rows that are as many steps as the model's over the real ones.

    None where there is nothing to change.
    """
    epochs = model.get_params().get("max_epochs")
    if n_real == n_resampled or not isinstance(epochs, int):
        return None
    return max(1, round(epochs * n_real / n_resampled))


def tuned(
    model: Any, values: dict[str, list[Any]], X: Any, y: np.ndarray, seed: int
) -> tuple[Any, dict[str, Any]]:
    """The best values by balanced accuracy on a stratified fifth, refitted on all rows.

    Returns
    -------
    model : object
    chosen : dict
        Parameter to value.
    """
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

    step = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""  # of a pipeline the last
    split = StratifiedShuffleSplit(1, test_size=VALIDATION_SHARE, random_state=seed)
    search = GridSearchCV(
        model,
        {step + name: tried for name, tried in values.items()},
        scoring="balanced_accuracy",
        cv=split,
        error_score="raise",
    ).fit(X, y)
    return search.best_estimator_, {
        name.removeprefix(step): value for name, value in search.best_params_.items()
    }
