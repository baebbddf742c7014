"""What is open in the studio: rows, the run trained on them, its model and the decisions."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equipoise.imsic import IMSIC
from equipoise.imsic.decisions import FILE, Proposal, read_decisions, write_decisions
from equipoise.runs.data import DataChoice
from equipoise.runs.files import write_json
from equipoise.runs.resuming import check_same_data
from equipoise.runs.rows import RunRows
from equipoise.runs.run import Run
from equipoise.studio.errors import StudioError
from equipoise.studio.jobs import Job
from equipoise.studio.places import inside, refuse_ways_out
from equipoise.studio.sources import Source, find_sources, pick


class Project:
    """The one thing that is open, for all pages of a studio.

    Parameters
    ----------
    folders : sequence of Path
        What may be read, besides the runs.
    runs : Path
        Where new runs are made.

    Attributes
    ----------
    lock : threading.RLock
        Held by whatever reads or changes the rest.
    rows : RunRows or None
    run : Run or None
    model : estimator or None
        Fitted; knows its training rows.
    proposals : list of Proposal
        Candidates that were shown, and what was decided about them.
    choices : dict
        What else the person chose, as it is in ``choices.json``.
    job : Job or None
        The training or comparison that is going on, or was the last.
    """

    def __init__(self, folders: Sequence[Path], runs: Path) -> None:
        self.folders, self.runs = list(folders), runs
        self.roots = [*folders, runs]
        self.lock = threading.RLock()
        self.rows: RunRows | None = None
        self._close()

    def _close(self) -> None:
        self.job: Job | None = None
        self.run: Run | None = None
        self.model: Any = None
        self.proposals: list[Proposal] = []
        self.choices: dict[str, Any] = {}

    # Opening --------------------------------------------------------------------------------

    def sources(self) -> list[Source]:
        """What can be opened."""
        return find_sources(self.folders, self.runs)

    def open(self, kind: str, name: str, options: dict[str, Any]) -> None:
        """Open a source that the page offers.

        Raises
        ------
        ValueError
            It cannot be read, or a training is going on.
        """
        self.check_idle("Stop it before you open something else.")
        source = pick(self.sources(), kind, name)
        if source.path is not None:
            refuse_ways_out(source.path, self.roots)
        if source.kind == "run":
            self._open_run(source)
            return
        rows = self._read(source, options)
        self._close()
        self.rows = rows

    def _read(self, source: Source, options: dict[str, Any]) -> RunRows:
        if source.kind == "table":
            target = options.get("target")
            if not target:
                raise StudioError("Choose the column that holds the classes.")
            assert source.path is not None
            return RunRows.of_table(
                source.path,
                target,
                dates=options.get("dates") or (),
                categories=options.get("categories") or (),
                ignored=options.get("ignored") or (),
                missing=options.get("missing"),
            )
        protocol = options.get("protocol") or None
        if source.kind == "builtin":
            return RunRows.of_images(DataChoice(source.name), protocol)
        size = options.get("image_size")
        choice = DataChoice(
            "folder",
            source.path,
            (size, size) if size else None,
            skip_damaged=bool(options.get("skip_damaged")),
        )
        return RunRows.of_images(choice, protocol)

    def _open_run(self, source: Source) -> None:
        assert source.path is not None
        run = Run.find(source.path)
        if run is None or run.method not in ("IMSIC", "DGCClassifier"):
            raise StudioError("The studio opens runs of IMSIC and of DGC. Choose another.")
        where = run.record["data"]["source"]
        if data := where.get("table") or where.get("data_dir"):
            refuse_ways_out(Path(data), self.roots)
        rows = RunRows.of_run(run.record)
        check_same_data(run, rows.about)
        self._close()
        self.rows, self.run = rows, run
        if run.choices.exists():
            self.choices = json.loads(run.choices.read_text(encoding="utf-8"))
        if run.model.is_dir():
            self.adopt(run.load_model())

    def adopt(self, model: Any) -> None:
        """Take a fitted model as that of the run, with the decisions that lie beside it."""
        assert self.run is not None and self.rows is not None
        self.model = model
        if isinstance(model, IMSIC):
            model.remember(self.rows.X, self.rows.y)
            decisions = read_decisions(self.run.model)
            self.proposals = list(decisions.proposals) if decisions else []

    # What the steps need --------------------------------------------------------------------

    def open_rows(self) -> RunRows:
        """The rows; a StudioError if nothing is open."""
        if self.rows is None:
            raise StudioError("Open some data first, in the step Data.")
        return self.rows

    def open_run(self) -> Run:
        """The run; a StudioError if there is none."""
        if self.run is None:
            raise StudioError("Train a model first, in the step Train.")
        return self.run

    def steered(self) -> IMSIC:
        """The model, if it has codes and candidates; a StudioError otherwise."""
        if self.model is None:
            raise StudioError("There is no model yet. Train one in the step Train.")
        if not isinstance(self.model, IMSIC):
            raise StudioError(
                "Codes and candidates belong to IMSIC, and this model is a DGC classifier. Train "
                "IMSIC in the step Train, or go on to Balance."
            )
        return self.model

    def label_of(self, name: str) -> Any:
        """The label of the class with this name."""
        rows = self.open_rows()
        if name not in rows.class_names:
            raise StudioError(f"There is no class {name!r}.")
        return rows.labels[rows.class_names.index(name)]

    def check_idle(self, remedy: str) -> None:
        """Refuse while a training or a comparison is going on."""
        if self.job is not None and self.job.running:
            raise StudioError(f"{self.job.title} is going on. {remedy}")

    # Decisions ------------------------------------------------------------------------------

    def keep_decisions(self) -> None:
        """Write the names of the codes and the proposals, at once."""
        run, model = self.open_run(), self.steered()
        inside(run.model / FILE, [run.path])
        write_decisions(run.model, model.structure_.names, self.proposals)

    def keep_choices(self, **chosen: Any) -> None:
        """Write what else was chosen, at once."""
        run = self.open_run()
        self.choices |= chosen
        inside(run.choices, [run.path])
        write_json(run.choices, self.choices)
