"""Processes for jobs: one for each, so that a failing job does not affect the others."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from . import provenance

LOST = 255  # exit code of a fork whose parent has died
LAST_LINES = 12  # of stderr, for the record of a job that failed
# What jobs import, so that it is loaded once and not in every process; loading takes seconds.
PRELOADED = [
    *("torch", "imblearn.over_sampling", "sklearn.model_selection"),
    *("equipoise.experiments.job", "equipoise.experiments.classifiers", "equipoise.cli"),
]


class JobOutcome(NamedTuple):
    """The result of a job.

    Attributes
    ----------
    record : dict
    predictions : bytes or None
        Content of an npz file.
    """

    record: dict[str, Any]
    predictions: bytes | None


class Children:
    """Processes that are running, and can all be ended at once.

    A script that uses this needs the usual ``if __name__ == "__main__":`` around its code.

    Parameters
    ----------
    threads : int
        For linear algebra in each of them.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        # Forks of a process that has loaded the libraries and nothing else, where there are forks.
        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        self._context: Any = get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(PRELOADED)
        self._lock = threading.Lock()
        self._running: set[Any] = set()
        self._ended = False

    def run(self, target: Callable[..., None], *args: Any) -> str:
        """Call a function in a process of its own and wait for it.

        Parameters
        ----------
        target : callable
            Found by its name in an importable module.
        *args
            Can be pickled.

        Returns
        -------
        str
            Empty, or why the process failed: the last lines that it printed, and the signal if
            one killed it.
        """
        with TemporaryDirectory(prefix="equipoise-") as folder:
            printed = Path(folder) / "printed"
            with self._lock:
                if self._ended:
                    raise RuntimeError("The run has been ended.")
                call = (target, args, printed, self._threads)
                process = self._context.Process(target=_call, args=call)
                process.start()
                self._running.add(process)
            connection.wait([process.sentinel])
            with self._lock:  # a start looks after processes that have ended, too
                process.join()
                self._running.discard(process)
            _kill(process)  # what it may have started, and itself where its exit code is lost
            said = printed.read_text(encoding="utf-8", errors="replace") if printed.exists() else ""
        return _error(int(process.exitcode), said)

    def end(self) -> None:
        """Kill all processes and start no more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


@contextmanager
def workers(n: int) -> Iterator[tuple[ThreadPoolExecutor, Children]]:
    """Start up to ``n`` processes at a time from threads; all end with the block.

    Each has an equal part of the cores.
    """
    children = Children(max(1, cores() // n))
    with ThreadPoolExecutor(n) as pool:
        try:
            yield pool, children
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            children.end()  # after Ctrl-C; otherwise there are none left


def perform(job: Mapping[str, Any], children: Children) -> JobOutcome:
    """Do a job in a process of its own and wait for it.

    Returns
    -------
    JobOutcome
        Also of a job that failed or was killed; its record has the last lines that it printed.
    """
    from .job import carry_out

    with TemporaryDirectory(prefix="equipoise-") as name:
        error = children.run(carry_out, job, Path(name))
        return outcome_in(Path(name), job, error)


def perform_by_command(job: Mapping[str, Any]) -> JobOutcome:
    """Do a job by a command, because workers of Dask may not start processes in another way."""
    with TemporaryDirectory(prefix="equipoise-") as name:
        command = [sys.executable, "-m", "equipoise.experiments.processes", name]
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, start_new_session=True, text=True, **pipe) as process:  # type: ignore[call-overload]
            # stdin stays open until the process has ended: its end is the end of this worker.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
            said = process.stdout.read()
        return outcome_in(Path(name), job, _error(process.returncode, said))


def outcome_in(folder: Path, job: Mapping[str, Any], error: str) -> JobOutcome:
    """The result that a job has written into its folder, or a record of its failure."""
    if error:
        return JobOutcome(provenance.failed_record(job, error), None)
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    predictions = folder / "predictions.npz"
    return JobOutcome(record, predictions.read_bytes() if predictions.exists() else None)


def limit_threads(n: int) -> None:
    """Limit linear algebra in this process to ``n`` threads."""
    from threadpoolctl import threadpool_limits

    os.environ["OMP_NUM_THREADS"] = str(n)  # for what is loaded later
    threadpool_limits(n)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(n)


def cores() -> int:
    """Threads for all processes together: ``OMP_NUM_THREADS``, otherwise the available cores."""
    if told := os.environ.get("OMP_NUM_THREADS"):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _call(target: Callable[..., None], args: tuple[Any, ...], printed: Path, threads: int) -> None:
    """Call the function in the new process, after preparing the process for it."""
    import numpy as np

    if hasattr(os, "setsid"):
        os.setsid()  # so that it can be killed with what it starts
    parent = parent_process()
    assert parent is not None
    _be_a_child(parent.join)
    with printed.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    np.random.seed()  # a fork has the random numbers of its siblings
    limit_threads(threads)
    target(*args)
    sys.stdout.flush()


def _be_a_child(wait_for_parent: Callable[[], Any]) -> None:
    """Ignore Ctrl-C, which the parent handles, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        wait_for_parent()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _kill(process: Any) -> None:
    """Kill a process and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError, ValueError):
        process.kill()


def _error(code: int, said: str) -> str:
    """Why a process failed: the last lines that it printed, and the signal that killed it."""
    if code == 0:
        return ""
    lines = said.strip().splitlines()[-LAST_LINES:]
    if code < 0:
        memory = " (out of memory?)" if -code == signal.SIGKILL else ""
        lines.append(f"killed by {signal.Signals(-code).name}{memory}")
    elif code == LOST:
        lines.append("lost together with the process that it was forked from (out of memory?)")
    return "\n".join(lines or [f"ended with exit code {code}"])


def main() -> None:
    """Do the job that a line of JSON on stdin describes, in the folder that is the argument."""
    from .job import carry_out

    job = json.loads(sys.stdin.readline())
    _be_a_child(lambda: os.read(sys.stdin.fileno(), 1))  # not sys.stdin.read, which has a lock
    carry_out(job, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
