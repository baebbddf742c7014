"""Time and memory on tables that are unusual in one respect, and beside CatBoost on a usual one.

    OMP_NUM_THREADS=1 python benchmarks/tables_limits.py          runs and stores
    python benchmarks/tables_limits.py --show                     prints what is stored

``usual`` has 10,000 rows of 30 numbers, ``half`` has 5,000. ``values`` has a column of 5,000
different words in 20,000 rows, ``columns`` has 5,000 numbers in 200 rows, and ``classes`` has 500
classes of 5 to 40 rows. Every measurement has a process of its own and one thread; peak memory is
that of the process, imports and table included. The rows of CatBoost are three fits of 300 trees
each. ``seconds`` are those of the fit, or of the fit and the resampling.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import gathered
import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_classification

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler
from equipoise.experiments.provenance import peak_mib

STORE = Path(__file__).parent / "results" / "tables_limits"
REPEATS = 3  # of the cases that are compared with CatBoost
METHODS = ("CatBoost, three fits", "DGCClassifier", "GenerativeOverSampler", "IMSIC")
CASES = ("usual", "half", "values", "columns", "classes")


def table(case: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and classes of a case."""
    rng = np.random.default_rng(0)
    if case in ("usual", "half"):
        n = 10_000 if case == "usual" else 5_000
        X, y = make_classification(n, 30, n_informative=12, weights=[0.95], random_state=0)
        return pd.DataFrame(X).add_prefix("x"), y
    if case == "values":
        n = 20_000
        y = rng.permutation(np.arange(n) < n // 50).astype(int)
        word = np.where(y, rng.integers(0, 1000, n), rng.integers(0, 5000, n))
        word[:5000] = np.arange(5000)  # every word occurs
        X = pd.DataFrame(rng.normal(size=(n, 5)) + 0.5 * y[:, None]).add_prefix("x")
        return X.assign(word=pd.Categorical([f"w{i}" for i in word])), y
    if case == "columns":
        y = (np.arange(200) % 10 == 0).astype(int)
        X = rng.normal(size=(200, 5000)) + np.where(np.arange(5000) < 50, y[:, None], 0)
        return pd.DataFrame(X).add_prefix("x"), y
    sizes = np.linspace(5, 40, 500).astype(int)
    y = np.repeat(np.arange(500), sizes)
    X = rng.normal(size=(500, 30))[y] + 0.5 * rng.normal(size=(len(y), 30))
    return pd.DataFrame(X).add_prefix("x"), y


def measure(case: str, method: str) -> dict[str, object]:
    """Fit and use a method once in this process."""
    from catboost import CatBoostClassifier

    torch.set_num_threads(1)
    X, y = table(case)
    before, started = peak_mib(), time.perf_counter()
    fitted = None
    if method == "CatBoost, three fits":
        for _ in range(3):
            CatBoostClassifier(300, verbose=False, thread_count=1, allow_writing_files=False).fit(
                X, y
            )
    elif method == "DGCClassifier":
        model = DGCClassifier(random_state=0).fit(X, y)
        fitted = time.perf_counter()
        model.predict(X)
    elif method == "GenerativeOverSampler":
        generator = DGCClassifier(random_state=0)
        GenerativeOverSampler(generator).fit_resample(X, y)
    else:
        IMSIC(random_state=0).fit_resample(X, y)
    ended = time.perf_counter()
    return {
        "case": case,
        "method": method,
        "rows": len(X),
        "seconds": round((fitted or ended) - started, 2),
        "predict_seconds": None if fitted is None else round(ended - fitted, 2),
        "peak_mib": round(peak_mib()),
        "peak_mib_before": round(before),
    }


def main() -> None:
    """Run what is not stored."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("CASE", "METHOD"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*arguments.one)))
        return
    stored = gathered.read(STORE)
    if not arguments.show:
        # Repeats are the outer loop, so that all methods see the same changes of the machine.
        for repeat in range(REPEATS):
            for case in arguments.cases:
                for method in arguments.methods:
                    compared = case in ("usual", "half")
                    name = f"{case}-{method}-{repeat}"
                    if name in stored or (repeat and not compared):
                        continue
                    if method.startswith("CatBoost") and not compared:
                        continue
                    gathered.write(STORE, name, gathered.measured(__file__, case, method))
        gathered.gather(STORE)
        stored = gathered.read(STORE)
    frame = pd.DataFrame(stored.values())
    print(frame.groupby(["case", "method"], sort=False).median(numeric_only=True).to_string())


if __name__ == "__main__":
    main()
