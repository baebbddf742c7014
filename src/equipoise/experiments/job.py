"""One job: a method on all folds of a data set, or the training of a shared sampler on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from equipoise.columns import Rows
from equipoise.datasets.loading import class_names

from . import images, provenance, specs, tables
from .fold import Outcome, run_fold
from .scoring import recalls, scores
from .specs import Job
from .splits import stratified_folds
from .store import SECONDS
from .treatments import trained

Record = dict[str, Any]


class FoldRows(NamedTuple):
    """The rows of one fold.

    Attributes
    ----------
    X, y : DataFrame or ndarray, and ndarray
        For training.
    test_rows : callable
        Gives the rows to score and their labels.
    tested : ndarray or None
        Positions of the rows to score, where all rows are tested on in some fold.
    """

    X: Rows
    y: np.ndarray
    test_rows: Callable[[], tuple[Rows, np.ndarray]]
    tested: np.ndarray | None


class Data(NamedTuple):
    """The data set of a job; its images are one fold."""

    class_names: list[str]
    class_counts: np.ndarray
    folds: Iterator[FoldRows]


def load(job: Job) -> Data:
    """The data set of a job; test rows in files of their own are not loaded yet."""
    if "folds" not in job["protocol"]:
        X, y, _ = images.training_images(job)
        names = class_names(job["dataset"])
        one = FoldRows(X, y, partial(images.images_to_score, job), None)
        return Data(names, np.bincount(y, minlength=len(names)), iter([one]))
    table = tables.of_job(job)
    X, y = table.X, table.y

    def folds() -> Iterator[FoldRows]:
        for train, test in stratified_folds(y, job["protocol"]["folds"], job["seed"]):
            X_test = X.iloc[test].reset_index(drop=True)
            X_train = X.iloc[train].reset_index(drop=True)
            yield FoldRows(X_train, y[train], partial(tuple, (X_test, y[test])), test)

    return Data(table.class_names, np.bincount(y), folds())


def carry_out(job: Job, folder: Path) -> None:
    """Do a job in this process.

    Parameters
    ----------
    job : dict
        As :func:`equipoise.experiments.plan.jobs_of` makes them.
    folder : Path
        Where ``record.json`` and, for a method, ``predictions.npz`` go.
    """
    data = load(job)
    about = {"classes": data.class_names, "class_counts": data.class_counts.tolist()}
    if job["sampler"] is None:
        found, predictions = fit_and_score(job, data)
        with (folder / "predictions.npz").open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **predictions)
    else:
        found = train_sampler(job, data)
    record = provenance.blank_record(job) | {"status": "done"} | about | found
    record |= provenance.of_this_process()
    (folder / "record.json").write_text(json.dumps(specs.as_json(record)), encoding="utf-8")


def train_sampler(job: Job, data: Data) -> Record:
    """Train a shared sampler on every fold, and return its part of the record."""
    sampler = {"name": job["sampler"], **job["spec"]}
    done = [trained.train(job, sampler, i, rows.X, rows.y) for i, rows in enumerate(data.folds)]
    found = done[-1] | {"fit_seconds": _mean([one["fit_seconds"] for one in done])}
    if "folds" in job["protocol"]:
        found["folds"] = [{"fit_seconds": one["fit_seconds"]} for one in done]
    return found


def fit_and_score(job: Job, data: Data) -> tuple[Record, dict[str, np.ndarray]]:
    """Fit a method on every fold and score it there.

    Returns
    -------
    found : dict
        Its part of the record: means over the folds and, where there are several, the values of
        each in ``folds``.
    predictions : dict of str to ndarray
        For every scored row ``y_true`` and ``y_pred``, where the model has probabilities
        ``proba`` as float16 and, where the rows are those of several folds, ``fold`` from 0.
    """
    classes, on_folds = np.arange(len(data.class_names)), "folds" in job["protocol"]
    folds: list[Record] = []
    stored: list[dict[str, np.ndarray]] = []
    about: Record = {}
    for fold, rows in enumerate(data.folds):
        outcome, sampler_seconds, as_run = _run(job, fold, rows, classes)
        counts = np.bincount(rows.y, minlength=len(classes))
        y_true, y_pred, proba = outcome.y_test, outcome.y_pred, outcome.proba
        folds.append(
            {
                "metrics": scores(y_true, y_pred, proba, classes, counts),
                "recall": recalls(y_true, y_pred, classes),
                "n_test": np.bincount(y_true, minlength=len(classes)).tolist(),
                "fit_seconds": outcome.fit_seconds,
                "sampler_seconds": sampler_seconds,
                "predict_seconds": outcome.predict_seconds,
                "as_run": as_run,
            }
        )
        about = trained.training_of(outcome.model)
        arrays = {"y_true": y_true, "y_pred": y_pred}
        if proba is not None:
            arrays["proba"] = proba.astype(np.float16)
        if rows.tested is not None:
            arrays |= {"fold": np.full(len(y_true), fold), "place": rows.tested}
        stored.append(arrays)
    predictions = {name: np.concatenate([one[name] for one in stored]) for name in stored[0]}
    changed = [one.pop("as_run") for one in folds]
    found: Record = {
        "spec": job["spec"] | {"as_run": changed if on_folds else changed[0]},
        "metrics": {m: _mean([one["metrics"][m] for one in folds]) for m in folds[0]["metrics"]},
        "recall": np.mean([one["recall"] for one in folds], axis=0).tolist(),
        "n_test": np.sum([one.pop("n_test") for one in folds], axis=0).tolist(),
        **{name: _mean([one[name] for one in folds]) for name in SECONDS},
        **about,
    }
    if on_folds:
        order = np.argsort(predictions.pop("place"))
        predictions = {name: values[order] for name, values in predictions.items()}
        # The histories of all folds would be most of the record.
        found |= {"history": None, "folds": folds}
    return found, predictions


def _run(
    job: Job, fold: int, rows: FoldRows, classes: np.ndarray
) -> tuple[Outcome, float | None, dict[str, Any]]:
    """Outcome of a fold, the time of its sampler, and parameters that were not run as given."""
    from .classifiers import prepared

    spec, seed = job["spec"], job["seed"]
    cls, sampler, frozen = specs.import_class(spec["class"]), spec["sampler"], None
    seconds = None
    if specs.takes_sampler(cls):
        frozen, seconds = trained.for_meta_estimator(job, sampler, rows.X, rows.y)
        sampler = None
    training = trained.resampled(job, fold, rows.X, rows.y, sampler)
    model = prepared(specs.build(cls, spec["params"], seed, frozen), rows.X)
    as_run = {}
    if epochs := equal_steps(model, training.n_real, len(training.y)):
        as_run = {"max_epochs": epochs}
        model.set_params(**as_run)
    outcome = run_fold(
        model,
        training,
        rows.test_rows,
        classes,
        seed=seed,
        remedy=spec["remedy"],
        tune=spec["tune"],
    )
    seconds = seconds if training.seconds is None else training.seconds
    return outcome, seconds, as_run | outcome.chosen


def equal_steps(model: Any, n_real: int, n_resampled: int) -> int | None:
    """Epochs on resampled rows that take as many steps as the model's epochs on the real rows.

    Returns
    -------
    int or None
        None where there is nothing to change.
    """
    epochs = model.get_params().get("max_epochs")
    if n_real == n_resampled or not isinstance(epochs, int):
        return None
    return max(1, round(epochs * n_real / n_resampled))


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
