"""Training by several processes, each of which takes a part of the rows of every batch.

All processes draw the same batches and the same noise, because they have the same seed. Each loads
its own rows of a batch and takes them through the large networks; what comes out is gathered, and
every process computes the losses of the whole batch. The result is therefore that of one process,
up to rounding, whatever the number of processes is.

Gradients are averaged after the backward pass. torch's DistributedDataParallel, which averages them
during it, expects one forward pass of one module for each backward pass; the steps here have
several optimisers, and penalties on gradients. Its SyncBatchNorm does not run on CPUs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from equipoise.errors import LostProcessError

# The others wait while the first one loads, validates and saves. They notice its end at once.
TIMEOUT = timedelta(days=1)

Result = TypeVar("Result")

_rank, _n_processes = 0, 1


def rank() -> int:
    """Number of this process; 0 is the one that validates, saves and prints."""
    return _rank


def n_processes() -> int:
    """Number of processes that train together, 1 outside of :func:`joined`."""
    return _n_processes


@contextmanager
def joined() -> Iterator[None]:
    """Train together with the other processes that torchrun has started, if it was torchrun.

    Each process has to make the same fits with the same data, parameters and seed.
    """
    global _rank, _n_processes
    if not dist.is_available() or not dist.is_torchelastic_launched():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group(timeout=TIMEOUT)
    _rank, _n_processes = dist.get_rank(), dist.get_world_size()
    try:
        yield
    finally:
        _rank, _n_processes = 0, 1
        dist.destroy_process_group()


def from_first(function: Callable[[], Result]) -> Result:
    """The result of a function that only the first process calls."""
    if _n_processes == 1:
        return function()
    box: list[Any] = [function() if _rank == 0 else None]
    with _lost_process():
        dist.broadcast_object_list(box, device=torch.device("cpu"))
    return box[0]


def own_part(n: int) -> slice:
    """Which rows of a batch of ``n`` belong to this process."""
    return slice(n * _rank // _n_processes, n * (_rank + 1) // _n_processes)


def own_rows(x: Tensor, n: int | None) -> Tensor:
    """The rows of this process out of one or several batches of ``n`` rows, one after another.

    With None, every process has all rows, as it has after :func:`all_rows`.
    """
    if _n_processes == 1 or n is None:
        return x
    return x.unflatten(0, (-1, n))[:, own_part(n)].flatten(0, 1)


def all_rows(x: Tensor, n: int) -> Tensor:
    """Inverse of :func:`own_rows`: gather the rows of all processes, in their order."""
    if _n_processes == 1:
        return x
    part = own_part(n)
    batches = x.unflatten(0, (-1, part.stop - part.start))
    others = [0, 0] * (batches.ndim - 2) + [part.start, n - part.stop]
    return _Sum.apply(F.pad(batches, others)).flatten(0, 1)


def n_all_rows(x: Tensor, n: int | None) -> int:
    """Number of rows of ``all_rows(x, n)``; with None, ``x`` has them all."""
    if n is None:
        return len(x)
    part = own_part(n)
    return len(x) // (part.stop - part.start) * n


def average_gradients(optimizer: torch.optim.Optimizer) -> None:
    """Replace the gradients of the parameters of an optimiser by their means over all processes.

    Every process differentiates the loss of the whole batch, and :func:`all_rows` the sum of these
    equal losses. The mean is therefore the gradient of the loss.
    """
    if _n_processes == 1:
        return
    groups = optimizer.param_groups
    gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
    together = _sum_of_all(torch.cat([g.flatten() for g in gradients])) / _n_processes
    parts = together.split([g.numel() for g in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


@contextmanager
def whole_batch_statistics(network: nn.Module) -> Iterator[None]:
    """Let batch normalisation in training mode use the statistics of the rows of all processes.

    Layers of classes of their own, as some given backbones have, keep to the rows of one process.
    """
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    layers = [m for m in network.modules() if type(m) in kinds] if _n_processes > 1 else []
    before = [type(layer) for layer in layers]
    for layer in layers:
        layer.__class__ = _WholeBatchNorm
    try:
        yield
    finally:
        for layer, kind in zip(layers, before, strict=True):
            layer.__class__ = kind


class _WholeBatchNorm(_BatchNorm):
    """Batch normalisation of rows of which every process has a part."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions will do."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training and self.running_mean is not None:
            return super().forward(x)
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        axes = [0, *range(2, x.ndim)]
        variance, mean = torch.var_mean(values, axes, correction=0)
        count = torch.full_like(mean[:1], values.numel() / len(mean))
        by_process = all_rows(torch.cat([count, mean, variance])[None], _n_processes)
        counts, means, variances = by_process.tensor_split([1, 1 + len(mean)], 1)
        n = counts.sum()
        mean = (counts * means).sum(0) / n
        variance = (counts * (variances + (means - mean).square())).sum(0) / n
        if self.training and self.running_mean is not None:
            self._follow(mean.detach(), variance.detach() * n / (n - 1))
        scale = (variance + self.eps).rsqrt()
        shift = torch.zeros_like(mean)
        if self.affine:
            scale, shift = scale * self.weight, self.bias
        mean, scale, shift = (v.view(-1, *[1] * (x.ndim - 2)) for v in (mean, scale, shift))
        return torch.addcmul(shift, values - mean, scale).to(x.dtype)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics."""
        buffers: Any = self
        buffers.num_batches_tracked.add_(1)
        weight: Any = self.momentum
        if weight is None:  # the mean over all batches
            weight = 1 / buffers.num_batches_tracked
        buffers.running_mean.lerp_(mean, weight)
        buffers.running_var.lerp_(variance, weight)


class _Sum(torch.autograd.Function):
    """Sum over all processes, and the gradient of the sum of all their losses."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _sum_of_all(x.clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def _sum_of_all(x: Tensor) -> Tensor:
    """Add the tensors of all processes, in place."""
    with _lost_process():
        dist.all_reduce(x)
    return x


@contextmanager
def _lost_process() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            "Another process of this training has ended, and this one cannot go on without it. "
            "The same command continues after the last complete epoch, also with another number "
            "of processes."
        ) from error
