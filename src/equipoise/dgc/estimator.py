"""DGCClassifier: what a user touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d
from torch import Tensor, nn

from equipoise.base import TABLE_CONSTRAINTS
from equipoise.base_classifier import DeepClassifier
from equipoise.dgc.inference import conditional_log_joint, quasi_normal, shared_log_joint
from equipoise.dgc.network import DGCNetwork
from equipoise.dgc.objective import class_gaussians
from equipoise.dgc.training import DGCPlan
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.networks.variational import moments
from equipoise.parameters import BOOLEAN, Constraint, Instance, Number, OneOf
from equipoise.preprocessing import ImageCodec, TableCodec
from equipoise.training import Callback, Plan, TrainingRows
from equipoise.training.blocks import evaluate

# Of the reconstruction where nobody says it: what served classification of images, and new rows
# of tables.
IMAGE_WEIGHT, TABLE_WEIGHT = 0.002, 0.1


class DGCClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DeepClassifier):
    """Deep generative classifier, robust to class imbalance.

    A code z explains both the input and its label: p(x, z, y) = p(z) p(x|z) p(y|z). The
    classifier learns from clouds of codes. Rare classes are strengthened by logit adjustment or, as
    in the paper, by extra steps on fresh codes of theirs (``oversampling_rate``). The default
    differs from the paper where that measurably helps (see ``benchmarks/NOTES.md``); :meth:`paper`
    gives the published objective.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flat rows. Not needed for
        3-D and 4-D input; without it, 2-D input is a table.
    categorical_features : "auto" or array-like of int, str or bool, default="auto"
        Columns of a table of whose values only equality counts, by position, name or mask.
        ``"auto"`` takes the bools, strings and categories of a DataFrame.
    allow_missing : bool, default=True
        Whether values of a table may be missing, in new instances too; otherwise they are an error.
    architecture : {"compact", "paper"}, default="compact"
        Backbone of images: about 29 million multiply-adds for 28×28, or the widths of the
        release, about 35 times more. Tables always get two hidden layers.
    spatial_features : bool, default=False
        Whether the recognition model sees the compact backbone's features at all positions, as
        good reconstructions need, instead of their mean, which classifies better.
    latent_dim : int, default=64
        Size K of a code.
    head : {"linear", "mlp"}, default="linear"
        p(y|z): linear, or two hidden layers of 500 units.
    dropout : float in [0, 1), default=0.3
        Share of the features left out at random in training, between trunk and codes; the
        paper has 0.
    reconstruction : {"l2sq", "l2", "l1"}, default="l2sq"
        Half the squared distance, the distance, or the sum of absolute differences.
    reconstruction_weight : float or "auto", default="auto"
        Weight of the reconstruction in the objective, and the decoder's precision in
        prediction; ``"auto"`` is 0.002 for images and 0.1 for tables, the paper has 1.
    mmd_weight : float, default=1
        λ, the weight of the distance of the codes to N(0, I).
    label_dropout : float in [0, 1], default=1
        Share of codes for which the recognition model does not see the label in training; the
        paper has 0. With 1 it never does, and q(z|x, y) is q(z|x).
    n_codes : int, default=4
        Codes per sample and step that the classifier learns from; the paper has 1.
    logit_adjustment : float in [0, 1], default=1
        τ: shifts the logits in training by τ log π, π the class shares, so that the classifier
        learns the posterior of equal class sizes; the paper has 0.
    oversampling_rate : float in [0, 1], default=0
        r of latent oversampling: 0 for none, 1 for as many codes of every class as of the
        largest; the paper has 0.6. The default leaves the balance to ``logit_adjustment``.
    latent_optimization : bool, default=False
        Take an extra step of the encoder alone per batch (the release does on MNIST).
    pretrain_steps : int, default=0
        Up to so many steps that match the codes' first two moments to N(0, I) before training;
        the release takes up to 200.
    inference : {"shared", "conditional"}, default="shared"
        Codes that Bayes' rule averages over: ``"shared"`` draws them from q(z|x), the label
        withheld, once for all classes, and needs ``label_dropout`` above 0; ``"conditional"``
        draws them from q(z|x, y_c) for every class c, as the paper does.
    density_weight : float in [0, 1], default=1
        Exponent of the density ratio p(z) / q(z|·) in the importance weights: 1 is Bayes' rule,
        0 leaves the transport cost of the paper's objective alone.
    n_importance_samples : int, default=10
        S, codes per row (shared) or per row and class (conditional) in prediction.
    class_prior : {"uniform", "train"} or array-like of shape (n_classes,), default="uniform"
        Class shares that the posterior assumes; an array is in the order of ``classes_`` and
        sums to 1. ``"train"`` is the prior of the training data.
    max_epochs : int, default=12
        Passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step; ``"auto"`` is a fiftieth of the rows, within 16 and 64, and
        of a large table a two-hundredth, up to 512.
    learning_rate : float, default=4e-3
        Peak learning rate of AdamW.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        ``"step"`` halves after 60 % of the steps (paper, MNIST), ``"exponential"`` decays to
        1/100 (paper, CelebA).
    beta_1 : float in [0, 1), default=0.9
        Momentum of AdamW; the paper has 0.5.
    weight_decay : float, default=1e-2
        Share of each weight that a step takes off, times the learning rate.
    early_stopping : bool, default=False
        Stop when ACSA on a validation split no longer grows, and keep the best weights.
    validation_fraction : float in (0, 1), default=0.1
        Share of every class to validate on, when ``early_stopping``; at least one row of each.
    n_iter_no_change : int, default=5
        Epochs without improvement before stopping.
    warm_start : bool, default=False
        Go on from the network of the last fit.
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
    network_ : DGCNetwork

    References
    ----------
    Wang, Lyu, Jing, Deep Generative Model for Robust Imbalance Classification, CVPR 2020.

    Examples
    --------
    >>> from equipoise import DGCClassifier, load_dataset
    >>> digits = load_dataset("digits")
    >>> model = DGCClassifier(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.sample(3, y=9).shape
    (3, 8, 8)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        **TABLE_CONSTRAINTS,
        "spatial_features": [BOOLEAN],
        "latent_dim": [Number(1, integer=True)],
        "head": [OneOf(("linear", "mlp"))],
        "dropout": [Number(0, 1, open_high=True)],
        "reconstruction": [OneOf(("l2sq", "l2", "l1"))],
        "reconstruction_weight": [OneOf(("auto",)), Number(0)],
        "mmd_weight": [Number(0)],
        "label_dropout": [Number(0, 1)],
        "n_codes": [Number(1, integer=True)],
        "logit_adjustment": [Number(0, 1)],
        "oversampling_rate": [Number(0, 1)],
        "latent_optimization": [BOOLEAN],
        "pretrain_steps": [Number(0, integer=True)],
        "inference": [OneOf(("shared", "conditional"))],
        "density_weight": [Number(0, 1)],
        "n_importance_samples": [Number(1, integer=True)],
        "class_prior": [
            OneOf(("uniform", "train")),
            Instance((list, tuple, np.ndarray), "an array of class shares that sums to 1"),
        ],
        "beta_1": [Number(0, 1, open_high=True)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        categorical_features: Any = "auto",
        allow_missing: bool = True,
        architecture: str = "compact",
        spatial_features: bool = False,
        latent_dim: int = 64,
        head: str = "linear",
        dropout: float = 0.3,
        reconstruction: str = "l2sq",
        reconstruction_weight: float | str = "auto",
        mmd_weight: float = 1.0,
        label_dropout: float = 1.0,
        n_codes: int = 4,
        logit_adjustment: float = 1.0,
        oversampling_rate: float = 0.0,
        latent_optimization: bool = False,
        pretrain_steps: int = 0,
        inference: str = "shared",
        density_weight: float = 1.0,
        n_importance_samples: int = 10,
        class_prior: Any = "uniform",
        max_epochs: int = 12,
        batch_size: int | str = "auto",
        learning_rate: float = 4e-3,
        lr_schedule: str = "one_cycle",
        beta_1: float = 0.9,
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
        self.categorical_features = categorical_features
        self.allow_missing = allow_missing
        self.architecture = architecture
        self.spatial_features = spatial_features
        self.latent_dim = latent_dim
        self.head = head
        self.dropout = dropout
        self.reconstruction = reconstruction
        self.reconstruction_weight = reconstruction_weight
        self.mmd_weight = mmd_weight
        self.label_dropout = label_dropout
        self.n_codes = n_codes
        self.logit_adjustment = logit_adjustment
        self.oversampling_rate = oversampling_rate
        self.latent_optimization = latent_optimization
        self.pretrain_steps = pretrain_steps
        self.inference = inference
        self.density_weight = density_weight
        self.n_importance_samples = n_importance_samples
        self.class_prior = class_prior
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.beta_1 = beta_1
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

    @classmethod
    def paper(cls, **parameters: Any) -> Self:
        """Classifier with the published objective, on the compact backbone.

        Parameters
        ----------
        **parameters
            Override single values. The release adds ``pretrain_steps=200`` and, on MNIST,
            ``latent_optimization=True``; its networks and schedule are ``architecture="paper",
            batch_size=100, learning_rate=1e-5, lr_schedule="step"``.
        """
        published = {
            "spatial_features": True,
            "dropout": 0.0,
            "reconstruction_weight": 1.0,
            "label_dropout": 0.0,
            "n_codes": 1,
            "logit_adjustment": 0.0,
            "oversampling_rate": 0.6,
            "inference": "conditional",
            "density_weight": 0.0,
            "class_prior": "train",
            "max_epochs": 50,
            "learning_rate": 2e-3,
            "beta_1": 0.5,
            "weight_decay": 0.0,
        }
        return cls(**{**published, **parameters})

    # The template's parts -------------------------------------------------------------------

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        return DGCNetwork(
            input_shape,
            n_classes,
            self.latent_dim,
            self.architecture,
            self.head,
            self.spatial_features,
            self._codec.layout,
        )

    def _plan(self, network: Any, data: TrainingRows) -> Plan:
        self._log_prior_shift()  # an impossible class_prior must not cost a training
        if self.inference == "shared" and self.label_dropout == 0:
            raise InvalidParameterError(
                "DGCClassifier: inference='shared' reads codes of inputs without a label, which "
                "label_dropout=0 never trains. Set label_dropout above 0 or "
                "inference='conditional'."
            )
        return DGCPlan(
            network,
            data,
            dropout=self.dropout,
            reconstruction=self.reconstruction,
            reconstruction_weight=self._reconstruction_weight(),
            mmd_weight=self.mmd_weight,
            label_dropout=self.label_dropout,
            n_codes=self.n_codes,
            logit_adjustment=self.logit_adjustment,
            oversampling_rate=self.oversampling_rate,
            latent_optimization=self.latent_optimization,
            learning_rate=self.learning_rate,
            beta_1=self.beta_1,
            weight_decay=self.weight_decay,
        )

    def _before_training(self, plan: Any, batch_size: int) -> None:
        if self.pretrain_steps:
            plan.pretrain_encoder(self.pretrain_steps, batch_size)

    def _log_posterior(self, network: Any, x: Tensor) -> Tensor:
        rule = shared_log_joint if self.inference == "shared" else conditional_log_joint
        return rule(
            network,
            x,
            quasi_normal(self.n_importance_samples, self.latent_dim).to(x),
            reconstruction=self.reconstruction,
            reconstruction_weight=self._reconstruction_weight(),
            density_weight=self.density_weight,
            log_prior_shift=torch.from_numpy(self._log_prior_shift()).to(x),
        )

    def _reconstruction_weight(self) -> float:
        if not isinstance(self.reconstruction_weight, str):
            return self.reconstruction_weight
        return IMAGE_WEIGHT if self._codec.layout is None else TABLE_WEIGHT

    def _log_prior_shift(self) -> np.ndarray:
        """Log of the wanted class prior over the one that the classifier's logits learnt."""
        log_train = np.log(self.class_counts_ / self.class_counts_.sum())
        learnt = (1 - self.logit_adjustment) * log_train
        if isinstance(self.class_prior, str):
            return (log_train if self.class_prior == "train" else 0.0) - learnt
        prior = np.asarray(self.class_prior, dtype=float)
        is_one = prior.shape == log_train.shape and (prior > 0).all()
        if not is_one or not abs(prior.sum() - 1) <= 1e-6:
            raise InvalidParameterError(
                f"class_prior={self.class_prior!r} must hold {len(log_train)} positive shares "
                f"that sum to 1, one for each of the classes {self.classes_.tolist()}."
            )
        return np.log(prior) - learnt

    # Codes ----------------------------------------------------------------------------------

    def transform(self, X: Any) -> np.ndarray:
        """Mean code of every row, without its label.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, latent_dim), float32
        """
        return self._codes(X)

    def _codes(self, X: Any) -> np.ndarray:
        # Not transform, of which set_output makes frames.
        return self._apply(X, _parameters)[:, : self.latent_dim].astype(np.float32)

    def encode(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of q(z|x, y).

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.
        y : array-like of shape (n,)
            Their labels.

        Returns
        -------
        mean, std : ndarray of shape (n, latent_dim), float32
        """
        check_is_fitted(self)
        target = self._class_index(column_or_1d(np.asarray(y)))
        base = torch.from_numpy(self._apply(X, _parameters))
        if len(target) != len(base):
            raise InvalidInputError(f"X has {len(base)} rows but y has {len(target)} labels.")
        with torch.inference_mode():
            mean, log_variance = moments(base + self.network_.cpu().label_shifts()[target])
        return (
            mean.numpy().astype(np.float32),
            torch.exp(log_variance / 2).numpy().astype(np.float32),
        )

    def reconstruct(self, X: Any) -> Any:
        """Every row, encoded without its label and decoded.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray or DataFrame
            In the shape, dtype and range of the training data.
        """
        return self._codec.decode(self._decoded(torch.from_numpy(self._codes(X))))

    def sample(self, n: int, y: Any = None, random_state: Any = None) -> Any:
        """New instances.

        Codes come from a Gaussian that is fitted, per class, to the codes of the training rows.

        Parameters
        ----------
        n : int
            How many, for every label in ``y``.
        y : label or array-like of labels, default=None
            Class or classes to sample; None for every class in the order of ``classes_``.
        random_state : int, RandomState or None, default=None
            None takes the estimator's own ``random_state``.

        Returns
        -------
        ndarray or DataFrame
            ``n`` rows per label, in the order of the labels, in the shape, dtype and range of
            the training data. Images are the decoder's means, rows of a table are drawn from
            its distributions.
        """
        classes = torch.from_numpy(self._wanted(n, y))
        generator = self._generator(random_state)
        network = self.network_.cpu()
        noise = torch.randn(len(classes), self.latent_dim, 1, generator=generator)
        codes = network.code_mean[classes]
        for c in classes.unique():
            chosen = classes == c
            codes[chosen] += (network.code_factor[c] @ noise[chosen]).squeeze(-1)
        values = self._decoded(codes)
        if network.blocks is not None:
            values = network.blocks.draw(values, network.spread, generator)
        return self._codec.decode(values)

    def _after_training(
        self,
        network: Any,
        codec: ImageCodec | TableCodec,
        rows: np.ndarray,
        target: np.ndarray,
    ) -> None:
        """Fit the Gaussians that :meth:`sample` draws codes and a table's numbers from."""
        base = torch.from_numpy(evaluate(network, codec, rows, _parameters)).float()
        y = torch.from_numpy(target)
        with torch.inference_mode():
            mean, log_variance = moments(base + network.label_shifts().cpu()[y])
            code_mean, code_factor = class_gaussians(mean, log_variance, y, network.n_classes)
        network.code_mean.copy_(code_mean)
        network.code_factor.copy_(code_factor)
        if network.blocks is not None:
            left = evaluate(network, codec, rows, _residuals)
            network.spread.copy_(torch.from_numpy(left).square().mean(0).sqrt())

    def _decoded(self, codes: Tensor) -> Tensor:
        network = self.network_.cpu().eval()
        with torch.inference_mode():
            return torch.cat([network.decoder(z) for z in codes.split(1024)])

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # codes are float32 whatever X was
        return tags


def _parameters(network: DGCNetwork, x: Tensor) -> Tensor:
    """Mean and log-variance of q(z|x) side by side: (n, 2 K)."""
    return network.recognise(x)[0]


def _residuals(network: DGCNetwork, x: Tensor) -> Tensor:
    """Numbers of a table's rows minus their reconstructions: (n, n_numeric)."""
    mean, _ = moments(_parameters(network, x))
    return (x - network.decoder(mean))[:, : len(network.spread)]
