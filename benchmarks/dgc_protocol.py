"""The protocol of the DGC paper: imbalanced subsets, five seeds, the full test set.

    python benchmarks/dgc_protocol.py                       # everything that is not stored yet
    python benchmarks/dgc_protocol.py --datasets mnist --methods dgc plain --seeds 1 2
    python benchmarks/dgc_protocol.py --show                # the table of what is stored

Every (data set, method, seed) is one job in a process of its own; its scores, predictions, times
and peak memory are stored in one JSON file, and a stored job is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

STORE = Path(__file__).parent / "results" / "dgc_protocol"
DATASETS = ("mnist", "fashion-mnist")
METHODS = ("plain", "logit-adjusted", "dgc", "dgc-paper", "dgc-paper-uniform")
MEASURES = (
    ("acsa", "ACSA"),
    ("f_macro", "F"),
    ("g_macro", "G"),
    ("smallest_class_recall", "R_MI"),
    ("largest_class_precision", "P_MA"),
)
# Wang, Lyu, Jing, CVPR 2020, Table 1: mean of five.
PUBLISHED = {
    "mnist": (0.9480, 0.9474, 0.9704, 0.8276, 0.9270),
    "fashion-mnist": (0.8364, 0.8314, 0.9010, 0.8864, 0.6900),
}


def build(method: str, seed: int):
    """Estimator of a method; all share the backbone, the epochs and the batch size."""
    from equipoise import ConvNetClassifier, DGCClassifier

    if method == "dgc":
        return DGCClassifier(random_state=seed)
    if method == "dgc-paper":
        return DGCClassifier.paper(random_state=seed)
    if method == "dgc-paper-uniform":  # the same fit; Bayes' rule for equally probable classes
        return DGCClassifier.paper(random_state=seed, class_prior="uniform")
    loss = {"plain": "cross_entropy", "logit-adjusted": "logit_adjusted"}[method]
    return ConvNetClassifier(loss=loss, random_state=seed)


def run_job(dataset: str, method: str, seed: int, data_dir: str | None) -> None:
    """Train, predict the test set once, store."""
    import sklearn
    import torch

    from equipoise import __version__, load_dataset
    from equipoise.datasets import imbalance
    from equipoise.metrics import summary

    data = load_dataset(dataset, data_dir)
    X, y = imbalance.subset(
        data.X_train, data.y_train, imbalance.published(dataset), random_state=seed
    )
    model = build(method, seed)
    started = time.perf_counter()
    model.fit(X, y)
    trained = time.perf_counter()
    predicted = model.predict(data.X_test)
    finished = time.perf_counter()
    record = {
        "dataset": dataset,
        "method": method,
        "seed": seed,
        "metrics": summary(data.y_test, predicted, y),
        "fit_seconds": round(trained - started, 2),
        "predict_seconds": round(finished - trained, 2),
        "threads": torch.get_num_threads(),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "n_parameters": sum(p.numel() for p in model.network_.parameters()),
        "params": model.get_params(),
        "versions": {
            "equipoise": __version__,
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        # One digit per test image, in order: any metric can be recomputed.
        "predictions": "".join(str(label) for label in predicted),
        "history": model.history_,
    }
    path = job_path(dataset, method, seed)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1))
    os.replace(partial, path)
    scores = "  ".join(f"{name} {record['metrics'][key]:.4f}" for key, name in MEASURES)
    print(f"{dataset} {method} seed {seed}: {scores}  {finished - started:.0f} s", flush=True)


def job_path(dataset: str, method: str, seed: int) -> Path:
    return STORE / f"{dataset}-{method}-{seed}.json"


def run_missing(options: argparse.Namespace) -> None:
    """Run what is not stored, ``--jobs`` at a time, each with its share of the cores."""
    STORE.mkdir(parents=True, exist_ok=True)
    jobs = [
        (dataset, method, seed)
        for seed in options.seeds
        for dataset in options.datasets
        for method in options.methods
        if not job_path(dataset, method, seed).exists()
    ]
    threads = str(max(1, (os.cpu_count() or 1) // options.jobs))

    def start(job: tuple[str, str, int]) -> int:
        command = [sys.executable, __file__, "--job", *map(str, job)]
        if options.data_dir:
            command += ["--data-dir", options.data_dir]
        return subprocess.call(command, env={**os.environ, "OMP_NUM_THREADS": threads})

    with ThreadPoolExecutor(options.jobs) as pool:
        failed = sum(code != 0 for code in pool.map(start, jobs))
    if failed:
        sys.exit(f"{failed} of {len(jobs)} jobs failed")


def show(options: argparse.Namespace) -> None:
    """Print a Markdown table per data set: mean ± sd over the stored seeds."""
    for dataset in options.datasets:
        print(f"\n**{dataset}**\n")
        columns = [name for _, name in MEASURES]
        print("| method | seeds | " + " | ".join(columns) + " | fit s | predict s | peak MiB |")
        print("|---|---|" + "---|" * (len(columns) + 3))
        published = " | ".join(f"{value:.4f}" for value in PUBLISHED[dataset])
        print(f"| DGC as published | 5 | {published} | | | |")
        for method in options.methods:
            records = [
                json.loads(job_path(dataset, method, seed).read_text())
                for seed in options.seeds
                if job_path(dataset, method, seed).exists()
            ]
            if not records:
                continue
            cells = []
            for key, _ in MEASURES:
                values = [record["metrics"][key] for record in records]
                spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
                cells.append(f"{np.mean(values):.4f}{spread}")
            for key in ("fit_seconds", "predict_seconds", "peak_mib"):
                cells.append(f"{np.median([record[key] for record in records]):.0f}")
            print(f"| {method} | {len(records)} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS, choices=DATASETS)
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default: 1)")
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    parser.add_argument("--job", nargs=3, metavar=("DATASET", "METHOD", "SEED"), help="one job")
    options = parser.parse_args()
    if options.job:
        dataset, method, seed = options.job
        run_job(dataset, method, int(seed), options.data_dir)
        return
    if not options.show:
        run_missing(options)
    show(options)


if __name__ == "__main__":
    main()
