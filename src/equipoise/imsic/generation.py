"""Drawing rows from IMSIC's trained generator, and inferring codes with its discriminator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from equipoise.columns import Rows
from equipoise.errors import InvalidParameterError
from equipoise.imsic.network import IMSICNetwork
from equipoise.imsic.sampling import draw_codes, generate, infer_category_and_codes
from equipoise.imsic.structure import Structure
from equipoise.inputs import RandomState
from equipoise.parameters import Number
from equipoise.preprocessing import Codec, EncodedRows, TableCodec, decode_in_blocks
from equipoise.sequences import select
from equipoise.training.blockwise import evaluate_blockwise
from equipoise.training.precision import resolve_device

MOST_REDRAWS = 10  # of a row that breaks an ordering of columns, which is mended then


class Generation:
    """Mixin of :class:`equipoise.IMSIC`: what its trained networks compute."""

    # Provided by the sampler that this class is mixed into.
    device: str
    structure_: Structure
    classes_: np.ndarray
    class_counts_: np.ndarray
    label_map_: np.ndarray
    network_: IMSICNetwork
    min_class_size: int
    _rows: Any
    _target: np.ndarray
    _codec: Codec
    _class_index: Callable[[Any], np.ndarray]
    _requested_classes: Callable[[int, Any], np.ndarray]
    _generator: Callable[[RandomState], torch.Generator]
    _rows_like_fit: Callable[[Any], np.ndarray]

    def sample(
        self,
        n: int,
        y: Any = None,
        codes: Mapping[str | int, ArrayLike] | None = None,
        noise_scale: float = 1.0,
        random_state: RandomState = None,
        *,
        return_labels: bool = False,
    ) -> Any:
        """Generate rows.

        The row of a class that has a single one is repeated with a warning, unless
        ``min_class_size=1``.

        Parameters
        ----------
        n : int
            Number of rows for every label in ``y``.
        y : label or array-like of labels, default=None
            Class or classes to sample; None for every class in the order of ``classes_``.
        codes : dict, default=None
            Maps the name or number of a code to its value: one for all rows, or an array with one
            per row. The values in training were in [−1, 1]. The other codes are drawn from
            U(−1, 1).
        noise_scale : float, default=1
            Standard deviation of the noise; below 1 rows are more typical and less varied.
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

        Raises
        ------
        NotFittedError
            If the sampler is not fitted.
        InvalidParameterError
            If ``n``, ``codes`` or ``noise_scale`` is invalid.
        InvalidInputError
            If a class did not occur in the fit.
        """
        classes = self._requested_classes(n, y)
        if not Number(0).accepts(noise_scale):
            raise InvalidParameterError(
                f"noise_scale={noise_scale!r} must be a number of at least 0."
            )
        generator = self._generator(random_state)
        noise, values = self._draw_inputs(len(classes), codes, noise_scale, generator)
        alone = self._single_rows(classes)

        def generated(part: slice) -> Tensor:
            def again(broken: np.ndarray) -> Tensor:
                others = noise_scale * torch.randn(len(broken), noise.shape[1], generator=generator)
                return self._generate(others, classes[part][broken], values[part][broken])

            x = self._in_order(self._generate(noise[part], classes[part], values[part]), again)
            for number, row in alone.items():
                x[torch.from_numpy(classes[part] == number)] = row.to(x)
            return x

        rows = decode_in_blocks(self._codec, len(classes), generated)
        return (rows, self.classes_[classes]) if return_labels else rows

    def encode(self, X: Any) -> np.ndarray:
        """Infer the codes of rows, real or synthetic, with the discriminator.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_codes), float32
            The inferred codes. Their scale is that of the codes only up to a factor and a shift.
        """
        inputs = EncodedRows(self._codec, self._rows_like_fit(X))
        network = self.network_.to(resolve_device(self.device))
        return evaluate_blockwise(
            network.discriminator, inputs, lambda d, x: infer_category_and_codes(d, x)[1]
        ).astype(np.float32)

    def class_confidence(self, X: Any, y: Any) -> np.ndarray:
        """How sure the category head is that rows belong to their classes.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`, real or synthetic.
        y : array-like of shape (n,)
            Their classes, or those that they are meant to belong to.

        Returns
        -------
        ndarray of shape (n,)
            Probabilities. The category head is part of the sampler and no independent judge.
        """
        return self._confidence(X, self._class_index(np.asarray(y)))

    def _confidence(self, X: Any, classes: np.ndarray) -> np.ndarray:
        """Probability of the class of every row, by its index, according to the category head."""
        inputs = EncodedRows(self._codec, self._rows_like_fit(X))
        network = self.network_.to(resolve_device(self.device))
        log_probability = evaluate_blockwise(
            network.discriminator, inputs, lambda d, x: infer_category_and_codes(d, x)[0]
        )
        return np.exp(log_probability[np.arange(len(classes)), self.label_map_[classes]])

    def _draw_inputs(
        self,
        n: int,
        codes: Mapping[str | int, ArrayLike] | None,
        noise_scale: float,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Draw noise (n, noise_size) and codes (n, n_codes) for the generator."""
        size = self.network_.generator.noise_size
        noise = noise_scale * torch.randn(n, size, generator=generator)
        return noise, draw_codes(n, self.structure_.names, codes, generator)

    def _generate(self, noise: Tensor, classes: np.ndarray, codes: Tensor) -> Tensor:
        """Generate encoded rows of the classes with these indices."""
        category = torch.from_numpy(self.label_map_[classes])
        return generate(self.network_.cpu(), noise, category, codes)

    def _in_order(self, x: Tensor, again: Callable[[np.ndarray], Tensor]) -> Tensor:
        """Encoded rows, with those drawn anew in which a column is above one that it never is."""
        x = x.clone()  # no inference tensor, which cannot change
        if isinstance(self._codec, TableCodec):
            for _ in range(MOST_REDRAWS):
                broken = self._codec.breaks_ordering(x).nonzero()[0]
                if not len(broken):
                    break
                x[broken] = again(broken)
        return x

    def _single_rows(self, classes: np.ndarray) -> dict[int, Tensor]:
        """The encoded row of each of these classes that has a single one, with a warning.

        A loaded sampler knows them only after :meth:`remember`.
        """
        found: dict[int, Tensor] = {}
        for number in np.unique(classes).tolist():
            if self.class_counts_[number] != 1 or self.min_class_size == 1:
                continue
            known = self._rows is not None
            made = "repeated" if known else "generated, because remember() has not given the row"
            warnings.warn(
                f"Class {self.classes_.tolist()[number]!r} has a single row, which says nothing of "
                f"how its rows vary: it is {made}. With min_class_size=1 rows are generated.",
                stacklevel=3,
            )
            if known:
                rows = select(self._rows, np.flatnonzero(self._target == number))
                found[number] = self._codec.encode(rows)[0]
        return found

    def _generate_rows(self, noise: Tensor, classes: np.ndarray, codes: Tensor) -> Rows:
        """Generate rows in the user's container."""

        def generated(part: slice) -> Tensor:
            return self._generate(noise[part], classes[part], codes[part])

        return decode_in_blocks(self._codec, len(classes), generated)
