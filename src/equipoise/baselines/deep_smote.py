"""DeepSMOTE: SMOTE in the latent space of an autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.base_sampler import DeepOverSampler
from equipoise.columns import Rows
from equipoise.networks import build_decoder, build_trunk
from equipoise.parameters import Constraint, Number, OneOf
from equipoise.preprocessing import EncodedRows
from equipoise.preprocessing.interpolation import smote
from equipoise.training import Callback, DataSpec, FitContext, TrainingRows
from equipoise.training.blockwise import evaluate_blockwise
from equipoise.training.steps import adam, descend

ROWS_PER_BLOCK = 256


class DeepSMOTE(DeepOverSampler):
    """Deep SMOTE: an oversampler that interpolates between codes of rows, and decodes the result.

    An autoencoder is trained on all classes together. As in SMOTE, the code of a new row is a
    random point between the codes of a real row and of one of its nearest neighbours in the class.
    The training minimises the reconstruction error of a batch, and a penalty on rows of one class,
    where all classes are equally likely. In the paper the penalty compares these rows with their
    reconstructions in another order; the authors' release has the same order, which makes it the
    reconstruction error with balanced classes.

    Trunk and decoder are those of :class:`equipoise.DGCClassifier`.

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
    penalty : {"aligned", "permuted"}, default="aligned"
        Order of the reconstructions in the penalty: ``"aligned"`` with the rows, as in the authors'
        release, or ``"permuted"``, as in the paper's Algorithm 1, which pulls reconstructions
        towards the mean of the class.
    penalty_weight : float, default=1.0
        Weight of the penalty in the objective.
    n_neighbors : int, default=5
        Number of nearest neighbours in the class with which a code may be interpolated.
    max_epochs : int, default=20
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 512.
    learning_rate : float, default=2e-3
        Peak learning rate of Adam.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        Course of the learning rate over the training.
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
    network_ : Autoencoder
        The trained network.

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

    def _build(self, spec: DataSpec) -> nn.Module:
        return Autoencoder(spec.codec.encoded_shape, self.latent_dim, self.architecture)

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> DeepSMOTEPlan:
        return DeepSMOTEPlan(
            network,
            data,
            permuted=self.penalty == "permuted",
            penalty_weight=self.penalty_weight,
            learning_rate=self.learning_rate,
        )

    def _draw_class(self, label: Any, n: int, real: Any, generator: torch.Generator) -> Rows:
        network = self.network_.cpu().eval()
        codes = evaluate_blockwise(network, EncodedRows(self._codec, real), Autoencoder.encode)
        drawn = torch.from_numpy(smote(codes, n, self.n_neighbors, generator)).float()
        with torch.inference_mode():
            values = torch.cat([network.decoder(block) for block in drawn.split(ROWS_PER_BLOCK)])
        return self._codec.decode(values)


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
    """Steps on the reconstruction error of a batch and the penalty on rows of one class.

    Parameters
    ----------
    network : Autoencoder
    data : TrainingRows
    permuted : bool
        Whether the order of rows and reconstructions differs in the penalty.
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
        """Draw a class, and up to ``most`` different rows of it."""
        c = int(torch.randint(len(self.members), (), generator=self.generator))
        order = torch.randperm(len(self.members[c]), generator=self.generator)
        return self.members[c][order[:most].numpy()]

    def _codes(self, x: Tensor) -> Tensor:
        return self.modules.to_code(self.data.through(self.modules.trunk, x))
