"""Folders with a model of a table: what it is as JSON, and itself as joblib stores it.

Classifiers of other libraries can only be pickled. Loading such a file runs code from it, so it
must come from a source that one trusts. What can be checked without it is checked first.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.atomic import replacing
from equipoise.runs.files import write_json

if TYPE_CHECKING:
    import pandas as pd

    from equipoise.experiments import TreatedClassifier

FORMAT = "equipoise table model 1"
ABOUT, MODEL = "about.json", "model.joblib"
TEXT, BOOL, DATE, NUMBER = "text", "bool", "date", "number"  # how a column is read


def save(path: Path, model: TreatedClassifier, X: pd.DataFrame, about: dict[str, Any]) -> None:
    """Write a fitted model into a new folder.

    Parameters
    ----------
    path : Path
    model : TreatedClassifier
    X : DataFrame
        The rows that it was fitted to.
    about : dict
        What to store beside it.
    """
    import joblib

    with replacing(path) as folder:
        folder.mkdir()
        joblib.dump(model, folder / MODEL, compress=3)
        content = {
            "format": FORMAT,
            **about,
            "columns": {str(name): _how_to_read(column) for name, column in X.items()},
            "versions": _versions(model),
            "digest": _digest(folder / MODEL),
        }
        write_json(folder / ABOUT, content)


def read_about(path: Path) -> dict[str, Any]:
    """What is stored beside a model, which runs no code.

    Raises
    ------
    ValueError
        The folder holds no model that :func:`save` wrote, or a damaged one, or a package that it
        needs is not installed.
    """
    is_ours = f"{path} is no model that equipoise evaluate --save has written"
    try:
        about = json.loads((path / ABOUT).read_text("utf-8"))
        found = about["format"]
    except (OSError, ValueError, TypeError, KeyError):
        raise ValueError(f"{is_ours}. Name its folder.") from None
    if found != FORMAT:
        raise ValueError(f"{is_ours} in this version, but {found!r}. Save it again.")
    if not (path / MODEL).is_file() or _digest(path / MODEL) != about["digest"]:
        raise ValueError(f"{path / MODEL} is missing, damaged or replaced. Save the model again.")
    for name in about["versions"]:
        if name != "python" and _version(name) is None:
            raise ValueError(f"{path} needs the package {name}. Try pip install {name}.")
    return about


def load(path: Path, about: dict[str, Any]) -> TreatedClassifier:
    """Load a model, with a warning where versions differ. This runs code from its file.

    Parameters
    ----------
    path : Path
    about : dict
        As :func:`read_about` returns it.
    """
    changed = [
        f"{name} {then} (now {_version(name)})"
        for name, then in about["versions"].items()
        if then != _version(name)
    ]
    if changed:
        warnings.warn(
            f"{path} was saved with {', '.join(changed)}. It may predict differently, or fail.",
            stacklevel=2,
        )
    import joblib

    return joblib.load(path / MODEL)


def _how_to_read(column: pd.Series) -> str:
    from pandas.api import types

    from equipoise.columns import is_categorical

    if is_categorical(column):
        return BOOL if types.infer_dtype(column, skipna=True) == "boolean" else TEXT
    return DATE if types.is_datetime64_any_dtype(column) else NUMBER


def _versions(model: TreatedClassifier) -> dict[str, str | None]:
    """Versions of Python and of the packages whose classes are in the file."""
    boosting = type(getattr(model.classifier, "estimator", None)).__module__.partition(".")[0]
    names = ["python", "equipoise", "scikit-learn", "imbalanced-learn", "pandas", "numpy"]
    more = [name for name in ("catboost", "lightgbm", "xgboost") if name == boosting]
    return {name: _version(name) for name in names + more}


def _version(name: str) -> str | None:
    if name == "python":
        import platform

        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
