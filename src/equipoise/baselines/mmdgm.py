"""Max-margin deep generative model: a variational autoencoder with a hinge loss on its codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.base_classifier import DeepClassifier
from equipoise.networks.variational import VariationalClassifier, draw_codes
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, DataSpec, FitContext, Plan, TrainingRows
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend


def standard_normal_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) ‖ N(0, I)) of every row: (n, K) → (n,)."""
    return (log_variance.exp() + mean.square() - 1 - log_variance).sum(-1) / 2


def multiclass_hinge(scores: Tensor, y: Tensor) -> Tensor:
    """Crammer and Singer's hinge loss of every row.

    It is max_c (Δ(y, c) + s_c − s_y), with Δ = 1 for every wrong class: 0 if the score of the true
    class is larger than all others by at least 1.

    Parameters
    ----------
    scores : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.

    Returns
    -------
    Tensor of shape (n,)

    References
    ----------
    Li et al. (2015), Section 3.1.
    """
    wrong = 1 - F.one_hot(y, scores.shape[1]).to(scores)
    return (scores + wrong).amax(1) - scores.gather(1, y[:, None])[:, 0]


class MMDGMPlan:
    """Steps on the variational bound plus C times the hinge loss, with one code per row.

    Parameters
    ----------
    network : VariationalClassifier
    data : TrainingRows
    others
        As in :class:`MMDGM`.
    """

    def __init__(
        self,
        network: VariationalClassifier,
        data: TrainingRows,
        *,
        hinge_weight: float,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.hinge_weight = hinge_weight
        self.optimizers = [adam(network, learning_rate=learning_rate, weight_decay=weight_decay)]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x, y, weight = self.data.batch(rows)
        mean, log_variance = self.modules.moments(self.data.through(self.modules.trunk, x))
        z = draw_codes(mean, log_variance, self.generator)
        error = (x - self.modules.decoder(z)).flatten(1).square().sum(1) / 2
        parts = {
            "reconstruction": weighted_mean(error, weight),
            "kl": weighted_mean(standard_normal_kl(mean, log_variance), weight),
            "hinge": weighted_mean(multiclass_hinge(self.modules.head(z), y), weight),
        }
        loss = parts["reconstruction"] + parts["kl"] + self.hinge_weight * parts["hinge"]
        descend(self.optimizers[0], loss)
        return {name: value.detach() for name, value in {"loss": loss, **parts}.items()}


class MMDGM(DeepClassifier):
    """Max-margin deep generative model on DGC's backbone.

    A variational autoencoder, with p(z) = N(0, I) and p(x|z) = N(x̂(z), I), and a linear classifier
    of its codes are trained together. The objective is the negative variational bound plus C times
    the multi-class hinge loss. The paper's Gaussian prior of the classifier's weights is equivalent
    to ``weight_decay``. The method does not correct for class imbalance.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone for images, as in :class:`equipoise.DGCClassifier`.
    latent_dim : int, default=64
        Number K of dimensions of a code.
    hinge_weight : float, default=1000
        Weight C of the hinge loss relative to the variational bound in nats. If it is small, the
        bound makes codes uninformative, and the rarest classes are no longer recognised first.
    max_epochs : int, default=12
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 512.
    learning_rate : float, default=4e-3
        Peak learning rate of AdamW.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        Course of the learning rate over the training.
    weight_decay : float, default=1e-2
        Weight decay coefficient of AdamW.
    early_stopping : bool, default=False
        Whether to stop when the validation ACSA no longer improves, and to restore the best
        weights.
    validation_fraction : float in (0, 1), default=0.1
        Fraction of every class to hold out for validation with ``early_stopping``; it is at
        least one row of each class.
    n_iter_no_change : int, default=5
        Number of epochs without improvement after which to stop.
    warm_start : bool, default=False
        Whether to continue with the network of the last fit.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the trunk in training; ``"auto"`` is bfloat16 for images if the device
        supports it natively, and float32 otherwise.
    device : str, default="auto"
        Name of a torch device; ``"auto"`` selects CUDA, MPS or the CPU, in this order.
    random_state : int, RandomState or None, default=None
        Source of randomness. With an int, fits on the same machine give the same model.
    callbacks : list of equipoise.training.Callback, default=None
        Callbacks of the training. Copies of them take part in the fit; see ``callbacks_``.
    verbose : int, default=0
        Above 0 the training reports its progress and the time left: with a bar in a terminal,
        otherwise with a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    class_counts_ : ndarray of shape (n_classes,)
        Number of training rows of every class, or their total weight.
    n_features_in_ : int
        Number of values per row.
    feature_names_in_ : ndarray of str
        Names of the columns, if fitted on a DataFrame.
    input_shape_ : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    history_ : list of dict
        One record per epoch: the loss and its parts ``reconstruction``, ``kl`` and ``hinge``.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : VariationalClassifier
        The trained network.

    Notes
    -----
    Predictions use the scores of the mean code. ``predict_proba`` is their softmax, which the hinge
    loss does not calibrate.

    References
    ----------
    Li, Zhu, Shi, Zhang, Max-Margin Deep Generative Models, NIPS 2015.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import MMDGM
    >>> digits = load_dataset("digits")
    >>> model = MMDGM(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.predict_proba(digits.X_test[:2]).shape
    (2, 10)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "latent_dim": [Number(1, integer=True)],
        "hinge_weight": [Number(0)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        latent_dim: int = 64,
        hinge_weight: float = 1000.0,
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
        self.latent_dim = latent_dim
        self.hinge_weight = hinge_weight
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

    def _build(self, spec: DataSpec) -> nn.Module:
        return VariationalClassifier(
            spec.codec.encoded_shape, len(spec.classes), self.latent_dim, self.architecture
        )

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        return MMDGMPlan(
            network,
            data,
            hinge_weight=self.hinge_weight,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        mean, _ = network.moments(network.trunk(x))
        return network.head(mean)
