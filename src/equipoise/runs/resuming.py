"""Continuing a run: whether the folder holds a run of the same settings and the same data."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from equipoise.runs.data import DataChoice
from equipoise.runs.run import CLEARED, Run

UNCHANGED = ("fingerprint", "test_fingerprint", "class_names")  # of the data of one run
INSIDE = "Name another place with --out."
REMEDY = "Pass --overwrite to start again, or another folder with --out."


def same_run(path: Path, settings: dict[str, Any], overwrite: bool) -> Run | None:
    """The run of the same settings in this folder, finished or not; None to start a new one.

    A run that was stopped in its first epoch is started again.

    Raises
    ------
    ValueError
        The folder holds a run of other settings, or files that are no run.
    """
    run = Run.find(path)
    if run is None or overwrite or run.status == CLEARED:
        return None
    if not (run.checkpoint.exists() or run.model.exists()):
        return None
    there, here = (
        {**values, **values["parameters"]}
        for values in (run.record["settings"], json.loads(json.dumps(settings)))
    )
    differences = [
        f"{name} is {there.get(name)!r} there and {here.get(name)!r} here"
        for name in dict.fromkeys([*there, *here])
        if there.get(name) != here.get(name)
        and name not in ("parameters", "device")  # a run may move to another machine
    ]
    if differences:
        raise ValueError(
            f"{path} holds a run with other settings: {'; '.join(differences)}. {REMEDY}"
        )
    return run


def resumable(path: Path, settings: dict[str, Any], overwrite: bool) -> Run | None:
    """The unfinished run of the same settings in this folder; None to start a new one.

    Raises
    ------
    ValueError
        The folder holds a finished run, one of other settings, or files that are no run.
    """
    run = same_run(path, settings, overwrite)
    if run is not None and run.status == "finished":
        raise ValueError(f"{path} holds this run, which is finished. {REMEDY}")
    return run


def begin(run: Run | None, path: Path, settings: dict[str, Any], about: dict[str, Any]) -> Run:
    """Continue the run, or if it is None, start one in place of the old run in the folder.

    Parameters
    ----------
    run : Run or None
        From :func:`resumable`.
    path : Path
    settings : dict
        Method, data, protocol, seed and parameters; the device may differ from the one before.
    about : dict
        What :func:`equipoise.runs.data.describe` says of the data.

    Raises
    ------
    ValueError
        The data have changed since the run was started, another process is training the run, or
        the run folder would be one of the class folders of the data.
    """
    source = about["source"]
    if source["dataset"] == "folder" and path.resolve().is_relative_to(source["data_dir"]):
        raise ValueError(
            f"{path} lies inside {source['data_dir']}, where it would be taken for a "
            f"class. {INSIDE}"
        )
    if old := run or Run.find(path):
        old.hold().release()  # raises an error while another process is training it
    if run is None:
        if old:
            old.clear()
        return Run.create(path, settings, data=about)
    check_same_data(run, about)
    run.update(settings=settings)
    return run


def check_same_data(run: Run, about: Mapping[str, Any]) -> None:
    """Refuse data that have changed since the run was started, in the entries of ``about``.

    Raises
    ------
    ValueError
        The data have changed.
    """
    known = run.record["data"]
    if any(known[name] != about[name] for name in UNCHANGED if name in about):
        raise ValueError(f"The data are no longer those that {run.path} was started with. {REMEDY}")


def warn_of_changes(run: Run, choice: DataChoice, digest: str) -> None:
    """Warn if the run's own test images now have this digest and had another before."""
    about = run.record["data"]
    own = DataChoice.from_dict(about["source"])
    is_own = (choice.dataset, choice.folder) == (own.dataset, own.folder)
    if is_own and digest != about["test_fingerprint"]:
        warnings.warn(
            f"The images of {run.path} have changed since the training: a few of the test "
            "images may be images that it was trained on.",
            stacklevel=2,
        )
