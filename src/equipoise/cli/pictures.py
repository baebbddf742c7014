"""Figures as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.atomic import replacing
from equipoise.cli.results import Results
from equipoise.metrics import nearest_rows

N_SAMPLES = 10
TRAVERSED = (-1, -0.67, -0.33, 0, 0.33, 0.67, 1)  # values of a code, as IMSIC's own default


def draw_samples(model: Any, X: np.ndarray, about: dict[str, Any], path: Path) -> None:
    """Generated images of each class, each above the nearest training image.

    ``about`` has the names and training sizes of all classes, as the record of a run.
    """
    from equipoise.report.plots import plot_samples

    _headless()
    generated = model.sample(N_SAMPLES)
    index, _ = nearest_rows(generated, X)
    classes = model.classes_.tolist()

    def by_class(images: np.ndarray) -> dict[Any, np.ndarray]:
        return dict(zip(classes, np.split(images, len(classes)), strict=True))

    names = [about["class_names"][c] for c in classes]
    counts = [about["class_counts"][c] for c in classes]
    axes = plot_samples(
        by_class(generated), nearest=by_class(X[index]), class_names=names, counts=counts
    )
    _save(axes.figure, path)


def draw_confusion(results: Results, path: Path, title: str | None = None) -> None:
    """Which class is taken for which."""
    from equipoise.report.plots import plot_confusion

    _headless()
    axes = plot_confusion(
        results.y_true, results.y_pred, labels=results.labels, class_names=results.class_names
    )
    if title:
        axes.set_title(title)
    _save(axes.figure, path)


def draw_recall(results: dict[str, Results], path: Path) -> None:
    """Recall of each class against its training size, a line per method."""
    from equipoise.report.plots import plot_recall_by_size

    _headless()
    first = next(iter(results.values()))
    present = [i for i, count in enumerate(first.class_counts) if count]
    recalls = {
        method: [one.metrics()["classes"][one.class_names[i]]["recall"] for i in present]
        for method, one in results.items()
    }
    names = [first.class_names[i] for i in present]
    axes = plot_recall_by_size([first.class_counts[i] for i in present], recalls, class_names=names)
    _save(axes.figure, path)


def draw_traversals(
    model: Any,
    class_names: Sequence[str],
    path: Path,
    codes: Sequence[str | int] | None = None,
    values: Sequence[float] = TRAVERSED,
    seed: int | None = None,
) -> None:
    """What each code does to an image of each class."""
    from equipoise.report.plots import plot_traversals

    _headless()
    classes = model.classes_.tolist()
    images = {
        model.structure_.names[code] if isinstance(code, int) else code: np.concatenate(
            [model.traverse(y, code, values, random_state=seed) for y in classes]
        )
        for code in (model.structure_.names if codes is None else codes)
    }
    axes = plot_traversals(images, values, class_names=[class_names[c] for c in classes])
    _save(axes[0].figure, path)


def draw_structure(model: Any, path: Path) -> None:
    """The graph over the codes with what was measured on it."""
    _headless()
    _save(model.plot_structure().figure, path)


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Losses and scores over epochs."""
    from equipoise.report.plots import plot_curves

    _headless()
    _save(plot_curves(history)[0].figure, path)


def _headless() -> None:
    import matplotlib

    matplotlib.use("Agg")  # a command has no window to open


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=150)
    plt.close(figure)
