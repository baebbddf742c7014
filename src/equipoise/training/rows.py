"""The training rows as tensors, and the batch that an optimisation step takes from them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
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
# Exponent of the class sizes in the probabilities with which classes are drawn.
RESAMPLING = {"square_root": 0.5, "balanced": 0.0, "inverse": -1.0}


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
    cumulative : ndarray of shape (n,) or None
        Cumulative probabilities with which the rows of a step are drawn, with replacement; None if
        every epoch takes each row once.
    """

    load: Callable[[np.ndarray], Tensor]
    y: Tensor
    weight: Tensor | None
    class_counts: Tensor
    generator: torch.Generator
    noise: torch.Generator
    autocast: AbstractContextManager[Any]
    cumulative: np.ndarray | None = None

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

    def resampled(self, kind: str) -> Self:
        """These rows, drawn with replacement by other class sizes.

        The weights decide how often the rows of a class are drawn, and no longer count in the loss.

        Parameters
        ----------
        kind : {"none", "square_root", "balanced", "inverse"}
            The expected class sizes are proportional to the present ones, to their square roots,
            equal, or proportional to the inverse of the present ones. ``"none"`` changes nothing.
        """
        if kind == "none":
            return self
        sizes = self.class_counts.cpu().double().numpy()
        wanted = resampled_sizes(sizes, kind)
        probabilities = (wanted / sizes)[self.y.cpu().numpy()]
        if self.weight is not None:
            probabilities *= self.weight.cpu().numpy()
        cumulative = probabilities.cumsum()
        return replace(
            self,
            weight=None,
            class_counts=torch.from_numpy(wanted).to(self.class_counts),
            cumulative=cumulative / cumulative[-1],  # ends at 1 exactly, above every draw
        )

    def drawn(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a step: these, or as many that are drawn."""
        if self.cumulative is None:
            return rows
        draws = torch.rand(len(rows), generator=self.generator, dtype=torch.float64)
        return np.searchsorted(self.cumulative, draws.numpy(), side="right")

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


def resampled_sizes(sizes: np.ndarray, kind: str) -> np.ndarray:
    """Expected class sizes among the rows that are drawn.

    Parameters
    ----------
    sizes : ndarray of shape (n_classes,)
        Number of rows of each class, or their total weight.
    kind : {"none", "square_root", "balanced", "inverse"}
        As in :meth:`TrainingRows.resampled`.

    Returns
    -------
    ndarray of shape (n_classes,)
        With the sum of ``sizes``.
    """
    wanted = sizes ** RESAMPLING.get(kind, 1.0)
    return wanted * (sizes.sum() / wanted.sum())
