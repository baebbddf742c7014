"""A run folder: what was asked for, how far it got, and where its files are."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise import __version__
from equipoise.cli.files import make_folder, write_json

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run folder that a training has left.")
]
Seed = Annotated[
    int, typer.Option(min=0, help="Seed of the training subset and of what is trained on it.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the run that is in the folder.")
]

# Estimator of a run: where it is defined, and the command that trains it.
METHODS = {
    "DGCClassifier": ("equipoise.dgc", "dgc train"),
    "IMSIC": ("equipoise.imsic", "imsic train-gan"),
    "ConvNetClassifier": ("equipoise.classifiers", "imsic train-classifier"),
}
RECORD = "run.json"
FORMAT = 1
PACKAGES = ("torch", "numpy", "scikit-learn", "imbalanced-learn", "pillow")


@dataclass
class Run:
    """A folder with a record, and the names of what else is in it.

    The record's ``status`` is "running" (or killed while it was), "interrupted", "failed",
    "trained" or, once every file is there, "finished".

    Attributes
    ----------
    path : Path
    record : dict
        Content of ``run.json``.
    """

    path: Path
    record: dict[str, Any]

    @property
    def history(self) -> Path:
        """One JSON object per epoch and line."""
        return self.path / "history.jsonl"

    @property
    def checkpoint(self) -> Path:
        """State of the training after its last whole epoch."""
        return self.path / "checkpoint.pt"

    @property
    def model(self) -> Path:
        """Folder of the saved estimator."""
        return self.path / "model"

    @property
    def pictures(self) -> Path:
        """Folder of the figures."""
        return self.path / "pictures"

    @property
    def status(self) -> str:
        """How far it got."""
        return self.record["status"]

    @property
    def method(self) -> str:
        """Class of its estimator."""
        return self.record["settings"]["method"]

    def update(self, **values: Any) -> None:
        """Change the record, in memory and on disk."""
        self.record |= values
        write_json(self.path / RECORD, self.record)

    @classmethod
    def find(cls, path: Path) -> Run | None:
        """The run in this folder; None where the folder is empty or not there.

        Raises
        ------
        ValueError
            There is something else at this path.
        """
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return None
        try:
            record = json.loads((path / RECORD).read_text(encoding="utf-8"))
            if record["format"] != FORMAT or record["settings"]["method"] not in METHODS:
                raise ValueError
            return cls(path, record)
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{path} is not a run: it has no {RECORD}.") from None
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{path} is not a run that equipoise {__version__} can read: its "
                f"{RECORD} is damaged or of another version."
            ) from None

    @classmethod
    def open(cls, path: Path, *methods: str) -> Run:
        """A run with a model of one of these methods.

        Raises
        ------
        ValueError
            There is none at this path.
        """
        run = cls.find(path)
        if run is None:
            raise ValueError(f"{path} is not a run: there is nothing.")
        if run.method not in methods:
            wanted = " or ".join(f"`{METHODS[method][1]}`" for method in methods)
            raise ValueError(
                f"{path} is a run of `{METHODS[run.method][1]}`. Name one of {wanted}."
            )
        if not run.model.is_dir():
            raise ValueError(
                f"{path} has no model yet (it is {run.status}). Run its "
                f"`{METHODS[run.method][1]}` again first."
            )
        return run

    def load_model(self) -> Any:
        """The saved estimator."""
        home, _ = METHODS[self.method]
        return getattr(import_module(home), self.method).load(self.model)

    @classmethod
    def create(cls, path: Path, settings: dict[str, Any], **details: Any) -> Run:
        """Start the folder of a new run."""
        make_folder(path)
        run = cls(path, {"format": FORMAT, "status": "running"})
        run.update(
            command=[Path(sys.argv[0]).name, *sys.argv[1:]],
            started=now(),
            settings=settings,
            versions={"equipoise": __version__, "python": platform.python_version()}
            | {name: version(name) for name in PACKAGES}
            | {"platform": platform.platform()},
            **details,
        )
        return run

    def clear(self) -> None:
        """Delete what a run leaves behind, and the folder if it is empty then."""
        (self.path / RECORD).unlink()  # first: what remains if this breaks off is no run
        for folder in (self.model, self.pictures, self.path / "evaluations"):
            shutil.rmtree(folder, ignore_errors=True)
        results = (
            self.path / name for name in ("metrics.json", "confusion.csv", "predictions.npz")
        )
        for file in (self.history, self.checkpoint, *results):
            file.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()


def now() -> str:
    """The time, for the record."""
    return datetime.now(UTC).isoformat(timespec="seconds")
