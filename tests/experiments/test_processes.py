"""Kills and interruptions: of a job, and of the command that runs them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from equipoise.experiments import read_records, run

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


@pytest.fixture
def command(experiment, tmp_path):
    """``bench run`` in a process, with a job that stalls and then one that does not."""
    experiment(STALLS.format(marker=tmp_path / "marker"), "constant")
    words = ["bench", "run", str(tmp_path / "tiny.toml"), "--seeds", "1"]
    started = subprocess.Popen(
        [sys.executable, "-m", "equipoise", *words, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield started
    started.kill()
    started.communicate()


def stalled(tmp_path):
    """The process of the stalling job, once it is there."""
    waited_for((tmp_path / "marker").exists)
    return json.loads((tmp_path / "marker").read_text())["process"]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_after_its_end(command, tmp_path, sent, experiment, at_once):
    child = stalled(tmp_path)
    stored = tmp_path / "results/tiny/digits/constant/1.1.json"
    told = command.stdout.readline()  # once it is stored
    assert "done 1 of 2  digits constant seed 1: ACSA 0.1" in told
    before = stored.read_bytes()
    os.kill(command.pid, sent)
    said, _ = command.communicate(timeout=120)
    waited_for(lambda: ended(child))  # no job outlives the command
    if sent == signal.SIGINT:
        assert command.returncode == 130
        assert "interrupted" in said and "Traceback" not in said
    (only,) = read_records(tmp_path / "results/tiny")
    assert only["treatment"] == "constant"  # what was ended with the command is no failure

    run(experiment(STALLS.format(marker=tmp_path / "marker"), "constant"), seeds=[1])
    assert at_once == ["stalls 1"]
    assert stored.read_bytes() == before


def test_a_killed_job_is_a_failure_and_the_others_go_on(command, tmp_path, experiment, at_once):
    os.kill(stalled(tmp_path), signal.SIGKILL)
    said, _ = command.communicate(timeout=300)
    assert command.returncode == 1
    assert "1 of 2 jobs failed" in said and "killed by SIGKILL (out of memory?)" in said
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses == {"constant": "done", "stalls": "failed"}
    run(experiment(STALLS.format(marker=tmp_path / "marker"), "constant"), seeds=[1])
    assert at_once == ["stalls 1"]
    statuses = {r["treatment"]: r["status"] for r in read_records(tmp_path / "results/tiny")}
    assert statuses == {"constant": "done", "stalls": "done"}
