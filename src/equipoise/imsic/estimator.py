"""The estimator IMSIC: its parameters, training, resampling and saving."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import networkx as nx
import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from equipoise.base import TABLE_CONSTRAINTS
from equipoise.base_sampler import DeepOverSampler
from equipoise.columns import Rows
from equipoise.errors import InvalidParameterError, counted
from equipoise.imsic.adoption import adopt
from equipoise.imsic.alignment import align, check_label_map
from equipoise.imsic.decisions import FILE as DECISIONS
from equipoise.imsic.decisions import as_text, read_decisions
from equipoise.imsic.generation import Generation
from equipoise.imsic.judging import Judging
from equipoise.imsic.network import IMSICNetwork
from equipoise.imsic.released import read_released
from equipoise.imsic.sampling import draw_confident, infer_category_and_codes
from equipoise.imsic.steering import Steering
from equipoise.imsic.structure import Structure, StructureLike, parse_structure
from equipoise.imsic.training import IMSICPlan
from equipoise.parameters import Constraint, Instance, Number, OneOf
from equipoise.preprocessing import TableCodec, decode_in_blocks
from equipoise.preprocessing.absent_pairs import absent_pairs, has_any_pair
from equipoise.preprocessing.interpolation import smote
from equipoise.training import Callback, DataSpec, FitContext, TrainingRows
from equipoise.training.blockwise import evaluate_blockwise

# Number of epochs and smallest number of steps with max_epochs="auto". With more steps the networks
# memorise the small classes of tables.
IMAGE_TRAINING, TABLE_TRAINING = (30, 5000), (5, 1500)
STEPS_PER_CLASS = 17  # at least; with 5, a fifth of the rows of 300 classes look like others
# class_balance="auto". With less, images of a class of 40 vary too little, because the generator
# rarely makes any; rare rows of tables, which are seen more often as it is, would be memorised.
IMAGE_BALANCE, TABLE_BALANCE = 1.0, 0.5
CHECKED = 500  # generated rows by which the training is judged, and at least two of each class
# Share of them that the category head recognises, of what it recognises among the real rows, below
# which the training was too short. Classes that overlap reach 0.75.
LEAST_RECOGNISED = 0.6
# min_confidence="auto" for tables. Rows with less have combinations of values that never occur.
LEAST_CONFIDENCE = 0.02
N_NEIGHBORS = 5  # of a row, to interpolate in classes that are too small to generate
MOST_DRAWS = 20  # candidates per wanted row, after which min_confidence counts as unreachable


class IMSIC(Steering, Judging, Generation, DeepOverSampler):
    """Interpretable minority synthesis: an oversampler with codes that a person can steer.

    A conditional GAN learns all classes together, so that the rows of a rare class get the
    variation of the large ones. In addition to noise and category, the generator receives m codes
    from U(−1, 1). A head of the discriminator infers these codes from the generated rows, and a
    regulariser makes the inferred codes follow a dependency structure that a person specifies.
    ``fit`` trains the networks once; :meth:`resample` and :meth:`sample` use them as often as
    wanted.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows to generate, as in every oversampler of imbalanced-learn.
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images that are passed as
        flat rows. 3-D and 4-D input does not need it. 2-D input without ``image_shape`` is
        a table.
    categorical_features : "auto" or array-like of int, str or bool, default="auto"
        Categorical features of a table, by index, name or mask. ``"auto"`` selects the
        columns of a DataFrame that contain bools, strings or categories.
    allow_missing : bool, default=True
        Whether a table may have missing values, and synthetic rows with them; otherwise
        missing values raise an error.
    architecture : {"compact", "paper"}, default="compact"
        Networks for images: small ones, or those of the authors' release. Generator and
        discriminator have no backbone that could be given. The networks for tables have dense
        layers.
    noise_dim : int, default=62
        Number of dimensions of the noise z.
    n_codes : int, default=4
        Number m of interpretable codes.
    code_names : list of str, default=None
        Names of the codes; None for ``code_1``, ``code_2``, …
    structure : str, dict, list or networkx.DiGraph, default="independent"
        Directed edges between codes, which are given by name or number, such as
        ``{"style": ["slant", "thickness"]}``. ``"independent"`` has no edges; in ``"paper"`` the
        second and the third code lead to the fourth.
    structure_weight : float, default=0.5
        Weight λ_con of the regulariser of the codes. The authors' release has 0.15, for a
        regulariser of another scale.
    category_weight : float, default=1.0
        Weight λ_cat of the cross-entropy of the categories. For tables with
        ``label_use="supervised"`` it applies to the discriminator only.
    label_use : {"supervised", "unsupervised"}, default="supervised"
        Whether the categories are the classes, or are found without labels, as published, and
        aligned with the classes afterwards.
    label_map : list of int, default=None
        Category of every class in the order of the sorted labels, which replaces the alignment with
        ``label_use="unsupervised"``.
    class_balance : float in [0, 1] or "auto", default="auto"
        Interpolates the class frequencies of a training batch between those of the data (0) and
        equal frequencies (1). ``"auto"`` is 1 for images and 0.5 for tables.
    min_class_size : int, default=8
        Rows of classes with fewer training rows are interpolated between neighbours, not
        generated; a single row is repeated. A warning says so.
    min_confidence : float in [0, 1) or "auto", default="auto"
        Smallest probability of its class, by the category head, at which a generated row is
        accepted. ``"auto"`` is 0 for images and 0.02 for tables; if a class then has too few such
        rows, the most probable others are accepted with a warning.
    max_epochs : int or "auto", default="auto"
        Number of passes over the training rows. ``"auto"`` is 30 for images and 5 for tables, or as
        many as take 5,000 steps or, for tables, 1,500, if that is more, and 17 steps per class. A
        warning after the training says if the generated rows are taken for other classes much
        more often than the real ones.
    batch_size : int or "auto", default="auto"
        Largest number of rows per step. ``"auto"`` is 1/50 of the training rows, but at
        least 16 and at most 64; for a large table it is 1/200 of the rows, up to 256.
    learning_rate : float, default=4e-4
        Peak learning rate of Adam for both networks.
    lr_schedule : {"one_cycle", "constant", "cosine", "step", "exponential"}, default="constant"
        Course of the learning rate over the training.
    warm_start : bool, default=False
        Whether to continue with the networks of the last fit. Without ``code_names``, the
        codes then keep their names.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision in training; ``"auto"`` is bfloat16 for images if the device supports it
        natively, and float32 otherwise.
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
    structure_ : Structure
        Names of the codes, and the edges between them.
    label_map_ : ndarray of shape (n_classes,)
        Category of every class.
    label_purity_ : ndarray of shape (n_classes,)
        Fraction of the training rows of each class that the category head assigns to its
        category.
    sampling_strategy_ : dict
        Number of rows of each class that the last resampling generated or, after ``fit``,
        that a resampling would generate.
    synthetic_mask_ : ndarray of bool
        Whether each row of the last resampling is synthetic.
    groups_ : ndarray or None
        Groups of the rows of the last resampling, if it was given groups.
    n_rejected_ : dict
        Number of rows of each class that ``min_confidence`` rejected in the last resampling.
    history_ : list of dict
        One record per epoch.
    callbacks_ : list of equipoise.training.Callback
        Copies of ``callbacks`` that took part in the fit, with what they recorded.
    network_ : IMSICNetwork
        The trained network.

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
        "class_balance": [OneOf(("auto",)), Number(0, 1)],
        "min_class_size": [Number(1, integer=True)],
        "min_confidence": [OneOf(("auto",)), Number(0, 1, open_high=True)],
    }

    _largest_auto_batch = 256
    _more_files = (DECISIONS,)
    _set_by_resampling = (*DeepOverSampler._set_by_resampling, "n_rejected_")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        image_shape: tuple[int, ...] | None = None,
        categorical_features: ArrayLike = "auto",
        allow_missing: bool = True,
        architecture: str = "compact",
        noise_dim: int = 62,
        n_codes: int = 4,
        code_names: Sequence[str] | None = None,
        structure: StructureLike = "independent",
        structure_weight: float = 0.5,
        category_weight: float = 1.0,
        label_use: str = "supervised",
        label_map: Sequence[int] | None = None,
        class_balance: float | str = "auto",
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
        cls,
        path: str | Path,
        *,
        X: Any = None,
        y: Any = None,
        label_map: Sequence[int] | None = None,
        **params: Any,
    ) -> Self:
        """Create a sampler from a GAN of the authors' repository, ready to sample and resample.

        No code in the file is run. The categories of the GAN were found without labels. With
        labelled images they are aligned with the classes; a ``label_map`` that was written by hand
        is checked with a classifier trained on the images, and there is a warning for every class
        whose generated images look like another. The published samples have a ``noise_scale`` of
        about 0.2 to 0.5.

        Parameters
        ----------
        path : str or Path
            A released ``.pt`` file.
        X : array-like of shape (n, 32, 32) or (n, 32, 32, channels), default=None
            Labelled images, resized as in the authors' release. The samples get their dtype and
            range; with None they are floats in [0, 1].
        y : array-like of shape (n,), default=None
            Labels of the images; with None the classes are 0, 1, …
        label_map : list of int, default=None
            Category of every class; it is required without ``X``.
        **params
            Further parameters of the estimator.

        Returns
        -------
        IMSIC
            A fitted sampler; its ``network_`` has the weights in the file.
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
        adopt(sampler, released, X, y)
        return sampler

    # Training -------------------------------------------------------------------------------

    def _build(self, spec: DataSpec) -> nn.Module:
        return IMSICNetwork(
            spec.codec.encoded_shape,
            len(spec.classes),
            self.n_codes,
            self.noise_dim,
            self.architecture,
            spec.codec.layout,
        )

    def _check_before_training(self, fit: FitContext) -> dict[str, Any]:
        if self.label_map is not None:
            check_label_map(self.label_map, len(fit.classes))
            if self.label_use == "supervised":
                raise InvalidParameterError(
                    f"label_map={self.label_map!r} is for label_use='unsupervised'; with "
                    "'supervised' the categories are the classes. Leave out one of the two."
                )
        return super()._check_before_training(fit) | {"structure_": self._parsed_structure()}

    def _parsed_structure(self) -> Structure:
        """Parse ``structure``; a continued training keeps names given by ``rename_codes``."""
        structure = parse_structure(self.structure, self.n_codes, self.code_names)
        if self._continues() and self.code_names is None:
            names = self.structure_.names
            if len(names) == self.n_codes:
                structure = replace(structure, names=names)
        return structure

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> IMSICPlan:
        balance = self.class_balance
        if isinstance(balance, str):
            balance = TABLE_BALANCE if fit.is_table else IMAGE_BALANCE
        return IMSICPlan(
            network,
            data,
            structure=self._parsed_structure(),
            structure_weight=self.structure_weight,
            category_weight=self.category_weight,
            supervised=self.label_use == "supervised",
            class_balance=balance,
            learning_rate=self.learning_rate,
        )

    def _n_epochs(self, fit: FitContext, n_steps: int) -> int:
        if self.max_epochs != "auto":
            return super()._n_epochs(fit, n_steps)
        epochs, least_steps = TABLE_TRAINING if fit.is_table else IMAGE_TRAINING
        least_steps = max(least_steps, STEPS_PER_CLASS * len(fit.classes))
        return max(epochs, math.ceil(least_steps / n_steps))

    def _fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> FitContext:
        fit = super()._fit(X, y, sample_weight)
        recognised, real = self._recognised_share(), float(self.label_purity_.mean())
        if recognised < LEAST_RECOGNISED * real:
            warnings.warn(
                f"The category head recognises the class of {recognised:.0%} of the generated "
                f"rows, but of {real:.0%} of the real ones: many generated rows look like another "
                f"class. Train for longer than max_epochs={self.max_epochs!r}, which took "
                f"{counted(len(self.history_), 'epoch')}, and look at the rows.",
                stacklevel=3,
            )
        return fit

    def _recognised_share(self) -> float:
        """Share of generated rows, as many of every class, that the category head recognises."""
        drawn = np.flatnonzero(self.class_counts_ >= self.min_class_size)
        if not len(drawn):
            return 1.0  # all classes are interpolated
        classes = np.repeat(drawn, max(2, CHECKED // len(drawn)))
        generator = torch.Generator().manual_seed(0)
        noise, codes = self._draw_inputs(len(classes), None, 1.0, generator)
        x = self._generate(noise, classes, codes)
        found = infer_category_and_codes(self.network_.discriminator, x)[0].argmax(1).numpy()
        return float((found == self.label_map_[classes]).mean())

    def _after_training(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """Find out which category is which class."""
        found = evaluate_blockwise(
            network.discriminator, fit.inputs, lambda d, x: infer_category_and_codes(d, x)[0]
        ).argmax(1)
        n = len(fit.classes)
        confusion = np.zeros((n, n), dtype=np.int64)
        np.add.at(confusion, (fit.target, found), 1)
        if self.label_map is not None:
            label_map = check_label_map(self.label_map, n)
        elif self.label_use == "supervised":
            label_map = np.arange(n)
        else:
            label_map = align(confusion)
        return {
            "label_map_": label_map,
            "label_purity_": confusion[np.arange(n), label_map] / confusion.sum(1),
            "_rows": fit.rows,
            "_target": fit.target,
            "_candidates": None,
            "_accepted": {},
            "_proposals": (),
        }

    # Resampling -----------------------------------------------------------------------------

    def _fit_resample(self, X: Any, y: np.ndarray, rows: Any) -> tuple[Any, np.ndarray]:
        self.n_rejected_: dict[Any, int] = {}
        return super()._fit_resample(X, y, rows)

    def _draw_class(self, label: Any, n: int, real: Any, generator: torch.Generator) -> Rows:
        """Draw synthetic rows of a class: accepted ones, generated ones or interpolated ones."""
        accepted = self._accepted_rows(label, n)
        if accepted is not None:
            return accepted
        number = self._class_index([label])[0]
        if self.class_counts_[number] < self.min_class_size:
            alone = len(real) == 1
            made = "copies of one row" if alone else "interpolated between neighbours"
            warnings.warn(
                f"Class {label!r} has {counted(int(self.class_counts_[number]), 'row')}, fewer "
                f"than min_class_size={self.min_class_size}: {counted(n, 'row')} will be {made}, "
                "not generated. Lower min_class_size to generate them.",
                stacklevel=2,
            )
            points = smote(self._codec.encode(real).numpy(), n, N_NEIGHBORS, generator)
            return self._codec.decode(torch.from_numpy(points))
        absent = None
        if isinstance(self._codec, TableCodec):
            absent = absent_pairs(self._codec.encode(real).float(), self._codec.layout)

        def generated(part: slice) -> Tensor:
            return self._generate_confident(number, part.stop - part.start, absent, generator)

        return decode_in_blocks(self._codec, n, generated)

    def _generate_confident(
        self, number: int, n: int, absent: Tensor | None, generator: torch.Generator
    ) -> Tensor:
        """Generate encoded rows of a class that the category head assigns to it.

        In a table, rows with a pair of categories that is absent from the real rows count as
        improbable.
        """
        label = self.classes_.tolist()[number]  # of Python's own types
        least = self.min_confidence
        if isinstance(least, str):
            least = LEAST_CONFIDENCE if self._spec.is_table else 0.0

        def candidates(k: int) -> Tensor:
            noise, codes = self._draw_inputs(k, None, 1.0, generator)
            x = self._generate(noise, np.full(k, number), codes)

            def again(broken: np.ndarray) -> Tensor:
                noise, codes = self._draw_inputs(len(broken), None, 1.0, generator)
                return self._generate(noise, np.full(len(broken), number), codes)

            return self._in_order(x, again)

        def confidence(x: Tensor) -> Tensor:
            log_probability, _ = infer_category_and_codes(self.network_.discriminator, x)
            probability = log_probability[:, self.label_map_[number]].exp()
            return probability if absent is None else probability * ~has_any_pair(x, absent)

        if least == 0:
            x, n_drawn = candidates(n), n
        else:
            x, n_drawn, reached = draw_confident(candidates, confidence, n, least, MOST_DRAWS * n)
            if reached < n:
                found = (
                    f"class {label!r}: {reached} of {counted(n_drawn, 'candidate')} reach it, of "
                    f"{n} wanted"
                )
                if self.min_confidence != "auto":
                    raise InvalidParameterError(
                        f"min_confidence={least} is too much for {found}. Lower it, or train for "
                        "more epochs."
                    )
                warnings.warn(
                    f"min_confidence='auto', here {least}, is too much for {found}, and the most "
                    "confident of the other candidates make up for it. Look at the rows of this "
                    "class, or train for more epochs.",
                    stacklevel=2,
                )
        self.n_rejected_[label] = n_drawn - n
        return x

    # Saving ---------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a sampler that :meth:`save` wrote, with the names and selections of a person.

        No code from the folder is run. Accepted rows are drawn again from their seeds, so that on
        another machine they may differ by rounding errors.

        Parameters
        ----------
        path : str or Path
            Folder that :meth:`save` created.

        Raises
        ------
        InvalidInputError
            If the folder contains no saved sampler, or one of another class.
        """
        sampler = super().load(path)
        decisions = read_decisions(Path(path))
        if decisions is not None:
            sampler.rename_codes(decisions.code_names)
            sampler.decide(decisions.proposals)
        return sampler

    def _more_to_save(self) -> dict[str, str]:
        if not self._proposals:
            return {}
        return {DECISIONS: as_text(self.structure_.names, self._proposals)}

    def _params_to_save(self) -> dict[str, Any]:
        params = super()._params_to_save()
        # A graph is saved as its edges, and the codes keep the names that a person gave them.
        params["structure"] = [list(edge) for edge in self.structure_.edges] or "independent"
        params["code_names"] = list(self.structure_.names)
        return params

    def _fitted_to_save(self) -> dict[str, Any]:
        return super()._fitted_to_save() | {
            "label_map": self.label_map_.tolist(),
            "label_purity": self.label_purity_.tolist(),
        }

    def _restore_fitted(self, values: Mapping[str, Any]) -> None:
        super()._restore_fitted(values)
        self.structure_ = parse_structure(self.structure, self.n_codes, self.code_names)
        self.label_map_ = np.asarray(values["label_map"], dtype=np.int64)
        self.label_purity_ = np.asarray(values["label_purity"])
        self._rows = None
