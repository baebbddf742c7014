"""The picture at the top of README: rare images, what DGC draws of their class, and recalls.

    python benchmarks/front_picture.py --data-dir DIR        # a few minutes on two cores

The images are those of MNIST with an imbalance ratio of 100 (seed 1), of whose smallest class there
are 40. The recalls are the stored ones of ``images.toml``, means over the seeds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from equipoise import DGCClassifier, load_dataset
from equipoise.datasets import imbalance

ROOT = Path(__file__).parents[1]
RAREST = 9
METHODS = {"plain": "plain CNN", "logit-adjusted": "logit adjustment", "dgc-deformed": "DGC"}
COLOURS = ["#9aa5b1", "#5b8c5a", "#1f6feb"]


def show_images(axes: Axes, images: np.ndarray, title: str) -> None:
    """Show 16 images as four rows of four."""
    rows = [np.concatenate(row, axis=1) for row in np.split(images[:16], 4)]
    axes.imshow(np.concatenate(rows), cmap="gray")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11)


def show_recalls(axes: Axes) -> None:
    """Show the stored recalls of the smallest class as bars."""
    records = pd.read_parquet(ROOT / "benchmarks/results/images/records.parquet")
    tests = records[(records["dataset"] == "mnist") & (records["scored_on"] == "test")]
    recalls = [
        tests.loc[tests["treatment"] == method, "smallest_class_recall"].mean()
        for method in METHODS
    ]
    bars = axes.barh(list(METHODS.values()), recalls, color=COLOURS)
    axes.bar_label(bars, [f"{recall:.1%}" for recall in recalls], padding=4, fontsize=11)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_title("nines of the test set that are recognised", fontsize=11)


def main() -> None:
    """Train, draw, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--model", type=Path, help="a trained DGC, to be used as it is")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/_static/front.png")
    options = parser.parse_args()
    data = load_dataset("mnist", options.data_dir)
    sizes = imbalance.published("mnist")
    X, y = imbalance.subset(data.X_train, data.y_train, sizes, random_state=1)
    if options.model is None:
        model = DGCClassifier(random_state=1).fit(X, y)
    else:
        model = DGCClassifier.load(options.model)
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(10, 3.3), width_ratios=[1, 1, 1.2], layout="constrained"
    )
    show_images(left, X[y == RAREST], "16 of the 40 nines")
    show_images(middle, model.sample(16, y=RAREST, random_state=0), "16 that DGC draws")
    show_recalls(right)
    figure.savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
