"""Resampled training parts of a table: made in the job, or once for all jobs and stored."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError

from . import layout, samplers, specs, stored_rows


class Resampled(NamedTuple):
    """A training part as a classifier gets it.

    Attributes
    ----------
    X : DataFrame
    y : ndarray of shape (n_rows,)
    seconds : float or None
        That it took; None without a sampler.
    completion : transformer or None
        What test rows have to go through before the classifier.
    """

    X: pd.DataFrame
    y: np.ndarray
    seconds: float | None = None
    completion: Any = None


def is_stored(sampler: Mapping[str, Any]) -> bool:
    """Whether a sampler's rows are made once and kept: those of this library, and external ones.

    Others are so fast that every job makes its own.
    """
    return sampler["class"] == specs.EXTERNAL or layout.is_ours(
        specs.import_class(sampler["class"])
    )


def resampled(job: Mapping[str, Any], fold: int, X: pd.DataFrame, y: np.ndarray) -> Resampled:
    """A fold's training part as the method's sampler balances it.

    Parameters
    ----------
    job : dict
    fold : int
        From 0.
    X : DataFrame
        Training rows, index from 0. Never modified.
    y : ndarray of shape (n_rows,)

    Returns
    -------
    Resampled
    """
    sampler = job["spec"]["sampler"]
    if sampler is None:
        return Resampled(X, y)
    if not is_stored(sampler):
        return _by_others(
            specs.import_class(sampler["class"]), sampler["params"], X, y, job["seed"]
        )
    folder = samplers.saved_at(job, sampler)
    if not stored_rows.has(folder, fold):
        _make(job, sampler, fold, X, y)
    X_new, y_new, seconds = stored_rows.read(folder, fold, X)
    return Resampled(pd.concat([X, X_new], ignore_index=True), np.append(y, y_new), seconds)


def train(job: Mapping[str, Any], X: pd.DataFrame, y: np.ndarray) -> dict[str, Any]:
    """Make and store the rows of every fold that has none; what the record has of it."""
    from . import cross_validation

    sampler = {"name": layout.sampler_of(job["method"]), **job["spec"]}
    folder, about = samplers.saved_at(job, sampler), {}
    seconds = []
    for fold, (rows, _) in enumerate(
        cross_validation.split(y, job["protocol"]["folds"], job["seed"])
    ):
        if not stored_rows.has(folder, fold):
            about = _make(job, sampler, fold, X.iloc[rows].reset_index(drop=True), y[rows])
        seconds.append(stored_rows.seconds(folder, fold))
    folds = [{"fit_seconds": one} for one in seconds]
    return {"spec": job["spec"], **about, "fit_seconds": float(np.mean(seconds)), "folds": folds}


def _make(
    job: Mapping[str, Any], sampler: Mapping[str, Any], fold: int, X: pd.DataFrame, y: np.ndarray
) -> dict[str, Any]:
    """Train a sampler of this library on one fold and store its synthetic rows."""
    folder = samplers.saved_at(job, sampler)
    if sampler["class"] == specs.EXTERNAL:
        raise InvalidInputError(
            f"{folder} has no rows of fold {fold}. Let the program that makes them do so first."
        )
    model = specs.build(specs.import_class(sampler["class"]), sampler["params"], job["seed"])
    started = time.perf_counter()
    X_more, y_more = model.fit_resample(X, y)
    seconds = time.perf_counter() - started
    stored_rows.write(folder, fold, X_more.iloc[len(X) :], y_more[len(X) :], seconds)
    return samplers.training_of(model) | {"history": None}


def _by_others(
    cls: type, params: Mapping[str, Any], X: pd.DataFrame, y: np.ndarray, seed: int
) -> Resampled:
    """Rows of a sampler that is not ours: completed first, and coded where it takes numbers only.

    SMOTE becomes SMOTENC or SMOTEN where there are categories; Borderline-SMOTE and ADASYN have no
    such form and get them one-hot, and what they return is decoded again. ADASYN refuses parts in
    which no rare row is near another class: there it adds none.
    """
    from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

    from equipoise.evaluation.columns import categorical_columns
    from equipoise.evaluation.samplers import CompleteTable, make_sampler, takes_any_table

    from .one_hot import OneHot

    names = {SMOTE: "smote", BorderlineSMOTE: "borderline-smote", ADASYN: "adasyn"}
    started = time.perf_counter()
    if cls not in names:
        model = specs.build(cls, params, seed)
        if takes_any_table(model):
            X_more, y_more = model.fit_resample(X, y)
            return Resampled(X_more, y_more, time.perf_counter() - started)
    completion = CompleteTable().fit(X)
    rows, code = completion.transform(X), None
    if cls is not SMOTE and categorical_columns(rows):
        code = OneHot(rows)
        rows = code.encode(rows)
    if cls in names:
        smallest = int(np.bincount(y).min())
        model = make_sampler(names[cls], rows, smallest).set_params(**params, random_state=seed)
    try:
        X_more, y_more = model.fit_resample(rows, y)
    except (RuntimeError, ValueError) as error:
        if cls is not ADASYN or not str(error).startswith(ADDS_NONE):
            raise
        X_more, y_more = rows, y
    if code is not None:
        X_more = code.decode(X_more)
    return Resampled(X_more, y_more, time.perf_counter() - started, completion)


ADDS_NONE = ("Not any neigbours belong", "No samples will be generated")  # how ADASYN says so
