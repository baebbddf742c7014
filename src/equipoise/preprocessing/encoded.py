"""Rows that turn into tensors when a network asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.preprocessing.images import ImageCodec
from equipoise.preprocessing.tables import TableCodec

Codec = ImageCodec | TableCodec


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
