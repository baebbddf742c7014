"""How time and memory of a fit and a resampling grow with the rows of a mixed table.

    python benchmarks/tables_scaling.py                    runs and stores
    python benchmarks/tables_scaling.py --show             prints and draws what is stored

What it finds is in ``results/tables_scaling.json`` and drawn in ``results/tables_scaling.png``.

Thirty columns, one row in a hundred of the rare class. Every size has a process of its own, whose
peak memory is that of the whole process, imports and table included.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import gathered
import numpy as np
import pandas as pd

from equipoise.experiments.provenance import peak_mib

STORE = Path(__file__).parent / "results" / "tables_scaling"
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
METHODS = ("IMSIC", "DGCClassifier")


def mixed_table(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """``n`` rows of 12 real, 8 integer, 8 categorical and 2 date columns; 1 % are rare."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) < n // 100)
    columns: dict[str, object] = {}
    for i in range(12):
        columns[f"real_{i}"] = rng.lognormal(0.3 * y * (i % 3), 1 + i / 12)
    for i in range(8):
        columns[f"count_{i}"] = rng.poisson(1 + i + y)
    for i in range(8):
        k = 3 + i
        p = np.where(y[:, None], np.arange(1, k + 1), 1.0)
        draw = (rng.random((n, 1)) * p.sum(1, keepdims=True) > p.cumsum(1)).sum(1)
        columns[f"kind_{i}"] = pd.Categorical.from_codes(draw, [f"k{j}" for j in range(k)])
    for i in range(2):
        days = rng.integers(0, 2000, n)
        columns[f"day_{i}"] = pd.Timestamp("2018-01-01") + pd.to_timedelta(days, "D")
    frame = pd.DataFrame(columns)
    frame.loc[rng.random(n) < 0.1, "real_0"] = np.nan
    return frame, pd.Series(np.where(y, "rare", "common"), name="class")


def measure(method: str, n: int) -> dict[str, object]:
    """Fit and resample (or predict) once in this process."""
    import equipoise

    X, y = mixed_table(n)
    before = peak_mib()
    started = time.perf_counter()
    model = getattr(equipoise, method)(random_state=0).fit(X, y)
    fitted = time.perf_counter()
    if method == "IMSIC":
        X_new, _ = model.resample(X, y)
        assert len(X_new) == 2 * (n - n // 100)
    else:
        model.predict(X)
    ended = time.perf_counter()
    return {
        "method": method,
        "rows": n,
        "columns": X.shape[1],
        "fit_seconds": round(fitted - started, 2),
        "use_seconds": round(ended - fitted, 2),
        "peak_mib": round(peak_mib()),
        "peak_mib_before": round(before),
        "epochs": len(model.history_),
        "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
    }


def show() -> None:
    """Print what is stored, and draw it."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    table = pd.DataFrame(gathered.read(STORE).values()).sort_values(["method", "rows"])
    table["seconds"] = table["fit_seconds"] + table["use_seconds"]
    print(table.to_string(index=False))
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.4), layout="constrained")
    for ax, column, label in zip(
        axes, ("seconds", "peak_mib"), ("fit and use, s", "peak memory, MiB"), strict=True
    ):
        for method, part in table.groupby("method"):
            ax.loglog(part["rows"], part[column], marker="o", label=method)
        ax.set(xlabel="rows (30 columns)", ylabel=label)
        ax.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    figure.savefig(STORE.with_suffix(".png"), dpi=100)


def main() -> None:
    """Run the sizes that are not stored."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "ROWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]))))
        return
    if arguments.show:
        show()
        return
    stored = gathered.read(STORE)
    for method in arguments.methods:
        for n in arguments.sizes:
            if f"{method}-{n}" in stored:
                continue
            record = gathered.measured(__file__, method, n)
            gathered.write(STORE, f"{method}-{n}", record)
            print(json.dumps(record), flush=True)
    gathered.gather(STORE)


if __name__ == "__main__":
    main()
