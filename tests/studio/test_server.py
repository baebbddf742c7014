"""The process: its address, its lock, its end, and what a killed one leaves."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from equipoise.imsic import IMSIC

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")


class Studio:
    """A studio in a process of its own, and a page that asks it."""

    def __init__(self, runs, *options):
        words = [sys.executable, "-m", "equipoise", "studio", "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(
            [*words, "--runs", str(runs), *options], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr.readline().startswith("starting")
        line = self.process.stderr.readline()
        self.address = line.split()[4] if "http" in line else line

    def ask(self, request_name, /, **body):
        request = urllib.request.Request(
            f"{self.address}/api/{request_name}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Page": "test"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            found = json.load(response)
        assert "error" not in found, found
        return found["answer"]

    def state(self):
        with urllib.request.urlopen(f"{self.address}/api/state", timeout=30) as response:
            return json.load(response)["answer"]

    def wait_for_epoch(self, epoch):
        for _ in range(600):
            if (self.ask("progress") or {}).get("epoch", 0) >= epoch:
                return
            time.sleep(0.1)
        raise AssertionError("no epoch in a minute")

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stderr.close()


@pytest.fixture
def start():
    studios = []

    def start(*arguments):
        studios.append(Studio(*arguments))
        return studios[-1]

    yield start
    for one in studios:
        one.kill()


def test_killed_continued_and_ended(start, tmp_path):
    runs = tmp_path / "runs"
    first = start(runs)
    assert first.address.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.HTTPError, match="421"):
        request = urllib.request.Request(f"{first.address}/", headers={"Host": "evil.example"})
        urllib.request.urlopen(request, timeout=10)
    assert "Another studio has" in start(runs).address
    first.ask("open", kind="builtin", name="digits")
    first.ask("train", epochs=100, n_codes=1)
    first.wait_for_epoch(1)
    first.kill()

    # The lock is free, and the training goes on.
    second = start(runs)
    [run] = [s["name"] for s in second.ask("sources") if s["kind"] == "run"]
    second.ask("open", kind="run", name=run)
    assert second.state()["job"]["running"]
    second.wait_for_epoch(2)
    before = time.monotonic()
    second.process.send_signal(signal.SIGINT)
    second.process.wait(30)
    assert time.monotonic() - before < 10  # two seconds, on a machine that is not busy
    record = json.loads((runs / "imsic-digits-1" / "run.json").read_text())
    if record["status"] == "interrupted":  # else there was no time, and the checkpoint is kept
        assert len(IMSIC.load(runs / "imsic-digits-1" / "model").history_) >= 2
    assert (runs / "imsic-digits-1" / "checkpoint.pt").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "--password"),
        (("nowhere",), "does not exist"),
        (("table.csv.gz",), "not compressed"),
    ],
)
def test_mistakes(call_studio, options, words):
    assert words in call_studio(*options)


def test_a_missing_extra_is_named(call_studio, monkeypatch):
    from equipoise.cli import studio

    monkeypatch.setattr(studio, "find_spec", lambda name: None)
    assert "pip install 'equipoise[studio]'" in call_studio()


@pytest.fixture
def call_studio(tmp_path, capfd, monkeypatch):
    from equipoise.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv.gz").touch()

    def call(*options):
        with pytest.raises(SystemExit) as exit:
            main(["studio", "--no-browser", *options])
        assert exit.value.code == 2
        return capfd.readouterr().err

    return call
