"""The plain convolutional classifier, with common remedies for class imbalance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from torch import Tensor, nn

from equipoise.backbone_classifier import BackboneClassifier
from equipoise.base import TABLE_CONSTRAINTS
from equipoise.classifiers.network import COSINE_SCALE, ClassifierNetwork
from equipoise.classifiers.objective import (
    effective_number_weights,
    focal_loss,
    ldam_margins,
    margin_cross_entropy,
)
from equipoise.classifiers.training import PASTING, ClassifierPlan
from equipoise.errors import InvalidParameterError
from equipoise.parameters import Constraint, Instance, Number, OneOf
from equipoise.training import (
    Callback,
    DataSpec,
    FitContext,
    Plan,
    TrainingRows,
)
from equipoise.training.losses import adjusted_cross_entropy

LOSSES = ("cross_entropy", "logit_adjusted", "balanced_softmax", "focal", "ldam")


class ConvNetClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BackboneClassifier):
    """Convolutional classifier with DGC's backbone; dense layers for tables.

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
        Whether a table may have missing values; otherwise they raise an error.
    architecture : {"compact", "paper"}, "timm:NAME" or torch.nn.Module, default="compact"
        Network for images. ``"compact"`` is the compact backbone of :class:`DGCClassifier`.
        ``"paper"`` is the classifier of He et al. [1]_: 5×5 convolutions to 32 and 64 channels with
        pooling, a layer of 1000 units, and a dropout rate of 0.5. It has no batch normalisation
        and needs a small ``learning_rate`` (1e-4 in the paper). A module of your own maps float
        images ``(n, channels, height, width)`` in [0, 1] to features ``(n, d)``, or to feature maps
        ``(n, d, height, width)``, which are averaged; a copy of it is trained, with a linear layer
        after it. ``"timm:NAME"`` is a pretrained model of timm. The network for tables always has
        two hidden layers.
    freeze_backbone : bool, default=False
        Whether a module or a model of timm stays as it is. The features of the training images are
        then computed once, which is why nothing is augmented by default; ``mixing`` mixes
        features.
    backbone_learning_rate : float or "auto", default="auto"
        Peak learning rate of a module or a model of timm; ``"auto"`` is a tenth of
        ``learning_rate``.
    loss : {"cross_entropy", "logit_adjusted", "balanced_softmax", "focal", "ldam"}, \
default="cross_entropy"
        With ``"logit_adjusted"`` the classifier learns the posterior under uniform class priors
        [2]_; ``"balanced_softmax"`` [3]_ is another name of the same loss. ``"focal"`` gives easy
        rows less weight [4]_. With ``"ldam"`` the logits are 30 times a cosine, and rarer classes
        have wider margins, up to 0.5 of the cosine [5]_; together with
        ``class_weight="deferred"`` that is LDAM-DRW.
    focal_gamma : float, default=2.0
        Exponent γ of the focal loss; with 0 it is the cross-entropy. The other losses ignore it.
    class_weight : {"balanced", "deferred"}, dict or None, default=None
        Factor by class on the weight of every row in the loss; classes that a dict does not contain
        have 1. ``"balanced"`` gives all classes the same total weight. ``"deferred"`` applies in
        the last fifth of the epochs (at least one), and weights the classes in inverse proportion
        to their effective number of samples, (1 - β^n) / (1 - β) with β = 0.9999 [5]_. The weights
        change neither ``class_counts_`` nor the priors that ``loss`` uses: together with a loss
        that depends on the class sizes, the imbalance is corrected twice.
    resampling : {"none", "square_root", "balanced"}, default="none"
        Draw every batch with replacement. With ``"balanced"`` all classes have the same
        probability, and logit adjustment has no effect; with ``"square_root"`` it is proportional
        to the square root of their size, and logit adjustment corrects what is left. Within a class
        the rows are drawn by their ``sample_weight``, which is not used again in the loss.
    augmentation : {"auto", "none", "shift", "flip", "affine", "learned"} or callable, \
default="auto"
        Augmentation of images in training. ``"shift"`` translates them by whole pixels, up to 1/14
        of their size (2 of 28 pixels). ``"flip"`` mirrors half of them from left to right and
        translates all by up to 1/8 of their size. ``"affine"`` translates them by up to 1/14 of
        their size, rotates them by up to 10 degrees and scales them by 0.9 to 1.1. ``"learned"``
        bends them as images of a class differ from each other; see
        :class:`~equipoise.DGCClassifier`. ``"auto"`` is ``"flip"`` if the training images of a
        class hardly differ on average from their mirror images, as is the case for most
        photographs, and ``"none"`` otherwise, as for digits, and for images of less than 16 pixels.
        A function maps a batch of float images ``(n, channels, height, width)`` in [0, 1] to such
        images, as the augmentations of kornia and torchvision do; what it draws from torch's
        generator on the CPU is seeded. A saved estimator has ``"none"`` in its place.
    mixing : {"none", "mixup", "remix", "cutmix", "cmo"}, default="none"
        ``"mixup"`` trains on pairs of rows that are mixed with the weights λ and 1 - λ, and on both
        labels with these weights [6]_. ``"remix"`` assigns the label of the rarer class alone if it
        is at least 3 times rarer and its row has more than half of the weight [7]_. ``"cutmix"``
        pastes a box of another image of the batch with 1 - λ of the area, and weights both labels
        by their areas [8]_; with ``"cmo"`` the box comes from an image of any class, drawn with a
        probability in inverse proportion to the class size, so that rare objects get the
        backgrounds of the common ones [9]_. Both need images.
    mixing_alpha : float, default=1.0
        Parameter α above 0 of the distribution λ ~ Beta(α, α); small values hardly mix. It is
        ignored without ``mixing``.
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
        One record per epoch.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : torch.nn.Module
        The trained network.

    References
    ----------
    .. [1] He, Lin, Yuan, Tzeng, Interpretable Minority Synthesis for Imbalanced Classification,
       IJCAI 2021.
    .. [2] Menon et al., Long-tail Learning via Logit Adjustment, ICLR 2021.
    .. [3] Ren et al., Balanced Meta-Softmax for Long-Tailed Visual Recognition, NeurIPS 2020.
    .. [4] Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.
    .. [5] Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss,
       NeurIPS 2019.
    .. [6] Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018.
    .. [7] Chou et al., Remix: Rebalanced Mixup, ECCV Workshops 2020.
    .. [8] Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
       Features, ICCV 2019.
    .. [9] Park et al., The Majority Can Help the Minority: Context-rich Minority Oversampling for
       Long-tailed Classification, CVPR 2022.
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **BackboneClassifier._constraints,
        **TABLE_CONSTRAINTS,
        "loss": [OneOf(LOSSES)],
        "focal_gamma": [Number(0)],
        "class_weight": [
            OneOf((None, "balanced", "deferred")),
            Instance((dict,), "a dict from classes to their weights"),
        ],
        "resampling": [OneOf(("none", "square_root", "balanced"))],
        "mixing": [OneOf(("none", "mixup", "remix", *PASTING))],
        "mixing_alpha": [Number(0, open_low=True)],
    }

    def __init__(
        self,
        *,
        image_shape: tuple[int, ...] | None = None,
        categorical_features: ArrayLike = "auto",
        allow_missing: bool = True,
        architecture: str | nn.Module = "compact",
        freeze_backbone: bool = False,
        backbone_learning_rate: float | str = "auto",
        loss: str = "cross_entropy",
        focal_gamma: float = 2.0,
        class_weight: dict[Any, float] | str | None = None,
        resampling: str = "none",
        augmentation: str | Callable[[Tensor], Tensor] = "auto",
        mixing: str = "none",
        mixing_alpha: float = 1.0,
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
        self.categorical_features = categorical_features
        self.allow_missing = allow_missing
        self.architecture = architecture
        self.freeze_backbone = freeze_backbone
        self.backbone_learning_rate = backbone_learning_rate
        self.loss = loss
        self.focal_gamma = focal_gamma
        self.class_weight = class_weight
        self.resampling = resampling
        self.augmentation = augmentation
        self.mixing = mixing
        self.mixing_alpha = mixing_alpha
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
        return ClassifierNetwork(
            spec.codec.encoded_shape,
            len(spec.classes),
            self.architecture,
            cosine=self.loss == "ldam",
            layout=spec.codec.layout,
        )

    def _check_before_training(self, fit: FitContext) -> dict[str, Any]:
        if self.mixing in PASTING and (fit.is_table or self.freeze_backbone):
            what = "X is a table" if fit.is_table else "freeze_backbone=True trains on features"
            raise InvalidParameterError(
                f"ConvNetClassifier: mixing={self.mixing!r} pastes parts of images, but {what}. "
                "Set mixing to 'mixup', 'remix' or 'none'."
            )
        return super()._check_before_training(fit)

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        sizes, data = data.class_counts, data.resampled(self.resampling)
        class_weights, late_weight = self._class_weights(fit), None
        if class_weights is not None:
            weighted = torch.from_numpy(class_weights).to(data.y.device, torch.float32)[data.y]
            if data.weight is not None:
                weighted = weighted * data.weight
            if self.class_weight == "deferred":
                late_weight = weighted
            else:
                data = replace(data, weight=weighted)
        log_prior = (data.class_counts / data.class_counts.sum()).log()
        return ClassifierPlan(
            network,
            data,
            class_sizes=sizes,
            late_weight=late_weight,
            loss=self._loss(log_prior, fit),
            augmentation=self._augmentation(fit),
            mixing=self.mixing,
            mixing_alpha=self.mixing_alpha,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def _class_weights(self, fit: FitContext) -> np.ndarray | None:
        """Compute ``class_weight`` in the order of the classes."""
        counts = fit.class_counts
        if self.class_weight is None:
            return None
        if self.class_weight == "deferred":
            return effective_number_weights(torch.from_numpy(counts)).numpy()
        if isinstance(self.class_weight, str):
            return counts.sum() / (len(counts) * counts)
        classes = fit.classes.tolist()
        unknown = [c for c in self.class_weight if c not in classes]
        if unknown:
            raise InvalidParameterError(
                f"ConvNetClassifier: class_weight={self.class_weight!r} contains {unknown}, but "
                f"the classes of y are {classes}. Pass weights of these classes only."
            )
        weights = [self.class_weight.get(c, 1.0) for c in classes]
        if not all(Number(0, open_low=True).accepts(w) for w in weights):
            raise InvalidParameterError(
                f"ConvNetClassifier: class_weight={self.class_weight!r} contains a weight that is "
                "not a positive number. Give each class a number above 0, or leave its rows out "
                "of X and y."
            )
        return np.array(weights, dtype=np.float64)

    def _loss(self, log_prior: Tensor, fit: FitContext) -> Callable[..., Tensor]:
        """Create the loss, a function of logits, class indices and ``weight=``."""
        if self.loss == "focal":
            return partial(focal_loss, gamma=self.focal_gamma)
        if self.loss == "ldam":
            margins = ldam_margins(torch.from_numpy(fit.class_counts)).to(log_prior)
            return partial(margin_cross_entropy, margins=COSINE_SCALE * margins)
        # Balanced softmax multiplies the odds by the class sizes: adjustment with tau 1.
        tau = 0.0 if self.loss == "cross_entropy" else 1.0
        return partial(adjusted_cross_entropy, log_prior=log_prior, tau=tau)

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        return network(x)

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features of every row, which are the inputs of the last layer.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_features), float32
            128 features with ``architecture="compact"``, 192 of colour images, 1000 with
            ``"paper"``, otherwise those of the given backbone.
        """
        return self._apply(X, ClassifierNetwork.representation).astype(np.float32)

    @property
    def _n_features_out(self) -> int:
        layers = [m for m in self.network_.modules() if isinstance(m, nn.Linear)]
        return layers[-1].in_features

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # features are float32 whatever X was
        return tags
