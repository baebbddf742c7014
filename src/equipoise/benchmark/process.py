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
    """The processes of running jobs, to be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def start(self, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start a process, unless all have been ended."""
        with self._lock:
            if self._ended:
                raise RuntimeError("the run has been ended")
            process = subprocess.Popen(command, **how)
            self._running.add(process)
            return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Leave out a process that has ended by itself."""
        with self._lock:
            self._running.discard(process)

    def end(self) -> None:
        """Kill all processes and start no more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()


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
        Whom to tell of the process.

    Returns
    -------
    Outcome
        Also of a job that failed or was killed; its record has the last lines of stderr.
    """
    children = children or Children()
    limit = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    with TemporaryDirectory(prefix="equipoise-") as name:
        folder = Path(name)
        with (folder / "stderr").open("wb") as errors:
            process = children.start(
                [sys.executable, "-m", "equipoise.benchmark.job", name],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env={**os.environ, **limit},
            )
        try:
            code = _finish(process, job)
        finally:
            children.forget(process)
        if code != 0:
            said = (folder / "stderr").read_text(encoding="utf-8", errors="replace")
            return Outcome(provenance.failed_record(job, _error(code, said)), None)
        return outcome_in(folder)


def outcome_in(folder: Path) -> Outcome:
    """What a job has left in its folder."""
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    predictions = folder / "predictions.npz"
    return Outcome(record, predictions.read_bytes() if predictions.exists() else None)


def _finish(process: subprocess.Popen[bytes], job: Mapping[str, Any]) -> int:
    """Hand the job over and wait; stdin stays open meanwhile, which tells that we are here."""
    assert process.stdin
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it has ended before: its exit code tells
    code = process.wait()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    return code


def _error(code: int, said: str) -> str:
    """Why a process ended: the end of what it said, or the signal that killed it."""
    lines = said.strip().splitlines()[-LAST_LINES:]
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if -code == signal.SIGKILL else ""
        lines.append(f"killed by {name}{memory}")
    return "\n".join(lines or [f"ended with exit code {code}"])
