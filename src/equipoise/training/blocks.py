"""All rows of a data set through a codec and a network, block by block."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.preprocessing import ImageCodec, TableCodec

ROWS_AT_ONCE = 512
IMAGES_AT_ONCE = 64  # on a CPU, whose cache then holds their maps


def evaluate(
    network: nn.Module,
    codec: ImageCodec | TableCodec,
    rows: np.ndarray,
    function: Callable[[Any, Tensor], Tensor],
) -> np.ndarray:
    """Results of ``function(network, x)`` for all rows, x on the network's device."""
    device = next(network.parameters()).device
    dtype = torch.float32
    if isinstance(codec, TableCodec) and device.type != "mps":
        # Cheap for dense layers, and a row's result then hardly feels its batch-mates.
        network, dtype = copy.deepcopy(network).double(), torch.float64
    few = isinstance(codec, ImageCodec) and device.type == "cpu"
    network.eval()
    with torch.inference_mode():
        return np.concatenate(
            [
                function(network, codec.encode(block).to(device, dtype)).cpu().numpy()
                for block in _blocks(rows, IMAGES_AT_ONCE if few else ROWS_AT_ONCE)
            ]
        )


def loader(
    codec: ImageCodec | TableCodec, rows: np.ndarray, train: np.ndarray, device: torch.device
) -> Callable[[np.ndarray], Tensor]:
    """Positions among the training rows → what the network sees of them."""
    if isinstance(codec, ImageCodec):
        return lambda index: codec.encode(rows[train[index]]).to(device, torch.float32)
    # A table is small once encoded, and encoding its columns costs more than a step.
    encoded = torch.cat([codec.encode(part).float() for part in _blocks(rows[train])]).to(device)
    return lambda index: encoded[torch.from_numpy(index).to(device)]


def _blocks(rows: np.ndarray, size: int = ROWS_AT_ONCE) -> list[np.ndarray]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]
