"""Parts of an optimisation step that several methods use."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from equipoise.networks.backbone import backbone_of
from equipoise.training.distributed import average_gradients, n_all_rows, own_rows


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step of an optimiser with the gradient of a scalar loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(optimizer)
    optimizer.step()


def adam(
    *modules: nn.Module, learning_rate: float, beta_1: float = 0.9, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Create AdamW for all trainable parameters of the modules, with fused updates.

    Those of a given backbone have a learning rate of their own.
    """
    trained = [p for module in modules for p in module.parameters() if p.requires_grad]
    backbone = next((b for m in modules if (b := backbone_of(m)) is not None), None)
    given = set() if backbone is None else set(backbone.parameters())
    groups: list[dict[str, Any]] = [{"params": [p for p in trained if p not in given]}]
    if backbone is not None and (slower := [p for p in trained if p in given]):
        groups.append({"params": slower, "lr": backbone.learning_rate})
    return LightAdamW(
        groups, learning_rate, betas=(beta_1, 0.999), weight_decay=weight_decay, fused=True
    )


class LightAdamW(torch.optim.AdamW):
    """AdamW with fused updates alone.

    The methods that are replaced would import torch.compile, which takes longer than the training
    on a small table, and spend more time around the update than the update takes. Updates and
    states are the same.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, with the defaults for what the group does not set."""
        self.param_groups.append({**self.defaults, **param_group})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Remove the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the parameters that have a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            states = [self.state[p] for p in parameters]
            for parameter, state in zip(parameters, states, strict=True):
                if not state:
                    state["step"] = torch.zeros((), device=parameter.device)
                    state["exp_avg"] = torch.zeros_like(parameter)
                    state["exp_avg_sq"] = torch.zeros_like(parameter)
            adamw(
                parameters,
                [p.grad for p in parameters if p.grad is not None],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                [state["step"] for state in states],
                fused=True,
                amsgrad=False,
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                maximize=False,
            )


def repeated_indices(counts: Tensor, generator: torch.Generator) -> Tensor:
    """Row indices, each of which is repeated as often as ``counts`` (n,) says.

    A fractional count is rounded at random such that its expectation is exact. On a GPU this would
    wait for the number of indices, so that counts on the CPU are the better choice.
    """
    extra = torch.rand(len(counts), generator=generator).to(counts) < counts.frac()
    return torch.repeat_interleave(counts.long() + extra)


def dropout(
    x: Tensor,
    rate: float,
    generator: torch.Generator | None,
    n_dims: int | None = None,
    n: int | None = None,
) -> Tensor:
    """Set values to zero at random, and scale up the others so that the expectation is the same.

    torch's own dropout cannot be used, because it draws from the global generator.

    Parameters
    ----------
    x : Tensor of shape (n, ...)
    rate : float in [0, 1)
        Probability of zero; with 0 the result is ``x`` itself and nothing is drawn.
    generator : torch.Generator or None
        Source of the noise; None for torch's global generator on the CPU.
    n_dims : int, optional
        Number of leading dimensions along which values are independent; the others are set to zero
        together, as 2 does with channels. By default all values are independent.
    n : int, optional
        Number of rows of the batch, if ``x`` has only those of this process.
    """
    if rate == 0:
        return x
    shape = x.shape if n_dims is None else (*x.shape[:n_dims], *[1] * (x.ndim - n_dims))
    device = None if generator is None else generator.device
    shape = (n_all_rows(x, n), *shape[1:])
    kept = own_rows(torch.rand(shape, generator=generator, device=device) >= rate, n)
    return x * kept.to(x) / (1 - rate)
