"""Do new rows of a table keep what its categories have to do with one another?

    python benchmarks/tables_dependencies.py               runs and stores, some ten minutes
    python benchmarks/tables_dependencies.py --show        prints

One category tells the other: the next one of the three in the common rows, the same in the rare
ones. Each by itself is alike in both classes. Counted are the new rare rows that break the rule.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTENC

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler

STORED = Path(__file__).parent / "results" / "tables_dependencies.json"
SIZES, SEEDS = (400, 4000), (0, 1, 2)


def linked(n, seed):
    """``n`` rows, one in ten rare, of two linked categories, another one and a number."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) < n // 10
    first = rng.choice(3, n)
    columns = {
        "first": np.array(list("abc"))[first],
        "second": np.array(list("abc"))[np.where(y, first, (first + 1) % 3)],
        "third": rng.choice(list("xy"), n),
        "number": rng.normal(size=n),
    }
    return pd.DataFrame(columns), y


def broken(n, seed):
    """Share of new rare rows that break the rule, by sampler."""
    X, y = linked(n, seed)
    imsic = IMSIC(random_state=seed).fit(X, y)
    dgc = DGCClassifier(latent_dim=16, max_epochs=40, random_state=seed)
    resampled = {
        "SMOTENC": SMOTENC(["first", "second", "third"], random_state=seed).fit_resample(X, y),
        "DGC": GenerativeOverSampler(dgc).fit_resample(X, y),
    }
    for least in (0, "auto", 0.1):
        imsic.set_params(min_confidence=least)
        resampled[f"IMSIC, min_confidence={least}"] = imsic.resample(X, y)
    return {
        name: float((rows["first"] != rows["second"])[n:].mean())
        for name, (rows, _) in resampled.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--show", action="store_true", help="print what is stored")
    if not parser.parse_args().show:
        found = [{"rows": n, "seed": s, **broken(n, s)} for n in SIZES for s in SEEDS]
        STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    stored = pd.DataFrame(json.loads(STORED.read_text(encoding="utf-8"))).drop(columns="seed")
    print(stored.groupby("rows").agg(["mean", "min", "max"]).round(3).T.to_string())


if __name__ == "__main__":
    main()
