"""Rows of other packages for the experiments on tables, made in environments of their own.

    equipoise bench run benchmarks/tables.toml               # writes the training parts
    python -m venv ctgan && ctgan/bin/pip install ctgan
    ctgan/bin/python benchmarks/external_rows.py runs/tables
    python -m venv variants && variants/bin/pip install --no-deps smote-variants
    variants/bin/pip install joblib metric-learn minisom pandas scikit-learn scipy seaborn
    variants/bin/python benchmarks/external_rows.py runs/tables
    equipoise bench run benchmarks/tables.toml               # runs the classifiers on the rows

Each environment makes the rows of the package that it has. After an interruption, the same command
continues. CTGAN and TVAE learn the joint distribution of all columns with the class among them, as
their authors use them. Every class is then filled up to the largest one: CTGAN is asked for rows of
the class, TVAE, which cannot be asked, draws freely, and rows of other classes are thrown away.
What a class does not get in ATTEMPTS times as many draws as it lacks rows, or AT_LEAST draws, stays
missing; rows-FOLD.json counts it. The oversamplers of smote-variants take numbers only, so that
categories are one-hot encoded for them and decoded by the largest value, as for those of
imbalanced-learn; their package also requires tensorflow and mkl, which these two do not use.
This script is never imported by equipoise, and imports nothing of it: CTGAN's licence forbids
commercial use.
"""

import argparse
import importlib
import json
import logging
import os
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd

CLASS = "class"
PACKAGES = {
    "CTGAN": "ctgan",
    "TVAE": "ctgan",
    "polynom_fit_SMOTE_star": "smote_variants",
    "ProWSyn": "smote_variants",
}
SEPARATOR = "\x1f"  # between a column and its value; no name has it
ATTEMPTS = 200
AT_LEAST = 1000  # rows per draw, since few cost as much


def make(model, train, categorical, params, seed):
    """Synthetic rows that even the classes of a training part out, and how many are missing."""
    # None of them takes gaps: numbers get the median, categories a level of their own.
    numbers = [c for c in train if c not in (*categorical, CLASS)]
    train = train.fillna({**train[numbers].median(), **dict.fromkeys(categorical, "missing")})
    generate = _learnt if model.__module__.startswith("ctgan") else _interpolated
    made, missing = generate(model, train, categorical, params, seed)
    made[categorical] = made[categorical].replace("missing", np.nan)
    return made, missing


def _learnt(cls, train, categorical, params, seed):
    import torch

    np.random.seed(seed)
    torch.manual_seed(seed)
    model = cls(**params)
    model.fit(train, [*categorical, CLASS])
    counts = train[CLASS].value_counts()
    parts, missing = [], 0
    for label, count in counts.items():
        wanted, drawn = counts.max() - count, 0
        while wanted > 0 and drawn < max(AT_LEAST, ATTEMPTS * (counts.max() - count)):
            n = max(AT_LEAST, wanted)
            asked = (CLASS, label) if cls.__name__ == "CTGAN" else ()
            rows = model.sample(n, *asked)
            drawn += n
            rows = rows[rows[CLASS].astype(train[CLASS].dtype) == label].head(wanted)
            parts.append(rows)
            wanted -= len(rows)
        missing += wanted
    return pd.concat([train.head(0), *parts], ignore_index=True).astype({CLASS: int}), int(missing)


def _interpolated(cls, train, categorical, params, seed):
    X, y = train.drop(columns=CLASS), train[CLASS].to_numpy()
    encoded = pd.get_dummies(X, columns=categorical, prefix_sep=SEPARATOR, dtype=float)
    counts = train[CLASS].value_counts()
    parts = []
    # One class after the other against all rows, so that every class gets exactly what it lacks.
    for label, count in counts.items():
        wanted = int(counts.max() - count)
        if not wanted:
            continue
        rest = int(len(y) - count)
        proportion = wanted / (rest - count) if rest > count else 1.0
        sampler = cls(proportion=proportion, random_state=seed, **params)
        more, labels = sampler.sample(encoded.to_numpy(float), (y == label).astype(int))
        new = more[len(y) :][labels[len(y) :] == 1]
        new = new[np.random.RandomState(seed).permutation(len(new))[:wanted]]
        rows = pd.DataFrame(new, columns=encoded.columns)
        for column in categorical:
            block = rows.filter(regex=f"^{re.escape(str(column) + SEPARATOR)}")
            levels = [one.split(SEPARATOR, 1)[1] for one in block]
            rows[column] = np.asarray(levels, dtype=object)[block.to_numpy().argmax(1)]
        for column in X.select_dtypes("integer"):
            rows[column] = rows[column].round().astype(X[column].dtype)
        parts.append(rows[list(X)].assign(**{CLASS: label}))
    made = pd.concat([train.head(0), *parts], ignore_index=True).astype({CLASS: int})
    return made, int((counts.max() - counts).sum() - len(made))


def write(path, text):
    partial = path.with_name(f".partial-{path.name}-{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def serve(folder):
    """Make what is missing in the folder of one sampler, data set and seed."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    categorical, params = request["categorical"], request["params"]
    name = params.pop("model")
    try:
        model = getattr(importlib.import_module(PACKAGES[name]), name)
    except ModuleNotFoundError:
        print(f"{folder.parent.name} {folder.name}: {PACKAGES[name]} is not installed here")
        return
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
        made, missing = make(model, train, categorical, params, request["seed"])
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
    logging.disable(logging.INFO)  # smote-variants reports every search for neighbours
    found = sorted(path.parent for path in arguments.models.glob("*/*/request.json"))
    if not found:
        parser.error(f"{arguments.models} has no request.json. Run `equipoise bench run` first.")
    for folder in found:
        if arguments.only in str(folder.relative_to(arguments.models)):
            serve(folder)


if __name__ == "__main__":
    main()
