"""Figures as files. Importing this module lets matplotlib draw without a window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from equipoise.atomic import replacing
from equipoise.cli.results import Results
from equipoise.metrics import nearest_rows
from equipoise.report import plots

if TYPE_CHECKING:
    from equipoise.imsic import IMSIC

N_SAMPLES = 10
TRAVERSED = (-1, -0.67, -0.33, 0, 0.33, 0.67, 1)  # values of a code, as IMSIC's own default

matplotlib.use("Agg")  # a command has no window to open


def draw_samples(model: Any, X: np.ndarray, about: dict[str, Any], path: Path) -> None:
    """Draw generated images of each class, each above the nearest training image.

    ``about`` has the names and training sizes of all classes, as the record of a run.
    """
    generated = model.sample(N_SAMPLES)
    index, _ = nearest_rows(generated, X)
    classes = model.classes_.tolist()
    by_class, nearest = (
        dict(zip(classes, np.split(images, len(classes)), strict=True))
        for images in (generated, X[index])
    )
    names, counts = ([about[k][c] for c in classes] for k in ("class_names", "class_counts"))
    axes = plots.plot_samples(by_class, nearest=nearest, class_names=names, counts=counts)
    save(axes.figure, path)


def draw_confusion(results: Results, path: Path, title: str | None = None) -> None:
    """Draw how often each class is predicted for images of each class."""
    axes = plots.plot_confusion(
        results.y_true, results.y_pred, labels=results.labels, class_names=results.class_names
    )
    if title:
        axes.set_title(title)
    save(axes.figure, path)


def draw_recall(results: dict[str, Results], path: Path) -> None:
    """Draw the recall of each class against its training size, with a line per method."""
    first = next(iter(results.values()))
    sizes = {n: size for n, size in zip(first.class_names, first.class_counts, strict=True) if size}
    scores = {method: one.report(output_dict=True)["classes"] for method, one in results.items()}
    recalls = {m: [classes[name]["recall"] for name in sizes] for m, classes in scores.items()}
    axes = plots.plot_recall_by_size(list(sizes.values()), recalls, class_names=list(sizes))
    save(axes.figure, path)


def draw_traversals(
    model: IMSIC,
    class_names: Sequence[str],
    path: Path,
    codes: Sequence[str | int] | None = None,
    values: Sequence[float] = TRAVERSED,
    seed: int | None = None,
) -> None:
    """Draw how an image of each class changes with each code."""
    classes = model.classes_.tolist()
    images = {
        model.structure_.names[code] if isinstance(code, int) else code: np.concatenate(
            [model.traverse(y, code, values, random_state=seed) for y in classes]
        )
        for code in (model.structure_.names if codes is None else codes)
    }
    names = [class_names[c] for c in classes]
    save(plots.plot_traversals(images, values, class_names=names)[0].figure, path)


def draw_structure(model: IMSIC, path: Path) -> None:
    """Draw the graph over the codes with the correlations that were measured."""
    save(model.plot_structure().figure, path)


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Draw losses and scores over the epochs."""
    save(plots.plot_curves(history)[0].figure, path)


def save(figure: Any, path: Path) -> None:
    """Write a figure in the format that the name of the file ends in, and close it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], dpi=150)
    finally:
        plt.close(figure)
