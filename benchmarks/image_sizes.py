"""Time and memory of the compact backbone by the size of colour images.

    OMP_NUM_THREADS=1 python benchmarks/image_sizes.py          measures, prints and stores

Forward and backward passes of the trunk in batches of 64, milliseconds per image, and per million
multiply-adds relative to 32 x 32. Sizes alternate, so that all see the same changes of the machine.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import gathered
import numpy as np
import torch
from torch import nn

from equipoise.experiments.provenance import peak_mib
from equipoise.networks import build_trunk

SIZES = ((32, 32), (64, 64), (96, 96), (128, 128), (224, 224), (48, 160))
REPEATS = 5
STORE = Path(__file__).parent / "results" / "image_sizes.json"


def measure(size: tuple[int, int], batch: int = 64) -> dict[str, float]:
    """Milliseconds per image, million multiply-adds and peak memory of a size."""
    trunk = build_trunk((*size, 3), "compact").to(memory_format=torch.channels_last)
    counts = []

    def count(layer: nn.Conv2d, inputs: object, output: torch.Tensor) -> None:
        counts.append(layer.weight[0].numel() * output[0].numel())

    hooks = [m.register_forward_hook(count) for m in trunk.modules() if isinstance(m, nn.Conv2d)]
    trunk(torch.zeros(2, 3, *size))
    for hook in hooks:
        hook.remove()
    x = torch.rand(batch, 3, *size).contiguous(memory_format=torch.channels_last)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        trunk(x).sum().backward()
        seconds.append(time.perf_counter() - started)
    return {
        "ms": 1000 * min(seconds) / batch,
        "million": sum(counts) / 1e6,
        "peak_mib": peak_mib(),
    }


def main() -> None:
    """Measure every size in processes of their own."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure((int(sys.argv[2]), int(sys.argv[3])))))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(REPEATS):
        for size in SIZES:
            name = "x".join(map(str, size))
            found.setdefault(name, []).append(gathered.measured(__file__, *size))
    table = {
        name: {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
        for name, runs in found.items()
    }
    first = next(iter(table.values()))
    for row in table.values():
        row["relative"] = (row["ms"] / row["million"]) / (first["ms"] / first["million"])
    for name, row in table.items():
        print(name, {key: round(value, 2) for key, value in row.items()})
    STORE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
