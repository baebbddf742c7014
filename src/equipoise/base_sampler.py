"""What every oversampler of this library adds to the template: train once, resample often."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from equipoise.base import DeepEstimator
from equipoise.errors import InvalidInputError
from equipoise.inputs import as_array, check_resampled_labels
from equipoise.metrics import nearest_rows
from equipoise.parameters import Constraint, Instance
from equipoise.polars import as_given, as_pandas
from equipoise.preprocessing.dtypes import rounded


class DeepOverSampler(DeepEstimator, BaseOverSampler):
    """Template of a generative oversampler for images and tables.

    A subclass writes ``_build``, ``_plan`` and ``_synthesise``.
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepEstimator._constraints,
        "sampling_strategy": [Instance((object,), "what imbalanced-learn understands")],
    }

    # Fitted attributes that a resampling sets.
    _resampled: ClassVar[tuple[str, ...]] = ("sampling_strategy_", "synthetic_mask_")

    def _synthesise(self, number: int, n: int, generator: torch.Generator) -> Tensor:
        """``n`` encoded rows of the class with this number."""
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
            Never modified.
        y : array-like of shape (n,)
            Class labels, at least two classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Impossible parameters or data, before any training.
        TrainingDivergedError
            The loss became NaN or infinite.
        """
        check_resampled_labels(as_pandas(y))
        labels, _ = check_target_type(as_pandas(y), indicate_one_vs_all=True)
        return self._fit_or_restore(X, labels)

    def _check_before_training(self, target: np.ndarray) -> None:
        # Every sampler's fit counts what it would generate.
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, self.classes_[target], "over-sampling"
        )

    # Resampling -----------------------------------------------------------------------------

    def fit_resample(self, X: Any, y: Any, groups: Any = None) -> tuple[Any, Any]:
        """Train, then append synthetic rows.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.
        y : array-like of shape (n,)
        groups : array-like of shape (n,), default=None
            What rows belong together, such as the patient; see :meth:`resample`.

        Returns
        -------
        X_resampled, y_resampled
            The originals, untouched and first, then the synthetic rows, in the containers and
            dtypes of ``X`` and ``y``; ``synthetic_mask_`` tells them apart.

        Raises
        ------
        ValueError
            Impossible parameters, data or groups, before any training.
        TrainingDivergedError
            The loss became NaN or infinite.
        """
        if groups is not None:
            self._check_groups(groups, y)  # before a training
        return self.fit(X, y).resample(X, y, groups=groups)

    def resample(
        self, X: Any, y: Any, sampling_strategy: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Append synthetic rows from the generator as it is, without training.

        Parameters
        ----------
        X : array-like
            Rows of the shape and scale of the fit; need not be the same rows.
        y : array-like of shape (n,)
            Labels known from the fit.
        sampling_strategy : float, str, dict or callable, default=None
            Other than the estimator's own.
        groups : array-like of shape (n,), default=None
            What rows belong together, such as the patient. A synthetic row joins the group of
            the nearest row of its class in ``X``, so that a splitter by ``groups_`` keeps near
            copies on one side. The generator has learnt from all groups all the same: to score
            without any leak, resample within every fold.

        Returns
        -------
        X_resampled, y_resampled
            As from :meth:`fit_resample`.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            An impossible strategy, rows unlike those of the fit, or other groups than one per row.
        """
        check_is_fitted(self)
        check_resampled_labels(as_pandas(y))
        if groups is not None:
            groups = self._check_groups(groups, y)
        worker = self._with_strategy(sampling_strategy)
        # Not super(): fit_resample of this class trains.
        X_new, y_new = BaseOverSampler.fit_resample(worker, as_pandas(X), as_pandas(y))
        for name in self._resampled:
            setattr(self, name, getattr(worker, name))
        self.groups_ = None if groups is None else self._groups_of(X_new, y_new, groups)
        return as_given(X_new, X), as_given(y_new, y)

    def _check_groups(self, groups: Any, y: Any) -> np.ndarray:
        values = np.asarray(groups)
        if values.shape != np.shape(y)[:1]:
            raise InvalidInputError(
                f"groups has shape {values.shape}, but y has {len(y)} labels. Pass one group per "
                "row."
            )
        return values

    def _groups_of(self, X_new: Any, y_new: Any, groups: np.ndarray) -> np.ndarray:
        """Groups of the resampled rows, by the nearest real row of the class."""
        labels, n = np.asarray(check_target_type(y_new)), len(groups)
        rows = self._flat(X_new)
        result = np.concatenate([groups, np.empty(len(rows) - n, dtype=groups.dtype)])
        for label in np.unique(labels[n:]):
            real = np.flatnonzero(labels[:n] == label)
            made = n + np.flatnonzero(labels[n:] == label)
            result[made] = groups[real[nearest_rows(rows[made], rows[real])[0]]]
        return result

    def _with_strategy(self, sampling_strategy: Any) -> Self:
        worker = copy.copy(self)
        if sampling_strategy is not None:
            worker.sampling_strategy = sampling_strategy
        return worker

    def _check_X_y(  # noqa: N802 (imbalanced-learn's name)
        self, X: Any, y: Any, accept_sparse: Any = None
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """Called by imbalanced-learn before ``_fit_resample``."""
        labels, is_one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        rows = self._rows_like_fit(X)
        if len(labels) != len(rows):
            raise InvalidInputError(
                f"X has {len(rows)} rows but y has {len(labels)} labels. Pass one label per row."
            )
        self._class_index(labels)  # a class that the fit did not see cannot be resampled
        # The originals go back as they came, not as float64.
        given = X if isinstance(X, pd.DataFrame) else as_array(X)
        is_kept = isinstance(X, pd.DataFrame) or given.dtype.kind in "biufOmM"
        return (given if is_kept else rows), np.asarray(labels), is_one_vs_all

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        """Draw what ``sampling_strategy_`` asks for; the noise is that of ``random_state``."""
        generator = self._generator(None)
        parts, labels = [X], [y]
        self.sampling_strategy_ = plain_strategy(self.sampling_strategy_)
        for label, n in self.sampling_strategy_.items():
            if n == 0:
                continue
            rows = self._rows_of_class(label, n, X[y == label], generator)
            parts.append(like(rows, X))
            labels.append(np.full(len(rows), label, dtype=y.dtype))
        self.synthetic_mask_ = np.arange(sum(map(len, parts))) >= len(X)
        return joined(parts), np.concatenate(labels)

    def _rows_of_class(self, label: Any, n: int, real: Any, generator: torch.Generator) -> Any:
        """``n`` synthetic rows of a class that has the rows ``real`` in what is resampled."""
        number = int(self._class_index([label])[0])
        return self._codec.decode(self._synthesise(number, n, generator))

    # Saving ---------------------------------------------------------------------------------

    def _fitted_to_save(self) -> dict[str, Any]:
        counts = list(getattr(self, "sampling_strategy_", {}).items())
        return {**super()._fitted_to_save(), "sampling_strategy": counts}

    def _restore_fitted(self, values: dict[str, Any]) -> None:
        super()._restore_fitted(values)
        self.sampling_strategy_ = dict(values["sampling_strategy"])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def plain_strategy(strategy: dict[Any, int]) -> dict[Any, int]:
    """The same with labels and counts of Python's own types."""

    def plain(label: Any) -> Any:
        is_time = isinstance(label, (np.datetime64, np.timedelta64))  # item() may be a number
        return label.item() if isinstance(label, np.generic) and not is_time else label

    return {plain(label): int(n) for label, n in strategy.items()}


def like(rows: Any, X: Any) -> Any:
    """Rows in the container and dtypes of ``X``, which holds rows of the same columns.

    Raises
    ------
    InvalidInputError
        A value that a dtype of ``X`` does not have: a category, or a gap among integers.
    """
    if isinstance(X, pd.DataFrame):
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
                f"X has dtype {X.dtype}, but the generator was fitted on rows with gaps and draws "
                "NaN. Pass X as float64."
            )
        values = rounded(values, X.dtype)
    return values.astype(X.dtype, copy=False)


def _as_dtype(column: pd.Series, dtype: Any, name: Any) -> pd.Series:
    if column.dtype == dtype:
        return column
    missing = column.isna()
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and missing.any():
        raise InvalidInputError(
            f"Column {name!r} of X has dtype {dtype}, but it had gaps in fit and gets new ones. "
            "Pass it in the dtype of the fit."
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
            f"Column {name!r} of X has dtype {dtype}, but {column.dtype} in fit. Pass it in the "
            "dtype of the fit."
        ) from None
    if (lost := result.isna() & ~missing).any():
        raise InvalidInputError(
            f"Column {name!r} of X is categorical without {column[lost].unique().tolist()}, which "
            "it had in fit. Pass it with the categories of the fit."
        )
    return result


def joined(parts: list[Any]) -> Any:
    """Arrays or DataFrames below each other."""
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)
