"""What a fit knows about its data before the training starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from equipoise.preprocessing import Codec, EncodedRows, TableCodec


@dataclass(frozen=True, eq=False)
class DataSpec:
    """The kind of data that a network is built for.

    Attributes
    ----------
    codec : ImageCodec or TableCodec
        How rows become tensors.
    classes : ndarray of shape (n_classes,)
        The sorted class labels.
    class_counts : ndarray of shape (n_classes,)
        Number of training rows of every class, or their total weight.
    """

    codec: Codec
    classes: np.ndarray
    class_counts: np.ndarray

    @property
    def is_table(self) -> bool:
        """Whether rows are those of a table, not images."""
        return isinstance(self.codec, TableCodec)


class HeldOut(NamedTuple):
    """Rows that early stopping validates on, and the indices of their classes."""

    inputs: EncodedRows
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class FitContext(DataSpec):
    """The checked data and the settings of one fit, which every hook of an estimator receives.

    Attributes
    ----------
    inputs : EncodedRows
        The training rows, without those held out for early stopping and those of weight zero.
    target : ndarray of shape (n,)
        Class index of every training row.
    weight : ndarray of shape (n,) or None
        Sample weight of every training row.
    held_out : HeldOut or None
        Present with early stopping only.
    seed : int
        Source of all randomness in this fit.
    device : torch.device
    """

    inputs: EncodedRows
    target: np.ndarray
    weight: np.ndarray | None
    held_out: HeldOut | None
    seed: int
    device: torch.device

    @property
    def rows(self) -> Any:
        """The training rows as the codec holds them."""
        return self.inputs.rows

    def __len__(self) -> int:
        return len(self.target)
