"""IMSIC against the simple remedies: imbalance ratio 100, one network, one training budget.

    python benchmarks/imsic_protocol.py --data-dir DIR                # what is not stored yet
    python benchmarks/imsic_protocol.py --data-dir DIR --held-out     # the same on training images
    python benchmarks/imsic_protocol.py --show

One GAN per data set and seed is trained first and kept in ``--gans``; every arm is then one job in
a process of its own, stored as one JSON file and not run again. All arms take the same number of
steps of ConvNetClassifier: 12 passes over the 9,000 real images.
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

import numpy as np
from dgc_ablation import split

STORE = Path(__file__).parent / "results" / "imsic_protocol"
DATASETS = ("mnist", "fashion-mnist")
ARMS = ("gan", "plain", "balanced", "smote", "imsic", "logit-adjusted", "imsic-logit-adjusted")
EPOCHS, FILLED_TO, PRETRAINING = 12, 1000, 3
MEASURES = (
    ("acsa", "ACSA"),
    ("f_macro", "F"),
    ("g_macro", "G"),
    ("smallest_class_recall", "R_MI"),
    ("largest_class_precision", "P_MA"),
)


def load(dataset: str, seed: int, held_out: bool, data_dir: str | None):
    """Imbalanced training set, and the test set or the images that it leaves over."""
    from equipoise import load_dataset
    from equipoise.datasets import imbalance

    data, sizes = load_dataset(dataset, data_dir), imbalance.published(dataset)
    if held_out:
        train, rest = split(data.y_train, sizes, seed)
        return (data.X_train[train], data.y_train[train]), (data.X_train[rest], data.y_train[rest])
    subset = imbalance.subset(data.X_train, data.y_train, sizes, random_state=seed)
    return subset, (data.X_test, data.y_test)


def classifier(seed: int, n_rows: int, n_real: int, epochs: float = EPOCHS, **params):
    """ConvNetClassifier that takes as many steps as ``epochs`` passes over the real rows."""
    from equipoise import ConvNetClassifier

    passes = max(1, round(epochs * n_real / n_rows))
    return ConvNetClassifier(max_epochs=passes, random_state=seed, **params)


def fit_arm(arm: str, X: np.ndarray, y: np.ndarray, seed: int, gan: Path):
    """Fitted classifier of an arm."""
    from imblearn.over_sampling import SMOTE

    from equipoise import IMSIC

    n = len(y)
    if arm == "plain":
        return classifier(seed, n, n).fit(X, y)
    if arm == "balanced":
        return classifier(seed, n, n, resampling="balanced").fit(X, y)
    if arm == "logit-adjusted":
        return classifier(seed, n, n, loss="logit_adjusted").fit(X, y)
    if arm == "smote":
        flat, labels = SMOTE(random_state=seed).fit_resample(X.reshape(n, -1), y)
        images = flat.reshape(-1, *X.shape[1:]).astype(X.dtype)
        return classifier(seed, len(labels), n).fit(images, labels)
    wanted = {c: max(FILLED_TO, int((y == c).sum())) for c in np.unique(y)}
    sampler = IMSIC.load(gan)
    X_more, y_more = sampler.resample(X, y, sampling_strategy=wanted)
    if arm == "imsic":
        # Classes in equal parts, and in each the synthetic rows as often as the real ones: a
        # class that is nearly all synthetic is recognised by what is wrong with the synthesis.
        real = ~sampler.synthetic_mask_
        weight = np.empty(len(y_more))
        for c in wanted:
            for part in (real, ~real):
                rows = part & (y_more == c)
                weight[rows] = 1 / max(1, rows.sum())
        model = classifier(seed, len(y_more), n, resampling="balanced")
        return model.fit(X_more, y_more, sample_weight=weight)
    model = classifier(seed, len(y_more), n, PRETRAINING, warm_start=True).fit(X_more, y_more)
    rest = classifier(seed, n, n, EPOCHS - PRETRAINING).max_epochs
    return model.set_params(max_epochs=rest, loss="logit_adjusted").fit(X, y)


def run_job(dataset: str, arm: str, seed: int, options: argparse.Namespace) -> None:
    from equipoise import IMSIC
    from equipoise.metrics import summary

    (X, y), (X_test, y_test) = load(dataset, seed, options.held_out, options.data_dir)
    gan = gan_path(dataset, seed, options)
    started = time.perf_counter()
    record = {"dataset": dataset, "arm": arm, "seed": seed, "held_out": options.held_out}
    if arm == "gan":
        sampler = IMSIC(structure="paper", random_state=seed).fit(X, y)
        record["fit_seconds"] = round(time.perf_counter() - started, 1)
        started = time.perf_counter()
        sampler.sample(1000)
        record["seconds_for_10000"] = round(time.perf_counter() - started, 2)
        report = sampler.structure_report()
        record["recovery"] = report.recovery["r2"].round(4).to_dict()
        record["pairs"] = report.pairs.round(4).to_dict("records")
        record["history"] = sampler.history_
        sampler.save(gan)
    else:
        predicted = fit_arm(arm, X, y, seed, gan).predict(X_test)
        record["fit_seconds"] = round(time.perf_counter() - started, 1)
        record["metrics"] = summary(y_test, predicted, y)
        record["predictions"] = "".join(str(label) for label in predicted)
        scores = "  ".join(f"{name} {record['metrics'][key]:.4f}" for key, name in MEASURES)
        print(f"{dataset} {arm} seed {seed}: {scores}", flush=True)
    path = job_path(dataset, arm, seed, options)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1))
    os.replace(partial, path)


def job_path(dataset: str, arm: str, seed: int, options: argparse.Namespace) -> Path:
    return STORE / ("held_out" if options.held_out else "test") / f"{dataset}-{arm}-{seed}.json"


def gan_path(dataset: str, seed: int, options: argparse.Namespace) -> Path:
    return Path(options.gans) / f"{dataset}-{'held_out' if options.held_out else 'test'}-{seed}"


def run_missing(options: argparse.Namespace) -> None:
    """GANs first, then the arms that they feed, ``--jobs`` at a time."""
    threads = str(max(1, (os.cpu_count() or 1) // options.jobs))

    def start(job: tuple[str, str, int]) -> int:
        path = job_path(*job, options)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and (job[1] != "gan" or gan_path(job[0], job[2], options).exists()):
            return 0
        command = [sys.executable, __file__, "--job", *map(str, job), "--gans", options.gans]
        command += ["--data-dir", options.data_dir] if options.data_dir else []
        command += ["--held-out"] if options.held_out else []
        return subprocess.call(command, env={**os.environ, "OMP_NUM_THREADS": threads})

    failed = 0
    for arms in (["gan"], [arm for arm in options.arms if arm != "gan"]):
        jobs = [(d, arm, s) for s in options.seeds for d in options.datasets for arm in arms]
        with ThreadPoolExecutor(options.jobs) as pool:
            failed += sum(code != 0 for code in pool.map(start, jobs))
    if failed:
        sys.exit(f"{failed} jobs failed")


def show(options: argparse.Namespace) -> None:
    """Markdown tables: mean ± sd over the stored seeds, and the structure of each GAN."""
    for dataset in options.datasets:
        print(f"\n**{dataset}**\n")
        print("| arm | seeds | " + " | ".join(name for _, name in MEASURES) + " | fit s |")
        print("|---|---|" + "---|" * (len(MEASURES) + 1))
        for arm in options.arms:
            paths = [job_path(dataset, arm, seed, options) for seed in options.seeds]
            records = [json.loads(path.read_text()) for path in paths if path.exists()]
            if not records:
                continue
            if arm == "gan":
                for record in records:
                    print(
                        f"<!-- gan seed {record['seed']}: {record['fit_seconds']:.0f} s, "
                        f"R² {record['recovery']} -->"
                    )
                continue
            cells = []
            for key, _ in MEASURES:
                values = [record["metrics"][key] for record in records]
                spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
                cells.append(f"{np.mean(values):.4f}{spread}")
            cells.append(f"{np.median([record['fit_seconds'] for record in records]):.0f}")
            print(f"| {arm} | {len(records)} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS, choices=DATASETS)
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default: 1)")
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--gans", default="runs/imsic_protocol", help="folder for trained GANs")
    parser.add_argument("--held-out", action="store_true", help="score left-over training images")
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    parser.add_argument("--job", nargs=3, metavar=("DATASET", "ARM", "SEED"), help="one job")
    options = parser.parse_args()
    if options.job:
        dataset, arm, seed = options.job
        run_job(dataset, arm, int(seed), options)
        return
    if not options.show:
        run_missing(options)
    show(options)


if __name__ == "__main__":
    main()
