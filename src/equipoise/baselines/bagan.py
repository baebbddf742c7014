"""BAGAN: a GAN that starts from an autoencoder and generates all classes equally often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.base_sampler import DeepOverSampler
from equipoise.inputs import RandomState
from equipoise.networks import build_decoder, build_trunk
from equipoise.parameters import Constraint, Number
from equipoise.preprocessing import decode_in_blocks
from equipoise.training import Callback, DataSpec, FitContext, TrainingRows
from equipoise.training.batches import Batches
from equipoise.training.steps import adam, descend

PRETRAIN_RATE = 1e-3  # learning rate of the autoencoder
RIDGE = 1e-6  # keeps the covariance of a class with few rows positive definite
ROWS_PER_BLOCK = 256


class BAGAN(DeepOverSampler):
    """Balancing GAN: an oversampler whose generator starts as the decoder of an autoencoder.

    An autoencoder is trained on all classes together, without labels, and a Gaussian is fitted to
    the codes of every class. The generator starts as the decoder, and its inputs are drawn from
    these Gaussians. The discriminator starts as the encoder, and distinguishes the classes and, as
    an additional class, generated rows. It learns from the real rows with their class frequencies,
    and from equally many generated rows of every class. The generator learns to produce rows that
    are assigned to the requested class.

    The paper has networks of its own for images; here trunk and decoder are those of
    :class:`equipoise.DGCClassifier`. The batch normalisation of the discriminator keeps the
    statistics of the pre-training, because those of a batch would differ between real and generated
    rows.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows to generate, as in every oversampler of imbalanced-learn.
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    architecture : {"compact", "paper"}, default="compact"
        Networks for images: small ones, or those of the DGC release. The networks for tables have
        dense layers.
    latent_dim : int, default=64
        Number of dimensions of a code.
    pretrain_epochs : int, default=10
        Number of passes of the autoencoder over the training rows; with 0 it is not trained.
    max_epochs : int, default=20
        Number of passes of the adversarial training over the training rows; ``history_`` has a
        record of each.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 512.
    learning_rate : float, default=2e-4
        Peak learning rate of Adam for generator and discriminator.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="constant"
        Course of the learning rate over the training.
    warm_start : bool, default=False
        Whether to continue the game with the networks of the last fit, without another
        pre-training.
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
    sampling_strategy_ : dict
        Number of rows of each class that the last resampling generated or, after ``fit``,
        that a resampling would generate.
    synthetic_mask_ : ndarray of bool
        Whether each row of the last resampling is synthetic.
    groups_ : ndarray or None
        Groups of the rows of the last resampling, if it was given groups.
    history_ : list of dict
        One record per epoch.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : BAGANNetwork
        The trained network.

    References
    ----------
    Mariani, Scheidegger, Istrate, Bekas, Malossi, BAGAN: Data Augmentation with Balancing GAN,
    arXiv:1803.09655, 2018.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import BAGAN
    >>> digits = load_dataset("digits")
    >>> sampler = BAGAN(pretrain_epochs=1, max_epochs=1)
    >>> sampler.fit(digits.X_train, digits.y_train).sample(3, y=9).shape
    (3, 8, 8)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepOverSampler._constraints,
        "latent_dim": [Number(1, integer=True)],
        "pretrain_epochs": [Number(0, integer=True)],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        latent_dim: int = 64,
        pretrain_epochs: int = 10,
        max_epochs: int = 20,
        batch_size: int | str = "auto",
        learning_rate: float = 2e-4,
        lr_schedule: str = "constant",
        warm_start: bool = False,
        precision: str = "auto",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.image_shape = image_shape
        self.architecture = architecture
        self.latent_dim = latent_dim
        self.pretrain_epochs = pretrain_epochs
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.warm_start = warm_start
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    def sample(
        self,
        n: int,
        y: Any = None,
        random_state: RandomState = None,
        *,
        return_labels: bool = False,
    ) -> Any:
        """Generate rows.

        Parameters
        ----------
        n : int
            How many, for every label in ``y``.
        y : label or array-like of labels, default=None
            Class or classes to sample; None for every class in the order of ``classes_``.
        random_state : int, RandomState or None, default=None
            Source of the noise; None takes the estimator's own ``random_state``.
        return_labels : bool, default=False
            Whether to return the labels of the rows as well.

        Returns
        -------
        ndarray or DataFrame
            ``n`` rows per label, in the order of the labels, in the shape, dtype and range of
            the training data.
        labels : ndarray of shape (n_rows,)
            Only with ``return_labels=True``: the class of every row.
        """
        numbers = torch.from_numpy(self._requested_classes(n, y))
        generator = self._generator(random_state)
        rows = decode_in_blocks(
            self._codec, len(numbers), lambda part: self._generated(numbers[part], generator)
        )
        return (rows, self.classes_[numbers.numpy()]) if return_labels else rows

    def _build(self, spec: DataSpec) -> nn.Module:
        return BAGANNetwork(
            spec.codec.encoded_shape, len(spec.classes), self.latent_dim, self.architecture
        )

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> BAGANPlan:
        return BAGANPlan(network, data, self.learning_rate)

    def _before_training(self, plan: Any, batch_size: int) -> None:
        plan.pretrain(self.pretrain_epochs, batch_size)

    def _synthesise(self, number: int, n: int, generator: torch.Generator) -> Tensor:
        return self._generated(torch.full((n,), number), generator)

    def _generated(self, numbers: Tensor, generator: torch.Generator) -> Tensor:
        network = self.network_.cpu().eval()
        with torch.inference_mode():
            blocks = [
                network.generator(network.draw_codes(block, generator))
                for block in numbers.split(ROWS_PER_BLOCK)
            ]
        return torch.cat(blocks)


class BAGANNetwork(nn.Module):
    """Autoencoder, whose decoder is the generator, and a second head on the encoder's trunk.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes, latent_dim : int
    architecture : {"compact", "paper"}
    """

    code_mean: Tensor  # (n_classes, latent_dim)
    code_factor: Tensor  # (n_classes, latent_dim, latent_dim)

    def __init__(
        self, input_shape: tuple[int, ...], n_classes: int, latent_dim: int, architecture: str
    ) -> None:
        super().__init__()
        self.n_classes, self.latent_dim = n_classes, latent_dim
        self.trunk = build_trunk(input_shape, architecture, spatial=True)
        self.to_code = nn.Linear(self.trunk.out_features, latent_dim)
        self.to_class = nn.Linear(self.trunk.out_features, n_classes + 1)  # the last: generated
        self.generator = build_decoder(latent_dim, input_shape, architecture)
        # The Gaussians of the codes of each class, which are fitted after the pre-training.
        self.register_buffer("code_mean", torch.zeros(n_classes, latent_dim))
        self.register_buffer("code_factor", torch.eye(latent_dim).repeat(n_classes, 1, 1))

    def draw_codes(self, y: Tensor, generator: torch.Generator) -> Tensor:
        """Draw codes (n, latent_dim) from the Gaussians of the classes ``y`` (n,)."""
        noise = torch.randn(len(y), self.latent_dim, 1, generator=generator).to(self.code_mean)
        return self.code_mean[y] + (self.code_factor[y] @ noise).squeeze(2)


class BAGANPlan:
    """Pre-training of the autoencoder, and steps of discriminator and generator.

    Parameters
    ----------
    network : BAGANNetwork
    data : TrainingRows
    learning_rate : float
    """

    def __init__(self, network: BAGANNetwork, data: TrainingRows, learning_rate: float) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        rates = {"learning_rate": learning_rate, "beta_1": 0.5}
        self.for_discriminator = adam(network.trunk, network.to_class, **rates)
        self.for_generator = adam(network.generator, **rates)
        self.optimizers = [self.for_discriminator, self.for_generator]

    def pretrain(self, n_epochs: int, batch_size: int) -> None:
        """Train the autoencoder, then fit the Gaussians of the classes to its codes."""
        network = self.modules.train()
        parts = (network.trunk, network.to_code, network.generator)
        optimizer = adam(*parts, learning_rate=PRETRAIN_RATE)
        for _ in range(n_epochs):
            for rows in Batches(len(self.data), batch_size, self.generator):
                x = self.data.load(rows)
                x_hat = network.generator(network.to_code(self._features(x)))
                descend(optimizer, F.mse_loss(x_hat, x))
        network.eval()
        n = len(self.data)
        blocks = np.array_split(np.arange(n), -(-n // ROWS_PER_BLOCK))
        with torch.no_grad():
            codes = torch.cat([network.to_code(self._features(self.data.load(b))) for b in blocks])
        for c in range(network.n_classes):
            mean, factor = gaussian(codes[self.data.y == c])
            network.code_mean[c], network.code_factor[c] = mean, factor

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        network, n = self.modules, len(rows)
        network.trunk.eval()  # the statistics of the pre-training
        real, y, _ = self.data.batch(rows)
        # Generated rows are one of C + 1 classes, with as many rows as the others on average.
        with torch.no_grad():
            fake, _ = self._generated(-(-n // network.n_classes))
        target = torch.cat([y, y.new_full((len(fake),), network.n_classes)])
        discriminator = F.cross_entropy(self._logits(torch.cat([real, fake])), target)
        descend(self.for_discriminator, discriminator)
        fake, wanted = self._generated(n)
        generator = F.cross_entropy(self._logits(fake), wanted)
        descend(self.for_generator, generator)
        return {
            "loss": (discriminator + generator).detach(),
            "discriminator": discriminator.detach(),
            "generator": generator.detach(),
        }

    def _generated(self, n: int) -> tuple[Tensor, Tensor]:
        """Generate rows; returns them with their class indices, which are equally likely."""
        y = torch.randint(self.modules.n_classes, (n,), generator=self.generator).to(self.data.y)
        return self.modules.generator(self.modules.draw_codes(y, self.generator)), y

    def _features(self, x: Tensor) -> Tensor:
        return self.data.through(self.modules.trunk, x)

    def _logits(self, x: Tensor) -> Tensor:
        return self.modules.to_class(self._features(x))


def gaussian(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (K,) and Cholesky factor of the covariance (K, K) of codes (n, K)."""
    codes = codes.double()
    centred = codes - codes.mean(0)
    covariance = centred.T @ centred / max(len(codes) - 1, 1)
    ridge = RIDGE * torch.eye(codes.shape[1]).to(covariance)
    return codes.mean(0), torch.linalg.cholesky(covariance + ridge)
