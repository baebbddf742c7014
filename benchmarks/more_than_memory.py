"""Memory and speed of one whole pass over more images than fit into memory.

    python benchmarks/more_than_memory.py --methods convnet dgc imsic --out benchmarks/results

Each method trains for one epoch on a memory map of 200,000 colour images of 64 x 64 pixels (2.5
GB), in a process of its own. Stored are its peak of resident memory, pages of the map included,
from the start of Python to the end of the predictions for all images; the seconds from the start of
`fit`, and of Python, to the end of the first batch; and images per second. With --early-stopping a
tenth of the images is held out and scored, too.

On one slow core, classifiers take an hour or more for a pass. With --pooled 4, images are reduced
to a quarter of their sides before the first convolution of their trunk, which makes a pass quick
and leaves everything that depends on the number of images as it is; what the whole network needs
besides shows with --n 6400.

The method "files" starts from as many JPEG files in class folders instead, and trains for one
step: the first process decodes them into a memory map, the second one finds it.
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


def write_files(folder: Path, n: int, size: int) -> None:
    """Write such images as JPEG files into class folders."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(N_CLASSES):
        (folder / f"class-{number}").mkdir(parents=True)
    for i in range(n):
        coarse = random.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
        path = folder / f"class-{i % N_CLASSES}" / f"{i:06}.jpg"
        Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)


def measure_files(options: argparse.Namespace, folder: Path) -> dict:
    """Load the files by way of a memory map, and train for a step, in this process."""
    from equipoise import ConvNetClassifier, load_dataset
    from equipoise.experiments.provenance import peak_mib
    from equipoise.training import Callback

    class Stop(Callback):
        def on_batch_end(self, progress):
            raise KeyboardInterrupt

    started, busy = time.perf_counter(), time.process_time()
    data = load_dataset("folder", folder, image_size=options.size, storage="disk")
    loaded = time.perf_counter()
    model = ConvNetClassifier(batch_size=options.batch_size, random_state=0, callbacks=[Stop()])
    model.fit(data.X_train, data.y_train)
    return {
        "images": [len(data.y_train) + len(data.y_test), *data.X_train.shape[1:]],
        "seconds_to_load": round(loaded - started, 2),
        "seconds_from_load_to_first_batch": round(time.perf_counter() - started, 2),
        "cpu_seconds_from_load_to_first_batch": round(time.process_time() - busy, 2),
        "seconds_from_python_to_first_batch": round(time.perf_counter() - STARTED, 2),
        "peak_mib": round(peak_mib()),
    }


def measure(options: argparse.Namespace, path: Path) -> dict:
    """Train on the images for one epoch and predict them, in this process."""
    import numpy as np
    import torch

    from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
    from equipoise.experiments.provenance import peak_mib
    from equipoise.training import Callback

    class Watch(Callback):
        first = busy = None

        def on_batch_end(self, progress):
            if self.first is None:
                Watch.first, Watch.busy = time.perf_counter(), time.process_time()
            if progress.batch % 50 == 0:
                done = progress.batch / progress.n_batches
                print(f"{method} {done:.0%} {peak_mib():.0f} MiB", file=sys.stderr, flush=True)

    (method,), pooled = options.methods, options.pooled
    parameters = {"max_epochs": 1, "batch_size": options.batch_size, "random_state": 0}
    if options.early_stopping:
        parameters["early_stopping"] = True
    base = {"convnet": ConvNetClassifier, "dgc": DGCClassifier, "imsic": IMSIC}[method]

    class Pooled(base):
        def _build(self, spec):
            network = super()._build(spec)
            trunk = network[0] if method == "convnet" else network.trunk
            trunk.insert(0, torch.nn.AvgPool2d(pooled))
            return network

    cls = Pooled if pooled > 1 else base
    X = np.load(path, mmap_mode="r")
    y = np.arange(len(X)) % N_CLASSES
    before, fit_started, busy = peak_mib(), time.perf_counter(), time.process_time()
    model = cls(**parameters, callbacks=[Watch()]).fit(X, y)
    found = {
        "method": base.__name__,
        "images": list(X.shape),
        "mib_of_images": round(X.nbytes / 2**20),
        "batch_size": options.batch_size,
        "early_stopping": options.early_stopping,
        "pooled_before_trunk": pooled,
        "seconds_from_fit_to_first_batch": round(Watch.first - fit_started, 2),
        "cpu_seconds_from_fit_to_first_batch": round(Watch.busy - busy, 2),
        "seconds_from_python_to_first_batch": round(Watch.first - STARTED, 2),
        "training_images_per_second": round(len(X) / model.history_[0]["seconds"], 1),
        "threads": torch.get_num_threads(),
        "epoch_seconds": round(model.history_[0]["seconds"]),
        "fit_seconds": round(time.perf_counter() - fit_started),
        "cpu_seconds_of_fit": round(time.process_time() - busy),
        "peak_mib_before_fit": round(before),
        "peak_mib_of_fit": round(peak_mib()),
    }
    if not options.no_predictions:
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
    parser.add_argument("--pooled", type=int, default=1, metavar="FACTOR")
    parser.add_argument("--images", type=Path, help="where the memory map is or will be")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if "imsic" in options.methods and options.pooled > 1:
        parser.error("--pooled is for the trunks of convnet and dgc.")
    path = options.images or Path(gettempdir()) / f"images-{options.n}-{options.size}.npy"
    folder = path.with_suffix("")
    if options.child:
        of_files = options.methods == ["files"]
        found = measure_files(options, folder) if of_files else measure(options, path)
        print(json.dumps(found, indent=1))
        return
    methods = ["files", "files again"] if options.methods == ["files"] else options.methods
    if "files" in methods and not folder.exists():
        write_files(folder, options.n, options.size)
    if "files" not in methods and not path.exists():
        write_images(path, options.n, options.size)
    stored = options.out and options.out / "more_than_memory.json"
    for method in methods:
        words = [
            "--methods",
            method.split()[0],
            "--images",
            str(path),
            "--batch-size",
            options.batch_size,
        ]
        words += ["--pooled", options.pooled, "--size", options.size]
        words += ["--early-stopping"] * options.early_stopping
        words += ["--no-predictions"] * options.no_predictions
        command = [sys.executable, __file__, "--child", *map(str, words)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if stored:
            results = json.loads(stored.read_text()) if stored.exists() else {}
            name = f"{method}, {options.n} images"
            name += ", early stopping" * options.early_stopping
            name += f", pooled by {options.pooled}" * (options.pooled > 1)
            results[name] = json.loads(done.stdout)
            stored.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
