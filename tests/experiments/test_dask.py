"""Jobs on a Dask scheduler with two workers, one of which is killed with a job on it."""

import builtins
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from equipoise.errors import InvalidParameterError
from equipoise.experiments import read_records, run

JOBS = """
[methods.stalls]
class = "fakes.Stalls"
params = {{ marker = "{marker}" }}
"""


@pytest.fixture
def cluster(tmp_path, fakes_are_found):
    """Address of a scheduler, and the processes of its two workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    here = ["--host", "127.0.0.1"]
    alone = ["--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path)]
    commands = [
        ["distributed.cli.dask_scheduler", *here, "--port", "0"],
        *[["distributed.cli.dask_worker", *here, *alone]] * 2,
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", *command, *common],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    while not file.exists():
        assert processes[0].poll() is None
        time.sleep(0.05)
    yield json.loads(file.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_killed_worker_loses_nothing(cluster, experiment, predictions, tmp_path, request):
    from distributed import Client

    address, workers = cluster
    with Client(address) as client:
        client.wait_for_workers(2, timeout=300)
    killed = []

    def kill_the_worker():
        while not (tmp_path / "marker").exists():
            time.sleep(0.05)
        killed.append(json.loads((tmp_path / "marker").read_text())["parent"])
        os.kill(killed[0], signal.SIGKILL)

    murder = threading.Thread(target=kill_the_worker, daemon=True)
    murder.start()
    here = experiment(JOBS.format(marker=tmp_path / "marker"), "stalls")
    run(here, seeds=[1, 2, 3], scheduler=address)
    murder.join()
    assert killed[0] in [worker.pid for worker in workers]

    records = read_records(tmp_path / "results/tiny")
    assert [(r["seed"], r["status"], r["attempt"]) for r in records] == [
        (1, "done", 1),
        (2, "done", 1),
        (3, "done", 1),
    ]
    request.getfixturevalue("at_once")  # from here on in this process
    run(here, seeds=[1, 2, 3], results=tmp_path / "local")
    for remote, local in zip(records, read_records(tmp_path / "local/tiny"), strict=True):
        assert remote["metrics"] == local["metrics"] and remote["spec"] == local["spec"]
        theirs, ours = predictions(remote), predictions(local, "local/tiny")
        for name in ("y_true", "y_pred", "proba"):
            np.testing.assert_array_equal(theirs[name], ours[name])


def test_without_dask(experiment, monkeypatch):
    load = builtins.__import__

    def missing(name, *given, **named):
        if name == "distributed":
            raise ImportError
        return load(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InvalidParameterError, match=r"equipoise\[distributed\]"):
        run(experiment(), scheduler="tcp://127.0.0.1:1")


def test_no_scheduler_there(experiment, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("equipoise.experiments.runner.SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(ConnectionError, match="dask scheduler"):
        run(experiment(), scheduler="tcp://127.0.0.1:1")
