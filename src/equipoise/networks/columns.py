"""Interpretation of a network's output for rows of a table with mixed columns.

The numeric values of a row come first, followed by one block of logits per categorical feature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

MIN_ENTROPY = 0.05  # in nats: limits the weight of a block that hardly varies to 10


class ColumnBlocks(nn.Module):
    """Likelihoods of the columns of a table, and rows drawn from them.

    Parameters
    ----------
    n_numeric : int
        Number of numeric values of a row, which are standardised.
    frequencies : sequence of sequence of float
        Relative frequencies of the categories of every block in the training rows.
    flagged : sequence of int
        Positions of numeric values that can be missing. The last blocks indicate, in this order,
        whether each of them is present (first entry) or missing (second entry).
    """

    index: Tensor  # positions of the entries of every block, (n_blocks, largest block)
    valid: Tensor  # mask of the positions that exist, as blocks differ in size
    existing: Tensor  # the same as positions in the flattened mask
    weight: Tensor  # weight of the cross-entropy of every block
    flagged: Tensor  # positions of numbers that can be missing
    present: Tensor  # positions that indicate that a number is present, in the order of `flagged`

    def __init__(
        self, n_numeric: int, frequencies: Sequence[Sequence[float]], flagged: Sequence[int]
    ) -> None:
        super().__init__()
        self.n_numeric, self.has_flagged = n_numeric, len(flagged) > 0
        sizes = [len(block) for block in frequencies]
        largest = max(sizes, default=0)
        index = torch.zeros(len(sizes), largest, dtype=torch.int64)
        valid = torch.zeros(index.shape, dtype=torch.bool)
        start = n_numeric
        for i, size in enumerate(sizes):
            index[i, :size] = torch.arange(start, start + size)
            valid[i, :size] = True
            start += size
        existing = [i * largest + j for i, size in enumerate(sizes) for j in range(size)]
        entropy = [-sum(p * math.log(p) for p in block if p) for block in frequencies]
        weight = torch.tensor([0.5 / max(h, MIN_ENTROPY) for h in entropy])
        first = len(sizes) - len(flagged)
        buffers = {
            "index": index,
            "valid": valid,
            # Indexing by the mask itself would let every step wait for a GPU.
            "existing": torch.tensor(existing, dtype=torch.int64),
            "weight": weight,
            "flagged": torch.tensor(flagged, dtype=torch.int64),
            "present": index[first:, 0] if self.has_flagged else index.new_zeros(0),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def difference(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Numeric values of rows (..., width) minus those of outputs; 0 for missing values."""
        difference = x[..., : self.n_numeric] - x_hat[..., : self.n_numeric]
        if self.has_flagged:
            mask = torch.ones_like(difference)
            mask[..., self.flagged] = x[..., self.present].expand_as(mask[..., self.flagged])
            difference = difference * mask
        return difference

    def cross_entropy(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Weighted cross-entropy between rows (..., width) and the logits of outputs: (...).

        Every block is weighted so that the loss of the best constant prediction is 1/2, like half
        the squared error of a standardised number.
        """
        if not len(self.index):
            return x_hat.new_zeros(x_hat.shape[:-1])
        cross_entropy = -(x[..., self.index] * self._log_probabilities(x_hat)).sum(-1)
        return (cross_entropy * self.weight.to(cross_entropy)).sum(-1)

    def one_hot(self, x_hat: Tensor, noise: Tensor) -> Tensor:
        """Rows in the format of the data: blocks are one-hot, and missing numbers are 0.

        The categories are drawn from the softmax of their block, by adding Gumbel noise to the
        logits. Gradients are those of the softmax (straight-through Gumbel-softmax).

        Parameters
        ----------
        x_hat : Tensor of shape (n, width)
            Outputs of the network.
        noise : Tensor of shape (n, width - n_numeric)
            Noise from N(0, 1). If it is 0, the most probable category is chosen.

        Returns
        -------
        Tensor of shape (n, width)

        References
        ----------
        Jang, Gu, Poole, Categorical reparameterization with Gumbel-softmax, ICLR 2017.
        """
        if not len(self.index):
            return x_hat
        uniform = torch.special.ndtr(noise.float()).clamp(1e-6, 1 - 1e-6)
        logits = x_hat.clone()
        logits[:, self.n_numeric :] -= (-uniform.log()).log()
        soft = self._log_probabilities(logits).exp() * self.valid
        hard = nn.functional.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft)
        hard = hard + soft - soft.detach()
        row = x_hat.clone()
        row[:, self.n_numeric :] = hard.flatten(1)[:, self.existing]
        if self.has_flagged:
            # The gradient of the probability of a missing value comes from its block only.
            row[:, self.flagged] = row[:, self.flagged] * row[:, self.present].detach()
        return row

    def draw(self, x_hat: Tensor, spread: Tensor, generator: torch.Generator) -> Tensor:
        """Draw rows (n, width) from outputs. The largest entry of a block is its category.

        Parameters
        ----------
        x_hat : Tensor of shape (n, width)
            Outputs of the network.
        spread : Tensor of shape (n_numeric,)
            Standard deviations of the numeric values.
        generator : torch.Generator
        """
        row = x_hat.clone()
        n = self.n_numeric
        row[:, :n] += spread * torch.randn(row[:, :n].shape, generator=generator).to(row)
        # The position of the largest logit with Gumbel noise is a draw from the softmax.
        uniform = torch.rand(row[:, n:].shape, generator=generator).to(row).clamp_min(1e-20)
        row[:, n:] -= (-uniform.log()).log()
        return row

    def hardened(self, x_hat: Tensor) -> Tensor:
        """Rows (n, width) in which the largest entry of every block is 1 and the others are 0."""
        if not len(self.index):
            return x_hat
        row = x_hat.clone()
        largest = x_hat[:, self.index].masked_fill(~self.valid, -math.inf).argmax(-1)
        one_hot = nn.functional.one_hot(largest, self.valid.shape[1])
        row[:, self.n_numeric :] = one_hot.to(row).flatten(1)[:, self.existing]
        return row

    def _log_probabilities(self, x_hat: Tensor) -> Tensor:
        """Log-probabilities (..., n_blocks, largest block); 0 if a block has no such entry."""
        logits = x_hat[..., self.index].masked_fill(~self.valid, -math.inf)
        return logits.log_softmax(-1).masked_fill(~self.valid, 0.0)
