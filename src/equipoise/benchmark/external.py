"""Samplers that run elsewhere: their training parts as files, and which jobs wait for their rows.

A program of another environment finds in the folder of a sampler ``train-FOLD.csv`` with the class
last for every fold, and ``request.json``: ``params`` of the experiment file, ``categorical``
columns, ``folds`` and ``seed``. It leaves what :mod:`equipoise.benchmark.stored_rows` reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equipoise.atomic import write_text
from equipoise.evaluation.columns import categorical_columns

from . import cross_validation, samplers, specs, stored_rows, tables

Job = dict[str, Any]


def waits(job: Job) -> bool:
    """Whether a job's rows are to be made elsewhere, and are not there."""
    sampler = job["spec"]["sampler"]
    if sampler is None or sampler["class"] != specs.EXTERNAL:
        return False
    return not samplers.is_there(job, sampler)


def hand_out(jobs: Sequence[Job]) -> list[Path]:
    """Write what the programs need that these jobs wait for.

    Returns
    -------
    list of Path
        Folders of the samplers, each once.
    """
    folders = {samplers.saved_at(job, job["spec"]["sampler"]): job for job in jobs}
    for folder, job in folders.items():
        folder.mkdir(parents=True, exist_ok=True)
        X, y = tables.load_table(job["dataset"])
        n_folds, seed = job["protocol"]["folds"], job["seed"]
        for fold, (rows, _) in enumerate(cross_validation.split(y, n_folds, seed)):
            stored_rows.write_table(folder / f"train-{fold}.csv", X.iloc[rows], y[rows])
        request = {
            "params": job["spec"]["sampler"]["params"],
            "categorical": X.columns[categorical_columns(X)].tolist(),
            "folds": n_folds,
            "seed": seed,
        }
        write_text(folder / "request.json", json.dumps(request))
    return list(folders)
