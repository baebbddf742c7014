"""One fold of :func:`equipoise.evaluate_resampling`: every treatment with every classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from equipoise.columns import Rows

from .fold import run_fold
from .result import SCORES
from .scoring import scores
from .splits import Fold
from .treatments.remedies import REMEDIES
from .treatments.samplers import TrainingRows, resample_table


def compare_on_fold(
    X: Rows,
    y: np.ndarray,
    fold: Fold,
    samplers: Mapping[str, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Callable[..., float]],
) -> list[dict[str, Any]]:
    """Train every treatment and classifier on the training part and score it on the test part.

    Parameters
    ----------
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    fold : Fold
    samplers, classifiers : dict of str to estimator
        Not fitted; clones are.
    scorers : dict of str to callable
        Further scores, from ``(model, X_test, y_test)``.

    Returns
    -------
    list of dict
        With the columns of :attr:`ResamplingEvaluation.scores`; without the scores where there is
        an error.
    """
    X_train, y_train = _take(X, fold.train), y[fold.train]
    test = _take(X, fold.test), y[fold.test]
    classes, counts = np.unique(y, return_counts=True)

    def train_and_score(
        classifier: Any, training: TrainingRows, remedy: str | None
    ) -> dict[str, float]:
        outcome = run_fold(
            seeded(classifier, fold.seed),
            training,
            lambda: test,
            classes,
            seed=fold.seed,
            remedy=remedy,
            groups=fold.groups if remedy else None,
        )
        found = scores(outcome.y_test, outcome.y_pred, outcome.proba, classes, counts)
        more = {name: scorer(outcome.model, *test) for name, scorer in scorers.items()}
        seconds = outcome.fit_seconds + (training.seconds or 0.0)
        chosen = {name: found[stored] for name, stored in SCORES.items()}
        return {**chosen, **more, "fit_seconds": seconds}

    place = {"repeat": fold.repeat, "fold": fold.fold}
    sizes = {"n_train": len(y_train), "n_test": len(fold.test)}
    records = []
    for treatment in (*REMEDIES, *samplers):
        remedy = treatment if treatment in REMEDIES else None
        training, failure = TrainingRows(X_train, y_train, len(y_train)), ""
        if remedy is None:
            sampler = seeded(samplers[treatment], fold.seed)
            training, failure = _attempt(resample_table, sampler, X_train, y_train)
        for name, classifier in classifiers.items():
            found, error = None, failure
            if not failure:
                found, error = _attempt(train_and_score, classifier, training, remedy)
            about = {"classifier": name, "treatment": treatment, **place, **sizes}
            records.append({**about, **(found or {}), "error": error})
    names = list(classifiers)
    return sorted(records, key=lambda record: names.index(record["classifier"]))


def seeded(estimator: Any, seed: int) -> Any:
    """A clone whose every ``random_state``, also those of its parts, is the seed."""
    copy = clone(estimator)
    names = [p for p in copy.get_params() if p == "random_state" or p.endswith("__random_state")]
    return copy.set_params(**dict.fromkeys(names, seed)) if names else copy


def _attempt(call: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    """Result of a call, or the error that it raised as text."""
    try:
        return call(*args), ""
    except Exception as error:  # whatever it is, the other treatments go on
        return None, f"{type(error).__name__}: {error}"


def _take(X: Rows, rows: np.ndarray) -> Rows:
    """A copy of these rows."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
