"""The plain classifier that a practitioner would train first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.base import DeepClassifier
from equipoise.classifiers.training import ClassifierPlan
from equipoise.networks import build_trunk
from equipoise.parameters import Constraint, OneOf
from equipoise.training import Callback, Plan
from equipoise.training.precision import autocast


class ConvNetClassifier(DeepClassifier):
    """Convolutional classifier with DGC's backbone; dense layers for tables.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flat rows. Not needed for
        3-D and 4-D input; without it, 2-D input is a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone; see :class:`equipoise.DGCClassifier`.
    loss : {"cross_entropy", "logit_adjusted"}, default="cross_entropy"
        ``"logit_adjusted"`` trains for the posterior under equal class sizes (Menon et al.,
        ICLR 2021).
    max_epochs : int, default=12
        Passes over the training images.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step; ``"auto"`` is a fiftieth of the rows, within 16 and 64.
    learning_rate : float, default=4e-3
        Peak learning rate of AdamW.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
    weight_decay : float, default=1e-2
        Share of each weight that a step takes off, times the learning rate.
    early_stopping : bool, default=False
        Stop when ACSA on a validation split no longer grows, and keep the best weights.
    validation_fraction : float, default=0.1
        Share of every class to validate on, when ``early_stopping``.
    n_iter_no_change : int, default=5
        Epochs without improvement before stopping.
    warm_start : bool, default=False
        Go on from the network of the last fit.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the trunk while training; ``"auto"`` takes bfloat16 where the device has it natively.
        Predictions are always computed in float32 or better.
    device : str, default="auto"
        ``"auto"`` or a torch device name.
    random_state : int, RandomState or None, default=None
    callbacks : list of equipoise.training.Callback, default=None
    verbose : int, default=0
        Above 0 shows progress.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    class_counts_ : ndarray of shape (n_classes,)
        Training rows (or their weight) of every class.
    n_features_in_ : int
        Values per row.
    feature_names_in_ : ndarray of str
        Column names, when fitted on a DataFrame.
    input_shape_ : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    history_ : list of dict
        One record per epoch.
    network_ : torch.nn.Module
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "loss": [OneOf(("cross_entropy", "logit_adjusted"))],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        loss: str = "cross_entropy",
        max_epochs: int = 12,
        batch_size: int | str = "auto",
        learning_rate: float = 4e-3,
        lr_schedule: str = "one_cycle",
        weight_decay: float = 1e-2,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        precision: str = "auto",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        self.image_shape = image_shape
        self.architecture = architecture
        self.loss = loss
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        trunk = build_trunk(input_shape, self.architecture)
        return nn.Sequential(trunk, nn.Linear(trunk.out_features, n_classes))

    def _plan(
        self,
        network: Any,
        load: Callable[[np.ndarray], Tensor],
        y: Tensor,
        weight: Tensor | None,
        generator: torch.Generator,
    ) -> Plan:
        shares = torch.from_numpy(self.class_counts_ / self.class_counts_.sum())
        return ClassifierPlan(
            network,
            load,
            y,
            weight,
            log_prior=shares.log().to(y.device, torch.float32),
            tau=1.0 if self.loss == "logit_adjusted" else 0.0,
            generator=generator,
            autocast=autocast(self.precision, y.device),
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def _log_posterior(self, network: Any, x: Tensor) -> Tensor:
        return network(x)
