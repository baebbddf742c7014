"""One fold: every treatment and classifier, trained on its training part, scored on its test part.

Only rows of the training part reach a sampler or a fit; the rows of the test part are only
predicted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from .remedies import REMEDIES
from .samplers import CompleteTable, takes_any_table
from .scoring import score
from .splits import Fold


def run_fold(
    X: Any,
    y: np.ndarray,
    fold: Fold,
    samplers: Mapping[str, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Callable[..., float]],
) -> list[dict[str, Any]]:
    """A record for each treatment and classifier.

    Parameters
    ----------
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    fold : Fold
    samplers, classifiers : dict of str to estimator
        Not fitted; clones are.
    scorers : dict of str to callable
        More scores, from ``(model, X_test, y_test)``.

    Returns
    -------
    list of dict
        With the columns of :attr:`ResamplingEvaluation.scores`; without the scores where there is
        an error.
    """
    X_train, y_train = take(X, fold.train), y[fold.train]
    X_test, y_test = take(X, fold.test), y[fold.test]
    classes, counts = np.unique(y, return_counts=True)

    def scores_of(model: Any) -> dict[str, float]:
        more = {name: scorer(model, X_test, y_test) for name, scorer in scorers.items()}
        return score(model, X_test, y_test, classes, counts) | more

    def judged(train: Callable[[], Any], seconds_before: float = 0.0) -> dict[str, Any]:
        model, seconds, error = attempt(train)
        if not error:
            scores, _, error = attempt(partial(scores_of, model))
        if error:
            return {"error": error}
        return {**scores, "fit_seconds": seconds_before + seconds, "error": ""}

    found = {}
    for treatment, remedy in REMEDIES.items():
        for name, classifier in classifiers.items():
            model = seeded(classifier, fold.seed)
            found[name, treatment] = judged(
                partial(remedy, model, X_train, y_train, fold.seed, fold.groups)
            )
    for treatment, sampler in samplers.items():
        own = seeded(sampler, fold.seed)
        resampled, seconds, error = attempt(partial(resample, own, X_train, y_train))
        for name, classifier in classifiers.items():
            if error:
                found[name, treatment] = {"error": error}
                continue
            model = seeded(classifier, fold.seed)
            found[name, treatment] = judged(partial(fit_resampled, model, *resampled), seconds)
    place = {"repeat": fold.repeat, "fold": fold.fold}
    sizes = {"n_train": len(y_train), "n_test": len(y_test)}
    return [
        {"classifier": name, "treatment": treatment, **place, **sizes, **found[name, treatment]}
        for name in classifiers
        for treatment in (*REMEDIES, *samplers)
    ]


def resample(sampler: Any, X: Any, y: np.ndarray) -> tuple[CompleteTable | None, Any, Any]:
    """What the rows must go through before the sampler, if anything, and what it returns."""
    if takes_any_table(sampler):
        return None, *sampler.fit_resample(X, y)
    completion = CompleteTable().fit(X)
    return completion, *sampler.fit_resample(completion.transform(X), y)


def fit_resampled(classifier: Any, completion: CompleteTable | None, X: Any, y: Any) -> Any:
    """A model for rows as they are, whatever the classifier's were made of."""
    model = classifier.fit(X, y)
    return model if completion is None else make_pipeline(completion, model)


def attempt(call: Callable[[], Any]) -> tuple[Any, float, str]:
    """Result and seconds of a call, or the error that it raised as text."""
    started = time.perf_counter()
    try:
        return call(), time.perf_counter() - started, ""
    except Exception as error:  # whatever it is, the other treatments go on
        return None, math.nan, f"{type(error).__name__}: {error}"


def take(X: Any, rows: np.ndarray) -> Any:
    """A copy of these rows."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def seeded(estimator: Any, seed: int) -> Any:
    """A clone whose every ``random_state``, also those of its parts, is the seed."""
    copy = clone(estimator)
    names = [p for p in copy.get_params() if p == "random_state" or p.endswith("__random_state")]
    return copy.set_params(**dict.fromkeys(names, seed)) if names else copy
