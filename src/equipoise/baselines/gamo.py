"""GAMO: adversarial training of a classifier, a generator and a discriminator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.base_classifier import DeepClassifier
from equipoise.networks import build_trunk
from equipoise.networks.seeding import Seeded
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, DataSpec, FitContext, TrainingRows
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend

ROWS_PER_BLOCK = 256
HIDDEN = (256, 128)  # units of classifier and discriminator, as released


class GAMO(DeepClassifier):
    """Generative adversarial minority oversampling, in the feature space of a classifier.

    A generator produces features of the smaller classes, as convex combinations of the features of
    all training rows of the class. It is trained so that the discriminator takes them for real ones
    of the class, and the classifier assigns them to another class; hence they lie where the
    classifier is weak. The classifier learns from real and generated features together, which
    balances the classes, and makes the predictions. All losses are squared errors.

    The features of images and tables come from a trunk that is trained together with the
    classifier, on the real rows only, as in the paper's convolutional variant. Features that were
    trained before would be those of an imbalanced classifier. The authors' release computes the
    features of all rows again after every epoch; here those of a row are stored in every step that
    contains it.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone of images, as in :class:`equipoise.DGCClassifier`. Tables always get two hidden
        layers.
    noise_dim : int, default=100
        Number of dimensions of the generator's noise.
    max_epochs : int, default=12
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 512.
    learning_rate : float, default=2e-3
        Peak learning rate of trunk and classifier.
    adversary_rate : float, default=4e-4
        Peak learning rate of generator and discriminator.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        Course of the learning rate over the training.
    weight_decay : float, default=1e-2
        Weight decay coefficient of AdamW, for trunk and classifier.
    early_stopping : bool, default=False
        Whether to stop when the validation ACSA no longer improves, and to restore the best
        weights.
    validation_fraction : float in (0, 1), default=0.1
        Fraction of every class to hold out for validation with ``early_stopping``; it is at
        least one row of each class.
    n_iter_no_change : int, default=5
        Number of epochs without improvement after which to stop.
    warm_start : bool, default=False
        Whether to continue with the trunk and the classifier of the last fit, against new
        adversaries.
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
    network_ : FeatureClassifier
        The trained network.

    References
    ----------
    Mullick, Datta, Das, Generative Adversarial Minority Oversampling, ICCV 2019.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import GAMO
    >>> digits = load_dataset("digits")
    >>> model = GAMO(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.predict(digits.X_test).shape == digits.y_test.shape
    True
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "noise_dim": [Number(1, integer=True)],
        "adversary_rate": [Number(0, open_low=True)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        noise_dim: int = 100,
        max_epochs: int = 12,
        batch_size: int | str = "auto",
        learning_rate: float = 2e-3,
        adversary_rate: float = 4e-4,
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
        self.noise_dim = noise_dim
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.adversary_rate = adversary_rate
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
        return FeatureClassifier(spec.codec.encoded_shape, len(spec.classes), self.architecture)

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> GAMOPlan:
        return GAMOPlan(
            network,
            data,
            noise_dim=self.noise_dim,
            learning_rate=self.learning_rate,
            adversary_rate=self.adversary_rate,
            weight_decay=self.weight_decay,
        )

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        return network(x)


class FeatureClassifier(nn.Module):
    """Trunk and classifier M: maps inputs ``(n, *input)`` to logits ``(n, n_classes)``."""

    def __init__(self, input_shape: tuple[int, ...], n_classes: int, architecture: str) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.trunk = build_trunk(input_shape, architecture)
        self.head = _dense(self.trunk.out_features, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(x))


class ConvexGenerator(nn.Module):
    """Generator G of convex combinations of the points of a class, from noise.

    The paper has a softmax layer for every class; here they are blocks of one layer, in which the
    points of other classes get weight zero.

    Parameters
    ----------
    owner : Tensor of shape (n_points,)
        Class index of every point.
    n_classes, n_features, noise_dim : int

    Attributes
    ----------
    points : Tensor of shape (n_points, n_features)
        Initially zero.
    """

    owner: Tensor
    points: Tensor

    def __init__(self, owner: Tensor, n_classes: int, n_features: int, noise_dim: int) -> None:
        super().__init__()
        self.n_classes, self.noise_dim = n_classes, noise_dim
        self.register_buffer("owner", owner)
        self.register_buffer("points", torch.zeros(len(owner), n_features))
        self.to_logits = nn.Sequential(
            nn.Linear(noise_dim + n_classes, 256),
            nn.ReLU(inplace=True),
            nn.Linear(256, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, len(owner)),
        )

    def weights(self, noise: Tensor, y: Tensor) -> Tensor:
        """Weights (n, n_points) that sum to 1, for noise (n, noise_dim) and classes (n,)."""
        category = nn.functional.one_hot(y, self.n_classes).to(noise)
        logits = self.to_logits(torch.cat([noise, category], 1))
        return logits.masked_fill(self.owner != y[:, None], -torch.inf).softmax(1)

    def forward(self, noise: Tensor, y: Tensor) -> Tensor:
        return self.weights(noise, y) @ self.points


class GAMOPlan:
    """Steps of the classifier, the discriminator and the generator.

    Parameters
    ----------
    network : FeatureClassifier
    data : TrainingRows
        Their weights apply to the classifier's loss only.
    others
        As in :class:`GAMO`.
    """

    def __init__(
        self,
        network: FeatureClassifier,
        data: TrainingRows,
        *,
        noise_dim: int,
        learning_rate: float,
        adversary_rate: float,
        weight_decay: float,
    ) -> None:
        self.data, self.generator = data, data.generator
        y, class_counts = data.y, data.class_counts
        # Weights of the generated features: what each class lacks of the largest one's frequency.
        self.lacking = (class_counts.max() - class_counts) / class_counts.sum()
        self.sources = torch.nonzero(self.lacking[y] > 0)[:, 0]
        self.place = torch.full_like(y, -1)
        self.place[self.sources] = torch.arange(len(self.sources)).to(y)
        self.network = network
        self.modules = nn.ModuleList([network])
        self.for_classifier = adam(network, learning_rate=learning_rate, weight_decay=weight_decay)
        self.optimizers: list[torch.optim.Optimizer] = [self.for_classifier]
        if len(self.sources):  # otherwise all classes have the same size
            self._add_adversaries(noise_dim, adversary_rate)

    def _add_adversaries(self, noise_dim: int, learning_rate: float) -> None:
        n_classes, width = self.network.n_classes, self.network.trunk.out_features
        owner = self.data.y[self.sources]
        with Seeded(self.generator.initial_seed()):  # like the weights of the network itself
            self.convex = ConvexGenerator(owner, n_classes, width, noise_dim).to(owner.device)
            self.discriminator = _dense(width + n_classes, 1).to(owner.device)
        self.modules.extend([self.convex, self.discriminator])
        self.for_discriminator, self.for_generator = (
            adam(player, learning_rate=learning_rate, beta_1=0.5)
            for player in (self.discriminator, self.convex)
        )
        self.optimizers += [self.for_discriminator, self.for_generator]
        self.network.eval()
        with torch.no_grad():
            for rows in self.sources.split(ROWS_PER_BLOCK):
                x = self.data.load(rows.cpu().numpy())
                self._remember(rows, self.data.through(self.network.trunk, x))

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x, y, weight = self.data.batch(rows)
        features = self.data.through(self.network.trunk, x)
        own = squared_error(self.network.head(features), one_hot(y, self.network.n_classes))
        loss = weighted_mean(own, weight)
        if not len(self.sources):
            descend(self.for_classifier, loss)
            return {"loss": loss.detach()}
        self._remember(torch.from_numpy(rows).to(y.device), features.detach())
        generated_weight = self.lacking.sum()
        labels, fake = self._generated(len(rows))
        fake = fake.detach()
        target = one_hot(labels, self.network.n_classes)
        loss = loss + generated_weight * squared_error(self.network.head(fake), target).mean()
        descend(self.for_classifier, loss)
        real = (self._realness(features.detach(), y) - 1).square().mean()
        discriminator = real + generated_weight * self._realness(fake, labels).square().mean()
        descend(self.for_discriminator, discriminator)
        labels, fake = self._generated(len(rows))
        others = 1 - one_hot(labels, self.network.n_classes)
        generator = squared_error(self.network.head(fake), others).mean()
        generator = generator + (self._realness(fake, labels) - 1).square().mean()
        descend(self.for_generator, generator)
        return {
            "loss": loss.detach(),
            "discriminator": discriminator.detach(),
            "generator": generator.detach(),
        }

    def _remember(self, rows: Tensor, features: Tensor) -> None:
        place = self.place[rows]
        self.convex.points[place[place >= 0]] = features[place >= 0]

    def _generated(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw class indices in proportion to what the classes lack, and generate features."""
        weights = self.lacking.cpu()
        labels = torch.multinomial(weights, n, replacement=True, generator=self.generator)
        noise = torch.randn(n, self.convex.noise_dim, generator=self.generator)
        labels = labels.to(self.data.y)
        return labels, self.convex(noise.to(self.lacking), labels)

    def _realness(self, features: Tensor, y: Tensor) -> Tensor:
        category = one_hot(y, self.network.n_classes)
        return self.discriminator(torch.cat([features, category], 1)).squeeze(1)


def one_hot(y: Tensor, n_classes: int) -> Tensor:
    """Encode class indices (n,) as float32 of shape (n, n_classes)."""
    return nn.functional.one_hot(y, n_classes).float()


def squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """Squared distance (n,) of the softmax of logits from a target, both (n, n_classes)."""
    return (logits.softmax(1) - target).square().sum(1)


def _dense(n_in: int, n_out: int) -> nn.Sequential:
    first, second = HIDDEN
    return nn.Sequential(
        nn.Linear(n_in, first),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Linear(first, second),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Linear(second, n_out),
    )
