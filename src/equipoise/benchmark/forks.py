"""A process that loads the libraries once and forks a process for every job: POSIX only.

    python -m equipoise.benchmark.forks

Each line on stdin is a JSON list of a folder and a job; the answer on stdout is a line with the
exit code of its process, negative for a signal. Loading takes seconds, most jobs on tables less.
Nothing but imports may happen here: a fork takes no threads along, nor what they hold.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from . import job as jobs
from . import specs

# What jobs on tables import while they run; torch's optimisers import torch._dynamo.
LIBRARIES = (
    *("torch", "torch._dynamo", "imblearn.over_sampling", "sklearn.model_selection"),
    *("equipoise.evaluation", "equipoise.metrics", "equipoise.benchmark.one_hot"),
)


def main() -> None:
    """Do the jobs on stdin, one after the other, each in a fork."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for name in LIBRARIES:
        import_module(name)
    for line in iter(sys.stdin.readline, ""):
        folder, job = json.loads(line)
        _import_for(job)
        gc.freeze()  # or collecting garbage would copy every page of the libraries
        child = os.fork()
        if child == 0:
            answers.close()  # or nobody would see that this process has died
            _carry_out(job, Path(folder))
        _, status = os.waitpid(child, 0)
        try:
            print(os.waitstatus_to_exitcode(status), file=answers, flush=True)
        except BrokenPipeError:  # the parent is no more
            os._exit(1)


def _import_for(job: dict[str, Any]) -> None:
    """What the job imports first, for the next ones too; its own process finds what fails."""
    for made_of in (job["spec"], job["spec"].get("sampler")):
        try:
            specs.import_class(made_of["class"])
        except Exception:
            continue


def _carry_out(job: dict[str, Any], folder: Path) -> NoReturn:
    """In the fork: do the job, and end without what the parent has yet to do."""
    code = 1
    try:
        with (folder / "stderr").open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        import numpy as np

        np.random.seed()  # as in a new process
        jobs.in_own_process(job, folder)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
