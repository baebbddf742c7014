"""A job's own process: started here or on a Dask worker, and its outcome as one value."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from . import provenance

LAST_LINES = 12  # of stderr, for the record of a job that failed


class Outcome(NamedTuple):
    """What a job leaves.

    Attributes
    ----------
    record : dict
    predictions : bytes or None
        Content of an npz file.
    """

    record: dict[str, Any]
    predictions: bytes | None


class Children:
    """The processes of running jobs, to be ended at once, and those that wait to fork for more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False
        self._idle: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start a process, unless all have been ended."""
        with self._lock:
            if self._ended:
                raise RuntimeError("the run has been ended")
            # A session of its own, so that it can be ended with what it has forked.
            process = subprocess.Popen(command, start_new_session=True, **how)
            self._running.add(process)
            return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Leave out a process that has ended by itself."""
        with self._lock:
            self._running.discard(process)

    def lend(self) -> subprocess.Popen[bytes] | None:
        """A process that waits for a job, if there is one."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give_back(self, process: subprocess.Popen[bytes]) -> None:
        """Keep a process that waits for its next job."""
        with self._lock:
            self._idle.append(process)

    def end(self) -> None:
        """Kill all processes and start no more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)
                process.wait()


def perform(
    job: Mapping[str, Any], threads: int | None = None, children: Children | None = None
) -> Outcome:
    """Do a job in a process of its own and wait for it.

    Parameters
    ----------
    job : dict
    threads : int, default=None
        For linear algebra; None leaves it to the environment.
    children : Children, default=None
        Whom to tell of the process. With it, jobs on tables are forked from processes that stay.

    Returns
    -------
    Outcome
        Also of a job that failed or was killed; its record has the last lines of stderr.
    """
    limit = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    forks = children is not None and "folds" in job["protocol"] and hasattr(os, "fork")
    children = children or Children()
    with TemporaryDirectory(prefix="equipoise-") as name:
        do = _by_fork if forks else _by_itself
        code = do(job, Path(name), {**os.environ, **limit}, children)
        if code != 0:
            said = (Path(name) / "stderr").read_text(encoding="utf-8", errors="replace")
            return Outcome(provenance.failed_record(job, _error(code, said)), None)
        return outcome_in(Path(name))


def _by_itself(
    job: Mapping[str, Any], folder: Path, environment: dict[str, str], children: Children
) -> int:
    """Exit code of a new process for the job; stdin stays open, which tells that we are here."""
    with (folder / "stderr").open("wb") as errors:
        process = children.start(
            [sys.executable, "-m", "equipoise.benchmark.job", str(folder)],
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            env=environment,
        )
    try:
        _tell(process, job)
        return process.wait()
    finally:
        _close(process)
        children.forget(process)


def _by_fork(
    job: Mapping[str, Any], folder: Path, environment: dict[str, str], children: Children
) -> int:
    """Exit code of the job's process, forked by one that has loaded the libraries."""
    with (folder / "stderr").open("wb") as errors:
        process = children.lend() or children.start(
            [sys.executable, "-m", "equipoise.benchmark.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
    assert process.stdout
    _tell(process, [str(folder), job])
    if answer := process.stdout.readline():
        children.give_back(process)
        return int(answer)
    code = process.wait()  # it was killed itself
    _close(process)
    children.forget(process)
    return code or 1


def outcome_in(folder: Path) -> Outcome:
    """What a job has left in its folder."""
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    predictions = folder / "predictions.npz"
    return Outcome(record, predictions.read_bytes() if predictions.exists() else None)


def _tell(process: subprocess.Popen[bytes], what: Any) -> None:
    assert process.stdin
    with contextlib.suppress(BrokenPipeError):  # it has ended before: its exit code tells
        process.stdin.write(json.dumps(what).encode() + b"\n")
        process.stdin.flush()


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it has forked."""
    if hasattr(os, "killpg") and process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _error(code: int, said: str) -> str:
    """Why a process ended: the end of what it said, or the signal that killed it."""
    lines = said.strip().splitlines()[-LAST_LINES:]
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if -code == signal.SIGKILL else ""
        lines.append(f"killed by {name}{memory}")
    return "\n".join(lines or [f"ended with exit code {code}"])
