"""Records of jobs without results, and facts about the process that did a job."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("equipoise", "torch", "numpy", "scikit-learn", "imbalanced-learn")
HERE = Path(__file__).parents[1]  # the package


def blank_record(job: Mapping[str, Any]) -> dict[str, Any]:
    """A record with all its keys, and the values that are known before the job runs."""
    from_job = (
        *("experiment", "dataset", "treatment", "classifier", "sampler", "seed", "scored_on"),
        *("treatment_label", "classifier_label", "group", "spec", "protocol"),
    )
    measured = (
        *("error", "classes", "class_counts", "n_test", "metrics", "recall", "fit_seconds"),
        *("sampler_seconds", "predict_seconds", "peak_mib", "n_parameters", "threads"),
        *("history", "folds", "versions", "git"),
    )
    return {key: job[key] for key in from_job} | dict.fromkeys(measured) | {"finished": now()}


def failed_record(job: Mapping[str, Any], error: str) -> dict[str, Any]:
    """Record of a job that failed."""
    return blank_record(job) | {"status": "failed", "error": error}


def of_this_process() -> dict[str, Any]:
    """Versions, commit, threads and peak memory of the process that calls it, at this moment."""
    return {
        "peak_mib": round(peak_mib()),
        "threads": threads(),
        "versions": versions(),
        "git": commit(),
        "finished": now(),
    }


def peak_mib() -> float:
    """Largest resident size of this process so far."""
    try:
        # Linux's ru_maxrss starts with the size of the parent; this one does not.
        with open("/proc/self/status", encoding="ascii") as lines:
            peak = next(line for line in lines if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024
    except (OSError, StopIteration):
        import resource  # not on Windows

        in_bytes = sys.platform == "darwin"
        peak_size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak_size / (2**20 if in_bytes else 2**10)


def threads() -> int:
    """Threads that linear algebra may use here."""
    if torch := sys.modules.get("torch"):
        return int(torch.get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def commit() -> dict[str, Any] | None:
    """Commit of the package, and whether its files differ from it; None outside a repository."""
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return {
        "commit": (_git("rev-parse", "HEAD") or "").strip(),
        "dirty": bool(_git("status", "--porcelain", "--", ".")),
    }


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def now() -> str:
    """The time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
