"""IMSIC against the simple remedies: imbalance ratio 100, one network, one training budget.

    python benchmarks/imsic_protocol.py --data-dir DIR                # what is not stored yet
    python benchmarks/imsic_protocol.py --show --held-out             # training images left over
    python benchmarks/imsic_protocol.py --show                        # the test images

Three kinds of jobs, each in a process of its own, stored as one JSON file and not run again:
a judge per data set (a classifier of all training images, for nothing but judging labels), a GAN
per data set and seed with and without the regulariser, and the arms. All arms take the same number
of steps of ConvNetClassifier: 12 passes over the 9,000 real images. Trained models stay in
``--models``. Every classifier is scored on held-out training images, by which recipes are chosen,
and on the test images, which are reported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

STORE = Path(__file__).parent / "results" / "imsic_protocol"
DATASETS = ("mnist", "fashion-mnist")
GANS = {"gan": {}, "gan-unregularised": {"structure_weight": 0.0}}
ARMS = (
    "plain",
    "balanced",
    "smote",
    "imsic",
    "imsic-unregularised",
    "imsic-balanced",
    "logit-adjusted",
    "imsic-logit-adjusted",
)
WRONG = [("code_1", "code_2"), ("code_1", "code_4")]  # against "paper": 2 → 4, 3 → 4
EPOCHS, FILLED_TO, HELD_OUT = 12, 1000, 1000
MEASURES = (
    ("acsa", "ACSA"),
    ("f_macro", "F"),
    ("g_macro", "G"),
    ("smallest_class_recall", "R_MI"),
    ("largest_class_precision", "P_MA"),
)


def load(dataset: str, seed: int, data_dir: str | None) -> tuple[Any, ...]:
    """Imbalanced training images, up to 1,000 left over of each class, and the data set."""
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
    return X, y, data.X_train[held_out], data.y_train[held_out], data


def train_judge(dataset: str, models: Path, data_dir: str | None) -> dict[str, Any]:
    """A classifier of the whole balanced training set."""
    from equipoise import ConvNetClassifier, load_dataset
    from equipoise.metrics import acsa

    data = load_dataset(dataset, data_dir)
    judge = ConvNetClassifier(max_epochs=3, random_state=0).fit(data.X_train, data.y_train)
    judge.save(models / f"{dataset}-judge")
    return {"test_acsa": acsa(data.y_test, judge.predict(data.X_test))}


def train_gan(
    dataset: str, arm: str, seed: int, models: Path, data_dir: str | None
) -> dict[str, Any]:
    """The GAN, how far it obeys its structure, and the quality of what it draws."""
    import matplotlib

    from equipoise import IMSIC, ConvNetClassifier

    matplotlib.use("agg")
    X, y, X_held_out, y_held_out, _ = load(dataset, seed, data_dir)
    started = time.perf_counter()
    sampler = IMSIC(structure="paper", random_state=seed, **GANS[arm]).fit(X, y)
    record: dict[str, Any] = {"fit_seconds": round(time.perf_counter() - started, 1)}
    started = time.perf_counter()
    sampler.sample(10_000 // len(sampler.classes_))
    record["seconds_for_10000"] = round(time.perf_counter() - started, 2)
    sampler.save(models / f"{dataset}-{arm}-{seed}")
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
    for name, figure in (
        ("samples", sampler.plot_samples(random_state=seed).figure),
        ("traversals", sampler.plot_traversals(random_state=seed)),
        ("structure", sampler.plot_structure().figure),
    ):
        figure.savefig(STORE / f"{dataset}-{arm}-{seed}-{name}.png", dpi=80)
    return record


def classifier(seed: int, n_rows: int, n_real: int, **params: Any) -> Any:
    """ConvNetClassifier that takes as many steps as ``EPOCHS`` passes over the real rows."""
    from equipoise import ConvNetClassifier

    passes = max(1, round(EPOCHS * n_real / n_rows))
    return ConvNetClassifier(max_epochs=passes, random_state=seed, **params)


def filled(y: np.ndarray) -> dict[Any, int]:
    """Sampling strategy that fills every class to 1,000."""
    return {c: max(FILLED_TO, int((y == c).sum())) for c in np.unique(y)}


def fit_arm(arm: str, X: np.ndarray, y: np.ndarray, seed: int, gan: Path) -> Any:
    """Fitted classifier of an arm."""
    from imblearn.over_sampling import SMOTE
    from sklearn.frozen import FrozenEstimator

    from equipoise import IMSIC, SyntheticPretrainingClassifier

    n = len(y)
    simple = {
        "plain": {},
        "balanced": {"resampling": "balanced"},
        "logit-adjusted": {"loss": "logit_adjusted"},
    }
    if arm in simple:
        return classifier(seed, n, n, **simple[arm]).fit(X, y)
    if arm == "smote":
        flat, labels = SMOTE(random_state=seed).fit_resample(X.reshape(n, -1), y)
        images = flat.reshape(-1, *X.shape[1:]).astype(X.dtype)
        return classifier(seed, len(labels), n).fit(images, labels)
    sampler = IMSIC.load(gan).set_params(sampling_strategy=filled)
    if arm.removeprefix("imsic-") in simple:
        # A preparation for a quarter of the steps, and then the simple remedy on the real rows.
        remedy = classifier(seed, n, n, **simple[arm.removeprefix("imsic-")])
        return SyntheticPretrainingClassifier(remedy, FrozenEstimator(sampler)).fit(X, y)
    # Classes in equal parts, and in each the synthetic rows as often as the real ones: a class
    # that is nearly all synthetic is recognised by what is wrong with the synthesis.
    X_more, y_more = sampler.resample(X, y)
    real = ~sampler.synthetic_mask_
    weight = np.empty(len(y_more))
    for c in np.unique(y):
        for part in (real, ~real):
            rows = part & (y_more == c)
            weight[rows] = 1 / max(1, rows.sum())
    model = classifier(seed, len(y_more), n, resampling="balanced")
    return model.fit(X_more, y_more, sample_weight=weight)


def score_arm(
    dataset: str, arm: str, seed: int, models: Path, data_dir: str | None
) -> dict[str, Any]:
    from equipoise.metrics import summary

    X, y, X_held_out, y_held_out, data = load(dataset, seed, data_dir)
    gan = "gan-unregularised" if arm == "imsic-unregularised" else "gan"
    started = time.perf_counter()
    model = fit_arm(arm, X, y, seed, models / f"{dataset}-{gan}-{seed}")
    record: dict[str, Any] = {"fit_seconds": round(time.perf_counter() - started, 1)}
    record["held_out"] = summary(y_held_out, model.predict(X_held_out), y)
    predicted = model.predict(data.X_test)
    record["test"] = summary(data.y_test, predicted, y)
    record["predictions"] = "".join(str(label) for label in predicted)
    return record


def run_job(dataset: str, arm: str, seed: int, models: Path, data_dir: str | None) -> None:
    if arm == "judge":
        record = train_judge(dataset, models, data_dir)
    elif arm in GANS:
        record = train_gan(dataset, arm, seed, models, data_dir)
    else:
        record = score_arm(dataset, arm, seed, models, data_dir)
    path = job_path(dataset, arm, seed)
    partial = path.with_suffix(".partial")
    partial.write_text(
        json.dumps({"dataset": dataset, "arm": arm, "seed": seed} | record, indent=1)
    )
    os.replace(partial, path)


def job_path(dataset: str, arm: str, seed: int) -> Path:
    return STORE / f"{dataset}-{arm}-{seed}.json"


def run_missing(options: argparse.Namespace) -> None:
    """Judges, then the GANs that they judge, then the arms; ``--jobs`` at a time."""
    threads = str(max(1, (os.cpu_count() or 1) // options.jobs))
    STORE.mkdir(parents=True, exist_ok=True)

    def start(job: tuple[str, str, int]) -> int:
        model = options.models / "-".join(map(str, job))
        if job[1] == "judge":
            model = model.with_name(f"{job[0]}-judge")
        needs_model = job[1] not in ARMS
        if job_path(*job).exists() and (model.exists() or not needs_model):
            return 0
        command = [sys.executable, __file__, "--job", *map(str, job)]
        command += ["--models", str(options.models)]
        command += ["--data-dir", options.data_dir] if options.data_dir else []
        return subprocess.call(command, env={**os.environ, "OMP_NUM_THREADS": threads})

    def each(arms: list[str], seeds: list[int]) -> list[tuple[str, str, int]]:
        return [(d, arm, seed) for seed in seeds for d in options.datasets for arm in arms]

    gans = [gan for gan in GANS if gan in options.arms]
    stages = (
        each(["judge"] if gans else [], [0]),
        each(gans, options.seeds),
        each([arm for arm in ARMS if arm in options.arms], options.seeds),
    )
    failed = 0
    for jobs in stages:
        with ThreadPoolExecutor(options.jobs) as pool:
            failed += sum(code != 0 for code in pool.map(start, jobs))
    if failed:
        sys.exit(f"{failed} jobs failed")


def stored(dataset: str, arm: str, seeds: list[int]) -> list[dict[str, Any]]:
    paths = [job_path(dataset, arm, seed) for seed in seeds]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def show(options: argparse.Namespace) -> None:
    """Markdown tables: mean ± sd over the stored seeds, and every GAN in a line."""
    images = "held_out" if options.held_out else "test"
    for dataset in options.datasets:
        print(f"\n**{dataset}**, {images} images\n")
        print("| arm | seeds | " + " | ".join(name for _, name in MEASURES) + " | fit s |")
        print("|---|---|" + "---|" * (len(MEASURES) + 1))
        for arm in ARMS:
            records = stored(dataset, arm, options.seeds)
            if not records:
                continue
            cells = []
            for key, _ in MEASURES:
                values = [record[images][key] for record in records]
                spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
                cells.append(f"{np.mean(values):.4f}{spread}")
            cells.append(f"{np.median([record['fit_seconds'] for record in records]):.0f}")
            print(f"| {arm} | {len(records)} | " + " | ".join(cells) + " |")
        show_gans(dataset, options.seeds)


def show_gans(dataset: str, seeds: list[int]) -> None:
    """How each GAN obeys its structure, and the quality of its images."""

    def correlations(report: dict[str, Any], joined: bool) -> list[float]:
        return [p["partial_correlation"] for p in report["pairs"] if p["joined"] == joined]

    print("\n| GAN | seed | fit s | 10,000 images s | R² | edges | others at most | wrong edges |")
    print("|---|---|---|---|---|---|---|---|")
    records = [record for gan in GANS for record in stored(dataset, gan, seeds)]
    for record in records:
        report = record["structure"]
        cells = [
            f"{record['fit_seconds']:.0f}",
            f"{record['seconds_for_10000']:.1f}",
            " ".join(f"{r2:.2f}" for r2 in report["recovery"].values()),
            " ".join(f"{edge:.2f}" for edge in correlations(report, True)),
            f"{max(map(abs, correlations(report, False))):.2f}",
            " ".join(f"{edge:.2f}" for edge in correlations(record["wrong_structure"], True)),
        ]
        print(f"| {record['arm']} | {record['seed']} | " + " | ".join(cells) + " |")
    qualities = ("fidelity", "memorised", "coverage", "density", "diversity")
    columns = [f"{name} ({rows})" for name in qualities for rows in ("40 images", "mean")]
    print("\n| GAN | seed | " + " | ".join(columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for record in records:
        quality = record["quality"]
        rarest = list(quality["classes"].values())[-1]
        cells = [f"{part[name]:.3f}" for name in qualities for part in (rarest, quality["mean"])]
        print(f"| {record['arm']} | {record['seed']} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS, choices=DATASETS)
    parser.add_argument("--arms", nargs="+", default=(*GANS, *ARMS), choices=(*GANS, *ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default: 1)")
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--models", type=Path, default=Path("runs/imsic_protocol"))
    parser.add_argument("--held-out", action="store_true", help="show left-over training images")
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    parser.add_argument("--job", nargs=3, metavar=("DATASET", "ARM", "SEED"), help="one job")
    options = parser.parse_args()
    if options.job:
        dataset, arm, seed = options.job
        run_job(dataset, arm, int(seed), options.models, options.data_dir)
        return
    if not options.show:
        run_missing(options)
    show(options)


if __name__ == "__main__":
    main()
