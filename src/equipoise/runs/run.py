"""A run folder: the settings of a run, how far it has got, and where its files are."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

import equipoise
from equipoise.atomic import PARTIAL, remove
from equipoise.runs.files import make_folder, refuse_ways_out, write_json
from equipoise.stored import require

# Estimator of a run, and the command that trains it.
METHODS = {
    "DGCClassifier": "dgc train",
    "IMSIC": "imsic train-gan",
    "ConvNetClassifier": "imsic train-classifier",
}
# What there is to do with its runs.
USES = {
    "DGCClassifier": "dgc evaluate, dgc generate, dgc predict",
    "IMSIC": "imsic evaluate, imsic sample, imsic traverse, imsic train-classifier",
    "ConvNetClassifier": "imsic evaluate, imsic predict",
}
# Parameters that no command has as options, and why.
NOT_OPTIONS = {
    "sampling_strategy": "an option of train-classifier: the GAN itself adds no images",
    "image_shape": "the data sets hold images, not flat rows",
    "categorical_features": "for tables",
    "allow_missing": "for tables",
    "warm_start": "a run is trained from the start, or from its own checkpoint",
    "random_state": "called --seed",
    "callbacks": "set by the run",
    "verbose": "set by --quiet",
}
RECORD = "run.json"
LOCK = ".lock"  # the system lets it go when the process ends, also when it is killed
HELD_FOR = 1.0  # seconds to wait for it, as whoever asks whether it is held has it for a moment
FORMAT = 1
CLEARED = "cleared"  # status of a run whose files are being deleted
RECORD_FORM = {
    "format": int,
    "status": str,
    "settings": {"method": str, "seed": int, "parameters": dict},
    "data": {
        "source": {"dataset": str},
        "class_names": [str],
        "class_counts": [int],
        "fingerprint": str,
    },
}
RESULTS = ("metrics.json", "confusion.csv", "predictions.npz", "choices.json")


class Run:
    """A folder with a record, and the paths of the files beside it.

    The record's ``status`` is "running" (also after the process was killed),
    "interrupted", "failed", "trained" or, once every file is there, "finished".

    Attributes
    ----------
    path : Path
    record : dict
        Content of ``run.json``.
    history : Path
        File with one JSON object per epoch and line.
    checkpoint : Path
        State of the training after its last whole epoch.
    model : Path
        Folder of the saved estimator.
    start : Path
        Folder of the estimator whose training the run continues, where it does.
    choices : Path
        What a person chose in the studio.
    pictures : Path
        Folder of the figures.
    """

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record
        self.history = path / "history.jsonl"
        self.checkpoint = path / "checkpoint.pt"
        self.model = path / "model"
        self.start = path / "start"
        self.choices = path / "choices.json"
        self.pictures = path / "pictures"

    @property
    def status(self) -> str:
        """How far the run has got."""
        return self.record["status"]

    @property
    def method(self) -> str:
        """Name of the class of the estimator."""
        return self.record["settings"]["method"]

    def hold(self) -> FileLock:
        """Keep other processes from training this run until the lock is released.

        What a killed process has left half-written is deleted.

        Raises
        ------
        ValueError
            Another process is training it.
        """
        lock = FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=HELD_FOR)
        except Timeout:
            raise ValueError(
                f"Another process is training {self.path}. Wait until it has ended, or stop it."
            ) from None
        for partial in self.path.rglob(f"{PARTIAL}*"):
            remove(partial)
        return lock

    @property
    def is_held(self) -> bool:
        """Whether a process is training this run, this one or another."""
        lock = FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def update(self, **values: Any) -> None:
        """Change the record, in memory and on disk."""
        self.record |= values
        write_json(self.path / RECORD, self.record)

    def reload(self) -> None:
        """Read the record again."""
        self.record = json.loads((self.path / RECORD).read_text(encoding="utf-8"))

    def finish(self, **values: Any) -> None:
        """Note in the record that every file is there."""
        from equipoise.experiments.provenance import now

        self.update(status="finished", finished=now(), **values)

    @classmethod
    def find(cls, path: Path) -> Run | None:
        """The run in this folder; None where the folder is empty or does not exist.

        A folder is empty, too, in which a process was killed before it had written anything.

        Raises
        ------
        ValueError
            The path is that of something else, or a link in the folder leads out of it.
        """
        if not path.exists() or (path.is_dir() and all(map(_is_left_over, path.iterdir()))):
            return None
        refuse_ways_out(path)
        try:
            record = json.loads((path / RECORD).read_text(encoding="utf-8"))
            require(record, RECORD_FORM)
            if record["format"] != FORMAT or record["settings"]["method"] not in METHODS:
                raise ValueError("it is of another version")
            return cls(path, record)
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{path} is not a run: it has no {RECORD}.") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{path} is not a run that equipoise {equipoise.__version__} can read: its "
                f"{RECORD} is damaged or of another version ({error})."
            ) from None

    @classmethod
    def open(cls, path: Path, *methods: str, tables: bool = False) -> Run:
        """A run with a model of one of these methods.

        Parameters
        ----------
        path : Path
        *methods : str
        tables : bool, default=False
            Whether the run may be one of a table.

        Raises
        ------
        ValueError
            The path holds no run, a run of another method, or one without a model.
        """
        run = cls.find(path)
        if run is None:
            raise ValueError(f"{path} is not a run: the folder is empty or does not exist.")
        command = METHODS[run.method]
        if run.method not in methods:
            wanted = " or ".join(f"`equipoise {METHODS[method]}`" for method in methods)
            raise ValueError(
                f"{path} is a run of `equipoise {command}`, but this command needs one of "
                f"{wanted}. For the run that you have named there are: {USES[run.method]}."
            )
        if not tables and run.record["data"]["source"]["dataset"] == "table":
            raise ValueError(f"{path} is a run of a table. This command needs one of images.")
        if not run.model.is_dir():
            raise ValueError(
                f"{path} has no model yet (it is {run.status}). Run its `equipoise {command}` "
                "again first."
            )
        return run

    def load_model(self) -> Any:
        """The saved estimator."""
        return getattr(equipoise, self.method).load(self.model)

    @classmethod
    def create(cls, path: Path, settings: dict[str, Any], **details: Any) -> Run:
        """Start the folder of a new run."""
        from equipoise.experiments.provenance import now, versions

        make_folder(path)
        run = cls(path, {"format": FORMAT, "status": "running"})
        run.update(
            command=[Path(sys.argv[0]).name, *sys.argv[1:]],
            started=now(),
            settings=settings,
            versions=versions() | {"pillow": version("pillow"), "platform": platform.platform()},
            **details,
        )
        return run

    def clear(self) -> None:
        """Delete all files of the run, and the folder if it is empty then."""
        self.update(status=CLEARED)  # first, and the record last: a kill leaves what can be cleared
        for folder in (self.model, self.start, self.pictures, self.path / "evaluations"):
            shutil.rmtree(folder, ignore_errors=True)
        names = (*RESULTS, RECORD, LOCK)
        for file in (self.history, self.checkpoint, *(self.path / name for name in names)):
            file.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()


def _is_left_over(path: Path) -> bool:
    """Whether a file is what a process that was killed leaves, or the lock."""
    return path.name == LOCK or path.name.startswith(PARTIAL)
