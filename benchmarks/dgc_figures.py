"""The figures of the DGC paper (4 to 7), drawn anew.

    python benchmarks/dgc_figures.py                       # digits, under two minutes
    python benchmarks/dgc_figures.py --dataset mnist --data-dir DIR

The effect of r is measured on held-out training images, not on the test set.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import numpy as np
import torch

from equipoise import DGCClassifier, load_dataset
from equipoise.datasets import imbalance
from equipoise.dgc.network import moments
from equipoise.metrics import acsa, nearest_rows, smallest_class_recall
from equipoise.report import plots
from equipoise.training import Callback

RATES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class RecordPosterior(Callback):
    """Mean and standard deviation of q(z|x, y) of a few instances after every epoch."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def on_fit_start(self, progress) -> None:
        self.means: list[np.ndarray] = []
        self.stds: list[np.ndarray] = []

    def on_epoch_end(self, progress) -> None:
        network = progress.plan.modules.eval()
        x = torch.from_numpy(self.images).float()[:, None] / 255
        with torch.inference_mode():
            base, shifts = network.recognise(x)
            mean, log_variance = moments(base + shifts[self.labels])
        self.means.append(mean.numpy())
        self.stds.append(torch.exp(log_variance / 2).numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-dir")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "figures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    data = load_dataset(options.dataset, options.data_dir)
    sizes = imbalance.published(options.dataset)
    X, y, kept = imbalance.subset(
        data.X_train, data.y_train, sizes, random_state=0, return_indices=True
    )
    largest, smallest = 0, len(sizes) - 1
    shown = np.array([np.flatnonzero(y == c)[0] for c in (largest, smallest)])

    def save(figure, name: str) -> None:
        path = options.out / f"{options.dataset}-{name}.png"
        figure.savefig(path, dpi=100, bbox_inches="tight")
        print(path)

    model = DGCClassifier.paper(
        random_state=0, callbacks=[RecordPosterior(X[shown], y[shown])]
    ).fit(X, y)
    recorded = model.callbacks_[0]
    names = [f"{data.class_names[c]} ({sizes[c]} images)" for c in (largest, smallest)]
    save(
        plots.plot_posterior_convergence(
            np.stack(recorded.means), np.stack(recorded.stds), labels=names
        )[0, 0].figure,
        "4-convergence",
    )

    model = DGCClassifier(random_state=0).fit(X, y)
    save(
        plots.plot_latent(
            X, model.transform(X), y, class_names=data.class_names, counts=list(sizes.values())
        )[0].figure,
        "5-latent",
    )
    generated = {c: model.sample(10, y=c) for c in (largest, smallest)}
    nearest = {c: X[nearest_rows(images, X)[0]] for c, images in generated.items()}
    axes = plots.plot_samples(
        generated,
        nearest=nearest,
        class_names=[data.class_names[c] for c in generated],
        counts=[sizes[c] for c in generated],
    )
    save(axes.figure, "6-samples")

    scores = {"ACSA": [], "R_MI": []}
    for rate in RATES:
        runs = []
        for seed in options.seeds:
            X, y, kept = imbalance.subset(
                data.X_train, data.y_train, sizes, random_state=seed, return_indices=True
            )
            held_out = np.setdiff1d(np.arange(len(data.y_train)), kept)
            model = DGCClassifier.paper(oversampling_rate=rate, random_state=seed).fit(X, y)
            predicted = model.predict(data.X_train[held_out])
            truth = data.y_train[held_out]
            runs.append((acsa(truth, predicted), smallest_class_recall(truth, predicted, y)))
        for name, values in zip(scores, zip(*runs, strict=True), strict=True):
            scores[name].append(float(np.mean(values)))
        print(f"r = {rate}: " + ", ".join(f"{k} {v[-1]:.4f}" for k, v in scores.items()))
    axes = plots.plot_rate_effect(RATES, scores)
    save(axes.figure, "7-rate")


if __name__ == "__main__":
    main()
