"""Checks of the data that a user hands to an estimator."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from equipoise.errors import InvalidInputError
from equipoise.polars import as_pandas
from equipoise.preprocessing import ImageCodec, TableCodec
from equipoise.preprocessing.dtypes import rounded

Rows = np.ndarray | pd.DataFrame
RandomState = int | np.random.RandomState | None

# Objects that make a column more than numbers; datetimes are dates.
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
NO_NUMBERS = (str, datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)


def as_array(rows: Any) -> np.ndarray:
    """Rows as an array; a list of rows keeps its numbers beside its words, as objects."""
    values = np.asarray(rows)
    if values.dtype.kind == "U" and not isinstance(rows, np.ndarray):
        values = np.asarray(rows, dtype=object)
    return values


def resampled_as_floats(sampler: Any, resample: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """``resample(X, y)``, with integers and bools as floats for a sampler of tables.

    Such samplers subtract rows from each other in their own dtype, where bytes wrap around. What
    comes back is rounded to the dtypes of ``X``.
    """
    is_frame = isinstance(X, pd.DataFrame)
    dtypes = X.dtypes if is_frame else [getattr(X, "dtype", None)]
    whole = [isinstance(dtype, np.dtype) and dtype.kind in "biu" for dtype in dtypes]
    if not any(whole) or get_tags(sampler).input_tags.three_d_array:
        return resample(X, y)
    if is_frame:
        names = X.columns[whole]
        X_more, y_more = resample(X.astype(dict.fromkeys(names, np.float64)), y)
        for name in names:
            X_more[name] = rounded(X_more[name].to_numpy(), X.dtypes[name])
        return X_more, y_more
    X_more, y_more = resample(X.astype(np.float32 if X.dtype.itemsize == 1 else np.float64), y)
    return rounded(X_more, X.dtype), y_more


def check_rows(estimator: Any, X: Any, *, reset: bool) -> np.ndarray | pd.DataFrame:
    """Images, or the rows of a table; checked, and without a copy where none is needed.

    Parameters
    ----------
    estimator : object
        Gets ``n_features_in_`` (values per row) and ``feature_names_in_`` when ``reset``.
    X : array-like
    reset : bool
        True in ``fit``, False afterwards.

    Returns
    -------
    ndarray or DataFrame
        Images as they are; rows of numbers as float64; a DataFrame, or what holds strings, as a
        DataFrame, whose columns a :class:`~equipoise.preprocessing.TableCodec` checks.

    Raises
    ------
    ValueError
        Wrong dimensions, infinity, no rows, other columns than in ``fit``; NaN in images, or in
        a table if ``allow_missing=False``.
    """
    if isinstance(X, (list, tuple)):
        X = as_array(X)
    if isinstance(X, pd.DataFrame) and any(isinstance(t, pd.SparseDtype) for t in X.dtypes):
        X = _dense(X)  # the networks are dense anyway
    n_dimensions = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    if n_dimensions <= 2:
        if estimator.image_shape is not None:
            return validate_data(estimator, X, reset=reset, order="C", dtype="numeric")
        if _has_kinds(X):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            if not X.size:
                raise InvalidInputError(
                    f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) "
                    f"(shape={X.shape}) while a minimum of 1 is required."
                )
            return X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
        # One order of the values, so that a frame gives the same sums as an array.
        return validate_data(
            estimator,
            X,
            reset=reset,
            order="C",
            dtype=np.float64,
            ensure_all_finite="allow-nan",  # the codec refuses gaps, by the name of the column
        )
    if n_dimensions > 4:
        raise InvalidInputError(
            f"X has {n_dimensions} dimensions. Pass (n, n_features), (n, height, width) or "
            "(n, height, width, channels)."
        )
    rows = check_array(X, allow_nd=True, input_name="X", estimator=estimator)
    if reset:
        estimator.n_features_in_ = int(np.prod(rows.shape[1:]))
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    return rows


def adopt_features(estimator: Any, model: Any) -> None:
    """Give a meta-estimator what its fitted model knows of the columns, and nothing older."""
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
        if hasattr(model, name):
            setattr(estimator, name, getattr(model, name))


def _dense(X: pd.DataFrame) -> pd.DataFrame:
    columns = (X.iloc[:, i] for i in range(X.shape[1]))
    dense = [c.sparse.to_dense() if isinstance(c.dtype, pd.SparseDtype) else c for c in columns]
    return pd.concat(dense, axis=1)


def _has_kinds(X: Any) -> bool:
    """Whether the columns of a table may be more than numbers."""
    if isinstance(X, pd.DataFrame):
        return True
    if not isinstance(X, np.ndarray) or X.ndim != 2:
        return False
    if X.dtype == object:
        return any(
            pd.api.types.infer_dtype(column, skipna=True) not in NUMBERS
            and any(isinstance(value, NO_NUMBERS) for value in column)
            for column in X.T
        )
    return X.dtype.kind in "mM"


def fit_codec(table: Any, original: Any, estimator: Any) -> ImageCodec | TableCodec:
    """Codec for what the checked rows are: images when they have a shape, otherwise a table."""
    if table.ndim > 2 or estimator.image_shape is not None:
        return ImageCodec.fit(table, estimator.image_shape)
    return TableCodec.fit(table, original, estimator.categorical_features, estimator.allow_missing)


def check_labels(y: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes, and for every row the index of its class.

    Raises
    ------
    ValueError
        Other than ``n`` labels, missing or continuous ones, or fewer than two classes.
    """
    if y is None:
        raise InvalidInputError(
            "fit requires y to be passed, but the target y is None. "
            "Pass one class label per row of X."
        )
    shape = np.asarray(y).shape
    if len(shape) == 2 and shape[1] > 1:
        raise InvalidInputError(
            f"Multilabel and multioutput targets are not supported: y has shape {shape}. "
            "Pass one class label per row."
        )
    labels = column_or_1d(as_pandas(y), warn=True)
    if not len(labels):
        raise InvalidInputError("y is empty. Pass one class label per row of X.")
    check_known(labels)
    if labels.dtype == object:
        if pd.api.types.infer_dtype(labels).startswith("mixed"):
            raise InvalidInputError(
                "y mixes labels of several types, such as numbers and strings. Use one type."
            )
        labels = pd.Series(labels).infer_objects().to_numpy()
    check_classification_targets(labels)
    if len(labels) != n:
        raise InvalidInputError(
            f"X has {n} rows but y has {len(labels)} labels. Pass one label per row."
        )
    classes, target = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise InvalidInputError(
            f"y contains only one class, {classes.tolist()[0]!r}. A classifier needs rows of at "
            "least two classes."
        )
    return classes, target.astype(np.int64)


def check_known(y: Any) -> None:
    """Refuse missing labels.

    Raises
    ------
    InvalidInputError
        There are some.
    """
    missing = 0 if y is None else int(np.asarray(pd.isna(y)).sum())
    if missing:
        raise InvalidInputError(
            f"y contains NaN or None: {missing} rows have no label. Leave them out of X and y."
        )


def check_resampled_labels(y: Any) -> None:
    """Refuse missing labels, and numbers as objects, which imbalanced-learn does not take.

    Raises
    ------
    InvalidInputError
        There are such.
    """
    check_known(y)
    if getattr(y, "dtype", None) == np.dtype(object):
        kind = pd.api.types.infer_dtype(y)
        if kind in ("integer", "floating", "boolean", "decimal"):
            raise InvalidInputError(
                f"Unknown label type: {kind} labels, but dtype object. Convert y, such as by "
                "y.astype(int)."
            )


def check_weights(
    sample_weight: Any, rows: Any, target: np.ndarray, classes: np.ndarray
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Rows, targets and weights of the rows whose weight is positive.

    Raises
    ------
    InvalidInputError
        Wrong length, negative weights, or a class without weight.
    """
    if sample_weight is None:
        return rows, target, None
    weights = check_array(
        np.atleast_1d(np.asarray(sample_weight)),
        ensure_2d=False,
        dtype=np.float64,
        input_name="sample_weight",
    )
    if weights.shape != (len(rows),):
        raise InvalidInputError(
            f"sample_weight has shape {weights.shape}, expected ({len(rows)},): one weight per row."
        )
    if (weights < 0).any():
        raise InvalidInputError(
            f"sample_weight contains {weights.min():g}. Weights must not be negative."
        )
    totals = np.bincount(target, weights, len(classes))
    if (totals == 0).any():
        raise InvalidInputError(
            f"sample_weight is zero for every row of class {classes.tolist()[totals.argmin()]!r}. "
            "Leave the class out of y, or give its rows weight."
        )
    kept = weights > 0
    if kept.all():
        return rows, target, weights
    return rows[kept], target[kept], weights[kept]


def stratified_holdout(
    target: np.ndarray, fraction: float, seed: int, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a training and a validation part, each with at least one row of every class.

    Raises
    ------
    InvalidInputError
        A class has a single row.
    """
    generator = np.random.default_rng(seed)
    held_out = []
    for c, label in enumerate(classes.tolist()):
        members = generator.permutation(np.flatnonzero(target == c))
        if len(members) < 2:
            raise InvalidInputError(
                f"Class {label!r} has one row, but early_stopping=True needs one for training "
                "and one for validation. Set early_stopping=False or add rows."
            )
        size = int(np.clip(round(fraction * len(members)), 1, len(members) - 1))
        held_out.append(members[:size])
    validation = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(target)), validation), validation
