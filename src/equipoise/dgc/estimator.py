"""The estimator DGCClassifier: its parameters, training and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from equipoise.backbone_classifier import BackboneClassifier
from equipoise.base import TABLE_CONSTRAINTS
from equipoise.dgc.drawing import Anchors
from equipoise.dgc.forest import Forest
from equipoise.dgc.generation import Generation
from equipoise.dgc.inference import conditional_log_joint, quasi_normal, shared_log_joint
from equipoise.dgc.network import DGCNetwork
from equipoise.dgc.training import DGCPlan
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.parameters import BOOLEAN, Constraint, Instance, Number, OneOf
from equipoise.priors import priors_by_class
from equipoise.training import (
    Callback,
    DataSpec,
    FitContext,
    Plan,
    TrainingRows,
    resampled_sizes,
)
from equipoise.training.deformations import Deformations

# reconstruction_weight="auto": the first improves the classification of images and of tables with
# as many numbers, the second the generated rows of other tables.
IMAGE_WEIGHT, TABLE_WEIGHT = 0.002, 0.1
PAIRS = "absent_pairs."  # before the number of a class in the names of saved tensors
SINGLE = "single_row."  # before the names of the rows of classes that have one


class DGCClassifier(
    Generation, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BackboneClassifier
):
    """Deep generative classifier, robust to class imbalance.

    A latent code z explains both the input and its label: p(x, z, y) = p(z) p(x|z) p(y|z) [1]_. The
    classifier learns from several codes that are drawn for every row. Class imbalance is corrected
    by logit adjustment or, as in the paper, by additional steps on further codes of the rare
    classes (``oversampling_rate``). The defaults differ from the paper where that measurably helps
    (see ``benchmarks/NOTES.md``); :meth:`paper` sets the published objective.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    categorical_features : "auto" or array-like of int, str or bool, default="auto"
        Categorical features of a table, by index, name or mask. ``"auto"`` selects the
        columns of a DataFrame that contain bools, strings or categories.
    allow_missing : bool, default=True
        Whether a table may have missing values, and generated rows with them; otherwise
        missing values raise an error.
    architecture : {"compact", "paper"}, "timm:NAME" or torch.nn.Module, default="compact"
        Backbone for images. ``"compact"`` takes about 29 million multiply-adds for 28×28 grey
        pixels; for colour images of more than 16 pixels it has residual blocks, and takes about 46
        million for 32×32. ``"paper"`` has the layer widths of the authors' release and takes about
        35 times more. A module of your own maps float images ``(n, channels, height, width)`` in
        [0, 1] to features ``(n, d)``, or to feature maps ``(n, d, height, width)``, which are
        averaged; a copy of it is trained. ``"timm:NAME"`` is a pretrained model of timm. Images
        that are larger than 64 pixels are then generated at 64 pixels and scaled up. The network
        for tables always has two hidden layers.
    freeze_backbone : bool, default=False
        Whether a module or a model of timm stays as it is. The features of the training images are
        then computed once.
    backbone_learning_rate : float or "auto", default="auto"
        Peak learning rate of a module or a model of timm; ``"auto"`` is a tenth of
        ``learning_rate``.
    spatial_features : bool, default=False
        Whether the recognition model receives the features of the compact backbone at all
        positions, which good reconstructions need, or their mean, which classifies better.
    latent_dim : int, default=64
        Number K of dimensions of a code.
    head : {"linear", "mlp"}, default="linear"
        Classifier p(y|z): a linear layer, or an MLP with two hidden layers of 500 units.
    dropout : float in [0, 1), default=0.3
        Dropout rate of the features between trunk and codes; the paper has 0.
    reconstruction : {"l2sq", "l2", "l1"}, default="l2sq"
        Reconstruction error: half the squared Euclidean distance, the Euclidean distance, or the
        sum of absolute differences.
    reconstruction_weight : float or "auto", default="auto"
        Weight of the reconstruction error in the objective, and precision of the decoder in
        prediction. ``"auto"`` is 0.1 for tables of up to 256 numbers and 0.002 for larger ones and
        for images; the paper has 1.
    mmd_weight : float, default=1
        Weight λ of the maximum mean discrepancy between the codes and N(0, I).
    label_dropout : float in [0, 1], default=1
        Fraction of codes for which the label is hidden from the recognition model in training; the
        paper has 0. With 1 it is always hidden, and q(z|x, y) equals q(z|x).
    n_codes : int, default=4
        Number of codes per row and step that the classifier learns from; the paper has 1.
    logit_adjustment : float in [0, 1], default=1
        Strength τ of the logit adjustment: in training τ log π is added to the logits, where π are
        the class priors. With 1 the classifier learns the posterior under uniform priors; the paper
        has 0.
    oversampling_rate : float in [0, 1], default=0
        Rate r of latent oversampling: with 0 there is none, with 1 there are as many codes of every
        class as of the largest; the paper has 0.6. By default ``logit_adjustment`` alone corrects
        the imbalance.
    latent_optimization : bool, default=False
        Whether to take an additional step of the encoder alone for every batch, as the authors'
        release does on MNIST.
    pretrain_steps : int, default=0
        Largest number of steps before the training that match the first two moments of the codes to
        those of N(0, I); the authors' release takes up to 200.
    inference : {"shared", "conditional"}, default="shared"
        Codes over which Bayes' rule averages. ``"shared"`` draws them once for all classes, from
        q(z|x) without the label, and needs ``label_dropout`` above 0. ``"conditional"`` draws them
        from q(z|x, y_c) for every class c, as the paper does.
    density_weight : float in [0, 1], default=1
        Exponent of the density ratio p(z) / q(z|·) in the importance weights. 1 is Bayes' rule;
        with 0 only the transport cost of the paper's objective counts.
    n_importance_samples : int, default=10
        Number S of codes in prediction, per row (shared) or per row and class (conditional).
    forest_weight : float in [0, 1], default=0.5
        Weight w of extremely randomised trees in the predictions for tables: the posterior is
        proportional to that of the deep generative model to the power of 1 - w, times that of the
        forest to the power of w. Trees find splits in single columns of small tables that networks
        miss. With 0 there is no forest, as in the paper. Images never have one, nor have tables
        of more than 256 numbers.
    drawing : {"neighbours", "gaussian"}, default="neighbours"
        How :meth:`sample` generates images. With ``"neighbours"`` an autoencoder is trained beside
        the classifier, without an influence on it. A code is drawn between those of three similar
        training images, and moved along the difference between two similar images of any class.
        Images of whose class the classifier is not sure (a posterior of at least 0.7), or that come
        too close to a training image, are drawn anew. ``"gaussian"`` decodes codes of the
        classifier, which are drawn from one Gaussian per class; the images are close to the mean of
        their class. Tables, and images with a backbone of your own, are always drawn in this way.
    class_prior : {"uniform", "train"}, dict or array-like of shape (n_classes,), default="uniform"
        Class priors of the predicted posterior. ``"train"`` takes those of the training data; a
        dict has one for every class, an array has the order of ``classes_``, and they sum to 1.
    max_epochs : int, default=12
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/80 of the rows up to 128, then 1/200 up
        to 512.
    learning_rate : float, default=4e-3
        Peak learning rate of AdamW.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="one_cycle"
        Course of the learning rate over the training. ``"step"`` halves it after 60 % of the steps
        (paper, MNIST), ``"exponential"`` decays it to 1/100 (paper, CelebA).
    beta_1 : float in [0, 1), default=0.9
        Exponential decay rate β₁ of the gradient average in AdamW; the paper has 0.5.
    weight_decay : float, default=1e-2
        Weight decay coefficient of AdamW.
    resampling : {"auto", "none", "square_root", "balanced"}, default="auto"
        Draw every batch with replacement, so that the expected size of the classes is proportional
        to the square root of their number of rows, or equal. Within a class the rows are drawn by
        their ``sample_weight``, which is not used again in the loss. ``"auto"`` is
        ``"square_root"`` if learnt deformations make repeated images differ and
        ``logit_adjustment`` is 1, and ``"none"`` otherwise.
    augmentation : {"auto", "none", "shift", "flip", "affine", "learned"} or callable, \
default="auto"
        Augmentation of images in training. ``"shift"`` translates them by whole pixels, up to 1/14
        of their size (2 of 28 pixels). ``"flip"`` mirrors half of them from left to right and
        translates all by up to 1/8 of their size. ``"affine"`` translates them by up to 1/14 of
        their size, rotates them by up to 10 degrees and scales them by 0.9 to 1.1. ``"learned"``
        bends them as images of a class differ from each other, which is learnt from pairs of
        training images, mostly of large classes, and applied to all classes [2]_. ``"auto"`` is
        ``"flip"`` if the training images of a class hardly differ on average from their mirror
        images, as is the case for most photographs, and ``"learned"`` otherwise, as for digits and
        clothes; images of less than 16 pixels are not augmented. Or a function, as in
        :class:`~equipoise.ConvNetClassifier`.
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
    network_ : DGCNetwork
        The trained network.
    forest_ : equipoise.dgc.forest.Forest or None
        The trees beside the network, for tables and ``forest_weight`` above 0. A snapshot in the
        middle of the training has none, and predicts with the network alone.

    References
    ----------
    .. [1] Wang, Lyu, Jing, Deep Generative Model for Robust Imbalance Classification, CVPR 2020.
    .. [2] Hauberg, Freifeld, Larsen, Fisher, Hansen, Dreaming more data: class-dependent
       distributions over diffeomorphisms for learned data augmentation, AISTATS 2016.

    Examples
    --------
    >>> from equipoise import DGCClassifier, load_dataset
    >>> digits = load_dataset("digits")
    >>> model = DGCClassifier(max_epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    >>> model.sample(3, y=9).shape
    (3, 8, 8)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **BackboneClassifier._constraints,
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
        "forest_weight": [Number(0, 1)],
        "resampling": [OneOf(("auto", "none", "square_root", "balanced"))],
        "drawing": [OneOf(("neighbours", "gaussian"))],
        "class_prior": [
            OneOf(("uniform", "train")),
            Instance((dict, list, tuple, np.ndarray), "class priors that sum to 1"),
        ],
        "beta_1": [Number(0, 1, open_high=True)],
    }

    _augmentation_of_asymmetric = "learned"

    _used_after_fit = (
        *BackboneClassifier._used_after_fit,
        "inference",
        "density_weight",
        "n_importance_samples",
        "reconstruction_weight",
        "forest_weight",
        "class_prior",
    )

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        categorical_features: ArrayLike = "auto",
        allow_missing: bool = True,
        architecture: str | nn.Module = "compact",
        freeze_backbone: bool = False,
        backbone_learning_rate: float | str = "auto",
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
        forest_weight: float = 0.5,
        drawing: str = "neighbours",
        class_prior: ArrayLike = "uniform",
        max_epochs: int = 12,
        batch_size: int | str = "auto",
        learning_rate: float = 4e-3,
        lr_schedule: str = "one_cycle",
        beta_1: float = 0.9,
        weight_decay: float = 1e-2,
        resampling: str = "auto",
        augmentation: str | Callable[[Tensor], Tensor] = "auto",
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
        self.freeze_backbone = freeze_backbone
        self.backbone_learning_rate = backbone_learning_rate
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
        self.forest_weight = forest_weight
        self.drawing = drawing
        self.class_prior = class_prior
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.beta_1 = beta_1
        self.weight_decay = weight_decay
        self.resampling = resampling
        self.augmentation = augmentation
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
        """Create a classifier with the published objective and the compact backbone.

        Parameters
        ----------
        **parameters
            Parameters that replace published values. The authors' release also has
            ``pretrain_steps=200`` and, on MNIST, ``latent_optimization=True``; its networks and
            schedule are ``architecture="paper", batch_size=100, learning_rate=1e-5,
            lr_schedule="step"``.

        Returns
        -------
        DGCClassifier
            Not fitted.
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
            "forest_weight": 0.0,
            "drawing": "gaussian",
            "class_prior": "train",
            "max_epochs": 50,
            "learning_rate": 2e-3,
            "beta_1": 0.5,
            "weight_decay": 0.0,
            "resampling": "none",
            "augmentation": "none",
        }
        return cls(**{**published, **parameters})

    # Training and prediction ----------------------------------------------------------------

    def _build(self, spec: DataSpec) -> nn.Module:
        return DGCNetwork(
            spec.codec.encoded_shape,
            len(spec.classes),
            self.latent_dim,
            self.architecture,
            self.head,
            self.spatial_features,
            spec.codec.layout,
            draws=self._draws_images(spec),
        )

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        self._log_prior_shift(fit)  # raises an error for an invalid class_prior before the training
        if self.inference == "shared" and self.label_dropout == 0:
            raise InvalidParameterError(
                "DGCClassifier: inference='shared' needs codes of rows without a label, which are "
                "not trained with label_dropout=0. Set label_dropout above 0 or "
                "inference='conditional'."
            )
        augmentation, resampling = self._augmentation(fit), self.resampling
        if resampling == "auto":
            # What is repeated differs, and the logits do not depend on how often.
            helps = isinstance(augmentation, Deformations) and self.logit_adjustment == 1
            resampling = "square_root" if helps else "none"
        return DGCPlan(
            network,
            data.resampled(resampling),
            dropout=self.dropout,
            reconstruction=self.reconstruction,
            reconstruction_weight=self._reconstruction_weight(fit),
            mmd_weight=self.mmd_weight,
            label_dropout=self.label_dropout,
            n_codes=self.n_codes,
            logit_adjustment=self.logit_adjustment,
            oversampling_rate=self.oversampling_rate,
            latent_optimization=self.latent_optimization,
            learning_rate=self.learning_rate,
            beta_1=self.beta_1,
            weight_decay=self.weight_decay,
            augmentation=augmentation,
        )

    def _batch_size(self, fit: FitContext) -> int:
        size = super()._batch_size(fit)
        if self.batch_size == "auto" and fit.is_table:
            size = max(size, min(len(fit) // 80, 128))
        return size

    def _before_training(self, plan: Any, batch_size: int) -> None:
        if self.pretrain_steps:
            plan.pretrain_encoder(self.pretrain_steps, batch_size)

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        rule = shared_log_joint if self.inference == "shared" else conditional_log_joint
        return rule(
            network,
            x,
            quasi_normal(self.n_importance_samples, self.latent_dim).to(x),
            reconstruction=self.reconstruction,
            reconstruction_weight=self._reconstruction_weight(spec),
            density_weight=self.density_weight,
            log_prior_shift=torch.from_numpy(self._log_prior_shift(spec)).to(x),
        )

    def _scores(self, X: Any) -> np.ndarray:
        self._check_use()
        spec, forest, weight = self._spec, self.forest_, self.forest_weight
        if forest is None:
            return super()._scores(X)
        train = spec.class_counts / spec.class_counts.sum()
        shift = self._log_prior(spec) - np.log(train)

        def log_posterior(network: Any, x: Tensor) -> Tensor:
            own = self._log_posterior(network, x, spec)
            other = torch.from_numpy(forest.log_posterior(x.cpu().numpy(), train) + shift).to(x)
            return (1 - weight) * own.log_softmax(1) + weight * other.log_softmax(1)

        return self._apply(X, log_posterior)

    def _draws_images(self, spec: DataSpec) -> bool:
        has_own_trunk = self.architecture in ("compact", "paper")
        return spec.codec.layout is None and has_own_trunk and self.drawing == "neighbours"

    def _reconstruction_weight(self, spec: DataSpec) -> float:
        if not isinstance(self.reconstruction_weight, str):
            return self.reconstruction_weight
        return TABLE_WEIGHT if _is_narrow(spec) else IMAGE_WEIGHT

    def _log_prior_shift(self, spec: DataSpec) -> np.ndarray:
        """Log ratio of the requested class prior to the one that the logits have learnt."""
        seen = resampled_sizes(spec.class_counts, self.resampling)
        learnt = (1 - self.logit_adjustment) * np.log(seen / seen.sum())
        return self._log_prior(spec) - learnt

    def _log_prior(self, spec: DataSpec) -> np.ndarray:
        """Logarithm of the requested class prior, up to a constant."""
        if isinstance(self.class_prior, str):
            sizes = spec.class_counts
            return np.log(sizes / sizes.sum()) if self.class_prior == "train" else 0 * sizes
        return np.log(priors_by_class("class_prior", self.class_prior, spec.classes))

    # scikit-learn lets set_output change what is returned only of a transform in this very class.
    def transform(self, X: Any) -> np.ndarray:
        """Compute the mean code of every row, without its label.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, latent_dim), float32
        """
        return self._codes(X)

    # What is kept beside the network ----------------------------------------------------------

    def _after_training(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """Grow the forest, besides what :meth:`sample` needs."""
        fitted = self._for_samples(network, fit)
        if _is_narrow(fit) and self.forest_weight:
            x = fit.inputs[:].float().numpy()
            blocks = fit.codec.layout.shares if fit.codec.layout else ()
            forest = Forest.fit(x, fit.target, fit.weight, len(fit.classes), fit.seed, blocks)
            fitted["forest_"] = forest
        return fitted

    def _tensors_to_save(self) -> dict[str, Tensor]:
        forest = {} if self.forest_ is None else self.forest_.to_tensors()
        pairs = {f"{PAIRS}{c}": pairs for c, pairs in self._absent_pairs.items()}
        anchors = {} if self._anchors is None else self._anchors.to_tensors()
        single = {f"{SINGLE}{c}": row for c, row in self._single_rows.items()}
        return {**forest, **pairs, **anchors, **single}

    def _restore_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        self._absent_pairs, self.forest_, self._anchors, self._single_rows = {}, None, None, {}
        if self.network_.drawing is not None:
            self._anchors = Anchors.from_tensors(
                tensors, self.network_.drawing.code_dim, self.latent_dim, len(self.classes_)
            )
            return
        n_classes, n_values = len(self.classes_), self._codec.encoded_shape[0]
        self._single_rows = {
            c: tensors[f"{SINGLE}{c}"] for c in range(n_classes) if f"{SINGLE}{c}" in tensors
        }
        for row in self._single_rows.values():
            if row.shape != self._codec.encoded_shape or row.dtype != torch.float32:
                raise InvalidInputError("The row of a class with a single one does not fit.")
        self._absent_pairs = {
            c: tensors[f"{PAIRS}{c}"] for c in range(n_classes) if f"{PAIRS}{c}" in tensors
        }
        for pairs in self._absent_pairs.values():
            if pairs.shape[1:] != (2,) or not ((pairs >= 0) & (pairs < n_values)).all():
                raise InvalidInputError("The pairs of categories do not fit the network.")
        others = (PAIRS, SINGLE)
        forest = {name: one for name, one in tensors.items() if not name.startswith(others)}
        self.forest_ = Forest.from_tensors(forest, n_values, n_classes) if forest else None

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.latent_dim

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # codes are float32 whatever X was
        return tags


def _is_narrow(spec: DataSpec) -> bool:
    """Whether the data are a table, and not one of so many numbers as embeddings have."""
    layout = spec.codec.layout
    return layout is not None and not layout.is_wide
