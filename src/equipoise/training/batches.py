"""Minibatches of row indices; the rows themselves are copied only when a step needs them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch


class Batches:
    """Shuffled blocks of indices of nearly equal size.

    With equal sizes there is no last batch of one or two rows, on which batch normalisation fails.

    Parameters
    ----------
    n : int
        Number of rows.
    batch_size : int
        Size of the largest block.
    generator : torch.Generator
        Source of the shuffle; its state is part of a checkpoint.
    """

    def __init__(self, n: int, batch_size: int, generator: torch.Generator) -> None:
        self.n = n
        self.n_batches = math.ceil(n / batch_size)
        self.generator = generator

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[np.ndarray]:
        order = torch.randperm(self.n, generator=self.generator).numpy()
        yield from np.array_split(order, self.n_batches)
