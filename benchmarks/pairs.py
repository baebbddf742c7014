"""Compare two combinations of a table experiment, data set by data set, from stored results.

    python benchmarks/pairs.py tables average_precision dgc-classifier none+catboost
    python benchmarks/pairs.py tables brier dgc-classifier-train none+catboost --seeds 1

A combination is named as for ``--methods`` of ``equipoise bench run``. Printed are the means over
the data sets that both have, with each seed that both have averaged first, how many the first wins
and loses, and the p-value of Wilcoxon's signed-rank test, which is not corrected.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from equipoise.experiments import read_records
from equipoise.experiments.store import name_of
from equipoise.metrics import paired_differences
from equipoise.metrics.names import METRICS


def scores(name: str, metric: str, seeds: list[int] | None) -> pd.DataFrame:
    """Mean over seeds of a metric: a row per data set and seed, a column per combination."""
    rows = [
        {
            "method": name_of(record),
            "dataset": record["dataset"],
            "seed": record["seed"],
            "score": record["metrics"][metric],
        }
        for record in read_records(Path(__file__).parent / "results" / name)
        if record["status"] == "done" and record.get("metrics")
    ]
    table = pd.DataFrame(rows).pivot_table(
        index=["dataset", "seed"], columns="method", values="score"
    )
    return table if seeds is None else table.loc[pd.IndexSlice[:, seeds], :]


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", help="name of a folder below results")
    parser.add_argument("metric")
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--seeds", type=int, nargs="+")
    arguments = parser.parse_args()
    first, second = arguments.first, arguments.second
    both = scores(arguments.experiment, arguments.metric, arguments.seeds)[[first, second]]
    both = both.dropna().groupby("dataset").mean()
    better = both[first] - both[second]
    if METRICS[arguments.metric].lower_is_better:
        better = -better
    p = paired_differences(both.T, second).loc[first, "p_wilcoxon"]
    print(
        f"{arguments.metric}: {first} {both[first].mean():.4f}, {second} {both[second].mean():.4f}"
        f" on {len(both)} data sets; wins {(better > 0).sum()}, losses {(better < 0).sum()}, "
        f"p {p:.3f}"
    )


if __name__ == "__main__":
    main()
