"""Samplers that run in other environments: files for them, and the jobs that wait for their rows.

In the folder of such a sampler, its program finds ``train-FOLD.csv`` for every fold, with the class
in the last column, and ``request.json`` with ``params`` of the experiment file, the ``categorical``
columns, ``folds`` and ``seed``. It leaves files of synthetic rows as in
:mod:`equipoise.experiments.treatments.row_files`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from equipoise.atomic import write_text

from . import specs, splits, tables
from .columns import categorical_columns
from .plan import Job
from .treatments import row_files, trained


def waits(job: Job) -> bool:
    """Whether another program has to make the rows of a job, and has not done so."""
    sampler = job["spec"]["sampler"]
    if sampler is None or sampler["class"] != specs.EXTERNAL:
        return False
    return not trained.is_trained(job, sampler)


def hand_out(jobs: Sequence[Job]) -> list[Path]:
    """Write the files that the programs need which these jobs wait for.

    Returns
    -------
    list of Path
        Folders of the samplers, each once.
    """
    folders = {trained.folder_of(job, job["spec"]["sampler"]): job for job in jobs}
    for folder, job in folders.items():
        folder.mkdir(parents=True, exist_ok=True)
        X, y, _ = tables.of_job(job)
        n_folds, seed = job["protocol"]["folds"], job["seed"]
        for fold, (rows, _) in enumerate(splits.stratified_folds(y, n_folds, seed)):
            row_files.write_table(folder / f"train-{fold}.csv", X.iloc[rows], y[rows])
        request = {
            "params": job["spec"]["sampler"]["params"],
            "categorical": X.columns[categorical_columns(X)].tolist(),
            "folds": n_folds,
            "seed": seed,
        }
        write_text(folder / "request.json", json.dumps(request))
    return list(folders)
