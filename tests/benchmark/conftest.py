"""Experiment files of tiny jobs, and jobs without a process where that is not the point."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from equipoise.benchmark import load_experiment, process, provenance

HERE = str(Path(__file__).parent)
LOGISTIC = """
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 20 }
"""
START = """
datasets = ["digits"]
seeds = [1, 2]
reference = "{reference}"
[protocol]
sizes = "published"
"""


@pytest.fixture(autouse=True)
def fakes_are_found(monkeypatch):
    """Here and in the processes of jobs."""
    monkeypatch.syspath_prepend(HERE)
    paths = [HERE, *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Write an experiment file of these methods and load it."""
    monkeypatch.chdir(tmp_path)

    def write(methods=LOGISTIC, reference="logistic", start=START):
        path = tmp_path / "tiny.toml"
        path.write_text(start.format(reference=reference) + methods)
        return load_experiment(path)

    return write


@pytest.fixture
def at_once(monkeypatch):
    """Jobs in this process; gives the names of those that were run."""
    from equipoise.benchmark.job import carry_out

    ran = []

    def here(job, threads=None, children=None):
        ran.append(f"{job['method']} {job['seed']}")
        with TemporaryDirectory() as name:
            try:
                carry_out(job, Path(name))
            except Exception as error:
                return process.Outcome(provenance.failed_record(job, repr(error)), None)
            return process.outcome_in(Path(name))

    monkeypatch.setattr(process, "perform", here)
    return ran


@pytest.fixture
def predictions(tmp_path):
    """Arrays that are stored beside a record."""

    def load(record, folder="results/tiny"):
        name = f"{record['seed']}.{record['attempt']}.npz"
        home = tmp_path / folder / record["dataset"] / record["method"]
        with np.load(home / name) as arrays:
            return dict(arrays)

    return load
