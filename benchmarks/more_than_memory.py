"""Memory and speed of one whole pass over more images than fit into memory.

    python benchmarks/more_than_memory.py --methods convnet dgc imsic --out benchmarks/results

Each method trains for one epoch on a memory map of 200,000 colour images of 64 x 64 pixels (2.5
GB), in a process of its own. Stored are its peak of resident memory, pages of the map included,
from the start of Python to the end of the predictions for all images; the seconds from the start of
`fit`, and of Python, to the end of the first batch; and images per second. With --early-stopping a
tenth of the images is held out and scored, too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import gettempdir

STARTED = time.perf_counter()
N_CLASSES = 10


def write_images(path: Path, n: int, size: int) -> None:
    """Write images of coloured noise, whose mean colour tells their class, block by block."""
    import numpy as np

    header = {"descr": "|u1", "fortran_order": False, "shape": (n, size, size, 3)}
    random = np.random.default_rng(0)
    colours = random.integers(60, 190, (N_CLASSES, 3))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n, 1000):
            y = np.arange(start, min(start + 1000, n)) % N_CLASSES
            noise = random.integers(-60, 60, (len(y), size, size, 3), dtype=np.int16)
            file.write((noise + colours[y][:, None, None]).astype(np.uint8).tobytes())


def measure(method: str, path: Path, batch_size: int, early_stopping: bool, predict: bool) -> dict:
    """Train on the images for one epoch and predict them, in this process."""
    import numpy as np
    import torch

    from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
    from equipoise.experiments.provenance import peak_mib
    from equipoise.training import Callback

    class Watch(Callback):
        first = None

        def on_batch_end(self, progress):
            type(self).first = type(self).first or time.perf_counter()
            if progress.batch % 50 == 0:
                done = progress.batch / progress.n_batches
                print(f"{method} {done:.0%} {peak_mib():.0f} MiB", file=sys.stderr, flush=True)

    options = {"max_epochs": 1, "batch_size": batch_size, "random_state": 0, "callbacks": [Watch()]}
    if early_stopping:
        options["early_stopping"] = True
    cls = {"convnet": ConvNetClassifier, "dgc": DGCClassifier, "imsic": IMSIC}[method]
    X = np.load(path, mmap_mode="r")
    y = np.arange(len(X)) % N_CLASSES
    before, fit_started = peak_mib(), time.perf_counter()
    model = cls(**options).fit(X, y)
    found = {
        "method": cls.__name__,
        "images": list(X.shape),
        "mib_of_images": round(X.nbytes / 2**20),
        "batch_size": batch_size,
        "early_stopping": early_stopping,
        "seconds_from_fit_to_first_batch": round(Watch.first - fit_started, 2),
        "seconds_from_python_to_first_batch": round(Watch.first - STARTED, 2),
        "training_images_per_second": round(len(X) / model.history_[0]["seconds"], 1),
        "threads": torch.get_num_threads(),
        "epoch_seconds": round(model.history_[0]["seconds"]),
        "fit_seconds": round(time.perf_counter() - fit_started),
        "peak_mib_before_fit": round(before),
        "peak_mib_of_fit": round(peak_mib()),
    }
    if predict:
        started = time.perf_counter()
        evaluate = model.encode if method == "imsic" else model.predict
        found["accuracy"] = None
        result = evaluate(X)
        if method != "imsic":
            found["accuracy"] = round(float((result == y).mean()), 4)
        found["predicted_images_per_second"] = round(len(X) / (time.perf_counter() - started), 1)
    return found | {"peak_mib": round(peak_mib())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=["convnet", "dgc", "imsic"])
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--early-stopping", action="store_true")
    parser.add_argument("--no-predictions", action="store_true")
    parser.add_argument("--images", type=Path, help="where the memory map is or will be")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = options.images or Path(gettempdir()) / f"images-{options.n}-{options.size}.npy"
    if options.child:
        found = measure(
            options.methods[0],
            path,
            options.batch_size,
            options.early_stopping,
            not options.no_predictions,
        )
        print(json.dumps(found, indent=1))
        return
    if not path.exists():
        write_images(path, options.n, options.size)
    stored = options.out and options.out / "more_than_memory.json"
    for method in options.methods:
        words = ["--methods", method, "--images", str(path), "--batch-size", options.batch_size]
        words += ["--early-stopping"] * options.early_stopping
        words += ["--no-predictions"] * options.no_predictions
        command = [sys.executable, __file__, "--child", *map(str, words)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if stored:
            results = json.loads(stored.read_text()) if stored.exists() else {}
            name = f"{method}, early stopping" if options.early_stopping else method
            results[name] = json.loads(done.stdout)
            stored.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
