"""The step Balance and compare: add rows, see whether they help, and write them to files."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from equipoise.classifiers import ConvNetClassifier
from equipoise.errors import counted
from equipoise.experiments.added_rows import judge_added_rows
from equipoise.experiments.classifiers import default_classifiers
from equipoise.imsic import IMSIC
from equipoise.runs.export import write_arrays, write_class_folders, write_marked_table
from equipoise.runs.rows import RunRows
from equipoise.studio.curate import accepted_per_class
from equipoise.studio.drawing import Drawing, Drawn
from equipoise.studio.errors import StudioError
from equipoise.studio.follow import Follow
from equipoise.studio.jobs import Job
from equipoise.studio.places import inside
from equipoise.studio.project import Project

FORMATS = {False: ("folders", "npz"), True: ("csv", "parquet")}  # by whether it is a table
MOST_ROWS = 1_000_000  # of a class: more are a slip of the keyboard, and fill the memory
PLAIN, ADJUSTED = "plain network", "network with logit adjustment"


def classifiers(is_table: bool) -> dict[str, BaseEstimator]:
    """Classifiers to compare with, by name."""
    if is_table:
        return default_classifiers()
    return {
        PLAIN: ConvNetClassifier(),
        ADJUSTED: ConvNetClassifier(loss="logit_adjusted"),
    }


def plan(project: Project) -> dict[str, Any]:
    """Sizes of the classes now, those chosen or suggested, and what can be chosen."""
    rows = project.open_rows()
    if project.model is None:
        raise StudioError("There is no model yet. Train one in the step Train.")
    accepted = accepted_per_class(project) if isinstance(project.model, IMSIC) else {}
    chosen = project.choices.get("class_sizes", {})
    sizes = [int((rows.y == label).sum()) for label in rows.labels]
    lines = []
    for label, name, size in zip(rows.labels, rows.class_names, sizes, strict=True):
        own = accepted.get(label)
        wanted = chosen.get(name, max(sizes))
        if own is not None:  # only accepted rows are added
            wanted = min(wanted, size + own)
        lines.append({"name": name, "real": size, "accepted": own, "size": wanted})
    names = list(classifiers(rows.is_table))
    return {
        "classes": lines,
        "judging": isinstance(project.model, IMSIC),
        "classifiers": names,
        "classifier": project.choices.get("classifier", names[0]),
        "formats": FORMATS[rows.is_table],
    }


def choose(project: Project, sizes: dict[str, int], classifier: str) -> None:
    """Keep how many rows each class is to have, and the classifier.

    Raises
    ------
    StudioError
        There is no such class or classifier, or a size is below the number of real rows or above
        the largest that is offered.
    """
    rows = project.open_rows()
    for name, size in sizes.items():
        real = int((rows.y == project.label_of(name)).sum())
        if size < real:
            raise StudioError(
                f"Class {name!r} has {counted(real, 'real row')}, which all stay. Choose at least "
                f"{real}."
            )
        if size > max(real, MOST_ROWS):
            raise StudioError(
                f"Class {name!r} cannot have {size:,} rows. At most {MOST_ROWS:,} can."
            )
    if classifier not in classifiers(rows.is_table):
        raise StudioError(f"There is no classifier {classifier!r}.")
    project.keep_choices(class_sizes=sizes, classifier=classifier)


def compare(project: Project) -> None:
    """Train the classifier without and with the synthetic rows, in the background."""
    project.check_idle("Wait for it, or stop it first.")
    rows, drawing = project.open_rows(), Drawing(project)
    chosen = project.choices["classifier"]
    model = classifiers(rows.is_table)[chosen]

    def work(job: Job) -> dict[str, Any]:
        follow = Follow(job)
        drawn = drawing.draw(follow)
        if not drawn.synthetic.any():
            raise StudioError(
                "There are no synthetic rows to add. Accept candidates in the step Curate, or "
                "choose larger classes."
            )
        if "callbacks" in model.get_params():
            model.set_params(callbacks=[follow])
        with_added, test = (drawn.X, drawn.y), (rows.X_test, rows.y_test)
        found = judge_added_rows(model, (rows.X, rows.y), with_added, test, begin=follow.begin)
        names = dict(zip(rows.labels, rows.class_names, strict=True))
        recalls = found.recalls.rename(index=names)
        return {
            "recalls": recalls.reset_index(names="name").to_dict("records"),
            "verdict": found.verdict(),
            "classifier": chosen,
            "added": int(drawn.synthetic.sum()),
            "notes": drawn.notes,
        }

    project.job = Job("The comparison", work, left_with="The comparison was stopped.")


def export(project: Project, format: str) -> None:
    """Write the training rows and the synthetic ones to files below the run, in the background.

    The synthetic ones have a mark. The result has ``path``, ``rows``, ``synthetic``, ``held_out``,
    ``notes``, and how to do the same again: ``python`` and ``command``.
    """
    project.check_idle("Wait for it, or stop it first.")
    run, rows = project.open_run(), project.open_rows()
    if format not in FORMATS[rows.is_table]:
        raise StudioError(f"There is no format {format!r} for these rows.")
    folder = inside(run.path / "export", [run.path])
    folder.mkdir(exist_ok=True)
    ending = "" if format == "folders" else f".{format}"
    path = inside(folder / f"balanced{ending}", [run.path])
    drawing, lines = Drawing(project), again(project, run.path)

    def work(job: Job) -> dict[str, Any]:
        follow = Follow(job)
        drawn = drawing.draw(follow)
        notes = [*drawn.notes, *_write(path, format, drawn, rows, follow)]
        return {
            "path": str(path),
            "rows": len(drawn.y),
            "synthetic": int(drawn.synthetic.sum()),
            "held_out": len(rows.y_test),
            "notes": notes,
            **lines,
        }

    project.job = Job("The export", work, left_with="The export was stopped. It wrote no files.")


def _write(path: Path, format: str, drawn: Drawn, rows: RunRows, follow: Follow) -> list[str]:
    """Write the rows; returns what a person should know of the files."""

    def tell(share: float) -> None:
        follow.tell(share, "The files are written")

    tell(0.0)
    if not rows.is_table:
        write = write_arrays if format == "npz" else write_class_folders
        write(path, drawn.X, drawn.y, drawn.synthetic, rows.class_names, tell)
        return []
    target = rows.settings["target"]
    notes = []
    if changed := write_marked_table(path, drawn.X, drawn.y, target, drawn.synthetic, tell):
        notes.append(
            f"Cells or names of {', '.join(changed)} begin like a formula of a spreadsheet, "
            "and have an apostrophe before them in the file."
        )
    if ignored := rows.about["source"]["read"].get("ignored"):
        notes.append(f"Without the columns that you ignored: {', '.join(ignored)}.")
    return notes


def again(project: Project, path: Path) -> dict[str, str]:
    """The lines that make the same rows again."""
    sizes = {project.label_of(name): n for name, n in project.choices["class_sizes"].items()}
    ending = "csv" if project.open_rows().is_table else "npz"
    where = shlex.quote(str(path))
    if isinstance(project.model, IMSIC):
        python = (
            "from equipoise import IMSIC\n"
            f"sampler = IMSIC.load({str(path / 'model')!r})\n"
            f"X_all, y_all = sampler.resample(X, y, {sizes!r})"
        )
        return {"python": python, "command": f"equipoise imsic sample {where} new.{ending}"}
    python = (
        "from sklearn.frozen import FrozenEstimator\n"
        "from equipoise import DGCClassifier, GenerativeOverSampler\n"
        f"model = FrozenEstimator(DGCClassifier.load({str(path / 'model')!r}))\n"
        f"sampler = GenerativeOverSampler(model, sampling_strategy={sizes!r})\n"
        "X_all, y_all = sampler.fit_resample(X, y)"
    )
    return {"python": python, "command": f"equipoise dgc generate {where} new.{ending}"}
