"""What a network's output for a row of a mixed table means: numbers first, then one-hot blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

LEAST_ENTROPY = 0.05  # nats: a block that hardly varies weighs at most ten times a number


class ColumnBlocks(nn.Module):
    """Likelihoods, hard categories and draws for the columns of a table.

    Parameters
    ----------
    n_numeric : int
        Leading values of a row, standardised.
    shares : sequence of sequence of float
        Of the categories of every block, in the training rows.
    flagged : sequence of int
        Numeric values that can be missing: the last blocks say of each, in this order, whether it
        is there (first) or missing (second).
    """

    index: Tensor  # positions of a block's entries, (n_blocks, largest block)
    valid: Tensor  # which of them exist
    weight: Tensor  # of a block's cross-entropy
    present: Tensor  # positions that say that a number is there, in the order of `flagged`

    def __init__(
        self, n_numeric: int, shares: Sequence[Sequence[float]], flagged: Sequence[int]
    ) -> None:
        super().__init__()
        self.n_numeric, self.flagged = n_numeric, list(flagged)
        sizes = [len(block) for block in shares]
        index = torch.zeros(len(sizes), max(sizes, default=0), dtype=torch.int64)
        valid = torch.zeros(index.shape, dtype=torch.bool)
        start = n_numeric
        for i, size in enumerate(sizes):
            index[i, :size] = torch.arange(start, start + size)
            valid[i, :size] = True
            start += size
        entropy = [-sum(p * math.log(p) for p in block if p) for block in shares]
        weight = torch.tensor([0.5 / max(h, LEAST_ENTROPY) for h in entropy])
        first = len(sizes) - len(self.flagged)
        buffers = {
            "index": index,
            "valid": valid,
            "weight": weight,
            "present": index[first:, 0] if self.flagged else index.new_zeros(0),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def difference(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Numbers of rows (..., width) minus those of outputs, 0 where a row lacks one."""
        difference = x[..., : self.n_numeric] - x_hat[..., : self.n_numeric]
        if self.flagged:
            there = torch.ones_like(difference)
            there[..., self.flagged] = x[..., self.present].expand_as(there[..., self.flagged])
            difference = difference * there
        return difference

    def cross_entropy(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Cross-entropy of the blocks of rows (..., width) under the logits of outputs: (...).

        Every block is scaled so that the best constant prediction costs 1/2, as the squared error
        of a standardised number does.
        """
        crossed = -(x[..., self.index] * self._log_shares(x_hat)).sum(-1)
        return (crossed * self.weight.to(crossed)).sum(-1)

    def harden(self, x_hat: Tensor, noise: Tensor) -> Tensor:
        """Rows as data has them: one 1 per block, 0 for a missing number.

        Categories are drawn from the softmax of their block, by the largest of logits with Gumbel
        noise; gradients pass as if the block held that softmax (straight-through Gumbel-softmax).

        Parameters
        ----------
        x_hat : Tensor of shape (n, width)
        noise : Tensor of shape (n, width - n_numeric)
            From N(0, 1); where it is 0 the most probable category is taken.

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
        shares = self._log_shares(logits).exp() * self.valid
        hard = nn.functional.one_hot(shares.argmax(-1), shares.shape[-1]).to(shares)
        hard = hard + shares - shares.detach()
        row = x_hat.clone()
        row[:, self.index[self.valid]] = hard[:, self.valid]
        if self.flagged:
            # No gradient to whether it is missing, which the block itself tells.
            row[:, self.flagged] = row[:, self.flagged] * row[:, self.present].detach()
        return row

    def draw(self, x_hat: Tensor, spread: Tensor, generator: torch.Generator) -> Tensor:
        """Rows (n, width) drawn from what outputs say; of a block the largest entry counts.

        Parameters
        ----------
        x_hat : Tensor of shape (n, width)
        spread : Tensor of shape (n_numeric,)
            Standard deviation of the numbers.
        generator : torch.Generator
        """
        row = x_hat.clone()
        n = self.n_numeric
        row[:, :n] += spread * torch.randn(row[:, :n].shape, generator=generator).to(row)
        # The largest of logits with Gumbel noise is a draw from their softmax.
        uniform = torch.rand(row[:, n:].shape, generator=generator).to(row).clamp_min(1e-20)
        row[:, n:] -= (-uniform.log()).log()
        return row

    def _log_shares(self, x_hat: Tensor) -> Tensor:
        """Log-probabilities (..., n_blocks, largest block); 0 where a block has no entry."""
        logits = x_hat[..., self.index].masked_fill(~self.valid, -math.inf)
        return logits.log_softmax(-1).masked_fill(~self.valid, 0.0)
