"""What the oversamplers of this library share: they train once and resample as often as wanted."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import ArrayLike
from sklearn.preprocessing import label_binarize
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from equipoise.base import DeepEstimator
from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, counted
from equipoise.inputs import (
    as_array,
    check_one_label_per_row,
    check_resampled_labels,
    check_rows,
)
from equipoise.metrics import nearest_rows
from equipoise.parameters import SAMPLING_STRATEGY, Constraint
from equipoise.polars import as_given, as_pandas
from equipoise.preprocessing import decode_in_blocks
from equipoise.preprocessing.dtypes import rounded
from equipoise.preprocessing.names import check_names, plain_names
from equipoise.sequences import Concatenation, RowSequence, select
from equipoise.training import FitContext


class DeepOverSampler(DeepEstimator, BaseOverSampler):
    """Template of a generative oversampler for images and tables.

    A subclass implements ``_build``, ``_plan`` and either ``_synthesise`` or ``_draw_class``.
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepEstimator._constraints,
        "sampling_strategy": SAMPLING_STRATEGY,
    }

    # Fitted attributes that a resampling sets.
    _set_by_resampling: ClassVar[tuple[str, ...]] = ("sampling_strategy_", "synthetic_mask_")

    def _synthesise(self, number: int, n: int, generator: torch.Generator) -> Tensor:
        """Generate ``n`` encoded rows of the class with this index."""
        raise NotImplementedError

    # Training -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> Self:
        """Train the generator on images or rows of a table, once for all resampling.

        Parameters
        ----------
        X : array-like
            Images ``(n, height, width)`` or ``(n, height, width, channels)``, flat images
            ``(n, n_values)`` with ``image_shape``, or a table ``(n, n_features)``, whose
            columns may be of any kind in a DataFrame.
            Never modified. Images may be a lazy sequence (see the user guide) or a memory map, and
            are never all in memory then.
        y : array-like of shape (n,)
            Class labels, at least two classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        TrainingDivergedError
            If the loss becomes NaN or infinite.
        """
        labels, _ = _checked_labels(as_pandas(y))
        self._fit(as_pandas(X), labels)
        return self

    def _check_before_training(self, fit: FitContext) -> dict[str, Any]:
        # Every sampler's fit counts what it would generate.
        return {"sampling_strategy_": self._count_missing_rows(fit.classes[fit.target])}

    def _count_missing_rows(self, labels: np.ndarray) -> dict[Any, int]:
        """Number of rows of every class that ``sampling_strategy`` asks for."""
        strategy = check_sampling_strategy(self.sampling_strategy, labels, "over-sampling")
        return with_python_types(strategy)

    # Resampling -----------------------------------------------------------------------------

    def fit_resample(self, X: Any, y: Any, groups: ArrayLike | None = None) -> tuple[Any, Any]:
        """Train, then append synthetic rows.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.
        y : array-like of shape (n,)
            Class labels, at least two classes.
        groups : array-like of shape (n,), default=None
            Labels of rows that belong together, such as the patient; see :meth:`resample`.

        Returns
        -------
        X_resampled, y_resampled
            The original rows, unchanged and first, then the synthetic rows, in the containers and
            dtypes of ``X`` and ``y``; ``synthetic_mask_`` tells them apart. For a lazy ``X``, a
            lazy sequence, in which the original rows stay where they are.

        Raises
        ------
        ValueError
            If parameters, data or groups are invalid; it is raised before any training.
        TrainingDivergedError
            If the loss becomes NaN or infinite.
        """
        if groups is not None:
            groups = self._check_groups(groups, y)
        table, y_table = as_pandas(X), as_pandas(y)
        labels, is_one_hot = _checked_labels(y_table)
        fit = self._fit(table, labels)
        strategy = self.sampling_strategy_
        X_new, y_new = self._resample(table, labels, fit.rows, strategy, groups)
        return _like_given(X_new, y_new, (table, y_table), (X, y), is_one_hot)

    def resample(
        self,
        X: Any,
        y: Any,
        sampling_strategy: Any = None,
        groups: ArrayLike | None = None,
    ) -> tuple[Any, Any]:
        """Append synthetic rows from the fitted generator, without training.

        Parameters
        ----------
        X : array-like
            Rows of the shape and scale of the fit. They may be other rows than those of the fit.
        y : array-like of shape (n,)
            Class labels that occurred in the fit.
        sampling_strategy : float, str, dict or callable, default=None
            Strategy for this resampling; None takes the estimator's own.
        groups : array-like of shape (n,), default=None
            Labels of rows that belong together, such as the patient. A synthetic row joins the
            group of the nearest row of its class in ``X``, so that a splitter that uses
            ``groups_`` keeps near copies on one side. The generator has learnt from all groups
            nevertheless: to evaluate without any leak, resample within every fold.

        Returns
        -------
        X_resampled, y_resampled
            As from :meth:`fit_resample`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If the strategy is impossible, the rows are unlike those of the fit, or there is not
            one group per row.
        """
        check_is_fitted(self)
        if groups is not None:
            groups = self._check_groups(groups, y)
        table, y_table = as_pandas(X), as_pandas(y)
        labels, is_one_hot = _checked_labels(y_table)
        rows = self._rows_like_fit(table)
        check_one_label_per_row(len(rows), len(labels))
        self._class_index(labels)  # a class that the fit did not see cannot be resampled
        worker = copy.copy(self)
        if sampling_strategy is not None:
            worker.sampling_strategy = sampling_strategy
        strategy = worker._count_missing_rows(labels)
        X_new, y_new = self._resample(table, labels, rows, strategy, groups)
        return _like_given(X_new, y_new, (table, y_table), (X, y), is_one_hot)

    def _resample(
        self,
        X: Any,
        labels: np.ndarray,
        rows: Any,
        strategy: dict[Any, int],
        groups: np.ndarray | None,
    ) -> tuple[Rows, np.ndarray]:
        """Append synthetic rows to validated ones, and set the attributes of a resampling.

        ``rows`` are the rows of ``X`` as the codec holds them.
        """
        # The originals are returned as they came, not as float64.
        given = X if isinstance(X, pd.DataFrame) else as_array(X)
        is_kept = isinstance(X, pd.DataFrame) or given.dtype.kind in "biufOmM"
        worker = copy.copy(self)  # a resampling that fails leaves this estimator as it was
        worker.sampling_strategy_ = strategy
        X_new, y_new = worker._fit_resample(given if is_kept else np.asarray(rows), labels, rows)
        new_groups = None
        if groups is not None:
            new_groups = self._extended_groups(X_new, y_new, rows, groups)
        for name in self._set_by_resampling:
            setattr(self, name, getattr(worker, name))
        self.groups_: np.ndarray | None = new_groups
        return X_new, y_new

    def _fit_resample(self, X: Any, y: np.ndarray, rows: Any) -> tuple[Any, np.ndarray]:
        """Draw what ``sampling_strategy_`` asks for, with the noise of ``random_state``.

        The method is abstract in imbalanced-learn, which chose its name.
        """
        generator = self._generator(None)
        parts, labels = [X], [y]
        for label, n in self.sampling_strategy_.items():
            if n == 0:
                continue
            drawn = self._draw_class(label, n, select(rows, y == label), generator)
            parts.append(like(drawn, X))
            labels.append(np.full(len(drawn), label, dtype=y.dtype))
        self.synthetic_mask_ = np.arange(sum(map(len, parts))) >= len(X)
        return concatenate(parts), np.concatenate(labels)

    def _draw_class(self, label: Any, n: int, real: Any, generator: torch.Generator) -> Rows:
        """Draw ``n`` synthetic rows of a class.

        ``real`` are the rows of the class in what is resampled, as the codec holds them.
        """
        number = int(self._class_index([label])[0])

        def synthesised(part: slice) -> Tensor:
            return self._synthesise(number, part.stop - part.start, generator)

        return decode_in_blocks(self._codec, n, synthesised)

    def _check_groups(self, groups: ArrayLike, y: Any) -> np.ndarray:
        values = np.asarray(groups)
        if values.shape != np.shape(y)[:1]:
            raise InvalidInputError(
                f"groups has shape {values.shape}, but y has {counted(len(y), 'label')}. Pass one "
                "group per row."
            )
        return values

    def _extended_groups(
        self, X_new: Any, labels: np.ndarray, rows: Any, groups: np.ndarray
    ) -> np.ndarray:
        """Groups of the resampled rows; a synthetic one joins its nearest real row of the class."""
        n = len(groups)
        if len(X_new) == n:
            return groups.copy()
        synthetic = self._codec.rows(check_rows(self, X_new[n:], reset=False))
        result = np.concatenate([groups, np.empty(len(synthetic), dtype=groups.dtype)])
        for label in np.unique(labels[n:]):
            real = np.flatnonzero(labels[:n] == label)
            new = np.flatnonzero(labels[n:] == label)
            nearest, _ = self._nearest(self._encoded(synthetic[new]), select(rows, real))
            result[n + new] = groups[real[nearest]]
        return result

    def _nearest(self, encoded: np.ndarray, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Position and distance of the nearest row, as the codec holds them, of encoded rows."""
        position, distance = np.zeros(len(encoded), dtype=np.int64), np.full(len(encoded), np.inf)
        start = 0
        for block in RowSequence(rows).blocks():
            found, far = nearest_rows(encoded, self._encoded(block))
            closer = far < distance
            position[closer], distance[closer] = start + found[closer], far[closer]
            start += len(block)
        return position, distance

    # Saving ---------------------------------------------------------------------------------

    def _fitted_to_save(self) -> dict[str, Any]:
        counts = list(getattr(self, "sampling_strategy_", {}).items())
        return {**super()._fitted_to_save(), "sampling_strategy": counts}

    def _restore_fitted(self, values: Mapping[str, Any]) -> None:
        super()._restore_fitted(values)
        self.sampling_strategy_ = dict(values["sampling_strategy"])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _checked_labels(y: Any) -> tuple[np.ndarray, bool]:
    """Labels of shape (n,), and whether they were one-hot encoded.

    Raises
    ------
    ValueError
        If there are missing labels, or imbalanced-learn does not support their type.
    """
    check_resampled_labels(y)
    labels, is_one_hot = check_target_type(y, indicate_one_vs_all=True)
    return np.asarray(labels), is_one_hot


def _like_given(
    X_new: Rows,
    y_new: np.ndarray,
    pandas: tuple[Any, Any],
    given: tuple[Any, Any],
    is_one_hot: bool,
) -> tuple[Any, Any]:
    """Resampled rows and labels in the containers that the user passed."""
    labels = label_binarize(y_new, classes=np.unique(y_new)) if is_one_hot else y_new
    X_new, labels = _in_container(X_new, pandas[0]), _in_container(labels, pandas[1])
    return as_given(X_new, given[0]), as_given(labels, given[1])


def _in_container(values: Any, given: Any) -> Any:
    """Values as a list, Series or DataFrame where ``given`` is one, in its dtypes."""
    if isinstance(given, list):
        return values.tolist()
    if isinstance(given, pd.Series):
        return pd.Series(values, dtype=given.dtype, name=given.name)
    if isinstance(given, pd.DataFrame):
        return pd.DataFrame(values).set_axis(given.columns, axis=1).astype(given.dtypes)
    return values


def with_python_types(strategy: Mapping[Any, int]) -> dict[Any, int]:
    """A sampling strategy with labels and counts of Python's own types."""

    def plain(label: Any) -> Any:
        is_time = isinstance(label, (np.datetime64, np.timedelta64))  # item() may be a number
        return label.item() if isinstance(label, np.generic) and not is_time else label

    return {plain(label): int(n) for label, n in strategy.items()}


def like(rows: Any, X: Any) -> Any:
    """Rows in the container and dtypes of ``X``, which holds rows of the same columns.

    Raises
    ------
    InvalidInputError
        If the rows have other columns than ``X``, or a dtype of ``X`` does not have a value of
        them: a category, or a missing value among integers.
    """
    if isinstance(X, pd.DataFrame):
        if isinstance(rows, pd.DataFrame):
            check_names(X, plain_names(rows.columns))
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
        columns = {
            i: _as_dtype(frame.iloc[:, i], dtype, name)
            for i, (name, dtype) in enumerate(X.dtypes.items())
        }
        return pd.DataFrame(columns).set_axis(X.columns, axis=1)
    values = np.asarray(rows)
    if X.dtype.kind in "biu" and values.dtype.kind == "f":
        if np.isnan(values).any():
            raise InvalidInputError(
                f"X has dtype {X.dtype}, but the generator was fitted on rows with missing values "
                "and draws NaN. Pass X as float64."
            )
        values = rounded(values, X.dtype)
    return values.astype(X.dtype, copy=False)


def _as_dtype(column: pd.Series, dtype: Any, name: Any) -> pd.Series:
    if column.dtype == dtype:
        return column
    missing = column.isna()
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and missing.any():
        raise InvalidInputError(
            f"Column {name!r} of X has dtype {dtype}, but it had missing values in fit and the "
            "synthetic rows have some, too. Pass it in the dtype of the fit."
        )
    if pd.api.types.is_float_dtype(column.dtype):
        if isinstance(dtype, np.dtype) and dtype.kind in "biu":
            column = pd.Series(rounded(column.to_numpy(dtype=float), dtype), column.index)
        elif pd.api.types.is_integer_dtype(dtype):
            column = column.round()
    try:
        result = column.astype(dtype)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"Column {name!r} of X has dtype {dtype}, but it had {column.dtype} in fit. Pass it in "
            "the dtype of the fit."
        ) from None
    if (lost := result.isna() & ~missing).any():
        raise InvalidInputError(
            f"Column {name!r} of X is categorical without {column[lost].unique().tolist()}, which "
            "it had in fit. Pass it with the categories of the fit."
        )
    return result


def concatenate(parts: list[Any]) -> Any:
    """Concatenate the rows of arrays or DataFrames, or of a RowSequence and arrays."""
    if isinstance(parts[0], RowSequence):
        if len(parts) == 1:
            return parts[0]
        new = RowSequence(np.concatenate(parts[1:]))
        return RowSequence(Concatenation(parts[0], new))
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)
