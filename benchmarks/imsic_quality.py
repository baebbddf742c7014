"""Quality of the images of IMSIC and DGC, and how IMSIC's obey their structure: ratio 100.

    python benchmarks/imsic_quality.py --data-dir DIR        # what is not stored yet
    python benchmarks/imsic_quality.py --show

A judge per data set, a classifier of all training images that does nothing but judge, and a
generator per data set and seed: a GAN with and without the regulariser, or DGC. Each is a job in a
process of its own; its numbers are stored in ``results/imsic_quality.json``, its pictures in
``results/imsic_quality``, and neither is made again. Trained models stay in ``--models``. What the
images do for a classifier is in ``images.toml``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gathered
import numpy as np

STORE = Path(__file__).parent / "results" / "imsic_quality"
DATASETS = ("mnist", "fashion-mnist", "digits", "cifar-10")
JUDGE_EPOCHS = {"digits": 30, "cifar-10": 10}  # otherwise 3
GANS = {"regularised": {}, "unregularised": {"structure_weight": 0.0}}
GENERATORS = (*GANS, "dgc")
WRONG = [("code_1", "code_2"), ("code_1", "code_4")]  # against "paper": 2 → 4, 3 → 4
HELD_OUT = 1000  # images of each class that training left over


def load(dataset: str, seed: int, data_dir: str | None) -> tuple[Any, ...]:
    """Imbalanced training images, and up to 1,000 left over of each class."""
    from equipoise import load_dataset
    from equipoise.datasets import imbalance

    data = load_dataset(dataset, data_dir)
    X, y, taken = imbalance.subset(
        data.X_train,
        data.y_train,
        imbalance.published(dataset),
        random_state=seed,
        return_indices=True,
    )
    rest = np.setdiff1d(np.arange(len(data.y_train)), taken)
    held_out = np.concatenate([rest[data.y_train[rest] == c][:HELD_OUT] for c in np.unique(y)])
    return X, y, data.X_train[held_out], data.y_train[held_out]


def train_judge(dataset: str, models: Path, data_dir: str | None) -> dict[str, Any]:
    """A classifier of the whole balanced training set."""
    from equipoise import ConvNetClassifier, load_dataset
    from equipoise.metrics import acsa

    data = load_dataset(dataset, data_dir)
    judge = ConvNetClassifier(max_epochs=JUDGE_EPOCHS.get(dataset, 3), random_state=0)
    judge.fit(data.X_train, data.y_train)
    judge.save(models / f"{dataset}-judge")
    return {"test_acsa": acsa(data.y_test, judge.predict(data.X_test))}


def train_gan(
    dataset: str, gan: str, seed: int, models: Path, data_dir: str | None
) -> dict[str, Any]:
    """The GAN, how far it obeys its structure, and the quality of what it draws."""
    import matplotlib

    from equipoise import IMSIC, ConvNetClassifier

    matplotlib.use("agg")
    X, y, X_held_out, y_held_out = load(dataset, seed, data_dir)
    started = time.perf_counter()
    sampler = IMSIC(structure="paper", random_state=seed, **GANS[gan]).fit(X, y)
    record: dict[str, Any] = {"fit_seconds": round(time.perf_counter() - started, 1)}
    started = time.perf_counter()
    sampler.sample(10_000 // len(sampler.classes_))
    record["seconds_for_10000"] = round(time.perf_counter() - started, 2)
    sampler.save(models / f"{dataset}-{gan}-{seed}")
    for name, structure in (("structure", None), ("wrong_structure", WRONG)):
        report = sampler.structure_report(structure=structure, random_state=seed)
        record[name] = {
            "recovery": report.recovery["r2"].round(4).to_dict(),
            "pairs": report.pairs.round(4).to_dict("records"),
        }
    quality = sampler.quality_report(
        X_held_out,
        y_held_out,
        classifier=ConvNetClassifier.load(models / f"{dataset}-judge"),
        n=1000,
        random_state=seed,
    )
    record["quality"] = quality.to_dict()
    record["history"] = sampler.history_
    if seed > 1:  # one set of pictures to look at
        return record
    for name, figure in (
        ("samples", sampler.plot_samples(random_state=seed).figure),
        ("traversals", sampler.plot_traversals(random_state=seed).flat[0].figure),
        ("structure", sampler.plot_structure().figure),
    ):
        figure.savefig(STORE / f"{dataset}-{gan}-{seed}-{name}.png", dpi=80)
    return record


def train_dgc(dataset: str, seed: int, models: Path, data_dir: str | None) -> dict[str, Any]:
    """DGC, its accuracy on held-out images, and the quality of what it draws."""
    from equipoise import ConvNetClassifier, DGCClassifier
    from equipoise.metrics import acsa, synthesis_report

    X, y, X_held_out, y_held_out = load(dataset, seed, data_dir)
    seconds = {}
    for drawing in ("gaussian", "neighbours"):  # the latter is kept
        started = time.perf_counter()
        model = DGCClassifier(drawing=drawing, random_state=seed).fit(X, y)
        seconds[drawing] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    made = model.sample(1000, random_state=seed)
    record: dict[str, Any] = {
        "fit_seconds": seconds["neighbours"],
        "fit_seconds_without_drawing": seconds["gaussian"],
        "seconds_for_10000": round(time.perf_counter() - started, 2),
        "held_out_acsa": acsa(y_held_out, model.predict(X_held_out)),
    }
    judge = ConvNetClassifier.load(models / f"{dataset}-judge")
    quality = synthesis_report(
        judge.transform(X_held_out),
        y_held_out,
        judge.transform(made),
        np.repeat(model.classes_, 1000),
        train=judge.transform(X),
        y_train=y,
        y_predicted=judge.predict(made),
        random_state=seed,
    )
    record["quality"] = quality.to_dict()
    if seed == 1:
        save_samples(X, y, made, STORE / f"{dataset}-dgc-{seed}-samples.png")
    return record


def save_samples(X: np.ndarray, y: np.ndarray, made: np.ndarray, path: Path) -> None:
    """A row per class, the rarest on top: 12 drawn images and, to the right, 6 real ones."""
    from PIL import Image

    classes, counts = np.unique(y, return_counts=True)
    parts = [
        [
            *made[c * 1000 : c * 1000 + 12],
            np.full_like(made[0], made.max()),
            *X[y == classes[c]][:6],
        ]
        for c in np.argsort(counts, kind="stable")
    ]
    picture = np.concatenate([np.concatenate(row, 1) for row in parts])
    scaled = (picture / picture.max() * 255).astype(np.uint8).repeat(3, 0).repeat(3, 1)
    Image.fromarray(scaled.squeeze()).save(path, optimize=True)


def run_job(dataset: str, gan: str, seed: int, models: Path, data_dir: str | None) -> None:
    if gan == "judge":
        record = train_judge(dataset, models, data_dir)
    elif gan == "dgc":
        record = train_dgc(dataset, seed, models, data_dir)
    else:
        record = train_gan(dataset, gan, seed, models, data_dir)
    about = {"dataset": dataset, "gan": gan, "seed": seed}
    gathered.write(STORE, name_of(dataset, gan, seed), about | record)


def name_of(dataset: str, gan: str, seed: int) -> str:
    return f"{dataset}-{gan}-{seed}"


def run_missing(options: argparse.Namespace) -> None:
    """Judges, then the GANs that they judge; ``--jobs`` at a time."""
    threads = str(max(1, (os.cpu_count() or 1) // options.jobs))
    STORE.mkdir(parents=True, exist_ok=True)

    def start(job: tuple[str, str, int]) -> int:
        command = [sys.executable, __file__, "--job", *map(str, job)]
        command += ["--models", str(options.models)]
        command += ["--data-dir", options.data_dir] if options.data_dir else []
        return subprocess.call(command, env={**os.environ, "OMP_NUM_THREADS": threads})

    stored = gathered.read(STORE)
    gans = [
        (dataset, gan, seed)
        for seed in options.seeds
        for dataset in options.datasets
        for gan in options.gans
        if name_of(dataset, gan, seed) not in stored
    ]
    judged = {dataset for dataset, _, _ in gans}
    judges = [(d, "judge", 0) for d in judged if not (options.models / f"{d}-judge").exists()]
    failed = 0
    for jobs in (judges, gans):
        with ThreadPoolExecutor(options.jobs) as pool:
            failed += sum(code != 0 for code in pool.map(start, jobs))
    gathered.gather(STORE)
    if failed:
        sys.exit(f"{failed} jobs failed")


def show(dataset: str, seeds: list[int]) -> None:
    """How each GAN obeys its structure, and the quality of its images."""

    def correlations(report: dict[str, Any], joined: bool) -> list[float]:
        return [p["partial_correlation"] for p in report["pairs"] if p["joined"] == joined]

    print(f"\n**{dataset}**\n")
    print("| GAN | seed | fit s | 10,000 images s | R² | edges | others at most | wrong edges |")
    print("|---|---|---|---|---|---|---|---|")
    stored = gathered.read(STORE)
    names = [name_of(dataset, gan, seed) for gan in GENERATORS for seed in seeds]
    records = [stored[name] for name in names if name in stored]
    for record in records:
        if "structure" not in record:
            continue
        report = record["structure"]
        cells = [
            f"{record['fit_seconds']:.0f}",
            f"{record['seconds_for_10000']:.1f}",
            " ".join(f"{r2:.2f}" for r2 in report["recovery"].values()),
            " ".join(f"{edge:.2f}" for edge in correlations(report, True)),
            f"{max(map(abs, correlations(report, False))):.2f}",
            " ".join(f"{edge:.2f}" for edge in correlations(record["wrong_structure"], True)),
        ]
        print(f"| {record['gan']} | {record['seed']} | " + " | ".join(cells) + " |")
    qualities = ("fidelity", "memorised", "coverage", "density", "diversity")
    columns = [f"{name} ({rows})" for name in qualities for rows in ("40 images", "mean")]
    print("\n| GAN | seed | " + " | ".join(columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for record in records:
        quality = record["quality"]
        rarest = list(quality["classes"].values())[-1]
        cells = [f"{part[name]:.3f}" for name in qualities for part in (rarest, quality["mean"])]
        print(f"| {record['gan']} | {record['seed']} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS[:2], choices=DATASETS)
    parser.add_argument("--gans", nargs="+", default=GENERATORS, choices=GENERATORS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default: 1)")
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--models", type=Path, default=Path("runs/imsic_quality"))
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    parser.add_argument("--job", nargs=3, metavar=("DATASET", "GAN", "SEED"), help="one job")
    options = parser.parse_args()
    if options.job:
        dataset, gan, seed = options.job
        run_job(dataset, gan, int(seed), options.models, options.data_dir)
        return
    if not options.show:
        run_missing(options)
    for dataset in options.datasets:
        show(dataset, options.seeds)


if __name__ == "__main__":
    main()
