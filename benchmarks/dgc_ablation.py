"""What each part of the default DGCClassifier contributes, on held-out training images.

    python benchmarks/dgc_ablation.py --data-dir DIR     # runs what is not stored yet
    python benchmarks/dgc_ablation.py --show             # the table of what is stored

The sizes per class are those of the DGC paper; 1,000 further training images per class, which the
imbalanced subset of the seed leaves over, are for validation. The test set is not read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gathered
import numpy as np

STORE = Path(__file__).parent / "results" / "dgc_ablation"
HELD_OUT = 1000
VARIANTS = {
    "default": {},
    "dropout 0": {"dropout": 0.0},
    "label shown to half of the codes": {"label_dropout": 0.5},
    "reconstruction weight .05": {"reconstruction_weight": 0.05},
    "latent oversampling r .6": {"oversampling_rate": 0.6},
    "no logit adjustment, r .6": {"oversampling_rate": 0.6, "logit_adjustment": 0.0},
    "one code per sample": {"n_codes": 1},
}


def split(y: np.ndarray, sizes: dict, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the imbalanced subset and of the held-out images, both shuffled by the seed."""
    order = np.random.default_rng(seed).permutation(len(y))
    members = {label: order[y[order] == label] for label in sizes}
    train = np.concatenate([members[label][:n] for label, n in sizes.items()])
    held_out = np.concatenate([members[label][n : n + HELD_OUT] for label, n in sizes.items()])
    return train, held_out


def run_job(dataset: str, variant: str, seed: int, data_dir: str | None) -> None:
    from equipoise import DGCClassifier, load_dataset
    from equipoise.datasets import imbalance
    from equipoise.metrics import summary

    data = load_dataset(dataset, data_dir)
    sizes = imbalance.published(dataset)
    train, held_out = split(data.y_train, sizes, seed)
    model = DGCClassifier(random_state=seed, **VARIANTS[variant])
    model.fit(data.X_train[train], data.y_train[train])
    predicted = model.predict(data.X_train[held_out])
    record = {
        "dataset": dataset,
        "variant": variant,
        "seed": seed,
        "metrics": summary(data.y_train[held_out], predicted, data.y_train[train]),
        "seconds": round(sum(epoch["seconds"] for epoch in model.history_), 1),
        "params": VARIANTS[variant],
    }
    gathered.write(STORE, name_of(dataset, variant, seed), record)
    print(variant, seed, {k: round(v, 4) for k, v in record["metrics"].items()}, flush=True)


def name_of(dataset: str, variant: str, seed: int) -> str:
    return f"{dataset}-{variant.replace(' ', '_').replace(',', '')}-{seed}"


def show(dataset: str, seeds: list[int]) -> None:
    """Markdown table: mean ± sd, and the mean difference to the default on the same seeds."""
    print("| what | seeds | ACSA | R_MI | ACSA − default |\n|---|---|---|---|---|")
    found = gathered.read(STORE)
    stored = {
        variant: {
            seed: found[name_of(dataset, variant, seed)]["metrics"]
            for seed in seeds
            if name_of(dataset, variant, seed) in found
        }
        for variant in VARIANTS
    }
    for variant, records in stored.items():
        if not records:
            continue
        cells = [variant, str(len(records))]
        for key in ("acsa", "smallest_class_recall"):
            values = [record[key] for record in records.values()]
            spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.4f}{spread}")
        both = [seed for seed in records if seed in stored["default"]]
        difference = [records[s]["acsa"] - stored["default"][s]["acsa"] for s in both]
        cells.append(f"{np.mean(difference):+.4f}" if both and variant != "default" else "")
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist", choices=("mnist", "fashion-mnist"))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--data-dir", help="folder with the data sets (default: the cache)")
    parser.add_argument("--show", action="store_true", help="only print the stored results")
    options = parser.parse_args()
    if not options.show:
        stored = gathered.read(STORE)
        for seed in options.seeds:
            for variant in options.variants:
                if name_of(options.dataset, variant, seed) not in stored:
                    run_job(options.dataset, variant, seed, options.data_dir)
        gathered.gather(STORE)
    show(options.dataset, options.seeds)


if __name__ == "__main__":
    main()
