"""One job: fit, and only then load the rows to score, predict, and write the record.

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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import (
    cross_validation,
    fitting,
    layout,
    provenance,
    rows,
    samplers,
    specs,
    table_samplers,
    tables,
)


def main() -> None:
    """Do the job that stdin describes; leave ``record.json`` and ``predictions.npz``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    in_own_process(json.loads(sys.stdin.readline()), Path(sys.argv[1]))


def in_own_process(job: Mapping[str, Any], folder: Path) -> None:
    """Do a job in a process that is for nothing else: end with the parent, and heed its threads."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if job["spec"]["class"] != specs.EXTERNAL:
        specs.import_class(job["spec"]["class"])
    torch, limit = sys.modules.get("torch"), os.environ.get("OMP_NUM_THREADS")
    if torch and limit:  # it would heed MKL_NUM_THREADS first
        torch.set_num_threads(int(limit))
    carry_out(job, folder)


def carry_out(job: Mapping[str, Any], folder: Path) -> None:
    """Do a job in this process.

    Parameters
    ----------
    job : dict
        As :func:`equipoise.benchmark.plan.jobs_of` makes them.
    folder : Path
        Where ``record.json`` and, for a method, ``predictions.npz`` go.
    """
    found: dict[str, Any]
    predictions: dict[str, np.ndarray] | None = None
    on_folds, sampler = "folds" in job["protocol"], layout.sampler_of(job["method"])
    if on_folds:
        X, y = tables.load_table(job["dataset"])
        if sampler:
            found = table_samplers.train(job, X, y)
        else:
            found, predictions = cross_validation.fit_and_score(job, X, y)
    else:
        X, y = rows.training_rows(job)
        if sampler:
            _, about = samplers.trained(job, {"name": sampler, **job["spec"]}, X, y)
            found = {"spec": job["spec"], **about}
        else:
            found, predictions = fit_and_score(job, X, y)
    if predictions is not None:
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
    X_more = layout.for_classifier(cls, X_more)
    model, as_run, fit_seconds = fitting.fit(
        model, job["spec"], X_more, y_more, len(y), job["seed"]
    )

    X_score, y_score = rows.rows_to_score(job)
    found, predict_seconds = fitting.predict(model, layout.for_classifier(cls, X_score))
    predictions = {"y_true": y_score, **found}
    if "proba" in predictions:
        predictions["proba"] = predictions["proba"].astype(np.float16)
    labels = np.arange(y.max() + 1)
    n_test = np.bincount(y_score, minlength=len(labels))
    y_pred = predictions["y_pred"]
    recall = recall_score(y_score, y_pred, labels=labels, average=None, zero_division=0)
    return {
        "spec": job["spec"] | {"as_run": as_run},
        "metrics": summary(y_score, y_pred, y),
        "recall": [r if n else None for r, n in zip(recall.tolist(), n_test, strict=True)],
        "n_test": n_test.tolist(),
        "fit_seconds": round(fit_seconds, 3),
        "sampler_seconds": None if sampler_seconds is None else round(sampler_seconds, 3),
        "predict_seconds": round(predict_seconds, 3),
        **samplers.training_of(model),
    }, predictions


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read(), whose lock Python wants at exit
    os._exit(1)


if __name__ == "__main__":
    main()
