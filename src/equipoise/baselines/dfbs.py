"""DFBS: discriminative features, synthetic features of rare classes, logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from equipoise.base_classifier import DeepClassifier
from equipoise.networks import build_trunk
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, DataSpec, FitContext, TrainingRows
from equipoise.training.blockwise import evaluate_blockwise
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend

CANDIDATES = 4  # number of draws per synthetic feature vector
CENTRE_RATE = 0.5  # learning rate α of the class centres


class DFBS(DeepClassifier):
    """Discriminative feature learning and sampling: balance the classes in feature space.

    A trunk learns features with the cross-entropy, in which all classes have the same total weight,
    and the centre loss, which pulls the features of a class together. Then the smaller classes are
    oversampled to the size of the largest with synthetic feature vectors. Every value of such a
    vector is copied from a random training row of the class. The vector is accepted if it is closer
    to the mean of its class than to the midpoints between this mean and those of the other classes.
    A logistic regression is fitted to real and synthetic features, and makes the predictions.

    This is the method "DFBS" in the DGC paper, in the variant for images of the authors' published
    code, and also used for tables here (for which the authors have an autoencoder and a triplet
    loss). Their rule of acceptance is for two classes; here it applies to every pair of classes.
    Smaller classes get the size of the largest, while the authors' code generates fewer rows.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone of images, as in :class:`equipoise.DGCClassifier`. Tables always get two hidden
        layers.
    n_features : int, default=64
        Number of values of a feature vector.
    center_weight : float, default=0.01
        Weight of the centre loss.
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
        supports it natively, and float32 otherwise. Predictions are always computed in
        float32 or float64.
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
        One record per epoch: losses, seconds and, with early stopping, ``val_acsa``.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : DFBSNetwork
        The trained network.

    References
    ----------
    Liu, Liu, Tseng, Deep Discriminative Features Learning and Sampling for Imbalanced Data
    Problem, ICDM 2018. Wen, Zhang, Li, Qiao, A Discriminative Feature Learning Approach for Deep
    Face Recognition, ECCV 2016, Eq. 2-4 (the centre loss).

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import DFBS
    >>> digits = load_dataset("digits")
    >>> model = DFBS(max_epochs=1).fit(digits.X_train, digits.y_train)
    >>> model.predict(digits.X_test).shape == digits.y_test.shape
    True
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "n_features": [Number(1, integer=True)],
        "center_weight": [Number(0)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        n_features: int = 64,
        center_weight: float = 0.01,
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
        self.n_features = n_features
        self.center_weight = center_weight
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
        return DFBSNetwork(
            spec.codec.encoded_shape, len(spec.classes), self.n_features, self.architecture
        )

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> DFBSPlan:
        balance = fit.class_counts.sum() / (len(fit.classes) * fit.class_counts)
        factor = torch.from_numpy(balance).to(data.y.device, torch.float32)[data.y]
        weight = factor if data.weight is None else factor * data.weight
        return DFBSPlan(
            network,
            replace(data, weight=weight),
            center_weight=self.center_weight,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def _after_training(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """Replace the head that trained the features by the logistic regression."""
        features = evaluate_blockwise(network, fit.inputs, DFBSNetwork.features)
        random = np.random.default_rng(self._generator(None).initial_seed())
        new, labels = sample_features(features, fit.target, random)
        model = LogisticRegression(max_iter=1000)
        model.fit(np.concatenate([features, new]), np.concatenate([fit.target, labels]))
        weight, bias = model.coef_, model.intercept_
        if len(weight) == 1:  # for two classes, the log odds of the second one
            weight, bias = np.concatenate([-weight, weight]) / 2, np.append(-bias, bias) / 2
        with torch.no_grad():
            network.head.weight.copy_(torch.from_numpy(weight))
            network.head.bias.copy_(torch.from_numpy(bias))
        return {}

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        return network.head(network.features(x))


class DFBSNetwork(nn.Module):
    """Trunk, features and a linear head, with the centres of the classes.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes, n_features : int
    architecture : {"compact", "paper"}
    """

    centers: Tensor

    def __init__(
        self, input_shape: tuple[int, ...], n_classes: int, n_features: int, architecture: str
    ) -> None:
        super().__init__()
        self.trunk = build_trunk(input_shape, architecture)
        self.to_features = nn.Linear(self.trunk.out_features, n_features)
        self.head = nn.Linear(n_features, n_classes)
        self.register_buffer("centers", torch.zeros(n_classes, n_features))

    def features(self, x: Tensor) -> Tensor:
        """Features (n, n_features) of inputs (n, *input)."""
        return self.to_features(self.trunk(x))


class DFBSPlan:
    """Steps on the weighted cross-entropy and the centre loss.

    Parameters
    ----------
    network : DFBSNetwork
    data : TrainingRows
        Their weights apply to the cross-entropy only.
    center_weight, learning_rate, weight_decay : float
    """

    def __init__(
        self,
        network: DFBSNetwork,
        data: TrainingRows,
        *,
        center_weight: float,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.center_weight = center_weight
        self.optimizers = [adam(network, learning_rate=learning_rate, weight_decay=weight_decay)]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        network = self.modules
        x, y, weight = self.data.batch(rows)
        features = network.to_features(self.data.through(network.trunk, x))
        losses = F.cross_entropy(network.head(features), y, reduction="none")
        entropy = weighted_mean(losses, weight)
        center = (features - network.centers[y]).square().sum(1).mean() / 2
        loss = entropy + self.center_weight * center
        descend(self.optimizers[0], loss)
        network.centers.copy_(move_centers(network.centers, features.detach(), y))
        return {"loss": loss.detach(), "entropy": entropy.detach(), "center": center.detach()}


def move_centers(centers: Tensor, features: Tensor, y: Tensor) -> Tensor:
    """Move centres (C, K) towards the features (n, K) of their classes (Wen et al., Eq. 4)."""
    pull = torch.zeros_like(centers).index_add_(0, y, features - centers[y])
    counts = torch.bincount(y, minlength=len(centers))
    return centers + CENTRE_RATE * pull / (1 + counts[:, None])


def sample_features(
    features: np.ndarray, y: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw synthetic features that bring every class to the size of the largest.

    Parameters
    ----------
    features : ndarray of shape (n, K)
    y : ndarray of shape (n,)
        Class indices, each from 0 to C - 1 at least once.
    random : numpy.random.Generator

    Returns
    -------
    features : ndarray of shape (m, K)
        Every value is that of a row of the class. The vectors are those candidates that are closest
        to meeting the rule of acceptance: their distance to the mean of the class must not exceed
        that to the midpoint between this mean and that of another class.
    y : ndarray of shape (m,)
    """
    counts = np.bincount(y)
    means = np.stack([features[y == c].mean(0) for c in range(len(counts))])
    parts = [features[:0]]
    wanted = counts.max() - counts
    for c, n in enumerate(wanted):
        own = features[y == c]
        shape = (CANDIDATES * n, features.shape[1])
        drawn = np.take_along_axis(own, random.integers(len(own), size=shape), axis=0)
        middles = (means[c] + np.delete(means, c, axis=0)) / 2
        to_middle = cdist(drawn, middles).min(1)
        excess = np.linalg.norm(drawn - means[c], axis=1) - to_middle
        parts.append(drawn[np.argsort(np.maximum(excess, 0), kind="stable")[:n]])
    return np.concatenate(parts), np.repeat(np.arange(len(counts)), wanted)
