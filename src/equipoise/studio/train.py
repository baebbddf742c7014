"""The step Train: start, watch, stop and continue a training."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from equipoise.dgc import DGCClassifier
from equipoise.imsic import IMSIC
from equipoise.runs.resuming import begin
from equipoise.runs.run import NOT_OPTIONS, Run
from equipoise.runs.training import settings_of, train
from equipoise.studio.errors import StudioError
from equipoise.studio.jobs import Job
from equipoise.studio.pictures import COLUMNS, as_shown
from equipoise.studio.places import inside
from equipoise.studio.project import Project
from equipoise.training import Callback, Progress

PREVIEW_CLASSES, PREVIEW_ROWS = 3, 8  # rarest classes, and samples of each
PREVIEW_SHARE = 0.1  # of the time at most
IMSIC_OPTIONS = ("n_codes", "structure_weight", "min_class_size")
METHODS: dict[str, Any] = {"imsic": IMSIC, "dgc": DGCClassifier}


class Watch(Callback):
    """Tell a job how the training goes, draw samples of rare classes, and stop when asked."""

    def __init__(self, job: Job, names: list[str]) -> None:
        self.job, self.names = job, names
        self.started = self.preview_seconds = 0.0
        self.first_epoch = 0
        self.preview: dict[str, list[Any]] = {}
        self.columns: list[str] = []  # of the preview, if it is of a table

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # an estimator copies its callbacks, but this one is looked at from outside

    def on_fit_start(self, progress: Progress) -> None:
        """Start the clock."""
        self.started, self.first_epoch = time.monotonic(), progress.epoch
        self._tell(progress)

    def on_batch_end(self, progress: Progress) -> None:
        """Tell the progress, or stop as Ctrl-C would."""
        self._tell(progress, progress.batch / progress.n_batches)
        if self.job.stop.is_set():
            raise KeyboardInterrupt

    def on_epoch_end(self, progress: Progress) -> None:
        """Draw the rare classes, if that has not taken too much time so far."""
        elapsed = time.monotonic() - self.started
        if not self.preview or self.preview_seconds < PREVIEW_SHARE * elapsed:
            before = time.monotonic()
            model = progress.snapshot()
            rarest = np.argsort(model.class_counts_, kind="stable")[:PREVIEW_CLASSES]
            drawn = {self.names[i]: model.sample(PREVIEW_ROWS, model.classes_[i]) for i in rarest}
            if isinstance(rows := next(iter(drawn.values())), pd.DataFrame):
                self.columns = list(map(str, rows.columns[:COLUMNS]))
                drawn = {name: rows.iloc[:, :COLUMNS] for name, rows in drawn.items()}
            self.preview = {name: as_shown(rows) for name, rows in drawn.items()}
            self.preview_seconds += time.monotonic() - before
        self._tell(progress)

    def _tell(self, progress: Progress, of_epoch: float = 0.0) -> None:
        done = progress.epoch + of_epoch
        passed = done - self.first_epoch
        elapsed = time.monotonic() - self.started
        left = (progress.max_epochs - done) * elapsed / passed if passed > 0 else None
        self.job.progress = {
            "epoch": progress.epoch,
            "epochs": progress.max_epochs,
            "share": done / progress.max_epochs,
            "seconds_left": left,
            "history": list(progress.history),
            "preview": self.preview,
            "columns": self.columns,
        }


def start(project: Project, options: dict[str, Any]) -> None:
    """Start a new run on the rows that are open.

    Parameters
    ----------
    project : Project
    options : dict
        ``method`` ("imsic" or "dgc"), ``epochs``, and of IMSIC ``n_codes``,
        ``structure_weight`` and ``min_class_size``; None for the default.

    Raises
    ------
    ValueError
        An option is out of range.
    """
    project.check_idle("Stop it before you start another.")
    rows = project.open_rows()
    method = options.get("method", "imsic")
    own = IMSIC_OPTIONS if method == "imsic" else ()  # n_codes of a DGC are something else
    given = {"max_epochs": options.get("epochs"), **{name: options.get(name) for name in own}}
    chosen = {name: value for name, value in given.items() if value is not None}
    model = METHODS[method](**chosen, random_state=rows.settings["seed"])
    path = free_folder(project.runs, f"{method}-{rows.title}")
    project.run = begin(None, path, _settings(model, rows.settings), rows.about)
    project.model, project.proposals, project.choices = None, [], {}
    _train(project, model)


def resume(project: Project) -> None:
    """Go on with the training of the open run after its last whole epoch.

    Raises
    ------
    StudioError
        It is finished.
    """
    project.check_idle("Wait for it, or stop it first.")
    run = project.open_run()
    run.reload()  # another process may have trained it in the meantime
    if run.status in ("trained", "finished"):
        raise StudioError("The training of this run is finished. Open the run again.")
    parameters = run.record["settings"]["parameters"]
    seed = run.record["settings"]["seed"]
    cls: Any = {"IMSIC": IMSIC, "DGCClassifier": DGCClassifier}[run.method]
    if run.start.is_dir():
        model = cls.load(inside(run.start, [run.path]))
        model.set_params(**parameters, warm_start=True)
    else:
        model = cls(**parameters, random_state=seed)
    _train(project, model)


def go_on(project: Project) -> str:
    """Go on with the training of the run that was just opened if its process was killed.

    One that a person stopped stays stopped.

    Returns
    -------
    str
        What the page says of it; empty for a run that was not being trained.
    """
    run = project.run
    if run is None or run.status != "running":
        return ""
    if said := held(run):
        return said
    resume(project)
    return (
        "This training was cut off, and goes on now after its last whole epoch. The step Train "
        "shows how far it is."
    )


def held(run: Run) -> str:
    """What the page says of a run that another process is training; empty if none is."""
    if run.status != "running" or not run.is_held:
        return ""
    return (
        "Another process is training this run, such as a command in a terminal. Open the run again "
        "when it has ended."
    )


def continue_with_structure(project: Project, epochs: int | None) -> None:
    """Train the model on with the chosen structure, as a new run beside the old one.

    The new run starts from the weights of the old one, which stays as it is with all that was
    decided about its candidates.

    Raises
    ------
    ValueError
        The number of epochs is out of range.
    """
    project.check_idle("Stop it before you train on.")
    old, model, rows = project.open_run(), project.steered(), project.open_rows()
    names = list(model.structure_.names)
    edges = project.choices.get("structure", [])
    done = len(model.history_)
    path = free_folder(project.runs, old.path.name)
    # As `resume` reads them from the record: the checkpoint is that of the same parameters.
    further = IMSIC(**model.get_params(deep=False)).set_params(
        structure=edges or "independent",
        code_names=names,
        max_epochs=done if epochs is None else epochs,
        callbacks=None,
    )
    settings = _settings(further, rows.settings)
    run = begin(None, path, settings, rows.about)
    run.update(continues=old.path.name)
    model.save(run.start)
    started = IMSIC.load(run.start)
    started.set_params(**further.get_params(deep=False) | {"warm_start": True})
    project.run, project.model, project.proposals = run, None, []
    project.choices = {}
    project.keep_choices(structure=edges)
    _train(project, started)


def stop(project: Project) -> None:
    """Ask the job to stop; a training keeps its model so far."""
    if project.job is not None:
        project.job.ask_to_stop()


def _train(project: Project, model: Any) -> None:
    run, rows = project.open_run(), project.open_rows()

    def work(job: Job) -> str:
        train(model, rows.X, rows.y, run, [Watch(job, rows.class_names)])
        with project.lock:
            project.adopt(run.load_model())
        return run.status

    project.job = Job("The training", work)


def _settings(model: Any, of_rows: dict[str, Any]) -> dict[str, Any]:
    options = [name for name in model.get_params(deep=False) if name not in NOT_OPTIONS]
    more = {k: v for k, v in of_rows.items() if k != "seed"}
    if type(model) is DGCClassifier:
        more = {"preset": "default", **more}
    return settings_of(model, options, **more)


def free_folder(runs: Path, name: str) -> Path:
    """The first of the folders NAME-1, NAME-2, … that does not exist.

    Examples
    --------
    >>> from equipoise.studio.train import free_folder
    >>> free_folder(Path("nowhere"), "imsic-T shirt/../top-4").name
    'imsic-T_shirt_.._top-1'
    """
    stem = re.sub(r"-\d+$", "", re.sub(r"[^\w.-]", "_", name))[:80].strip(".") or "run"
    return next(path for i in itertools.count(1) if not (path := runs / f"{stem}-{i}").exists())
