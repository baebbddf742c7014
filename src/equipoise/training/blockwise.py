"""Evaluation of a network on many rows, one block of rows at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import chain
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.preprocessing import EncodedRows

ROWS_PER_BLOCK = 512
IMAGES_PER_BLOCK_ON_CPU = 64  # The feature maps of so many images fit the cache of a CPU.

Network = TypeVar("Network", bound=nn.Module)


def evaluate_blockwise(
    network: Network, inputs: EncodedRows, function: Callable[[Network, Tensor], Tensor]
) -> np.ndarray:
    """Evaluate a function of a network and its inputs on all rows.

    Parameters
    ----------
    network : torch.nn.Module
        It is put into evaluation mode.
    inputs : EncodedRows
    function : callable
        Called as ``function(network, x)`` for every block, with ``x`` on the network's device. It
        returns a tensor with one entry per row.

    Returns
    -------
    ndarray
        The results of all blocks. Those of a table are computed in float64 where the device can.
    """
    device = next(chain(network.parameters(), network.buffers())).device
    dtype = torch.float32
    if inputs.is_table and device.type != "mps":
        # Double precision is cheap for dense layers, and then the result for a row hardly depends
        # on the other rows of its block.
        network, dtype = copy.deepcopy(network).double(), torch.float64
    size = ROWS_PER_BLOCK
    if not inputs.is_table and device.type == "cpu":
        size = IMAGES_PER_BLOCK_ON_CPU
    network.eval()
    n = len(inputs.rows)
    results = np.empty(0)
    with torch.inference_mode():
        for start in range(0, n, size):
            block = function(network, inputs[start : start + size].to(device, dtype)).cpu().numpy()
            if start == 0:
                # One array for all: thousands of small ones, allocated between the large ones of
                # the network, would keep the memory of these from being used again.
                results = np.empty((n, *block.shape[1:]), dtype=block.dtype)
            results[start : start + size] = block
    return results
