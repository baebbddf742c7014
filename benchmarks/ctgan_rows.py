"""Rows of CTGAN and TVAE for benchmarks/tables.toml, made in an environment of their own.

    equipoise bench run benchmarks/tables.toml             # writes the training parts
    python -m venv ctgan && ctgan/bin/pip install ctgan
    ctgan/bin/python benchmarks/ctgan_rows.py runs/tables  # goes on after an interruption
    equipoise bench run benchmarks/tables.toml             # runs the classifiers on the rows

Both learn the joint distribution of all columns with the class among them, as their authors use
them. Every class is then filled up to the largest one: CTGAN is asked for rows of the class, TVAE,
which cannot be asked, draws freely, and rows of other classes are thrown away. What a class does
not get in ATTEMPTS times as many draws as it lacks rows, or AT_LEAST draws, stays missing;
rows-FOLD.json counts it.
Never imported by equipoise, and imports nothing of it: CTGAN's licence forbids commercial use.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

CLASS = "class"
ATTEMPTS = 200
AT_LEAST = 1000  # rows per draw, since few cost as much


def make(train, categorical, params, seed):
    """Synthetic rows that even the classes of a training part out, and how many are missing."""
    import ctgan
    import torch

    np.random.seed(seed)
    torch.manual_seed(seed)
    params = dict(params)
    name = params.pop("model")
    # Neither takes gaps: numbers get the median, categories a level of their own.
    numbers = [c for c in train if c not in (*categorical, CLASS)]
    train = train.fillna({**train[numbers].median(), **dict.fromkeys(categorical, "missing")})
    model = getattr(ctgan, name)(**params)
    model.fit(train, [*categorical, CLASS])
    counts = train[CLASS].value_counts()
    parts, missing = [], 0
    for label, count in counts.items():
        wanted, drawn = counts.max() - count, 0
        while wanted > 0 and drawn < max(AT_LEAST, ATTEMPTS * (counts.max() - count)):
            n = max(AT_LEAST, wanted)
            asked = (CLASS, label) if name == "CTGAN" else ()
            rows = model.sample(n, *asked)
            drawn += n
            rows = rows[rows[CLASS].astype(train[CLASS].dtype) == label].head(wanted)
            parts.append(rows)
            wanted -= len(rows)
        missing += wanted
    made = pd.concat([train.head(0), *parts], ignore_index=True).astype({CLASS: int})
    made[categorical] = made[categorical].replace("missing", np.nan)
    return made, int(missing)


def write(path, text):
    partial = path.with_name(f".partial-{path.name}-{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def serve(folder):
    """Make what is missing in the folder of one sampler, data set and seed."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    categorical = request["categorical"]
    for fold in range(request["folds"]):
        done = folder / f"rows-{fold}.json"
        if done.exists():
            continue
        train = pd.read_csv(
            folder / f"train-{fold}.csv",
            dtype=dict.fromkeys(categorical, str),
            keep_default_na=False,
            na_values=[""],
        )
        started = time.perf_counter()
        made, missing = make(train, categorical, request["params"], request["seed"])
        seconds = time.perf_counter() - started
        write(folder / f"rows-{fold}.csv", made[list(train)].to_csv(index=False))
        # Last: it says that the rows are whole.
        write(done, json.dumps({"seconds": seconds, "missing": missing}))
        print(f"{folder.parent.name} {folder.name} fold {fold}: {seconds:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", type=Path, help="folder of trained samplers, runs/EXPERIMENT")
    parser.add_argument("--only", default="", help="part of the names of folders to work on")
    arguments = parser.parse_args()
    import ctgan  # noqa: F401 (now, so that no fold's time has it)

    found = sorted(path.parent for path in arguments.models.glob("*/*/request.json"))
    if not found:
        parser.error(f"{arguments.models} has no request.json. Run `equipoise bench run` first.")
    for folder in found:
        if arguments.only in str(folder.relative_to(arguments.models)):
            serve(folder)


if __name__ == "__main__":
    main()
