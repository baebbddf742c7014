"""Steering IMSIC by its codes: see what they do, name them, and check their structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.imsic.profiles import column_profiles
from equipoise.imsic.sampling import code_number
from equipoise.imsic.structure import (
    Structure,
    StructureReport,
    parse_structure,
    structure_report,
)
from equipoise.inputs import RandomState
from equipoise.preprocessing import TableCodec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STARTING_POINTS = 200  # for the profiles of a table


class Steering:
    """Mixin of :class:`equipoise.IMSIC`: what a person does with its codes."""

    # Provided by the sampler that this class is mixed into.
    classes_: np.ndarray
    structure_: Structure
    encode: Callable[[Any], np.ndarray]
    _codec: Any
    _check_n: Callable[..., None]
    _class_index: Callable[[Any], np.ndarray]
    _generator: Callable[[RandomState], torch.Generator]
    _draw_inputs: Callable[..., tuple[Tensor, Tensor]]
    _generate_rows: Callable[[Tensor, np.ndarray, Tensor], Rows]
    _rows_like_fit: Callable[[Any], np.ndarray]
    _own_rows: Callable[[], np.ndarray]
    _as_images: Callable[[np.ndarray], np.ndarray]

    def traverse(
        self,
        y: Any,
        code: Any,
        values: Sequence[float],
        *,
        n: int = 1,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Generate rows that differ in one code only.

        Parameters
        ----------
        y : label
            Class of the rows.
        code : str or int
            Name or number of the code to vary.
        values : sequence of float
            Values of the code; those in training were in [−1, 1].
        n : int, default=1
            Number of starting points, each with its own noise and other codes.
        random_state : int, RandomState or None, default=None
            Source of the noise; None takes the estimator's own ``random_state``.

        Returns
        -------
        ndarray of shape (n, len(values), ...)
            One row of the training data's shape, dtype and range per value.
        """
        check_is_fitted(self)
        rows = np.asarray(self._traversed(y, code, values, n, random_state))
        return rows.reshape(n, -1, *rows.shape[1:])

    def _traversed(
        self, y: Any, code: Any, values: Sequence[float], n: int, random_state: RandomState
    ) -> Any:
        """Generate the same rows in the user's container, grouped by starting point."""
        number = code_number(code, self.structure_.names)
        if np.ndim(y):
            raise InvalidParameterError(
                f"y={y!r} must be one label. Call the method once per class."
            )
        self._check_n(n)
        points = np.asarray(values, dtype=np.float64).ravel()
        if not len(points) or not np.isfinite(points).all():
            raise InvalidParameterError(f"values={values!r} must be one or more finite numbers.")
        noise, codes = self._draw_inputs(n, None, 1.0, self._generator(random_state))
        noise = noise.repeat_interleave(len(points), 0)
        codes = codes.repeat_interleave(len(points), 0)
        codes[:, number] = codes.new_tensor(np.tile(points, n))
        return self._generate_rows(noise, np.repeat(self._class_index([y]), len(codes)), codes)

    def plot_traversals(
        self,
        codes: Sequence[Any] | None = None,
        values: Sequence[float] = (-1, -0.67, -0.33, 0, 0.33, 0.67, 1),
        *,
        random_state: Any = None,
    ) -> np.ndarray:
        """What every code does to the rows of every class.

        Of images a panel per code, with one row per class and one column per value. Of a table
        the columns that move most, as means (or the share of a category) over 200 starting
        points. All classes and codes start from the same noise and codes, so that what differs
        within a row is the code's doing.

        Parameters
        ----------
        codes : list of str or int, default=None
            Codes to vary; None for all.
        values : sequence of float
        random_state : int, RandomState or None, default=None

        Returns
        -------
        ndarray of matplotlib.axes.Axes
            Of images one for each code; of a table of shape (n_columns, n_codes).
        """
        from equipoise.report.plots import plot_profiles, plot_traversals

        check_is_fitted(self)
        names = self.structure_.names
        chosen = range(len(names)) if codes is None else [code_number(c, names) for c in codes]
        seed = self._generator(random_state).initial_seed()  # one for all, also without a seed
        if isinstance(self._codec, TableCodec):
            return plot_profiles(
                self.code_profiles(codes, values, random_state=random_state),
                values,
                code_names=[names[j] for j in chosen],
                class_names=[str(c) for c in self.classes_],
            )
        tiles = {
            names[j]: np.concatenate(
                [self.traverse(y, j, values, random_state=seed) for y in self.classes_]
            )
            for j in chosen
        }
        return plot_traversals(
            {name: self._as_images(rows) for name, rows in tiles.items()},
            values,
            class_names=[str(c) for c in self.classes_],
            value_range=(self._codec.low, self._codec.high),
        )

    def code_profiles(
        self,
        codes: Sequence[Any] | None = None,
        values: Sequence[float] = (-1, -0.67, -0.33, 0, 0.33, 0.67, 1),
        *,
        random_state: RandomState = None,
    ) -> dict[str, np.ndarray]:
        """How the columns of a table change with each code, class by class.

        Parameters
        ----------
        codes : list of str or int, default=None
            Codes to vary; None for all.
        values : sequence of float
        random_state : int, RandomState or None, default=None

        Returns
        -------
        dict of str to ndarray of shape (n_codes, n_classes, n_values)
            Means of the columns that change most, or shares of a category, over 200 starting
            points that are the same for all codes and classes; largest change first.
        """
        check_is_fitted(self)
        if not isinstance(self._codec, TableCodec):
            raise InvalidInputError(
                "code_profiles describes the columns of a table, but this sampler was fitted on "
                "images. Use traverse() or plot_traversals()."
            )
        names = self.structure_.names
        chosen = range(len(names)) if codes is None else [code_number(c, names) for c in codes]
        seed = self._generator(random_state).initial_seed()
        rows = [
            self._rows_like_fit(self._traversed(y, j, values, STARTING_POINTS, seed))
            for j in chosen
            for y in self.classes_
        ]
        shape = (len(chosen), len(self.classes_), STARTING_POINTS, len(values), -1)
        return column_profiles(self._codec, np.stack(rows).reshape(shape), self._own_rows())

    def rename_codes(self, names: Sequence[str] | dict[Any, str]) -> Self:
        """Name the codes after what they turned out to do.

        Parameters
        ----------
        names : list of str, or dict
            All names, or ``{old name or number: new name}``.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        old = list(self.structure_.names)
        if isinstance(names, dict):
            renamed = old.copy()
            for code, name in names.items():
                renamed[code_number(code, tuple(old))] = name
        else:
            renamed = list(names)
        strings = all(isinstance(name, str) and name for name in renamed)
        if len(renamed) != len(old) or not strings or len(set(renamed)) != len(old):
            raise InvalidParameterError(
                f"names={names!r} must give {len(old)} different non-empty names, one for each "
                f"of {', '.join(old)}."
            )
        self.structure_ = Structure(tuple(renamed), self.structure_.parents)
        return self

    def structure_report(
        self, n: int = 5000, *, structure: Any = None, random_state: RandomState = None
    ) -> StructureReport:
        """Measure how well generated rows follow the structure.

        Parameters
        ----------
        n : int, default=5000
            Number of rows to generate, equally many of every class.
        structure : str, dict, networkx.DiGraph or iterable of pairs, default=None
            Structure to compare with, in any form that the constructor accepts; None takes the one
            that the sampler was trained with.
        random_state : int, RandomState or None, default=None
            Source of the noise; None takes the estimator's own ``random_state``.

        Returns
        -------
        StructureReport
            How much of the variance of every code its inferred values explain, and the partial
            correlation of every pair of inferred codes, each with a verdict.
        """
        check_is_fitted(self)
        self._check_n(n, least=2)
        expected = self.structure_
        if structure is not None:
            expected = parse_structure(structure, len(expected.names), expected.names)
        noise, codes = self._draw_inputs(n, None, 1.0, self._generator(random_state))
        classes = np.arange(n) % len(self.classes_)
        inferred = self.encode(self._generate_rows(noise, classes, codes))
        return structure_report(expected, codes.numpy(), inferred)

    def plot_structure(self, n: int = 5000, *, ax: Axes | None = None) -> Axes:
        """The graph over the codes with what :meth:`structure_report` measured on it."""
        from equipoise.report.plots import plot_structure

        report = self.structure_report(n)
        names = self.structure_.names
        strengths = {
            (names.index(row.parent), names.index(row.child)): row.partial_correlation
            for row in report.pairs.itertuples()
        }
        return plot_structure(
            names,
            self.structure_.edges,
            strengths=strengths,
            recovery=report.recovery["r2"].to_dict(),
            ax=ax,
        )
