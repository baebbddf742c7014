"""The chart of results in README, from the stored results alone.

    python benchmarks/results_chart.py        # writes docs/_static/results.png

The methods of each domain are those of the overview in README, in its order.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from equipoise.experiments import read_records

ROOT = Path(__file__).parents[1]
OURS, OTHERS = "#1f6feb", "#9aa5b1"
IMAGES = {
    "logit-adjusted-deformed": "learnt deformations\nand logit adjustment",
    "dgc-deformed": "DGC",
    "imsic-logit-adjusted": "IMSIC, then logit adjustment",
    "logit-adjusted": "logit adjustment",
    "ldam-drw": "LDAM-DRW",
    "random": "random oversampling",
    "smote": "SMOTE",
    "bagan": "BAGAN",
    "deep-smote": "DeepSMOTE",
    "plain": "plain network",
}
TABLES = {
    ("threshold", "catboost"): "threshold + CatBoost",
    ("uniform-prior", "catboost"): "uniform prior + CatBoost",
    ("dgc-classifier", None): "DGC as classifier",
    ("dgc", "catboost"): "DGC's rows + CatBoost",
    ("class-weight", "catboost"): "class weights + CatBoost",
    ("smote", "catboost"): "SMOTE + CatBoost",
    ("none", "catboost"): "CatBoost alone",
}


def scores(experiment: str) -> pd.DataFrame:
    """Balanced accuracy of every finished job."""
    return pd.DataFrame(
        [
            {**{name: r[name] for name in ("dataset", "treatment", "classifier", "seed")}}
            | {"score": r["metrics"]["acsa"]}
            for r in read_records(ROOT / "benchmarks/results" / experiment)
            if r["metrics"] and r["sampler"] is None
        ]
    )


def draw(axes: Axes, found: dict[str, tuple[float, float]], title: str, low: float) -> None:
    """Points with a line of one standard deviation to each side; ours in blue."""
    for place, (label, (mean, deviation)) in enumerate(found.items()):
        colour = OURS if label.startswith(("DGC", "IMSIC", "learnt")) else OTHERS
        axes.errorbar(mean, place, xerr=deviation, fmt="o", color=colour, markersize=7, capsize=0)
        axes.annotate(f"{mean:.3f}", (mean, place), (0, 7), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.7)
    axes.set_xlim(left=low)
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def main() -> None:
    """Draw, and write the picture."""
    plt.rcParams.update({"font.size": 10})
    figure, panels = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    images, tables = scores("images"), scores("tables")
    for axes, data, low in zip(panels, ("mnist", "fashion-mnist"), (0.955, 0.82), strict=False):
        groups = images[images["dataset"] == data].groupby("treatment")["score"]
        mean, deviation = groups.mean(), groups.std()
        found = {label: (mean[name], deviation[name]) for name, label in IMAGES.items()}
        draw(axes, found, f"{data}, imbalance ratio 100", low)
    panels[1].set_yticklabels([])
    means = tables.groupby(["treatment", "classifier", "dataset"], dropna=False)["score"].mean()
    found = {
        label: (means.xs(key, level=("treatment", "classifier")).mean(), 0.0)
        if key[1]
        else (means.xs(key[0], level="treatment").mean(), 0.0)
        for key, label in TABLES.items()
    }
    draw(panels[2], found, "mean of 27 imbalanced tables", 0.7)
    figure.supxlabel("balanced accuracy (ACSA)", fontsize=10)
    figure.savefig(ROOT / "docs/_static/results.png", dpi=110)


if __name__ == "__main__":
    main()
