"""Jobs are forked from a process that has loaded the libraries, and kept apart all the same."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from equipoise.experiments import read_records, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")

START = """
datasets = ["sklearn:wine"]
seeds = [1, 2]
reference = "{reference}"
[protocol]
folds = 2
"""
NOTES = """
[methods.fails]
class = "fakes.Fails"
params = {{ remedy = "{folder}/remedy" }}
[methods.notes]
class = "fakes.Notes"
params = {{ log = "{folder}/log" }}
"""
STALLS = """
[methods.stalls]
class = "fakes.Stalls"
params = {{ marker = "{folder}/marker" }}
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
"""


def waited_for(condition, seconds=300):
    """What the condition gives once it gives anything."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return found


def ended(process):
    """Whether there is no process of this number, or only what is left of one."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_jobs_have_a_process_each_and_one_parent(experiment, tmp_path):
    records = run(experiment(NOTES.format(folder=tmp_path), "notes", START))
    noted = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    processes, parents = zip(*noted, strict=True)
    assert len(set(processes)) == 2 and len(set(parents)) == 1
    assert parents[0] != str(os.getpid())
    errors = [r["error"] for r in records if r["treatment"] == "fails"]
    assert len(errors) == 2 and all("RuntimeError: no remedy" in error for error in errors)
    assert all(r["peak_mib"] > 10 for r in records if r["status"] == "done")


@pytest.fixture
def command(experiment, tmp_path):
    """``bench run`` with a job that stalls, and its process and that one's parent."""
    experiment(STALLS.format(folder=tmp_path), "constant", START)
    words = ["bench", "run", str(tmp_path / "tiny.toml"), "--seeds", "1", "--jobs", "2"]
    started = subprocess.Popen(
        [sys.executable, "-m", "equipoise", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    waited_for((tmp_path / "marker").exists)
    yield started, json.loads((tmp_path / "marker").read_text())
    started.kill()
    started.communicate()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_command(command, sent, tmp_path):
    started, stalled = command
    os.kill(started.pid, sent)
    started.communicate(timeout=120)
    waited_for(lambda: ended(stalled["process"]) and ended(stalled["parent"]))
    assert all(r["status"] == "done" for r in read_records(tmp_path / "results/tiny"))


@pytest.mark.parametrize(
    ("victim", "why"), [("process", "killed by SIGKILL"), ("parent", "lost together with")]
)
def test_a_killed_job_is_a_failure_and_the_others_go_on(command, victim, why, tmp_path):
    started, stalled = command
    os.kill(stalled[victim], signal.SIGKILL)
    said, _ = started.communicate(timeout=300)
    assert started.returncode == 1 and why in said and "(out of memory?)" in said
    waited_for(lambda: ended(stalled["process"]))
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses["stalls"] == "failed"
    if victim == "process":  # otherwise the other may be lost, too, and is run again next time
        assert statuses["constant"] == "done"
