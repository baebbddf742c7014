"""DeepSMOTE: SMOTE between the codes of an autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.base_sampler import DeepOverSampler
from equipoise.networks import build_decoder, build_trunk
from equipoise.parameters import Constraint, Number, OneOf
from equipoise.preprocessing.interpolation import smote
from equipoise.training import Callback, TrainingRows
from equipoise.training.blocks import evaluate
from equipoise.training.steps import adam, descend

ROWS_AT_ONCE = 256


class DeepSMOTE(DeepOverSampler):
    """Deep SMOTE: an oversampler that interpolates between codes, and decodes.

    An autoencoder learns all classes together. New rows lie, as codes, between a real row of the
    class and one of its nearest neighbours in the class, as in SMOTE, and are decoded. Beside the
    reconstruction of a batch, training minimises a penalty on rows of one class, every class
    equally likely. The paper decodes their codes in another order than that of the rows, so
    that what is decoded varies as it will between neighbours; the release brings both into the
    same order and thereby reconstructs rows of balanced classes.

    The trunk and decoder are those that :class:`equipoise.DGCClassifier` has.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        What to generate, as in every imbalanced-learn oversampler.
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flat rows. Not needed for
        3-D and 4-D input; without it, 2-D input is a table.
    architecture : {"compact", "paper"}, default="compact"
        Networks for images: small ones, or those of the DGC release. Tables get hidden layers.
    latent_dim : int, default=64
        Size of a code.
    penalty : {"aligned", "permuted"}, default="aligned"
        Order of the codes that the penalty decodes: that of the rows, as the release has it,
        or another one, as in the paper's Algorithm 1, which draws what is decoded towards the
        mean of the class.
    penalty_weight : float, default=1.0
    n_neighbors : int, default=5
        Neighbours within the class that a code may be interpolated with.
    max_epochs : int, default=20
        Passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step; ``"auto"`` is a fiftieth of the rows, within 16 and 64, and
        of a large table a two-hundredth, up to 512.
    learning_rate : float, default=2e-3
        Peak learning rate of Adam.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
    warm_start : bool, default=False
        Go on from the network of the last fit.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the trunk while training; ``"auto"`` takes bfloat16 for images, where the device
        has it natively.
    device : str, default="auto"
        ``"auto"`` (CUDA, then MPS, then CPU) or a torch device name.
    random_state : int, RandomState or None, default=None
    callbacks : list of equipoise.training.Callback, default=None
    verbose : int, default=0
        Above 0 shows progress.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    class_counts_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Values per row.
    feature_names_in_ : ndarray of str
        Column names, when fitted on a DataFrame.
    input_shape_ : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    sampling_strategy_ : dict
        Rows to generate of each class, by the last resampling.
    synthetic_mask_ : ndarray of bool
        Which rows of the last resampling are synthetic.
    groups_ : ndarray or None
        Groups of the rows of the last resampling, where it was given groups.
    history_ : list of dict
        One record per epoch.
    callbacks_ : list of equipoise.training.Callback
        The copies of ``callbacks`` that took part in the fit, with what they collected.
    network_ : Autoencoder

    References
    ----------
    Dablain, Krawczyk, Chawla, DeepSMOTE: Fusing Deep Learning and SMOTE for Imbalanced Data,
    IEEE TNNLS 2022, Algorithm 1.

    Examples
    --------
    >>> from equipoise import load_dataset
    >>> from equipoise.baselines import DeepSMOTE
    >>> digits = load_dataset("digits")
    >>> sampler = DeepSMOTE(sampling_strategy={9: 200}, max_epochs=1)
    >>> X, y = sampler.fit_resample(digits.X_train, digits.y_train)
    >>> int((y == 9).sum())
    200
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepOverSampler._constraints,
        "latent_dim": [Number(1, integer=True)],
        "penalty": [OneOf(("aligned", "permuted"))],
        "penalty_weight": [Number(0)],
        "n_neighbors": [Number(1, integer=True)],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        image_shape: tuple[int, ...] | None = None,
        architecture: str = "compact",
        latent_dim: int = 64,
        penalty: str = "aligned",
        penalty_weight: float = 1.0,
        n_neighbors: int = 5,
        max_epochs: int = 20,
        batch_size: int | str = "auto",
        learning_rate: float = 2e-3,
        lr_schedule: str = "one_cycle",
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
        self.penalty = penalty
        self.penalty_weight = penalty_weight
        self.n_neighbors = n_neighbors
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

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        return Autoencoder(input_shape, self.latent_dim, self.architecture)

    def _plan(self, network: Any, data: TrainingRows) -> DeepSMOTEPlan:
        return DeepSMOTEPlan(
            network,
            data,
            permuted=self.penalty == "permuted",
            penalty_weight=self.penalty_weight,
            learning_rate=self.learning_rate,
        )

    def _rows_of_class(
        self, label: Any, n: int, real: np.ndarray, generator: torch.Generator
    ) -> np.ndarray:
        network = self.network_.cpu().eval()
        rows = self._rows_like_fit(real)
        codes = evaluate(network, self._codec, rows, Autoencoder.encode)
        drawn = torch.from_numpy(smote(codes, n, self.n_neighbors, generator)).float()
        with torch.inference_mode():
            values = torch.cat([network.decoder(block) for block in drawn.split(ROWS_AT_ONCE)])
        return np.asarray(self._codec.decode(values))


class Autoencoder(nn.Module):
    """Trunk, code and decoder.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    latent_dim : int
    architecture : {"compact", "paper"}
    """

    def __init__(self, input_shape: tuple[int, ...], latent_dim: int, architecture: str) -> None:
        super().__init__()
        self.trunk = build_trunk(input_shape, architecture, spatial=True)
        self.to_code = nn.Linear(self.trunk.out_features, latent_dim)
        self.decoder = build_decoder(latent_dim, input_shape, architecture)

    def encode(self, x: Tensor) -> Tensor:
        """Codes (n, latent_dim) of inputs (n, *input)."""
        return self.to_code(self.trunk(x))


class DeepSMOTEPlan:
    """Reconstruction of a batch and penalty on rows of one class.

    Parameters
    ----------
    network : Autoencoder
    data : TrainingRows
    permuted : bool
        Whether the penalty's codes come in another order than its rows.
    penalty_weight, learning_rate : float
    """

    def __init__(
        self,
        network: Autoencoder,
        data: TrainingRows,
        *,
        permuted: bool,
        penalty_weight: float,
        learning_rate: float,
    ) -> None:
        self.modules, self.data, self.generator = network, data, data.generator
        self.permuted, self.penalty_weight = permuted, penalty_weight
        members = data.y.cpu().numpy()
        self.members = [np.flatnonzero(members == c) for c in np.unique(members)]
        self.optimizers = [adam(network, learning_rate=learning_rate)]

    def step(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Train on one batch; see :class:`equipoise.training.plan.Plan`."""
        x = self.data.load(rows)
        reconstruction = F.mse_loss(self.modules.decoder(self._codes(x)), x)
        x = self.data.load(self._of_one_class(len(rows)))
        codes = self._codes(x)
        if self.permuted:
            codes = codes.roll(1, 0)  # the rows are in random order
        penalty = F.mse_loss(self.modules.decoder(codes), x)
        loss = reconstruction + self.penalty_weight * penalty
        descend(self.optimizers[0], loss)
        return {
            "loss": loss.detach(),
            "reconstruction": reconstruction.detach(),
            "penalty": penalty.detach(),
        }

    def _of_one_class(self, most: int) -> np.ndarray:
        """Up to so many different rows of a class that is drawn at random."""
        c = int(torch.randint(len(self.members), (), generator=self.generator))
        order = torch.randperm(len(self.members[c]), generator=self.generator)
        return self.members[c][order[:most].numpy()]

    def _codes(self, x: Tensor) -> Tensor:
        return self.modules.to_code(self.data.through(self.modules.trunk, x))
