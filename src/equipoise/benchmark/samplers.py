"""Samplers: a shared one is trained once per data set and seed and kept in the models folder."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from . import layout, specs, stored_rows


def saved_at(job: Mapping[str, Any], sampler: Mapping[str, Any]) -> Path:
    """Folder of a shared sampler: another one for each description, protocol, data set and seed."""
    described = {key: sampler[key] for key in ("class", "params", "defaults")}
    key = specs.digest(described, job["protocol"])
    return (
        Path(job["models"])
        / layout.folder(job["dataset"])
        / f"{sampler['name']}-{job['seed']}-{key}"
    )


def is_there(job: Mapping[str, Any], sampler: Mapping[str, Any]) -> bool:
    """Whether a shared sampler is trained, or its rows of all folds are made."""
    n_folds = job["protocol"].get("folds")
    path = saved_at(job, sampler)
    return path.exists() if n_folds is None else stored_rows.has_all(path, n_folds)


def trained(
    job: Mapping[str, Any], sampler: Mapping[str, Any], X: np.ndarray, y: np.ndarray
) -> tuple[Any, dict[str, Any]]:
    """The shared sampler as it is saved; trained and saved first where it is not.

    Parameters
    ----------
    job : dict
    sampler : dict
        ``name``, ``class``, ``params`` and ``defaults``.
    X, y : ndarray
        Training images and labels.

    Returns
    -------
    sampler : object
    about : dict
        ``fit_seconds``, ``history`` and ``n_parameters`` of its training.
    """
    cls: Any = specs.import_class(sampler["class"])
    path = saved_at(job, sampler)
    if not path.exists():
        model = specs.build(cls, sampler["params"], job["seed"])
        started = time.perf_counter()
        model.fit(layout.for_sampler(cls, X), y)
        about = {"fit_seconds": round(time.perf_counter() - started, 3), **training_of(model)}
        _save(model, about, path)
    # Loaded also where it was just trained: every method gets the same sampler.
    about = json.loads((path / "training.json").read_text(encoding="utf-8"))
    return cls.load(path / "model"), about


def resampled(
    job: Mapping[str, Any], X: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Training images and labels as the method's sampler balances them.

    Returns
    -------
    X, y : ndarray
        As given where the method has no sampler, or resamples by itself.
    seconds : float or None
        That the sampler took for its training and the resampling.
    """
    spec = job["spec"]
    sampler = spec["sampler"]
    if sampler is None or specs.takes_sampler(specs.import_class(spec["class"])):
        return X, y, None
    cls = specs.import_class(sampler["class"])
    rows, strategy = layout.for_sampler(cls, X), _strategy(spec, y)
    if specs.is_shared(cls):
        model, about = trained(job, sampler, X, y)
        started = time.perf_counter()
        X_more, y_more = model.resample(rows, y, sampling_strategy=strategy)
        before = about["fit_seconds"]
    else:
        model = specs.build(cls, sampler["params"], job["seed"])
        if strategy is not None:
            model.set_params(sampling_strategy=strategy)
        started, before = time.perf_counter(), 0.0
        X_more, y_more = model.fit_resample(rows, y)
    seconds = before + time.perf_counter() - started
    return layout.from_sampler(X_more, X), np.asarray(y_more), seconds


def for_meta_estimator(job: Mapping[str, Any], X: np.ndarray, y: np.ndarray) -> tuple[Any, float]:
    """The shared sampler, frozen, for a classifier that resamples by itself.

    Returns
    -------
    sampler : FrozenEstimator
        With the method's strategy.
    seconds : float
        That its training took.
    """
    from sklearn.frozen import FrozenEstimator

    model, about = trained(job, job["spec"]["sampler"], X, y)
    strategy = _strategy(job["spec"], y)
    if strategy is not None:
        model.set_params(sampling_strategy=strategy)
    return FrozenEstimator(model), about["fit_seconds"]


def _strategy(spec: Mapping[str, Any], y: np.ndarray) -> Any:
    """``sampling_strategy`` of a method; None for the sampler's own."""
    if spec["fill_to"] is None:
        return spec["sampling_strategy"]
    classes, counts = np.unique(y, return_counts=True)
    wanted = np.maximum(counts, spec["fill_to"])
    return dict(zip(classes.tolist(), wanted.tolist(), strict=True))


def training_of(model: Any) -> dict[str, Any]:
    """What a fitted model tells of its training: ``history`` and ``n_parameters``, or None."""
    for name in ("estimator_", "generator_"):  # what a meta-estimator has trained
        model = getattr(model, name, model)
    network = getattr(model, "network_", None)
    n_parameters = None if network is None else sum(p.numel() for p in network.parameters())
    return {"history": getattr(model, "history_", None), "n_parameters": n_parameters}


def _save(model: Any, about: dict[str, Any], path: Path) -> None:
    partial = path.with_name(f".partial-{path.name}-{uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        model.save(partial / "model")
        text = json.dumps(specs.as_json(about))
        (partial / "training.json").write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError:
        if not path.exists():  # else another job has saved the same sampler meanwhile
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
