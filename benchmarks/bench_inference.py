"""Time of the class-conditional prediction rule of DGC against the same rule done plainly.

    python benchmarks/bench_inference.py                                  # digits, a minute
    python benchmarks/bench_inference.py --dataset mnist --n-images 10000 --out benchmarks/results

Plain means: every code of every class is decoded, and the trunk runs once per class.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from equipoise import DGCClassifier, load_dataset
from equipoise.datasets import imbalance
from equipoise.dgc import inference


def plain_rule(model: DGCClassifier, X: np.ndarray) -> np.ndarray:
    """Predictions with every code decoded and a trunk pass per class."""
    settings = {
        "reconstruction": model.reconstruction,
        "reconstruction_weight": model._reconstruction_weight(),
        "density_weight": model.density_weight,
        "log_prior_shift": torch.from_numpy(model._log_prior_shift()).float(),
    }
    noise = inference.quasi_normal(model.n_importance_samples, model.latent_dim)
    winners = []
    with torch.inference_mode():
        for start in range(0, len(X), 512):
            x = model._codec.encode(X[start : start + 512])
            classes = range(len(model.classes_))
            scores = torch.cat([_one_class(model, x, noise, settings, c) for c in classes], 1)
            winners.append(scores.argmax(1).numpy())
    return model.classes_[np.concatenate(winners)]


def _one_class(model, x, noise, settings, c):
    """Score of class c alone by the conditional rule."""
    network = model.network_
    base, shifts = network.recognise(x)
    mean, log_variance = inference.moments(base + shifts[c])
    codes = mean[:, None] + torch.exp(log_variance / 2)[:, None] * noise
    log_label = torch.log_softmax(network.head(codes), -1)[..., c]
    ratio = inference._log_density_ratio(codes, noise, log_variance[:, None])
    error = inference._reconstruction_errors(
        network, x.flatten(1), codes, settings["reconstruction"]
    )
    value = log_label + settings["density_weight"] * ratio
    value = value - settings["reconstruction_weight"] * error
    return (value.logsumexp(1) + settings["log_prior_shift"][c])[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-dir")
    parser.add_argument("--n-images", type=int, default=450, help="test images to predict")
    parser.add_argument("--max-epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, help="folder to store the result in")
    options = parser.parse_args()

    data = load_dataset(options.dataset, options.data_dir)
    sizes = imbalance.published(options.dataset)
    X, y = imbalance.subset(data.X_train, data.y_train, sizes, random_state=0)
    order = np.random.default_rng(0).permutation(len(data.X_test))[: options.n_images]
    X_test = data.X_test[order]
    result = {
        "dataset": options.dataset,
        "n_images": len(X_test),
        "max_epochs": options.max_epochs,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    model = DGCClassifier.paper(max_epochs=options.max_epochs, random_state=0).fit(X, y)
    model.predict(X_test[:64])  # warm up
    started = time.perf_counter()
    plain = plain_rule(model, X_test)
    between = time.perf_counter()
    ours = model.predict(X_test)
    finished = time.perf_counter()
    result |= {
        "plain_seconds": round(between - started, 2),
        "seconds": round(finished - between, 2),
        "ratio": round((between - started) / (finished - between), 1),
        "equal_predictions": float(np.mean(plain == ours)),
    }
    print(
        f"plain {result['plain_seconds']} s, ours {result['seconds']} s, ratio {result['ratio']}, "
        f"equal predictions {result['equal_predictions']:.4%}"
    )
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"inference-{options.dataset}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(f"stored in {path}")


if __name__ == "__main__":
    main()
