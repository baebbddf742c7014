"""The step Balance and compare: add rows, see whether they help, and write them to files."""

from __future__ import annotations

import shlex
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from equipoise.classifiers import ConvNetClassifier
from equipoise.errors import counted
from equipoise.experiments.added_rows import judge_added_rows
from equipoise.experiments.classifiers import default_classifiers
from equipoise.generative import GenerativeOverSampler
from equipoise.imsic import IMSIC
from equipoise.runs.export import write_arrays, write_class_folders, write_marked_table
from equipoise.studio.curate import accepted_per_class
from equipoise.studio.errors import StudioError
from equipoise.studio.follow import STOPPED, Follow
from equipoise.studio.jobs import Job
from equipoise.studio.places import inside
from equipoise.studio.project import Project

FORMATS = {False: ("folders", "npz"), True: ("csv", "parquet")}  # by whether it is a table
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
        "classifiers": names,
        "classifier": project.choices.get("classifier", names[0]),
        "formats": FORMATS[rows.is_table],
    }


def choose(project: Project, sizes: dict[str, int], classifier: str) -> None:
    """Keep how many rows each class is to have, and the classifier.

    Raises
    ------
    StudioError
        There is no such class or classifier, or a size is below the number of real rows.
    """
    rows = project.open_rows()
    for name, size in sizes.items():
        real = int((rows.y == project.label_of(name)).sum())
        if size < real:
            raise StudioError(
                f"Class {name!r} has {counted(real, 'real row')}, which all stay. Choose at least "
                f"{real}."
            )
    if classifier not in classifiers(rows.is_table):
        raise StudioError(f"There is no classifier {classifier!r}.")
    project.keep_choices(class_sizes=sizes, classifier=classifier)


def resampled(project: Project) -> tuple[Any, np.ndarray, np.ndarray, list[str]]:
    """All rows with the synthetic ones last, their labels, which are synthetic, and warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        X, y = _resample(project)
    notes = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return X, y, np.arange(len(y)) >= len(project.open_rows().y), notes


def _resample(project: Project) -> tuple[Any, np.ndarray]:
    rows, model = project.open_rows(), project.model
    sizes = {project.label_of(name): n for name, n in project.choices["class_sizes"].items()}
    if isinstance(model, IMSIC):
        model.decide(project.proposals)
        sampler: Any = model
        X, y = model.resample(rows.X, rows.y, sizes)
    else:
        sampler = GenerativeOverSampler(FrozenEstimator(model), sampling_strategy=sizes)
        X, y = sampler.fit_resample(rows.X, rows.y)
    return X, np.asarray(y)


def compare(project: Project) -> None:
    """Train the classifier without and with the synthetic rows, in the background."""
    project.check_idle("Wait for it, or stop it first.")
    rows = project.open_rows()
    model = classifiers(rows.is_table)[project.choices["classifier"]]
    X, y, synthetic, notes = resampled(project)
    if not synthetic.any():
        raise StudioError(
            "There are no synthetic rows to add. Accept candidates in the step Curate, or choose "
            "larger classes."
        )

    def work(job: Job) -> dict[str, Any]:
        follow = Follow(job)
        if "callbacks" in model.get_params():
            model.set_params(callbacks=[follow])
        test = rows.X_test, rows.y_test
        found = judge_added_rows(model, (rows.X, rows.y), (X, y), test, begin=follow.begin)
        names = dict(zip(rows.labels, rows.class_names, strict=True))
        recalls = found.recalls.rename(index=names)
        return {
            "recalls": recalls.reset_index(names="name").to_dict("records"),
            "verdict": found.verdict(),
            "classifier": project.choices["classifier"],
            "added": int(synthetic.sum()),
            "notes": notes,
        }

    project.job = Job("The comparison", work, left_with=STOPPED)


def export(project: Project, format: str) -> dict[str, Any]:
    """Write all rows to files below the run, with a mark on the synthetic ones.

    Returns
    -------
    dict
        ``path``, ``note``, and how to do the same again: ``python`` and ``command``.
    """
    run, rows = project.open_run(), project.open_rows()
    if format not in FORMATS[rows.is_table]:
        raise StudioError(f"There is no format {format!r} for these rows.")
    X, y, synthetic, notes = resampled(project)
    folder = inside(run.path / "export", [run.path])
    folder.mkdir(exist_ok=True)
    if rows.is_table:
        path = inside(folder / f"balanced.{format}", [run.path])
        target = rows.settings["target"]
        changed = write_marked_table(path, X, y, target, synthetic)
        if changed:
            notes.append(
                f"Cells or names of {', '.join(changed)} begin like a formula of a spreadsheet, "
                "and have an apostrophe before them in the file."
            )
    elif format == "npz":
        path = inside(folder / "balanced.npz", [run.path])
        write_arrays(path, X, y, synthetic, rows.class_names)
    else:
        path = inside(folder / "balanced", [run.path])
        write_class_folders(path, X, y, synthetic, rows.class_names)
    return {
        "path": str(path),
        "rows": len(y),
        "synthetic": int(synthetic.sum()),
        "notes": notes,
        **again(project, run.path),
    }


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
