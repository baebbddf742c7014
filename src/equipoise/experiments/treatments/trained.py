"""Samplers of an experiment: one that takes long is trained once for all jobs that name it.

For images the trained sampler is saved, for tables the synthetic rows of every fold are.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equipoise.atomic import replacing
from equipoise.columns import Rows
from equipoise.errors import InvalidInputError
from equipoise.experiments import specs
from equipoise.experiments.specs import Job, Spec

from . import row_files
from .samplers import NUMERIC_ONLY, CompleteTable, TrainingRows, make_sampler, resample_table

# How ADASYN says that no rare row is near another class, so that it has nothing to add.
NOTHING_TO_ADD = ("Not any neigbours belong", "No samples will be generated")


def is_shared(sampler: Spec, on_folds: bool) -> bool:
    """Whether a sampler is trained once and kept, because training takes long.

    For tables these are the samplers of this library and those of other programs, for images the
    samplers that can be saved.
    """
    if sampler["class"] == specs.EXTERNAL:
        return True
    cls = specs.import_class(sampler["class"])
    return specs.is_ours(cls) if on_folds else specs.can_be_saved(cls)


def folder_of(job: Job, sampler: Spec) -> Path:
    """Folder of a shared sampler, one per description, protocol, data set and seed."""
    described = {key: sampler[key] for key in ("class", "params", "defaults")}
    key = specs.digest(described, job["protocol"])
    home = Path(job["models"]) / specs.file_name(job["dataset"])
    return home / f"{sampler['name']}-{job['seed']}-{key}"


def is_trained(job: Job, sampler: Spec) -> bool:
    """Whether a shared sampler is trained, or its rows of all folds are made."""
    n_folds = job["protocol"].get("folds")
    path = folder_of(job, sampler)
    return path.exists() if n_folds is None else row_files.has_all(path, n_folds)


def train(job: Job, sampler: Spec, fold: int, X: Rows, y: np.ndarray) -> dict[str, Any]:
    """Train a shared sampler on one fold, unless that is done.

    Returns
    -------
    dict
        ``fit_seconds`` and, for images, ``history`` and ``n_parameters`` of the training.
    """
    if isinstance(X, pd.DataFrame):
        folder = folder_of(job, sampler)
        about = {} if row_files.has(folder, fold) else _make_rows(job, sampler, fold, X, y)
        return about | {"fit_seconds": row_files.seconds_of(folder, fold)}
    return _load(job, sampler, X, y)[1]


def resampled(job: Job, fold: int, X: Rows, y: np.ndarray, sampler: Spec | None) -> TrainingRows:
    """The training rows of a fold as a sampler of the experiment balances them.

    Parameters
    ----------
    job : dict
    fold : int
        From 0.
    X : DataFrame with an index from 0, or ndarray of uint8 with images
        Never modified.
    y : ndarray of shape (n_rows,)
    sampler : dict or None
        ``name``, ``class``, ``params`` and ``defaults``; None leaves the rows as they are.

    Returns
    -------
    TrainingRows
    """
    if sampler is None:
        return TrainingRows(X, y, len(y))
    if not isinstance(X, pd.DataFrame):
        return _resampled_images(job, sampler, X, y)
    if is_shared(sampler, on_folds=True):
        train(job, sampler, fold, X, y)
        X_new, y_new, seconds = row_files.read(folder_of(job, sampler), fold, X)
        X_more = pd.concat([X, X_new], ignore_index=True)
        return TrainingRows(X_more, np.append(y, y_new), len(y), seconds=seconds)
    started = time.perf_counter()
    try:
        return resample_table(_for_table(sampler, X, y, job["seed"]), X, y)
    except (RuntimeError, ValueError) as error:
        if not str(error).startswith(NOTHING_TO_ADD):
            raise
    completion = CompleteTable().fit(X)
    seconds = time.perf_counter() - started
    return TrainingRows(completion.transform(X), y, len(y), completion, seconds)


def for_meta_estimator(job: Job, sampler: Spec, X: np.ndarray, y: np.ndarray) -> tuple[Any, float]:
    """The trained sampler, frozen, for a classifier that resamples by itself, and its seconds."""
    from sklearn.frozen import FrozenEstimator

    model, about = _load(job, sampler, X, y)
    if (strategy := _strategy(job["spec"], y)) is not None:
        model.set_params(sampling_strategy=strategy)
    return FrozenEstimator(model), about["fit_seconds"]


def training_of(model: Any) -> dict[str, Any]:
    """``history`` and ``n_parameters`` of a fitted model, each None where it has none."""
    model = model[-1] if hasattr(model, "steps") else model  # of a pipeline, the last step
    for name in ("estimator_", "generator_"):  # what a meta-estimator has trained
        model = getattr(model, name, model)
    network = getattr(model, "network_", None)
    n_parameters = None if network is None else sum(p.numel() for p in network.parameters())
    return {"history": getattr(model, "history_", None), "n_parameters": n_parameters}


def _make_rows(
    job: Job, sampler: Spec, fold: int, X: pd.DataFrame, y: np.ndarray
) -> dict[str, Any]:
    folder = folder_of(job, sampler)
    if sampler["class"] == specs.EXTERNAL:
        raise InvalidInputError(
            f"{folder} has no rows of fold {fold}. Run the program that makes them first."
        )
    model = specs.build(specs.import_class(sampler["class"]), sampler["params"], job["seed"])
    started = time.perf_counter()
    X_more, y_more = model.fit_resample(X, y)
    seconds = time.perf_counter() - started
    row_files.write(folder, fold, X_more.iloc[len(X) :], y_more[len(X) :], seconds)
    return training_of(model) | {"history": None}


def _for_table(sampler: Spec, X: pd.DataFrame, y: np.ndarray, seed: int) -> Any:
    """A sampler of others; SMOTE and its kin in the form that suits the columns and the classes."""
    from imblearn.over_sampling import SMOTE

    cls = specs.import_class(sampler["class"])
    names: dict[type, str] = {SMOTE: "smote"} | {one: name for name, one in NUMERIC_ONLY.items()}
    if cls not in names:
        return specs.build(cls, sampler["params"], seed)
    numbers = np.empty((0, X.shape[1]))  # as which the others get categories, too
    columns = X if cls is SMOTE else numbers
    made = make_sampler(names[cls], columns, int(np.bincount(y).min()))
    return made.set_params(**sampler["params"], random_state=seed)


def _resampled_images(job: Job, sampler: Spec, X: np.ndarray, y: np.ndarray) -> TrainingRows:
    from equipoise.inputs import resampled_as_floats  # loads torch

    cls, strategy = specs.import_class(sampler["class"]), _strategy(job["spec"], y)
    before = 0.0
    if specs.can_be_saved(cls):
        model, about = _load(job, sampler, X, y)
        before = about["fit_seconds"]

        def resample(rows: np.ndarray, labels: np.ndarray) -> Any:
            return model.resample(rows, labels, sampling_strategy=strategy)
    else:
        model = specs.build(cls, sampler["params"], job["seed"])
        if strategy is not None:
            model.set_params(sampling_strategy=strategy)
        resample = model.fit_resample
    rows = X if specs.is_ours(cls) else X.reshape(len(X), -1)
    started = time.perf_counter()
    X_more, y_more = resampled_as_floats(model, resample, rows, y)
    seconds = before + time.perf_counter() - started
    X_more = X_more.reshape(-1, *X.shape[1:])
    return TrainingRows(X_more, np.asarray(y_more), len(y), seconds=seconds)


def _strategy(spec: Spec, y: np.ndarray) -> Any:
    """``sampling_strategy`` of a method; None for the sampler's own."""
    if spec["fill_to"] is None:
        return spec["sampling_strategy"]
    classes, counts = np.unique(y, return_counts=True)
    wanted = np.maximum(counts, spec["fill_to"])
    return dict(zip(classes.tolist(), wanted.tolist(), strict=True))


def _load(job: Job, sampler: Spec, X: np.ndarray, y: np.ndarray) -> tuple[Any, dict[str, Any]]:
    """A sampler of images as it is saved, trained and saved first where it is not."""
    cls: Any = specs.import_class(sampler["class"])
    path = folder_of(job, sampler)
    if not path.exists():
        model = specs.build(cls, sampler["params"], job["seed"])
        rows = X if specs.is_ours(cls) else X.reshape(len(X), -1).astype(np.float32)
        started = time.perf_counter()
        model.fit(rows, y)
        about = {"fit_seconds": time.perf_counter() - started} | training_of(model)
        try:
            with replacing(path) as partial:
                partial.mkdir(parents=True)
                model.save(partial / "model")
                text = json.dumps(specs.as_json(about))
                (partial / "training.json").write_text(text, encoding="utf-8")
        except OSError:
            if not path.exists():  # else another job has saved the same sampler meanwhile
                raise
    # Loaded also where it was just trained, so that every method gets the same sampler.
    return cls.load(path / "model"), json.loads((path / "training.json").read_text("utf-8"))
