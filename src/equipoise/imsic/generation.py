"""What a fitted IMSIC is: networks, the class of every category, rows on demand."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.base import DeepEstimator
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.imsic.alignment import align, check_label_map, fit_judge
from equipoise.imsic.network import IMSICNetwork
from equipoise.imsic.released import ReleasedGAN
from equipoise.imsic.sampling import draw_codes, generate, read
from equipoise.imsic.structure import Structure, parse_structure
from equipoise.imsic.training import IMSICPlan
from equipoise.inputs import check_labels, check_rows, fit_codec
from equipoise.parameters import Number, check_parameters
from equipoise.preprocessing import ImageCodec, TableCodec
from equipoise.training import Plan, TrainingRows
from equipoise.training.blocks import evaluate

CHECKED = 100  # images per class for which a hand-written map is checked


class CodedGenerator(DeepEstimator):
    """Training of the networks, and everything that only draws from them or reads with them."""

    classes_: np.ndarray
    class_counts_: np.ndarray
    structure_: Structure
    label_map_: np.ndarray
    label_purity_: np.ndarray
    network_: IMSICNetwork
    _codec: Any
    _rows: np.ndarray | None
    _target: np.ndarray

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        structure = parse_structure(self.structure, self.n_codes, self.code_names)
        known = self.structure_.names if self._continues() and self.code_names is None else ()
        if len(known) == self.n_codes:
            structure = replace(structure, names=known)  # perhaps given by rename_codes
        self.structure_ = structure
        return super()._fit(X, y, sample_weight)

    def _adopt(self, released: ReleasedGAN, X: Any, y: Any) -> None:
        """Become a fitted estimator around a GAN that was trained elsewhere."""
        check_parameters(type(self).__name__, self.get_params(deep=False), self._constraints)
        self.structure_ = parse_structure(self.structure, self.n_codes, self.code_names)
        n, shape = released.n_classes, released.image_shape
        if (X is None) != (y is None) or (X is None and self.label_map is None):
            raise InvalidParameterError(
                "Pass X and y, labelled images to align the categories with, or a label_map."
            )
        rows = np.zeros((1, *shape), dtype=np.float32)
        self.classes_, target = np.arange(n), np.arange(n)
        if X is not None:
            rows = check_rows(self, X, reset=True)
            self.classes_, target = check_labels(y, len(rows))
        self._codec = fit_codec(rows, rows, self)
        if self._codec.input_shape != shape or len(self.classes_) != n:
            raise InvalidInputError(
                f"The checkpoint draws {n} categories of shape {shape}, but X and y have "
                f"{len(self.classes_)} classes and rows for {self._codec.input_shape}. Resize "
                "the images, and keep as many classes."
            )
        self.n_features_in_ = int(np.prod(shape))
        self.input_shape_ = self._codec.input_shape
        self.history_, self.callbacks_ = [], []
        self.class_counts_ = np.bincount(target, minlength=n)
        network: Any = self._build(shape, n)
        network.load_state_dict(released.state)
        self.network_ = network.to(memory_format=torch.channels_last).eval()
        if X is None:
            self.label_map_, self._rows = check_label_map(self.label_map, n), None
            self.label_purity_ = np.full(n, np.nan)
            return
        self._after_training(self.network_, self._codec, rows, target)
        if self.label_map is not None:
            self._check_map_by_classifier(rows, target)

    def _check_map_by_classifier(self, rows: np.ndarray, target: np.ndarray) -> None:
        """Warn of every class that a classifier of real rows finds drawn as another."""
        judge = fit_judge(self._encoded(rows), target)
        n = len(self.classes_)
        noise, codes = self._inputs(n * CHECKED, None, 1.0, torch.Generator().manual_seed(0))
        drawn = self._generated(noise, np.repeat(np.arange(n), CHECKED), codes)
        seen = judge.predict(drawn.flatten(1).numpy()).reshape(n, CHECKED)
        for number, label in enumerate(self.classes_.tolist()):
            shares = np.bincount(seen[number], minlength=n) / CHECKED
            if shares.argmax() != number:
                warnings.warn(
                    f"label_map: class {label!r} is drawn by category {self.label_map_[number]}, "
                    f"but {shares.max():.0%} of its images look like "
                    f"{self.classes_.tolist()[shares.argmax()]!r} and {shares[number]:.0%} like "
                    "the class. Correct the map, or leave it out to align by X and y.",
                    stacklevel=4,
                )

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        return IMSICNetwork(
            input_shape,
            n_classes,
            self.n_codes,
            self.noise_dim,
            self.architecture,
            self._codec.layout,
        )

    def _plan(self, network: Any, data: TrainingRows) -> Plan:
        if self.label_map is not None:
            check_label_map(self.label_map, len(self.classes_))
            if self.label_use == "supervised":
                raise InvalidParameterError(
                    f"label_map={self.label_map!r} is for label_use='unsupervised'; with "
                    "'supervised' the categories are the classes. Leave out one of the two."
                )
        return IMSICPlan(
            network,
            data,
            structure=self.structure_,
            structure_weight=self.structure_weight,
            category_weight=self.category_weight,
            supervised=self.label_use == "supervised",
            class_balance=self.class_balance,
            learning_rate=self.learning_rate,
        )

    def _after_training(
        self,
        network: Any,
        codec: ImageCodec | TableCodec,
        rows: np.ndarray,
        target: np.ndarray,
    ) -> None:
        """Find out which category is which class."""
        found = evaluate(network, codec, rows, lambda d, x: read(d, x)[0]).argmax(1)
        n = len(self.classes_)
        confusion = np.zeros((n, n), dtype=np.int64)
        np.add.at(confusion, (target, found), 1)
        if self.label_map is not None:
            self.label_map_ = check_label_map(self.label_map, n)
        elif self.label_use == "supervised":
            self.label_map_ = np.arange(n)
        else:
            self.label_map_ = align(confusion)
        self.label_purity_ = confusion[np.arange(n), self.label_map_] / confusion.sum(1)
        self._rows, self._target = rows, target

    # Generation -----------------------------------------------------------------------------

    def sample(
        self,
        n: int,
        y: Any = None,
        codes: Any = None,
        noise_scale: float = 1.0,
        random_state: Any = None,
    ) -> Any:
        """New rows.

        Parameters
        ----------
        n : int
            How many, for every label in ``y``.
        y : label or array-like of labels, default=None
            Class or classes to sample; None for every class in the order of ``classes_``.
        codes : dict, default=None
            Code, by name or number, → its value: one for all rows or an array of one per row.
            Training saw values in [−1, 1]. The other codes are drawn from U(−1, 1).
        noise_scale : float, default=1
            Standard deviation of the noise; below 1 rows are more typical and less varied.
        random_state : int, RandomState or None, default=None
            None takes the estimator's own ``random_state``.

        Returns
        -------
        ndarray or DataFrame
            ``n`` rows per label, in the order of the labels, in the shape, dtype and range of
            the training data.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidParameterError
            Impossible ``n``, ``codes`` or ``noise_scale``.
        InvalidInputError
            A class that the fit did not see.
        """
        number = self._wanted(n, y)
        if not Number(0).accepts(noise_scale):
            raise InvalidParameterError(
                f"noise_scale={noise_scale!r} must be a number of at least 0."
            )
        generator = self._generator(random_state)
        noise, values = self._inputs(len(number), codes, noise_scale, generator)
        return self._decode(noise, number, values)

    def encode(self, X: Any) -> np.ndarray:
        """Codes that the discriminator reads from rows, real or synthetic.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_codes), float32
            On the scale of the codes only up to a factor and a shift.
        """
        return self._apply(X, lambda network, x: read(network, x)[1]).astype(np.float32)

    def _inputs(
        self, n: int, codes: Any, noise_scale: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Noise (n, noise_size) and codes (n, m)."""
        size = self.network_.generator.noise_size
        noise = noise_scale * torch.randn(n, size, generator=generator)
        return noise, draw_codes(n, self.structure_.names, codes, generator)

    def _generated(self, noise: Tensor, number: np.ndarray, codes: Tensor) -> Tensor:
        """Encoded rows of the classes with these numbers."""
        category = torch.from_numpy(self.label_map_[number])
        return generate(self.network_.cpu(), noise, category, codes)

    def _decode(self, noise: Tensor, number: np.ndarray, codes: Tensor) -> Any:
        return self._codec.decode(self._generated(noise, number, codes))

    # Saving ---------------------------------------------------------------------------------

    def _params_to_save(self) -> dict[str, Any]:
        params = super()._params_to_save()
        # A graph becomes its edges, and codes keep the names that a person gave them since.
        params["structure"] = [list(edge) for edge in self.structure_.edges] or "independent"
        params["code_names"] = list(self.structure_.names)
        return params

    def _fitted_to_save(self) -> dict[str, Any]:
        return super()._fitted_to_save() | {
            "label_map": self.label_map_.tolist(),
            "label_purity": self.label_purity_.tolist(),
        }

    def _restore_fitted(self, values: dict[str, Any]) -> None:
        super()._restore_fitted(values)
        self.structure_ = parse_structure(self.structure, self.n_codes, self.code_names)
        self.label_map_ = np.asarray(values["label_map"], dtype=np.int64)
        self.label_purity_ = np.asarray(values["label_purity"])
        self._rows = None
