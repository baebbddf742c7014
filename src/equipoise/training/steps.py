"""Pieces of an optimisation step that more than one method takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimiser down the gradient of a scalar."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def adam(
    *modules: nn.Module, learning_rate: float, beta_1: float = 0.9, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """AdamW on all parameters of the modules, in one pass over them."""
    parameters = [p for module in modules for p in module.parameters()]
    return torch.optim.AdamW(
        parameters, learning_rate, betas=(beta_1, 0.999), weight_decay=weight_decay, fused=True
    )


def repeats(wanted: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers of rows, each as often as ``wanted`` (n,) says.

    A fractional number is rounded at random, so that its mean is exact.
    """
    extra = torch.rand(len(wanted), generator=generator).to(wanted) < wanted.frac()
    return torch.repeat_interleave(wanted.long() + extra)


def dropout(
    x: Tensor, share: float, generator: torch.Generator | None, n_dims: int | None = None
) -> Tensor:
    """Leave out a share of the values at random, and scale up the others to the same mean.

    By hand, since torch's own draws from the global generator.

    Parameters
    ----------
    x : Tensor of shape (n, ...)
    share : float in [0, 1)
        0 returns ``x`` itself and draws nothing.
    generator : torch.Generator or None
        On the CPU; None for torch's own.
    n_dims : int, optional
        Leave out whole slices along so many leading dimensions, as 2 does channels; by default
        every value is on its own.
    """
    if share == 0:
        return x
    shape = x.shape if n_dims is None else (*x.shape[:n_dims], *[1] * (x.ndim - n_dims))
    kept = torch.rand(shape, generator=generator) >= share
    return x * kept.to(x) / (1 - share)
