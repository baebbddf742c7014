"""One job: fit, and only then load the images to score, predict, and write the record.

    python -m equipoise.benchmark.job FOLDER

The job comes as one line of JSON on stdin. Whoever started this keeps stdin open: its end is the
end of the parent, with which this process ends too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import layout, provenance, rows, samplers, specs

VALIDATION_SHARE = 0.2  # of the training rows, to choose among the values of `tune`


def main() -> None:
    """Do the job that stdin describes; leave ``record.json`` and ``predictions.npz``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    specs.import_class(job["spec"]["class"])
    torch, limit = sys.modules.get("torch"), os.environ.get("OMP_NUM_THREADS")
    if torch and limit:  # it would heed MKL_NUM_THREADS first
        torch.set_num_threads(int(limit))
    carry_out(job, Path(sys.argv[1]))


def carry_out(job: Mapping[str, Any], folder: Path) -> None:
    """Do a job in this process.

    Parameters
    ----------
    job : dict
        As :func:`equipoise.benchmark.plan.jobs_of` makes them.
    folder : Path
        Where ``record.json`` and, for a method, ``predictions.npz`` go.
    """
    X, y = rows.training_rows(job)
    found: dict[str, Any]
    if job["method"].startswith("sampler:"):
        _, about = samplers.trained(job, {"name": job["method"][8:], **job["spec"]}, X, y)
        found = {"spec": job["spec"], **about}
    else:
        found, predictions = fit_and_score(job, X, y)
        with (folder / "predictions.npz").open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **predictions)
    class_counts = np.bincount(y).tolist()
    record = provenance.blank_record(job) | {"status": "done", "class_counts": class_counts}
    record |= found | provenance.of_this_process()
    (folder / "record.json").write_text(json.dumps(specs.as_json(record)), encoding="utf-8")


def fit_and_score(
    job: Mapping[str, Any], X: np.ndarray, y: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Fit a method to training images and score it.

    Returns
    -------
    found : dict
        What the record has of it.
    predictions : dict of str to ndarray
        ``y_true``, ``y_pred`` and, where the model has them, ``proba`` as float16.
    """
    from sklearn.metrics import recall_score

    from equipoise.metrics import summary

    cls = specs.import_class(job["spec"]["class"])
    X_more, y_more, sampler_seconds = samplers.resampled(job, X, y)
    sampler = None
    if specs.takes_sampler(cls):
        sampler, sampler_seconds = samplers.for_meta_estimator(job, X, y)
    model = specs.build(cls, job["spec"]["params"], job["seed"], sampler)
    as_run = {}
    if epochs := same_steps(model, len(y), len(y_more)):
        as_run = {"max_epochs": epochs}
        model.set_params(**as_run)
    X_more = layout.for_classifier(cls, X_more)
    started = time.perf_counter()
    if job["spec"]["tune"]:
        model, chosen = tuned(model, job["spec"]["tune"], X_more, y_more, job["seed"])
        as_run |= chosen
    else:
        model.fit(X_more, y_more)
    fitted = time.perf_counter()

    X_score, y_score = rows.rows_to_score(job)
    X_score = layout.for_classifier(cls, X_score)
    loaded = time.perf_counter()
    y_pred = np.asarray(model.predict(X_score))
    predicted = time.perf_counter()
    predictions = {"y_true": y_score, "y_pred": y_pred}
    if hasattr(model, "predict_proba"):
        predictions["proba"] = np.asarray(model.predict_proba(X_score)).astype(np.float16)
    labels = np.arange(y.max() + 1)
    n_test = np.bincount(y_score, minlength=len(labels))
    recall = recall_score(y_score, y_pred, labels=labels, average=None, zero_division=0)
    found = {
        "spec": job["spec"] | {"as_run": as_run},
        "metrics": summary(y_score, y_pred, y),
        "recall": [r if n else None for r, n in zip(recall.tolist(), n_test, strict=True)],
        "n_test": n_test.tolist(),
        "fit_seconds": round(fitted - started, 3),
        "sampler_seconds": None if sampler_seconds is None else round(sampler_seconds, 3),
        "predict_seconds": round(predicted - loaded, 3),
        **samplers.training_of(model),
    }
    return found, predictions


def same_steps(model: Any, n_real: int, n_resampled: int) -> int | None:
    """Passes over resampled rows that are as many steps as the model's over the real ones.

    None where there is nothing to change.
    """
    epochs = model.get_params().get("max_epochs")
    if n_real == n_resampled or not isinstance(epochs, int):
        return None
    return max(1, round(epochs * n_real / n_resampled))


def tuned(
    model: Any, values: dict[str, list[Any]], X: np.ndarray, y: np.ndarray, seed: int
) -> tuple[Any, dict[str, Any]]:
    """The best values by balanced accuracy on a stratified fifth, refitted on all rows.

    Returns
    -------
    model : object
    chosen : dict
        Parameter to value.
    """
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

    split = StratifiedShuffleSplit(1, test_size=VALIDATION_SHARE, random_state=seed)
    search = GridSearchCV(
        model, values, scoring="balanced_accuracy", cv=split, error_score="raise"
    ).fit(X, y)
    return search.best_estimator_, search.best_params_


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read(), whose lock Python wants at exit
    os._exit(1)


if __name__ == "__main__":
    main()
