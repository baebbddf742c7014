"""GAMO: a classifier, a generator of convex combinations and a discriminator play a game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.base_classifier import DeepClassifier
from equipoise.networks import build_trunk
from equipoise.parameters import Constraint, Number
from equipoise.training import Callback, TrainingRows
from equipoise.training.losses import weighted_mean
from equipoise.training.steps import adam, descend

ROWS_AT_ONCE = 256
HIDDEN = (256, 128)  # units of classifier and discriminator, as released


class GAMO(DeepClassifier):
    """Generative adversarial minority oversampling: three players on features of the rows.

    A generator makes features of the smaller classes as convex combinations of those of all
    training rows of the class. It wants the discriminator to take them for real ones of the
    class, and the classifier to take them for another class, so that they lie where the
    classifier is weak; the classifier learns from real and generated features together, which
    balances the classes. All losses are squared errors. Predictions are the classifier's.

    The features of images and tables come from a trunk that learns together with the classifier,
    from the real rows alone, as in the paper's convolutional variant: features that were trained
    beforehand would be those of an imbalanced classifier. The release stops after every epoch
    to compute the features of all rows anew; here each row's are remembered from the last step
    that saw it.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flat rows. Not needed for
        3-D and 4-D input; without it, 2-D input is a table.
    architecture : {"compact", "paper"}, default="compact"
        Backbone of images, as in :class:`equipoise.DGCClassifier`. Tables always get two hidden
        layers.
    noise_dim : int, default=100
        Size of the generator's noise.
    max_epochs : int, default=12
        Passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step; ``"auto"`` is a fiftieth of the rows, within 16 and 64, and
        of a large table a two-hundredth, up to 512.
    learning_rate : float, default=2e-3
        Peak learning rate of trunk and classifier.
    adversary_rate : float, default=4e-4
        Peak learning rate of generator and discriminator.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
    weight_decay : float, default=1e-2
        Share of each weight of trunk and classifier that a step takes off, times the learning
        rate.
    early_stopping : bool, default=False
        Stop when ACSA on a validation split no longer grows, and keep the best weights.
    validation_fraction : float in (0, 1), default=0.1
        Share of every class to validate on, when ``early_stopping``; at least one row of each.
    n_iter_no_change : int, default=5
        Epochs without improvement before stopping.
    warm_start : bool, default=False
        Go on from the trunk and the classifier of the last fit, against new adversaries.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the trunk while training; ``"auto"`` takes bfloat16 for images, where the device
        has it natively.
        Predictions are always computed in float32 or better.
    device : str, default="auto"
        ``"auto"`` (CUDA, then MPS, then CPU) or a torch device name.
    random_state : int, RandomState or None, default=None
        An int gives the same model on the same machine.
    callbacks : list of equipoise.training.Callback, default=None
    verbose : int, default=0
        Above 0 shows progress: a bar on a terminal, a line per epoch elsewhere.

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
        One record per epoch: losses, seconds and, with early stopping, ``val_acsa``.
    callbacks_ : list of equipoise.training.Callback
        The copies of ``callbacks`` that took part in the fit, with what they collected.
    network_ : FeatureClassifier

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

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        return FeatureClassifier(input_shape, n_classes, self.architecture)

    def _plan(self, network: Any, data: TrainingRows) -> GAMOPlan:
        return GAMOPlan(
            network,
            data,
            noise_dim=self.noise_dim,
            learning_rate=self.learning_rate,
            adversary_rate=self.adversary_rate,
            weight_decay=self.weight_decay,
        )

    def _log_posterior(self, network: Any, x: Tensor) -> Tensor:
        return network(x)


class FeatureClassifier(nn.Module):
    """Trunk and classifier M; ``(n, *input)`` → logits ``(n, n_classes)``."""

    def __init__(self, input_shape: tuple[int, ...], n_classes: int, architecture: str) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.trunk = build_trunk(input_shape, architecture)
        self.head = _dense(self.trunk.out_features, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(x))


class ConvexGenerator(nn.Module):
    """Generator G: noise and class → convex combination of points of the class.

    The paper has a unit with a softmax for every class; here the units are blocks of one layer,
    in which the points of other classes get no weight.

    Parameters
    ----------
    owner : Tensor of shape (n_points,)
        Class index of every point.
    n_classes, n_features, noise_dim : int

    Attributes
    ----------
    points : Tensor of shape (n_points, n_features)
        Zero until they are set.
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
    """Steps of classifier, discriminator and generator.

    Parameters
    ----------
    network : FeatureClassifier
    data : TrainingRows
        The weights count in the classifier's loss alone.
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
        # What each class lacks of the largest one's share: as much is generated of it.
        self.lacking = (class_counts.max() - class_counts) / class_counts.sum()
        self.sources = torch.nonzero(self.lacking[y] > 0)[:, 0]
        self.place = torch.full_like(y, -1)
        self.place[self.sources] = torch.arange(len(self.sources)).to(y)
        self.network = network
        self.modules = nn.ModuleList([network])
        self.for_classifier = adam(network, learning_rate=learning_rate, weight_decay=weight_decay)
        self.optimizers: list[torch.optim.Optimizer] = [self.for_classifier]
        if len(self.sources):  # else all classes have one size, and nothing is generated
            self._add_adversaries(noise_dim, adversary_rate)

    def _add_adversaries(self, noise_dim: int, learning_rate: float) -> None:
        n_classes, width = self.network.n_classes, self.network.trunk.out_features
        owner = self.data.y[self.sources]
        with torch.random.fork_rng(devices=[]):  # as the network itself is drawn
            torch.default_generator.manual_seed(self.generator.initial_seed())
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
            for rows in self.sources.split(ROWS_AT_ONCE):
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
        share = self.lacking.sum()
        labels, fake = self._generated(len(rows))
        fake = fake.detach()
        target = one_hot(labels, self.network.n_classes)
        loss = loss + share * squared_error(self.network.head(fake), target).mean()
        descend(self.for_classifier, loss)
        real = (self._realness(features.detach(), y) - 1).square().mean()
        discriminator = real + share * self._realness(fake, labels).square().mean()
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
        """Class indices in the shares that the classes lack, and features of them."""
        chances = self.lacking.cpu()
        labels = torch.multinomial(chances, n, replacement=True, generator=self.generator)
        noise = torch.randn(n, self.convex.noise_dim, generator=self.generator)
        labels = labels.to(self.data.y)
        return labels, self.convex(noise.to(self.lacking), labels)

    def _realness(self, features: Tensor, y: Tensor) -> Tensor:
        category = one_hot(y, self.network.n_classes)
        return self.discriminator(torch.cat([features, category], 1)).squeeze(1)


def one_hot(y: Tensor, n_classes: int) -> Tensor:
    """Class indices (n,) → (n, n_classes) of zeros and ones, float32."""
    return nn.functional.one_hot(y, n_classes).float()


def squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """Squared distance (n,) of the softmax of logits to the target, both (n, n_classes)."""
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
