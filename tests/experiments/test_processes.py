"""Processes of jobs: each kept apart, and what kills and interruptions leave of them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from equipoise.experiments import read_records, run

NEEDS_FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
ON_FOLDS = """
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
params = {{ marker = "{marker}" }}
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


@NEEDS_FORKS
def test_jobs_have_a_process_each_and_one_parent(experiment, tmp_path):
    records = run(experiment(NOTES.format(folder=tmp_path), "notes", ON_FOLDS))
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
    experiment(STALLS.format(marker=tmp_path / "marker"), "constant")
    words = ["bench", "run", str(tmp_path / "tiny.toml"), "--seeds", "1"]
    started = subprocess.Popen(
        [sys.executable, "-m", "equipoise", *words, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    waited_for((tmp_path / "marker").exists)
    yield started, json.loads((tmp_path / "marker").read_text())
    started.kill()
    started.communicate()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_after_its_end(command, tmp_path, sent, experiment, at_once):
    started, stalled = command
    stored = tmp_path / "results/tiny/digits/constant/1.1.json"
    told = started.stdout.readline()  # once it is stored
    assert "done 1 of 2  digits constant seed 1: ACSA 0.1" in told
    before = stored.read_bytes()
    os.kill(started.pid, sent)
    said, _ = started.communicate(timeout=120)
    waited_for(lambda: ended(stalled["process"]) and ended(stalled["parent"]))
    if sent == signal.SIGINT:
        assert started.returncode == 130
        assert "interrupted" in said and "Traceback" not in said
    (only,) = read_records(tmp_path / "results/tiny")
    # What was ended with the command is no failure.
    assert (only["treatment"], only["status"]) == ("constant", "done")

    run(experiment(STALLS.format(marker=tmp_path / "marker"), "constant"), seeds=[1])
    assert at_once == ["stalls 1"]
    assert stored.read_bytes() == before


def test_a_killed_job_is_a_failure_and_the_others_go_on(command, tmp_path, experiment, at_once):
    started, stalled = command
    os.kill(stalled["process"], signal.SIGKILL)
    said, _ = started.communicate(timeout=300)
    assert started.returncode == 1
    assert "1 of 2 jobs failed" in said and "killed by SIGKILL (out of memory?)" in said
    waited_for(lambda: ended(stalled["process"]))
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses == {"constant": "done", "stalls": "failed"}
    run(experiment(STALLS.format(marker=tmp_path / "marker"), "constant"), seeds=[1])
    assert at_once == ["stalls 1"]
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses == {"constant": "done", "stalls": "done"}


@NEEDS_FORKS
def test_a_job_is_a_failure_when_its_parent_is_killed(command, tmp_path):
    """The other job may be lost, too; both are run again next time."""
    started, stalled = command
    os.kill(stalled["parent"], signal.SIGKILL)
    said, _ = started.communicate(timeout=300)
    assert started.returncode == 1
    assert "lost together with" in said and "(out of memory?)" in said
    waited_for(lambda: ended(stalled["process"]))
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses["stalls"] == "failed"
