"""``equipoise demo``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.cli.console import notes, print_table
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet, Seed
from equipoise.errors import counted
from equipoise.runs.data import imbalanced_subset
from equipoise.runs.files import make_folder

if TYPE_CHECKING:
    from equipoise.cli.results import Results

METRICS = {
    "acsa": "ACSA: mean recall of the classes",
    "f_macro": "F: mean F1",
    "g_macro": "G: mean of √(recall · specificity)",
    "smallest_class_recall": "R_MI: recall of the smallest class",
    "largest_class_precision": "P_MA: precision of the largest",
}
PICTURES = {
    "samples.png": "images of each class that DGC draws, above the most similar training images",
    "recall-by-size.png": "recall of each class against its training size",
    "confusion-plain.png": "how often the plain classifier confuses two digits",
    "confusion-dgc.png": "the same for DGC",
}
EPOCHS = 12
SUBSETS = 5


@add_options()
def demo(*, out: Path = Path("equipoise-demo"), seed: Seed = 0, quiet: Quiet = False) -> None:
    """Compare DGC and a plain classifier on imbalanced digits.

    Both have the same trunk, epochs and data: 8x8 digits that come with scikit-learn, from 120
    zeros down to 6 nines. There are five such subsets, since results with six nines vary much.
    Takes about a minute.

    Parameters
    ----------
    out : FOLDER, default=equipoise-demo
        Folder for the pictures.
    seed : int, default=0
        Seed of the first subset and its models.
    """
    note = notes(quiet)
    make_folder(out)
    import numpy as np

    from equipoise.classifiers import ConvNetClassifier
    from equipoise.cli import pictures
    from equipoise.cli.results import Results
    from equipoise.datasets import load_dataset
    from equipoise.dgc import DGCClassifier

    data = load_dataset("digits")
    classes = {"plain": ConvNetClassifier, "DGC": DGCClassifier}
    probabilities: dict[str, list[np.ndarray]] = {name: [] for name in classes}
    for subset in range(seed, seed + SUBSETS):
        X, y = imbalanced_subset(data, "published", subset)
        for name, build in classes.items():
            started = time.perf_counter()
            model = build(max_epochs=EPOCHS, random_state=subset).fit(X, y)
            probabilities[name].append(model.predict_proba(data.X_test))
            seconds = time.perf_counter() - started
            note(
                f"subset {subset}, {counted(len(y))}, {name}: trained and tested in {seconds:.0f} s"
            )
    # All subsets together: recalls are then means over the subsets.
    results = {
        name: Results(
            np.tile(data.y_test, SUBSETS),
            np.concatenate(predicted),
            data.class_names,
            np.bincount(y).tolist(),
        )
        for name, predicted in probabilities.items()
    }

    print_comparison(results)
    about = {"class_names": data.class_names, "class_counts": results["DGC"].class_counts}
    pictures.draw_samples(model, X, about, out / "samples.png")
    pictures.draw_recall(results, out / "recall-by-size.png")
    pictures.draw_confusion(results["plain"], out / "confusion-plain.png", "Plain classifier")
    pictures.draw_confusion(results["DGC"], out / "confusion-dgc.png", "DGC")
    plain, dgc = (one.report(output_dict=True)["acsa"] for one in results.values())
    print(verdict(plain, dgc))
    for file, title in PICTURES.items():
        print(f"{out / file}: {title}")


def print_comparison(results: dict[str, Results]) -> None:
    """Print a row per class, largest first, and one per metric; a column per method."""
    metrics = [one.report(output_dict=True) for one in results.values()]
    sizes = {name: scores["training_size"] for name, scores in metrics[0]["classes"].items()}
    print_table(
        ["recall of class", "training\nimages", *results],
        (
            [name, str(size), *(f"{m['classes'][name]['recall']:.3f}" for m in metrics)]
            for name, size in sizes.items()
        ),
        ([title, "", *(f"{m[key]:.3f}" for m in metrics)] for key, title in METRICS.items()),
    )


def verdict(plain: float, dgc: float) -> str:
    """Say in words which of two values of ACSA is larger."""
    points = 100 * (dgc - plain)
    if abs(points) < 0.05:
        return "DGC and the plain classifier recognise equally many images of an average class."
    kind = "more" if points > 0 else "fewer"
    return (
        f"Of 100 images of an average class, DGC recognises {abs(points):.1f} {kind} than the "
        f"plain classifier ({100 * dgc:.1f} and {100 * plain:.1f})."
    )
