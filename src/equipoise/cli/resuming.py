"""Going on with a run: whether what is in its folder is the same one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from equipoise.cli.data import DataChoice
from equipoise.cli.runs import Run

SAME = ("fingerprint", "test_fingerprint", "class_names")  # of the data of one run
REMEDY = "Pass --overwrite to start anew, or another folder with --out."


def same_run(path: Path, settings: dict[str, Any], overwrite: bool) -> Run | None:
    """The run of the same settings at this path, finished or not; None to start anew.

    A run that did not get through its first epoch has nothing to lose and is started anew.

    Raises
    ------
    ValueError
        A run of other settings is there, or no run at all.
    """
    run = Run.find(path)
    if run is None or overwrite or not (run.checkpoint.exists() or run.model.exists()):
        return None
    differences = [
        f"{name} is {there!r} there and {here!r} here"
        for name, there, here in _differences(run.record["settings"], settings)
        if name != "device"  # one may move on to another machine
    ]
    if differences:
        raise ValueError(
            f"{path} holds a run with other settings: {'; '.join(differences)}. {REMEDY}"
        )
    return run


def resumable(path: Path, settings: dict[str, Any], overwrite: bool) -> Run | None:
    """As :func:`same_run`, for a run to go on with.

    Raises
    ------
    ValueError
        A finished run is there, or one of other settings, or no run at all.
    """
    run = same_run(path, settings, overwrite)
    if run is not None and run.status == "finished":
        raise ValueError(f"{path} holds this run, finished. {REMEDY}")
    return run


def begin(run: Run | None, path: Path, settings: dict[str, Any], about: dict[str, Any]) -> Run:
    """Go on with the run, or where it is None start one in place of what is there.

    Parameters
    ----------
    run : Run or None
        From :func:`resumable`.
    path : Path
    settings : dict
        What was asked for; the device may be another than before.
    about : dict
        What :func:`equipoise.cli.data.describe` says of the data.

    Raises
    ------
    ValueError
        The data are others than those that the run was started with, or the run would lie among
        its class folders.
    """
    source = about["source"]
    if source["dataset"] == "folder" and path.resolve().is_relative_to(source["data_dir"]):
        raise ValueError(
            f"{path} lies inside of {source['data_dir']}, where it would be taken for a class. "
            "Name another place with --out."
        )
    if run is None:
        if old := Run.find(path):
            old.clear()
        return Run.create(path, settings, data=about)
    check_same_data(run, about)
    run.update(settings=settings)
    return run


def check_same_data(run: Run, about: Mapping[str, Any]) -> None:
    """Refuse other data than those that the run was started with, as far as ``about`` says.

    Raises
    ------
    ValueError
        They are others.
    """
    known = run.record["data"]
    if any(known[name] != about[name] for name in SAME if name in about):
        raise ValueError(f"The data are no longer those that {run.path} was started with. {REMEDY}")


def warn_of_changes(run: Run, choice: DataChoice, digest: str) -> None:
    """Warn where test images of this digest are the run's own and others than they were."""
    about = run.record["data"]
    own = DataChoice.from_dict(about["source"])
    is_own = (choice.dataset, choice.folder) == (own.dataset, own.folder)
    if is_own and digest != about["test_fingerprint"]:
        warnings.warn(
            f"The images of {run.path} have changed since: a few of the test images may be "
            "images that it was trained on.",
            stacklevel=2,
        )


def _differences(
    there: dict[str, Any], here: dict[str, Any], prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    """Names and both values of what differs, compared as JSON holds it."""
    found = []
    for name in dict.fromkeys([*there, *here]):
        one, other = there.get(name), json.loads(json.dumps(here.get(name)))
        if isinstance(one, dict) and isinstance(other, dict):
            found += _differences(one, other)
        elif one != other:
            found.append((name, one, other))
    return found
