"""A method on a table: fitted on every fold's training part, scored on its test part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError

from . import fitting, layout, samplers, specs, table_samplers

SECONDS = ("fit_seconds", "sampler_seconds", "predict_seconds")


def split(y: np.ndarray, n_folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows of every fold's training and test part: stratified, shuffled by the seed.

    Raises
    ------
    InvalidInputError
        A class has fewer rows than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    smallest = int(np.bincount(y).min())
    if smallest < n_folds:
        raise InvalidInputError(
            f"[protocol] folds={n_folds}, but the smallest class has {smallest} rows. Set folds "
            "to at most that, or leave the data set out."
        )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(y)), y))


def fit_and_score(
    job: Mapping[str, Any], X: pd.DataFrame, y: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Fit a method on every fold and score it there.

    Returns
    -------
    found : dict
        What the record has of it: means over the folds, and in ``folds`` the values of each.
    predictions : dict of str to ndarray
        For every row of the table, from the one fold that tested on it: ``y_true``, ``y_pred``,
        ``fold`` (from 0) and, where the model has them, ``proba`` as float16.
    """
    n_classes = len(job["classes"])
    of_rows = {"y_true": y, "y_pred": np.full(len(y), -1), "fold": np.full(len(y), -1)}
    folds: list[dict[str, Any]] = []
    about: dict[str, Any] = {}
    for fold, (train, test) in enumerate(split(y, job["protocol"]["folds"], job["seed"])):
        one, predictions, about = _fold(job, fold, X, y, train, test)
        folds.append(one)
        of_rows["fold"][test] = fold
        of_rows["y_pred"][test] = predictions["y_pred"]
        if "proba" in predictions:
            of_rows.setdefault("proba", np.empty((len(y), n_classes), np.float16))
            of_rows["proba"][test] = predictions["proba"]
    return {
        "spec": job["spec"] | {"as_run": [one.pop("as_run") for one in folds]},
        "metrics": _means([one["metrics"] for one in folds]),
        "recall": np.mean([one["recall"] for one in folds], axis=0).tolist(),
        "n_test": np.bincount(y, minlength=n_classes).tolist(),
        **{name: _mean(one[name] for one in folds) for name in SECONDS},
        **about | {"history": None},  # one of every fold would be most of the record
        "folds": folds,
    }, of_rows


def _fold(
    job: Mapping[str, Any],
    fold: int,
    X: pd.DataFrame,
    y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, Any]]:
    """Values of a fold for the record, predictions for its test part, what the model tells."""
    from sklearn.metrics import recall_score
    from sklearn.pipeline import make_pipeline

    X_train, y_train = X.iloc[train].reset_index(drop=True), y[train]
    cls, spec = specs.import_class(job["spec"]["class"]), job["spec"]
    more = table_samplers.resampled(job, fold, X_train, y_train)
    model = prepared(cls, specs.build(cls, spec["params"], job["seed"]))
    model, as_run, fit_seconds = fitting.fit(model, spec, more.X, more.y, len(y_train), job["seed"])
    about = samplers.training_of(model)
    if more.completion is not None:
        model = make_pipeline(more.completion, model)
    predictions, predict_seconds = fitting.predict(model, X.iloc[test].reset_index(drop=True))
    y_pred = predictions["y_pred"]
    labels = np.arange(len(job["classes"]))
    return (
        {
            "metrics": scores(y[test], y_pred, predictions.get("proba"), y_train),
            "recall": recall_score(
                y[test], y_pred, labels=labels, average=None, zero_division=0
            ).tolist(),
            "fit_seconds": fit_seconds,
            "sampler_seconds": more.seconds,
            "predict_seconds": predict_seconds,
            "as_run": as_run,
        },
        predictions,
        about,
    )


def prepared(cls: type, model: Any) -> Any:
    """A classifier that takes tables of mixed columns: those of others behind a preparation."""
    if layout.is_ours(cls):
        return model
    from sklearn.pipeline import make_pipeline

    from equipoise.evaluation.classifiers import default_classifiers

    of_trees = cls.__module__.startswith(("sklearn.ensemble", "sklearn.tree"))
    like = default_classifiers()["random forest" if of_trees else "logistic regression"]
    return make_pipeline(*like[:-1], model)


def scores(
    y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray | None, y_train: np.ndarray
) -> dict[str, float]:
    """The five metrics and, of probabilities, ``average_precision`` and ``brier``.

    Both as :func:`equipoise.evaluate_resampling` has them: the average precision of the rarer of
    two classes, of more classes the mean of each against the rest; Brier's score as a sum over
    the classes, lower is better. NaN without probabilities.
    """
    from equipoise.evaluation.scoring import average_precision
    from equipoise.metrics import brier_score, summary

    found = summary(y_true, y_pred, y_train)
    of_proba = {"average_precision": float("nan"), "brier": float("nan")}
    if proba is not None:
        counts = np.bincount(y_train)
        labels = np.arange(len(counts))
        of_proba["average_precision"] = average_precision(
            y_true[:, np.newaxis] == labels, proba, counts
        )
        of_proba["brier"] = brier_score(y_true, proba, labels=labels)
    return found | of_proba


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
