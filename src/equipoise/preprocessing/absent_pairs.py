"""Pairs of categories that exclude each other in the rows of a class.

A generator that draws every column by itself breaks such rules: it makes rows of men who are
pregnant. Each rule that the real rows support is therefore kept by leaving such draws out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from equipoise.preprocessing.tables import Layout

# Rows of a pair that independent columns would have on average, from which its absence counts as a
# rule: by chance at most exp(-3), 5 %, of such pairs are absent.
LEAST_EXPECTED = 3.0
MOST_CATEGORIES = 1000  # the most frequent ones, whose pairs are looked at


def absent_pairs(rows: Tensor, layout: Layout) -> Tensor:
    """Find pairs of categories of two columns that never occur together, though both are frequent.

    Missing numbers take part, as the category of a column that says whether the value is missing.

    Parameters
    ----------
    rows : Tensor of shape (n, width)
        Encoded rows of one class.
    layout : Layout
        Positions of the columns in the tensor.

    Returns
    -------
    Tensor of shape (n_pairs, 2), int64
        Positions of the two categories in an encoded row.
    """
    sizes = torch.tensor([len(block) for block in layout.shares], dtype=torch.int64)
    block = torch.arange(len(sizes)).repeat_interleave(sizes)
    count = rows[:, layout.n_numeric :].sum(0)
    if not len(block) or not len(rows):
        return torch.empty(0, 2, dtype=torch.int64)
    most = torch.topk(count, min(MOST_CATEGORIES, len(count))).indices
    used = most[count[most] * count.max() >= LEAST_EXPECTED * len(rows)]
    chosen = rows[:, layout.n_numeric + used]
    expected = torch.outer(count[used], count[used]) / len(rows)
    absent = (chosen.T @ chosen == 0) & (expected >= LEAST_EXPECTED)
    absent &= block[used][:, None] != block[used]
    first, second = absent.triu().nonzero(as_tuple=True)
    return layout.n_numeric + torch.stack([used[first], used[second]], 1)


def has_any_pair(rows: Tensor, pairs: Tensor) -> Tensor:
    """Whether each row has both categories of some pair.

    Parameters
    ----------
    rows : Tensor of shape (n, width)
        Encoded rows, with one 1 in every block.
    pairs : Tensor of shape (n_pairs, 2)
        From :func:`absent_pairs`.

    Returns
    -------
    Tensor of shape (n,), bool
    """
    used, place = pairs.unique(return_inverse=True)
    chosen = rows[:, used]
    matrix = chosen.new_zeros(len(used), len(used))
    matrix[place[:, 0], place[:, 1]] = 1
    return ((chosen @ matrix) * chosen).sum(1) > 0
