"""Commands that torchrun starts in several processes."""

import json
import os
import socket
import subprocess
import sys

import pytest


def environment(rank, port=0):
    """What torchrun tells one of two processes."""
    known = {"TORCHELASTIC_RUN_ID": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return known | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}


@pytest.mark.parametrize("command", [("dgc", "train"), ("imsic", "train-gan")])
def test_two_processes_write_one_run(command, tmp_path):
    tiny = ("--dataset", "digits", "--max-epochs", "1", "--batch-size", "150", "--device", "cpu")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "equipoise", *command, *tiny, "--out", tmp_path / "run"],
            env=os.environ | environment(rank, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    (out, err), silence = (process.communicate(timeout=300) for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert out and err.count("epoch   1/1") == 1
    assert silence == ("", "")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "finished"
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_other_commands_are_refused_once(rank, call, monkeypatch):
    for name, value in environment(rank).items():
        monkeypatch.setenv(name, value)
    answer = call("dgc", "evaluate", "run")
    message = (
        "error: torchrun can start `dgc train` and `imsic train-gan` alone. Start this command "
        "without torchrun.\n"
    )
    assert (answer.code, answer.out, answer.err) == (2, "", "" if rank else message)
