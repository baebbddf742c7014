"""IMSIC: what a user touches."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from equipoise.base import TABLE_CONSTRAINTS
from equipoise.base_sampler import DeepOverSampler
from equipoise.errors import InvalidParameterError
from equipoise.imsic.released import read_released
from equipoise.imsic.sampling import draw_confident, read
from equipoise.imsic.steering import Steering
from equipoise.parameters import Constraint, Instance, Number, OneOf
from equipoise.preprocessing import TableCodec
from equipoise.preprocessing.interpolation import smote
from equipoise.training import Callback

# Epochs of max_epochs="auto", and the least steps: more, and small classes of tables are learnt by
# heart.
IMAGES, TABLES = (30, 5000), (5, 1500)
LEAST_CONFIDENCE = 0.02  # in rows of a table: below, columns have values that never go together
N_NEIGHBORS = 5  # of a row, for classes too small to generate
MOST_DRAWS = 20  # candidates per wanted row before min_confidence is called unreachable


class IMSIC(Steering, DeepOverSampler):
    """Interpretable minority synthesis: an oversampler whose codes a person steers.

    A conditional GAN learns all classes together, so that a rare class borrows the variation of
    the large ones. Beside noise and category, the generator gets m codes from U(−1, 1) that a
    discriminator's head reads back from what was generated; a regulariser holds the readings to
    a dependency structure that a person prescribes. ``fit`` trains once, :meth:`resample` and
    :meth:`sample` draw from it as often as wanted.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        What to generate, as in every imbalanced-learn oversampler.
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flat rows. Not needed for
        3-D and 4-D input; without it, 2-D input is a table.
    categorical_features : "auto" or array-like of int, str or bool, default="auto"
        Columns of a table of whose values only equality counts, by position, name or mask.
        ``"auto"`` takes the bools, strings and categories of a DataFrame.
    allow_missing : bool, default=True
        Whether values of a table may be missing, in synthetic rows too; otherwise they are an
        error.
    architecture : {"compact", "paper"}, default="compact"
        Networks for images: small ones, or those of the release. Tables get hidden layers.
    noise_dim : int, default=62
        Size of the noise z.
    n_codes : int, default=4
        Number m of interpretable codes.
    code_names : list of str, default=None
        Their names; None for ``code_1``, ``code_2``, …
    structure : str, dict, list or networkx.DiGraph, default="independent"
        Edges between codes: ``{"style": ["slant", "thickness"]}`` by name or number,
        ``"independent"``, or ``"paper"`` (the second and third code lead to the fourth).
    structure_weight : float, default=0.5
        λ_con, the weight of the regulariser; the release has 0.15 for another scale.
    category_weight : float, default=1.0
        λ_cat, the weight of the category's cross-entropy; the generator of a table has none of
        it where labels are known.
    label_use : {"supervised", "unsupervised"}, default="supervised"
        Whether the category is the class, or found without labels (as published) and aligned
        with the classes afterwards.
    label_map : list of int, default=None
        Category of every class in the order of the sorted labels, instead of the alignment of
        ``label_use="unsupervised"``.
    class_balance : float in [0, 1], default=0.5
        How equal the classes are in a training batch: 0 for their shares in the data, 1 for
        equal shares.
    min_class_size : int, default=8
        Classes with fewer rows are interpolated between neighbours instead of generated.
    min_confidence : float in [0, 1) or "auto", default="auto"
        Leave out candidates whose class the category head finds less probable than this; ``"auto"``
        is 0 for images and 0.02 for tables, where a class with too few such candidates gets the
        likeliest others, with a warning.
    max_epochs : int or "auto", default="auto"
        Passes over the training rows; ``"auto"`` is 30 for images and 5 for tables, and more
        where these are fewer than 5,000 steps or, for tables, 1,500.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step; ``"auto"`` is a fiftieth of the rows, within 16 and 64, and
        of a large table a two-hundredth, up to 256.
    learning_rate : float, default=4e-4
        Of Adam, for both networks.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="constant"
    warm_start : bool, default=False
        Go on from the networks of the last fit; without `code_names`, the codes keep their names.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        While training; ``"auto"`` takes bfloat16 where the device has it natively.
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
    structure_ : Structure
        Names of the codes and edges between them.
    label_map_ : ndarray of shape (n_classes,)
        Category of every class.
    label_purity_ : ndarray of shape (n_classes,)
        Share of each class's training rows that the category head puts into its category.
    sampling_strategy_ : dict
        Rows to generate of each class, by the last resampling.
    synthetic_mask_ : ndarray of bool
        Which rows of the last resampling are synthetic.
    groups_ : ndarray or None
        Groups of the rows of the last resampling, where it was given groups.
    n_rejected_ : dict
        Candidates of each class that ``min_confidence`` dropped in the last resampling.
    history_ : list of dict
        One record per epoch.
    callbacks_ : list of equipoise.training.Callback
        The copies of ``callbacks`` that took part in the fit, with what they collected.
    network_ : IMSICNetwork

    References
    ----------
    He, Lin, Yuan, Tzeng, Interpretable Minority Synthesis for Imbalanced Classification,
    IJCAI 2021.

    Examples
    --------
    >>> from equipoise import IMSIC, load_dataset
    >>> digits = load_dataset("digits")
    >>> sampler = IMSIC(code_names=["slant", "width"], n_codes=2, max_epochs=1)
    >>> sampler = sampler.fit(digits.X_train, digits.y_train)
    >>> sampler.sample(3, y=9, codes={"slant": 0.8}).shape
    (3, 8, 8)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepOverSampler._constraints,
        **TABLE_CONSTRAINTS,
        "noise_dim": [Number(1, integer=True)],
        "n_codes": [Number(1, integer=True)],
        "code_names": [OneOf((None,)), Instance((list, tuple), "a list of names")],
        "structure": [
            Instance(
                (str, dict, list, tuple, nx.DiGraph),
                "'independent', 'paper', a dict, a list of edges or a networkx.DiGraph",
            ),
        ],
        "structure_weight": [Number(0)],
        "category_weight": [Number(0)],
        "label_use": [OneOf(("supervised", "unsupervised"))],
        "label_map": [OneOf((None,)), Instance((list, tuple, np.ndarray), "a list of categories")],
        "max_epochs": [OneOf(("auto",)), Number(1, integer=True)],
        "class_balance": [Number(0, 1)],
        "min_class_size": [Number(1, integer=True)],
        "min_confidence": [OneOf(("auto",)), Number(0, 1, open_high=True)],
    }

    _most_rows = 256
    _resampled = (*DeepOverSampler._resampled, "n_rejected_")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        image_shape: tuple[int, ...] | None = None,
        categorical_features: Any = "auto",
        allow_missing: bool = True,
        architecture: str = "compact",
        noise_dim: int = 62,
        n_codes: int = 4,
        code_names: Sequence[str] | None = None,
        structure: Any = "independent",
        structure_weight: float = 0.5,
        category_weight: float = 1.0,
        label_use: str = "supervised",
        label_map: Sequence[int] | None = None,
        class_balance: float = 0.5,
        min_class_size: int = 8,
        min_confidence: float | str = "auto",
        max_epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float = 4e-4,
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
        self.categorical_features = categorical_features
        self.allow_missing = allow_missing
        self.architecture = architecture
        self.noise_dim = noise_dim
        self.n_codes = n_codes
        self.code_names = code_names
        self.structure = structure
        self.structure_weight = structure_weight
        self.category_weight = category_weight
        self.label_use = label_use
        self.label_map = label_map
        self.class_balance = class_balance
        self.min_class_size = min_class_size
        self.min_confidence = min_confidence
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

    @classmethod
    def from_released_checkpoint(
        cls, path: str | Path, *, X: Any = None, y: Any = None, label_map: Any = None, **params: Any
    ) -> Self:
        """Sampler with a GAN of the published repository, ready to sample and resample.

        Nothing in the file is run. Its categories were found without labels: with labelled
        images they are aligned with the classes, and a ``label_map`` written by hand is
        checked by a classifier trained on them, which warns of every class that it finds drawn
        as another. Published samples use ``noise_scale`` of about 0.2 to 0.5.

        Parameters
        ----------
        path : str or Path
            A released ``.pt`` file.
        X : array-like of shape (n, 32, 32) or (n, 32, 32, channels), default=None
            Labelled images, resized as the release does; their dtype and range become those of
            the samples. None for floats in [0, 1].
        y : array-like of shape (n,), default=None
            Their labels. None for classes 0, 1, …
        label_map : list of int, default=None
            Category of every class; needed where there is no ``X``.
        **params
            Further parameters of the estimator.

        Returns
        -------
        IMSIC
            Fitted; ``network_`` is the release's.
        """
        released = read_released(path)
        sampler = cls(
            architecture="paper",
            label_use="unsupervised",
            label_map=None if label_map is None else list(label_map),
            **{
                "n_codes": released.n_codes,
                "noise_dim": released.noise_dim,
                "min_class_size": 1,
                **params,
            },
        )
        sampler._adopt(released, X, y)
        return sampler

    # The template's parts -------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        super()._fit(X, y, None)
        self._candidates, self._accepted = None, {}
        return self

    def _n_epochs(self, n_steps: int) -> int:
        if self.max_epochs != "auto":
            return super()._n_epochs(n_steps)
        epochs, least = TABLES if isinstance(self._codec, TableCodec) else IMAGES
        return max(epochs, math.ceil(least / n_steps))

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        self.n_rejected_: dict[Any, int] = {}
        return super()._fit_resample(X, y)

    def _rows_of_class(self, label: Any, n: int, real: Any, generator: torch.Generator) -> Any:
        """``n`` synthetic rows of a class: accepted ones, generated ones or interpolated ones."""
        accepted = self._accepted_rows(label, n)
        if accepted is not None:
            return accepted
        number = self._class_index([label])[0]
        if self.class_counts_[number] < self.min_class_size:
            warnings.warn(
                f"Class {label!r} has {self.class_counts_[number]:g} rows, fewer than "
                f"min_class_size={self.min_class_size}: its {n} rows are interpolated between "
                "neighbours, not generated. Lower min_class_size to generate them.",
                stacklevel=2,
            )
            encoded = self._codec.encode(self._rows_like_fit(real))
            made = smote(encoded.numpy(), n, N_NEIGHBORS, generator)
            return self._codec.decode(torch.from_numpy(made))
        return super()._rows_of_class(label, n, real, generator)

    def _synthesise(self, number: int, n: int, generator: torch.Generator) -> Tensor:
        """Encoded rows of a class in which the category head has enough confidence."""
        label = self.classes_.tolist()[number]  # of Python's own types
        least = self.min_confidence
        if isinstance(least, str):
            least = LEAST_CONFIDENCE if isinstance(self._codec, TableCodec) else 0.0

        def candidates(k: int) -> Tensor:
            noise, codes = self._inputs(k, None, 1.0, generator)
            return self._generated(noise, np.full(k, number), codes)

        def confidence(x: Tensor) -> Tensor:
            return read(self.network_, x)[0][:, self.label_map_[number]].exp()

        if least == 0:
            x, drawn = candidates(n), n
        else:
            x, drawn, reached = draw_confident(candidates, confidence, n, least, MOST_DRAWS * n)
            if reached < n:
                found = f"class {label!r}: of {drawn} candidates {reached} reach it, {n} are wanted"
                if self.min_confidence != "auto":
                    raise InvalidParameterError(
                        f"min_confidence={least} is too much for {found}. Lower it, or train for "
                        "more epochs."
                    )
                warnings.warn(
                    f"min_confidence='auto', here {least}, is too much for {found}, and the "
                    "likeliest others make up for it. Look at the rows of this class, or train "
                    "for more epochs.",
                    stacklevel=2,
                )
        self.n_rejected_[label] = drawn - n
        return x
