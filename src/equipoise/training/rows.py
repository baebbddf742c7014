"""The training rows as tensors, and the batch that an optimisation step takes from them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.networks.backbone import Backbone
from equipoise.preprocessing import moved
from equipoise.training.context import FitContext
from equipoise.training.distributed import own_part, rank
from equipoise.training.precision import autocast

GLOBAL_GENERATORS = threading.Lock()


@dataclass
class TrainingRows:
    """Rows, labels and weights, with the source of noise and the precision of the steps.

    Attributes
    ----------
    load : callable
        Maps row indices to a tensor of those inputs on the network's device.
    y : Tensor of shape (n,)
        Class indices.
    weight : Tensor of shape (n,) or None
        Weight of every row in the loss.
    class_counts : Tensor of shape (n_classes,)
        Number of rows of every class, or their total weight.
    generator : torch.Generator
        Source of the shuffle, on the CPU. Its state is all that a checkpoint needs of randomness.
    noise : torch.Generator
        Source of the noise in a step, on the network's device; on the CPU it is ``generator``.
    autocast : context manager
        Sets the precision of a forward pass.
    """

    load: Callable[[np.ndarray], Tensor]
    y: Tensor
    weight: Tensor | None
    class_counts: Tensor
    generator: torch.Generator
    noise: torch.Generator
    autocast: AbstractContextManager[Any]

    @classmethod
    def from_fit(cls, fit: FitContext, precision: str) -> Self:
        """Put the data of a fit on its device.

        Parameters
        ----------
        fit : FitContext
        precision : {"auto", "float32", "bfloat16"}
        """
        if fit.is_table and precision == "auto":
            # The layers for tables are so small that casting costs more time than it saves.
            precision = "float32"
        device = fit.device
        generator = torch.Generator().manual_seed(fit.seed)
        return cls(
            fit.inputs.loader(device),
            torch.from_numpy(fit.target).to(device),
            None if fit.weight is None else torch.from_numpy(fit.weight).to(device, torch.float32),
            torch.from_numpy(fit.class_counts).to(device, torch.float32),
            generator,
            generator if device.type == "cpu" else torch.Generator(device),
            autocast(precision, device),
        )

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return inputs, class indices and weights of the rows with these indices.

        If several processes train together, the inputs are those of this process alone.
        """
        if self.noise is not self.generator:
            self.noise.manual_seed(int(torch.randint(2**62, (), generator=self.generator)))
        index = moved(torch.from_numpy(rows), self.y.device)
        weight = None if self.weight is None else self.weight[index]
        return self.load(rows[own_part(len(rows))]), self.y[index], weight

    @contextmanager
    def seeded(self, backbone: Backbone | None) -> Iterator[None]:
        """Let the layers of a given backbone draw by the seed of the fit.

        Its layers may draw on a GPU and again in the backward pass, for which torch knows only its
        global generators. They are left as they were, and other fits with a backbone wait.
        """
        if backbone is None or backbone.frozen:
            yield
            return
        device = self.y.device
        seed = int(torch.randint(2**62, (), generator=self.generator)) + rank()
        cuda = [device] if device.type == "cuda" else []
        with GLOBAL_GENERATORS, torch.random.fork_rng(cuda):
            torch.default_generator.manual_seed(seed)
            if device.type == "cuda":
                torch.cuda.manual_seed(seed)
            yield

    def through(self, module: nn.Module, x: Tensor) -> Tensor:
        """Apply a module in the precision of the steps; the result has the dtype of ``x``."""
        with self.autocast:
            y = module(x)
        return y.to(x)
