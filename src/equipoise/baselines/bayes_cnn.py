"""Bayes by backprop: a classifier whose weights are distributions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from equipoise.base_classifier import DeepClassifier
from equipoise.networks import build_trunk
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, DataSpec, FitContext, Plan, TrainingRows
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend

INITIAL_RHO = -5.0  # standard deviations of 0.007, small compared with the weights
PREDICTION_SEED = 0


class BayesianLayer(nn.Module):
    """Linear layer or convolution with independent Gaussian weights and plain biases.

    Inside :func:`sampling`, activations are drawn instead of weights (local reparameterisation).
    In training, every row has its own noise; in evaluation all rows have the same, so that results
    do not depend on other rows. As in [3]_ of :class:`BayesCNN`, the noise of a convolution is
    independent at every position.

    Parameters
    ----------
    means : nn.Conv2d or nn.Linear
        Layer whose weights become the means.

    Attributes
    ----------
    rho : Tensor of the shape of the weights
        The standard deviations are ``log(1 + exp(rho))``.
    noise : torch.Generator or None
        Source of the noise, on the CPU; without it, the layer computes the means.
    """

    def __init__(self, means: nn.Conv2d | nn.Linear) -> None:
        super().__init__()
        self.means = means
        self.rho = nn.Parameter(torch.full_like(means.weight, INITIAL_RHO))
        self.noise: torch.Generator | None = None

    def deviations(self) -> Tensor:
        """Standard deviation of every weight."""
        return F.softplus(self.rho)

    def forward(self, x: Tensor) -> Tensor:
        mean = self.means(x)
        if self.noise is None:
            return mean
        squared = {"weight": self.deviations().square()}
        if self.means.bias is not None:
            squared["bias"] = torch.zeros_like(self.means.bias)
        variance = functional_call(self.means, squared, (x.square(),))
        n_rows = len(mean) if self.training else 1
        noise = torch.randn(n_rows, *mean.shape[1:], generator=self.noise).to(mean)
        # If all inputs are zero, so is the variance, whose root has no derivative there.
        return torch.addcmul(mean, variance.clamp_min(1e-8).sqrt(), noise)


def make_bayesian(module: nn.Module) -> nn.Module:
    """Make every convolution and linear layer inside ``module`` Bayesian; returns it."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d | nn.Linear):
            setattr(module, name, BayesianLayer(child))
        else:
            make_bayesian(child)
    return module


@contextmanager
def sampling(network: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Make all Bayesian layers draw their activations (local reparameterisation)."""
    layers = [m for m in network.modules() if isinstance(m, BayesianLayer)]
    try:
        for layer in layers:
            layer.noise = generator
        yield
    finally:
        for layer in layers:
            layer.noise = None


def gaussian_kl(mean: Tensor, deviation: Tensor, prior_deviation: float) -> Tensor:
    """KL(N(mean, deviation²) ‖ N(0, prior_deviation²)), summed over independent weights."""
    ratio = deviation / prior_deviation
    return (ratio.square() + (mean / prior_deviation).square() - 1 - 2 * ratio.log()).sum() / 2


def posterior_kl(network: nn.Module, prior_deviation: float) -> Tensor:
    """Sum of :func:`gaussian_kl` over all weights of a network."""
    layers = [m for m in network.modules() if isinstance(m, BayesianLayer)]
    parts = [gaussian_kl(m.means.weight, m.deviations(), prior_deviation) for m in layers]
    return torch.stack(parts).sum()


class BayesPlan:
    """Steps on the variational bound: the cross-entropy plus the divergence per row.

    Parameters
    ----------
    network : nn.Module
        From :func:`make_bayesian`.
    data : TrainingRows
    others
        As in :class:`BayesCNN`.
    """

    def __init__(
        self,
        network: nn.Module,
        data: TrainingRows,
        *,
        prior_scale: float,
        kl_weight: float,
        learning_rate: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.prior_scale, self.kl_weight = prior_scale, kl_weight
        self.optimizers = [adam(network, learning_rate=learning_rate)]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x, y, weight = self.data.batch(rows)
        with sampling(self.modules, self.generator):
            logits = self.data.through(self.modules, x)
        fit = weighted_mean(F.cross_entropy(logits, y, reduction="none"), weight)
        # The divergence counts once per epoch, so it is divided by the number of rows.
        kl = posterior_kl(self.modules, self.prior_scale) / len(self.data)
        loss = fit + self.kl_weight * kl
        descend(self.optimizers[0], loss)
        return {"loss": loss.detach(), "classification": fit.detach(), "kl": kl.detach()}


class BayesCNN(DeepClassifier):
    """Bayesian convolutional classifier with DGC's backbone; dense layers for tables.

    Every weight has an independent Gaussian posterior. The training minimises the variational free
    energy [1]_ with activations drawn instead of weights [2]_, independently at every position of a
    convolution [3]_. A prediction averages the class posteriors of several draws. The papers do not
    determine the following choices: the backbone, whose batch normalisation and biases are not
    Bayesian; a single Gaussian as the prior of the weights, for which the divergence has a closed
    form; and the weight of this divergence. The method does not correct for class imbalance.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone for images, as in :class:`equipoise.DGCClassifier`.
    prior_scale : float, default=0.1
        Standard deviation of the prior N(0, s²) of every weight.
    kl_weight : float, default=0.1
        Weight of the divergence of the posterior from the prior. With 1 the objective is the
        variational bound, but with few rows per weight the posterior then stays close to the prior.
        A smaller value gives the data more weight.
    n_draws : int, default=10
        Number of draws that a prediction averages. The noise is the same for every row and call.
    max_epochs : int, default=12
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 512.
    learning_rate : float, default=4e-3
        Peak learning rate of Adam. There is no weight decay, because the prior has the same effect.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        Course of the learning rate over the training.
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
        Precision of the forward pass in training; ``"auto"`` is bfloat16 for images if the
        device supports it natively, and float32 otherwise.
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
        One record per epoch: the loss and its parts ``classification`` and ``kl``.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : torch.nn.Module
        The trained network.

    References
    ----------
    .. [1] Blundell, Cornebise, Kavukcuoglu, Wierstra, Weight Uncertainty in Neural Networks,
       ICML 2015, Eq. 3 and 8.
    .. [2] Kingma, Salimans, Welling, Variational Dropout and the Local Reparameterization Trick,
       NIPS 2015, Eq. 6.
    .. [3] Shridhar, Laumann, Liwicki, A Comprehensive Guide to Bayesian Convolutional Neural
       Network with Variational Inference, 2019.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import BayesCNN
    >>> digits = load_dataset("digits")
    >>> model = BayesCNN(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.predict_proba(digits.X_test[:2]).shape
    (2, 10)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **{k: v for k, v in DeepClassifier._constraints.items() if k != "weight_decay"},
        "prior_scale": [Number(0, open_low=True)],
        "kl_weight": [Number(0)],
        "n_draws": [Number(1, integer=True)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        prior_scale: float = 0.1,
        kl_weight: float = 0.1,
        n_draws: int = 10,
        max_epochs: int = 12,
        batch_size: int | str = "auto",
        learning_rate: float = 4e-3,
        lr_schedule: str = "one_cycle",
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
        self.prior_scale = prior_scale
        self.kl_weight = kl_weight
        self.n_draws = n_draws
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
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
        trunk = build_trunk(spec.codec.encoded_shape, self.architecture)
        return make_bayesian(nn.Sequential(trunk, nn.Linear(trunk.out_features, len(spec.classes))))

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        return BayesPlan(
            network,
            data,
            prior_scale=self.prior_scale,
            kl_weight=self.kl_weight,
            learning_rate=self.learning_rate,
        )

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        generator = torch.Generator().manual_seed(PREDICTION_SEED)
        with sampling(network, generator):
            logits = torch.stack([network(x) for _ in range(self.n_draws)])
        return logits.log_softmax(-1).logsumexp(0) - math.log(self.n_draws)
