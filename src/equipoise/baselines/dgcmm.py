"""Deep generative mixture model: DGC with a mixture of Gaussians as the prior of its codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.base_classifier import DeepClassifier
from equipoise.networks.variational import VariationalClassifier, draw_codes
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, DataSpec, FitContext, Plan, TrainingRows
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend, repeated_indices

PREDICTION_SEED = 0


class DGCMMNetwork(VariationalClassifier):
    """Model p(k) p(z|k) p(x|z) p(y|z) with recognition model q(z|x).

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes : int
        Number of classes, and of components of the mixture.
    latent_dim : int
    architecture : {"compact", "paper"}

    Attributes
    ----------
    prior_logits : Tensor of shape (n_classes,)
    prior_mean, prior_log_variance : Tensor of shape (n_classes, latent_dim)
        Parameters of the components p(z|k).
    """

    def __init__(
        self, input_shape: tuple[int, ...], n_classes: int, latent_dim: int, architecture: str
    ) -> None:
        super().__init__(input_shape, n_classes, latent_dim, architecture)
        self.prior_logits = nn.Parameter(torch.zeros(n_classes))
        # Components with equal initial values would have equal gradients and remain equal.
        self.prior_mean = nn.Parameter(torch.randn(n_classes, latent_dim))
        self.prior_log_variance = nn.Parameter(torch.zeros(n_classes, latent_dim))

    def log_joint(self, z: Tensor) -> Tensor:
        """Compute log p(k) p(z|k) of codes (..., K) for every component k."""
        deviation = z[..., None, :] - self.prior_mean
        log_variance = self.prior_log_variance
        terms = deviation.square() / log_variance.exp() + log_variance + math.log(2 * math.pi)
        return self.prior_logits.log_softmax(0) - terms.sum(-1) / 2


def gaussian_kl(
    mean: Tensor, log_variance: Tensor, other_mean: Tensor, other_log_variance: Tensor
) -> Tensor:
    """KL divergence between diagonal Gaussians, summed over the last dimension."""
    difference = log_variance - other_log_variance
    distance = (mean - other_mean).square() / other_log_variance.exp()
    return (difference.exp() + distance - 1 - difference).sum(-1) / 2


def mixture_kl(network: DGCMMNetwork, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
    """Divergence of q(z|x) q(k|x) from p(z|k) p(k), with q(k|x) = p(k|z).

    It is Σ_k γ_k KL(q(z|x) ‖ p(z|k)) + Σ_k γ_k log(γ_k / π_k), where γ_k are the responsibilities
    of the components for the code.

    Parameters
    ----------
    network : DGCMMNetwork
    mean, log_variance : Tensor of shape (n, K)
        Parameters of q(z|x).
    z : Tensor of shape (n, K)
        One code of each row.

    Returns
    -------
    Tensor of shape (n,)

    References
    ----------
    Jiang et al. (2017), Eq. 12 and 16.
    """
    log_gamma = network.log_joint(z).log_softmax(-1)
    to_each = gaussian_kl(
        mean[:, None], log_variance[:, None], network.prior_mean, network.prior_log_variance
    )
    surprise = log_gamma - network.prior_logits.log_softmax(0)
    return (log_gamma.exp() * (to_each + surprise)).sum(-1)


def distance(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean squared error of each row, (n,), of inputs and reconstructions (n, ...)."""
    return (x - x_hat).flatten(1).square().mean(1)


class DGCMMPlan:
    """A joint step on all loss terms, and a classifier step on codes of balanced classes.

    Parameters
    ----------
    network : DGCMMNetwork
    data : TrainingRows
    others
        As in :class:`DGCMM`.
    """

    def __init__(
        self,
        network: DGCMMNetwork,
        data: TrainingRows,
        *,
        reconstruction_weight: float,
        classification_weight: float,
        mixture_weight: float,
        oversampling_rate: float,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.reconstruction_weight = reconstruction_weight
        self.classification_weight = classification_weight
        self.mixture_weight = mixture_weight
        class_counts = data.class_counts
        self.repeats = 1 + oversampling_rate * (class_counts.max() / class_counts - 1)
        rates = {"learning_rate": learning_rate, "weight_decay": weight_decay}
        self.optimizers = [adam(network, **rates)]
        if oversampling_rate > 0:
            self.optimizers.append(adam(network.head, **rates))

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x, y, weight = self.data.batch(rows)
        mean, log_variance = self.modules.moments(self.data.through(self.modules.trunk, x))
        z = draw_codes(mean, log_variance, self.generator)
        parts = {
            "reconstruction": weighted_mean(distance(x, self.modules.decoder(z)), weight),
            "classification": self._cross_entropy(z, y, weight),
            "mixture": weighted_mean(mixture_kl(self.modules, mean, log_variance, z), weight),
        }
        loss = (
            self.reconstruction_weight * parts["reconstruction"]
            + self.classification_weight * parts["classification"]
            + self.mixture_weight * parts["mixture"]
        )
        descend(self.optimizers[0], loss)
        if len(self.optimizers) > 1:
            source = repeated_indices(self.repeats[y], self.generator)
            z = draw_codes(mean.detach()[source], log_variance.detach()[source], self.generator)
            weight = None if weight is None else weight[source]
            parts["oversampled"] = self._cross_entropy(z, y[source], weight)
            descend(self.optimizers[1], parts["oversampled"])
        return {name: value.detach() for name, value in {"loss": loss, **parts}.items()}

    def _cross_entropy(self, z: Tensor, y: Tensor, weight: Tensor | None) -> Tensor:
        losses = F.cross_entropy(self.modules.head(z), y, reduction="none")
        return weighted_mean(losses, weight)


class DGCMM(DeepClassifier):
    """Deep generative mixture model for robust imbalance classification.

    It is the successor of DGC. A latent code z explains both the input and its label, and the prior
    of the codes is a mixture of Gaussians that is learnt together with the networks:
    p(x, y, z, k) = p(k) p(z|k) p(x|z) p(y|z).

    The following is taken from the paper and the authors' release [1]_: the model; the objective, a
    weighted sum of the mean squared error, the cross-entropy (weight 10) and the divergence from
    the mixture (weight 1e-4), which is that of VaDE [2]_; as many components as classes; and latent
    oversampling to the size of the largest class.

    The following was decided here, because the paper was not available or the release contradicts
    it. The means and weights of the mixture are trained, starting from means drawn from N(0, I) (in
    the release the prior stays N(0, I)). The recognition model does not receive the label. The
    classifier learns from oversampled codes in an additional step after every batch, not in another
    training. Predictions average the classifier over codes from q(z|x) with importance weights
    p(x|z) p(z) / q(z|x), in which the terms have the same weights as in the objective.

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
    reconstruction_weight : float, default=1
        Weight of the mean squared error.
    classification_weight : float, default=10
        Weight λ_cls of the cross-entropy, above 0.
    mixture_weight : float, default=1e-4
        Weight λ_mix of the divergence from the mixture.
    oversampling_rate : float in [0, 1], default=1
        Rate of latent oversampling: with 0 there is none, with 1 there are as many codes of every
        class as of the largest.
    n_importance_samples : int, default=10
        Number of codes per row in prediction.
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
        One record per epoch: the loss, its parts ``reconstruction``, ``classification`` and
        ``mixture``, and ``oversampled``, the loss of the classifier's own step.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : DGCMMNetwork
        The trained network.

    References
    ----------
    .. [1] Wang, Jing, Lyu, Guo, Wang, Liu, Yu, Zeng, Deep Generative Mixture Model for Robust
       Imbalance Classification, IEEE TPAMI 45(3), 2023.
    .. [2] Jiang, Zheng, Tan, Tang, Zhou, Variational Deep Embedding, IJCAI 2017.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import DGCMM
    >>> digits = load_dataset("digits")
    >>> model = DGCMM(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.predict_proba(digits.X_test[:2]).shape
    (2, 10)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "latent_dim": [Number(1, integer=True)],
        "reconstruction_weight": [Number(0)],
        "classification_weight": [Number(0, open_low=True)],
        "mixture_weight": [Number(0)],
        "oversampling_rate": [Number(0, 1)],
        "n_importance_samples": [Number(1, integer=True)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        latent_dim: int = 64,
        reconstruction_weight: float = 1.0,
        classification_weight: float = 10.0,
        mixture_weight: float = 1e-4,
        oversampling_rate: float = 1.0,
        n_importance_samples: int = 10,
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
        self.reconstruction_weight = reconstruction_weight
        self.classification_weight = classification_weight
        self.mixture_weight = mixture_weight
        self.oversampling_rate = oversampling_rate
        self.n_importance_samples = n_importance_samples
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
        return DGCMMNetwork(
            spec.codec.encoded_shape, len(spec.classes), self.latent_dim, self.architecture
        )

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        return DGCMMPlan(
            network,
            data,
            reconstruction_weight=self.reconstruction_weight,
            classification_weight=self.classification_weight,
            mixture_weight=self.mixture_weight,
            oversampling_rate=self.oversampling_rate,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        mean, log_variance = network.moments(network.trunk(x))
        generator = torch.Generator().manual_seed(PREDICTION_SEED)
        # The noise is the same for every row, so that results do not depend on other rows.
        noises = torch.randn(self.n_importance_samples, self.latent_dim, generator=generator)
        log_weights, log_labels = [], []
        for noise in noises.to(x):
            z = mean + torch.exp(log_variance / 2) * noise
            # log q(z|x) is without terms that are constant for a row.
            log_q = -(noise.square() + log_variance).sum(-1) / 2
            log_ratio = network.log_joint(z).logsumexp(-1) - log_q
            error = distance(x, network.decoder(z))
            gain = self.mixture_weight * log_ratio - self.reconstruction_weight * error
            log_weights.append(gain / self.classification_weight)
            log_labels.append(network.head(z).log_softmax(-1))
        log_weight = torch.stack(log_weights).log_softmax(0)
        return (log_weight[..., None] + torch.stack(log_labels)).logsumexp(0)
