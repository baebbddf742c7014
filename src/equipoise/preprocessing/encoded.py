"""Rows that turn into tensors when a network asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from equipoise.preprocessing.images import ImageCodec
from equipoise.preprocessing.tables import TableCodec

Codec = ImageCodec | TableCodec
VALUES_PER_BLOCK = 2**22  # of encoded rows that are decoded together


def moved(x: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on a device; a CUDA device does not let the CPU wait for the copy."""
    if device.type == "cuda":
        return x.pin_memory().to(device, non_blocking=True)
    return x.to(device)


class EncodedRows:
    """Rows of images or of a table as the tensors that networks take.

    Parameters
    ----------
    codec : ImageCodec or TableCodec
    rows : ndarray or RowSequence of shape (n, ...)
        Rows as ``codec.rows`` returns them.
    keep : bool, default=False
        Whether to encode a table once and to keep the result, because encoding its columns takes
        longer than a training step. Images are always encoded when they are asked for, because
        their tensors need much more memory than their bytes.
    """

    def __init__(self, codec: Codec, rows: Any, *, keep: bool = False) -> None:
        self.codec, self.rows = codec, rows
        self.is_table = isinstance(codec, TableCodec)
        self._encoded = codec.encode(rows) if keep and self.is_table else None

    def __getitem__(self, index: slice | np.ndarray) -> Tensor:
        if self._encoded is None:
            return self.codec.encode(self.rows[index])
        return self._encoded[index]

    def loader(self, device: torch.device) -> Callable[[np.ndarray], Tensor]:
        """Function that maps row indices to float32 inputs on a device."""
        if self._encoded is None or device.type == "cpu":
            return lambda index: moved(self[index].float(), device)
        table = self._encoded.float().to(device)
        return lambda index: table[moved(torch.from_numpy(index), device)]


def decode_in_blocks(codec: Codec, n: int, make: Callable[[slice], Tensor]) -> Any:
    """Decode ``n`` encoded rows, which a function makes slice by slice.

    Encoded rows take several times the memory of the user's, and so many of them never exist at
    a time.

    Parameters
    ----------
    codec : ImageCodec or TableCodec
    n : int
    make : callable
        Maps a slice of ``range(n)`` to encoded rows; the slices come in their order.

    Returns
    -------
    ndarray or DataFrame
        ``n`` rows in the user's container.
    """
    size = max(1, VALUES_PER_BLOCK // math.prod(codec.encoded_shape))
    first = codec.decode(make(slice(0, min(size, n))))
    if n <= size:
        return first
    slices = [slice(start, min(start + size, n)) for start in range(size, n, size)]
    if isinstance(first, pd.DataFrame):
        return pd.concat([first, *(codec.decode(make(part)) for part in slices)], ignore_index=True)
    rows = np.empty((n, *first.shape[1:]), first.dtype)
    rows[:size] = first
    for part in slices:
        rows[part] = codec.decode(make(part))
    return rows
