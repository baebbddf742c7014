"""What IMSIC does on the 412 digits of its guide: numbers that docs/imsic.rst quotes.

    python benchmarks/imsic_digits.py         # about five minutes on two cores
    python benchmarks/imsic_digits.py --show

The rows are always those of the guide; three seeds of networks. ``acsa`` is that of a classifier on
scikit-learn's test digits, trained on the rows as they are, with logit adjustment, and with rows of
IMSIC appended; ``two codes`` the quality of images by epochs; ``purity`` that of every category
after a training without labels; ``recall`` that of the default sampler in two spaces.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

STORE = Path(__file__).parent / "results" / "imsic_digits.json"
SEEDS = (0, 1, 2)
EPOCHS = (40, 80, 150)
N_IMAGES = 100  # per class, in reports


def measure(seed):
    from equipoise import IMSIC, ConvNetClassifier, DGCClassifier, load_dataset
    from equipoise.datasets import imbalance
    from equipoise.metrics import acsa

    digits = load_dataset("digits")
    sizes = imbalance.published("digits")
    X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)

    def score(rows, labels, **params):
        model = ConvNetClassifier(random_state=seed, **params).fit(rows, labels)
        return acsa(digits.y_test, model.predict(digits.X_test))

    def report(sampler, classifier=None):
        return sampler.quality_report(
            digits.X_test, digits.y_test, classifier=classifier, n=N_IMAGES, random_state=seed
        ).to_dict()

    short = IMSIC(max_epochs=40, min_class_size=6, random_state=seed)
    record = {
        "seed": seed,
        "acsa": {
            "as they are": score(X, y),
            "logit adjustment": score(X, y, loss="logit_adjusted"),
            "IMSIC": score(*short.fit_resample(X, y)),
        },
        "two codes": {},
    }
    for epochs in EPOCHS:
        two = IMSIC(
            n_codes=2, structure_weight=0.5, max_epochs=epochs, min_class_size=6, random_state=seed
        ).fit(X, y)
        quality = report(two)
        record["two codes"][epochs] = {
            "diversity": quality["mean"]["diversity"],
            "memorised": {c: row["memorised"] for c, row in quality["classes"].items()},
            "r2": two.structure_report(random_state=seed).recovery["r2"].round(4).tolist(),
        }
    blind = IMSIC(label_use="unsupervised", max_epochs=40, random_state=seed).fit(X, y)
    record["purity"] = blind.label_purity_.tolist()
    sampler = IMSIC(min_class_size=6, random_state=seed).fit(X, y)
    judge = DGCClassifier(random_state=seed).fit(X, y)
    record["recall"] = {
        "pixels": report(sampler)["mean"]["recall"],
        "codes": report(sampler, judge)["mean"]["recall"],
    }
    return record


def show(records):
    def mean(*path):
        values = records
        for name in path:
            values = [value[name] for value in values]
        return np.mean(values, axis=0)

    for name in records[0]["acsa"]:
        print(f"ACSA, {name}: {mean('acsa', name):.3f}")
    for epochs in records[0]["two codes"]:
        eights = mean("two codes", epochs, "memorised", "8")
        others = mean("two codes", epochs, "diversity")
        print(
            f"two codes, {epochs} epochs: diversity {others:.2f}, eights memorised {eights:.2f}, "
            f"R² {mean('two codes', epochs, 'r2').round(2)}"
        )
    for record in records:
        print(f"purity, seed {record['seed']}:", *(f"{p:.2f}" for p in record["purity"]))
    print(
        f"recall: {mean('recall', 'pixels'):.2f} in pixels, {mean('recall', 'codes'):.2f} in codes"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    if not parser.parse_args().show:
        records = Parallel(n_jobs=2)(delayed(measure)(seed) for seed in SEEDS)
        STORE.write_text(json.dumps(records, indent=1) + "\n")
    show(json.loads(STORE.read_text()))


if __name__ == "__main__":
    main()
