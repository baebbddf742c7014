"""One fold of :func:`equipoise.evaluate_resampling`: every treatment with every classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from equipoise.columns import Rows

from .fold import Outcome, run_fold
from .result import SCORES
from .scoring import scores
from .splits import Fold
from .treatments.remedies import NONE, UNIFORM_PRIOR, remedies_for
from .treatments.samplers import TrainingRows, resample_table
from .verdict import NEEDING_EVERY_CLASS


def compare_on_fold(
    X: Rows,
    y: np.ndarray,
    fold: Fold,
    samplers: Mapping[str, Any],
    classifiers: Mapping[str, Any],
    scorers: Mapping[str, Callable[..., float]],
    report: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Train every treatment and classifier on the training part and score it on the test part.

    A classifier that cannot be fitted to the rows as they are is not tried with other treatments,
    and if none can, no sampler is trained.

    Parameters
    ----------
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    fold : Fold
    samplers, classifiers : dict of str to estimator
        Not fitted; clones are.
    scorers : dict of str to callable
        Further scores, from ``(model, X_test, y_test)``.
    report : callable, default=None
        Called after every combination with what was tried.

    Returns
    -------
    list of dict
        With the columns of :attr:`ResamplingEvaluation.scores`; without the scores where there is
        an error.
    """
    X_train, y_train = _take(X, fold.train), y[fold.train]
    test = _take(X, fold.test), y[fold.test]
    classes, counts = np.unique(y, return_counts=True)

    def run(model: Any, training: TrainingRows, remedy: str | None) -> Outcome:
        return run_fold(
            model,
            training,
            lambda: test,
            classes,
            seed=fold.seed,
            remedy=remedy,
            groups=fold.groups if remedy else None,
        )

    def scored(outcome: Outcome, seconds: float) -> dict[str, float]:
        found = scores(outcome.y_test, outcome.y_pred, outcome.proba, classes, counts)
        more = {name: scorer(outcome.model, *test) for name, scorer in scorers.items()}
        chosen = {name: found[stored] for name, stored in SCORES.items()}
        if lacks:  # which says nothing of how well that class is found
            chosen |= dict.fromkeys(NEEDING_EVERY_CLASS, np.nan)
        return {**chosen, **more, "fit_seconds": outcome.fit_seconds + seconds}

    def with_remedy(name: str, remedy: str) -> dict[str, float]:
        if remedy == UNIFORM_PRIOR:  # another decision of the model that is fitted already
            outcome = plain.pop(name)
            return scored(run(FrozenEstimator(outcome.model), as_is, remedy), outcome.fit_seconds)
        outcome = run(seeded(classifiers[name], fold.seed), as_is, remedy)
        if remedy == NONE:
            plain[name] = outcome
        return scored(outcome, 0.0)

    def with_rows(name: str, training: TrainingRows) -> dict[str, float]:
        model = seeded(classifiers[name], fold.seed)
        return scored(run(model, training, None), training.seconds or 0.0)

    place = {"repeat": fold.repeat, "fold": fold.fold}
    lacks = fold.lacks(y)
    sizes = {"n_train": len(y_train), "n_test": len(fold.test), "lacks": lacks}
    as_is = TrainingRows(X_train, y_train, len(y_train))
    plain: dict[str, Outcome] = {}
    errors: dict[str, str] = {}  # of classifiers that cannot be fitted to the rows as they are
    records = []
    for treatment in (*remedies_for(len(classes)), *samplers):
        training, failure = as_is, ""
        if treatment in samplers and len(errors) < len(classifiers):
            training, failure = _attempt(
                lambda sampler: resample_table(seeded(sampler, fold.seed), X_train, y_train),
                samplers[treatment],
            )
        for name in classifiers:
            found, error = None, errors.get(name, failure)
            if not error and treatment in samplers:
                found, error = _attempt(with_rows, name, training)
            elif not error:
                found, error = _attempt(with_remedy, name, treatment)
            if treatment == NONE and error:
                errors[name] = error
            about = {"classifier": name, "treatment": treatment, **place, **sizes}
            records.append({**about, **(found or {}), "error": error})
            if report is not None:
                report(f"fold {fold.fold}, {treatment}, {name}")
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
