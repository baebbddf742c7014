"""Validation of the data that a user passes to an estimator."""

from __future__ import annotations

import datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, counted
from equipoise.polars import as_pandas
from equipoise.preprocessing import Codec, ImageCodec, TableCodec
from equipoise.preprocessing.dtypes import rounded
from equipoise.sequences import RowSequence, is_lazy, select

RandomState: TypeAlias = int | np.random.RandomState | None

# Kinds of object columns, as pandas infers them, that contain numbers only, and the types of
# objects that make a column something else. (A datetime is a date.)
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
NO_NUMBERS = (str, datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)

NO_LABELS = (  # in the words that scikit-learn's checks look for
    "fit requires y to be passed, but the target y is None. Pass one class label per row of X."
)


def as_array(rows: Any) -> Any:
    """Convert rows to an array; one of objects if a list contains both numbers and strings.

    A lazy sequence stays one.
    """
    if is_lazy(rows):
        return RowSequence(rows)
    values = np.asarray(rows)
    if values.dtype.kind == "U" and not isinstance(rows, np.ndarray):
        values = np.asarray(rows, dtype=object)
    return values


def resampled_as_floats(sampler: Any, resample: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Call ``resample(X, y)`` with integers and bools as floats, if the sampler is for tables.

    Such samplers compute differences of rows in the dtype of ``X``, where bytes would overflow. The
    result is rounded to the dtypes of ``X``.
    """
    if is_lazy(X) and not get_tags(sampler).input_tags.three_d_array:
        X = np.asarray(RowSequence(X))
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


def check_rows(estimator: Any, X: Any, *, reset: bool) -> np.ndarray | pd.DataFrame | RowSequence:
    """Validate images or the rows of a table, and copy them only if necessary.

    Parameters
    ----------
    estimator : object
        Provides ``image_shape``. With ``reset``, its ``n_features_in_`` and ``feature_names_in_``
        are set; otherwise ``X`` has to agree with them.
    X : array-like
        Rows; frames of polars have to be converted before.
    reset : bool
        True in ``fit``, False afterwards.

    Returns
    -------
    ndarray, DataFrame or RowSequence
        Images as they are, as a sequence; a :class:`~equipoise.preprocessing.ImageCodec` validates
        their values. Rows of numbers as float64. A DataFrame, or rows with strings, are returned as
        a DataFrame, whose columns a :class:`~equipoise.preprocessing.TableCodec` validates.

    Raises
    ------
    ValueError
        If ``X`` has no rows, a wrong number of dimensions, or other columns than in ``fit``, or a
        table has infinite values.
    """
    if isinstance(X, (list, tuple)):
        X = as_array(X)
    if isinstance(X, pd.DataFrame) and any(isinstance(t, pd.SparseDtype) for t in X.dtypes):
        X = _dense(X)  # the inputs of the networks are dense anyway
    _check_readable(X)
    n_dimensions = len(X.shape) if hasattr(X, "shape") else np.asarray(X).ndim
    if n_dimensions <= 2:
        if estimator.image_shape is not None:
            rows = _check_images(estimator, X)
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            return rows
        if is_lazy(X):
            X = np.asarray(RowSequence(X))
        if _may_have_other_columns(X):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            if not X.size:
                raise InvalidInputError(
                    f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) "
                    f"(shape={X.shape}) while a minimum of 1 is required."
                )
            return X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
        if np.asarray(X).dtype.kind == "c":
            raise InvalidInputError("Complex data not supported: X is complex. Pass real numbers.")
        try:
            # With one memory layout, sums over a DataFrame and over an array are equal.
            return validate_data(
                estimator,
                X,
                reset=reset,
                order="C",
                dtype=np.float64,
                ensure_all_finite="allow-nan",  # the codec checks for missing values
            )
        except ValueError as error:
            if "infinity" not in str(error):
                raise
            raise InvalidInputError(f"{error} Replace it by a number, or by NaN.") from None
    if n_dimensions > 4:
        raise InvalidInputError(
            f"X has {n_dimensions} dimensions. Pass (n, n_features), (n, height, width) or "
            "(n, height, width, channels)."
        )
    rows = _check_images(estimator, X)
    if reset:
        estimator.n_features_in_ = int(np.prod(rows.shape[1:]))
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    return rows


def _check_images(estimator: Any, X: Any) -> RowSequence:
    if not is_lazy(X):
        options: dict[str, Any] = {"allow_nd": True, "ensure_all_finite": False}
        order = "C" if len(np.shape(X)) == 2 else None
        X = check_array(X, order=order, input_name="X", estimator=estimator, **options)
    elif not len(X) or np.dtype(X.dtype).kind not in "biuf":
        raise InvalidInputError(
            f"X has {counted(len(X), 'row')} and dtype {X.dtype}. Pass at least one image, of "
            "numbers."
        )
    return RowSequence(X)


def _check_readable(X: Any) -> None:
    """Raise an error for a sequence of which it is not known what its rows are."""
    is_sequence = hasattr(X, "__getitem__") and hasattr(X, "__len__")
    is_known = hasattr(X, "__array__") or issparse(X) or is_lazy(X)
    if is_sequence and not is_known:
        raise InvalidInputError(
            f"X is a {type(X).__name__}, whose rows have no shape and dtype that are known. Pass "
            "an array, or for the images of a data set of torch or Hugging Face "
            "equipoise.datasets.LazyImages(X)."
        )


def adopt_features(estimator: BaseEstimator, model: Any) -> None:
    """Copy the feature attributes of a fitted model to an estimator, and delete older ones."""
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
        if hasattr(model, name):
            setattr(estimator, name, getattr(model, name))


def _dense(X: pd.DataFrame) -> pd.DataFrame:
    columns = (X.iloc[:, i] for i in range(X.shape[1]))
    dense = [c.sparse.to_dense() if isinstance(c.dtype, pd.SparseDtype) else c for c in columns]
    return pd.concat(dense, axis=1)


def _may_have_other_columns(X: Any) -> bool:
    """Whether a table may have columns of something other than numbers."""
    if isinstance(X, pd.DataFrame):
        return True
    if not isinstance(X, np.ndarray) or X.ndim != 2:
        return False
    if X.dtype == object:
        return any(
            any(value is pd.NA for value in column)  # which is no float
            or pd.api.types.infer_dtype(column, skipna=True) not in NUMBERS
            and any(isinstance(value, NO_NUMBERS) for value in column)
            for column in X.T
        )
    return X.dtype.kind in "mM"


def fit_codec(table: Rows, original: Any, estimator: Any) -> Codec:
    """Fit the codec of validated rows: for images if they have a shape, otherwise for a table."""
    if table.ndim > 2 or estimator.image_shape is not None:
        return ImageCodec.fit(table, estimator.image_shape, original)
    return TableCodec.fit(table, original, estimator.categorical_features, estimator.allow_missing)


def check_labels(y: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes, and the class index of every row.

    Raises
    ------
    ValueError
        If there are not ``n`` labels, some are missing or continuous, or there are fewer than two
        classes.
    """
    if y is None:
        raise InvalidInputError(NO_LABELS)
    shape = np.asarray(y).shape
    if len(shape) == 2 and shape[1] > 1:
        raise InvalidInputError(
            f"Multilabel and multioutput targets are not supported: y has shape {shape}. "
            "Pass one class label per row."
        )
    labels = column_or_1d(as_pandas(y), warn=True)
    if not len(labels):
        raise InvalidInputError("y is empty. Pass one class label per row of X.")
    check_no_missing_labels(labels)
    if labels.dtype == object:
        if pd.api.types.infer_dtype(labels).startswith("mixed"):
            raise InvalidInputError(
                "y contains labels of several types, such as numbers and strings. Convert them "
                "to one type."
            )
        labels = pd.Series(labels).infer_objects().to_numpy()
    try:
        check_classification_targets(labels)
    except ValueError as error:
        raise InvalidInputError(f"{error} Pass classes, such as ranges of y.") from None
    check_one_label_per_row(n, len(labels))
    classes, target = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise InvalidInputError(
            f"y contains only one class, {classes.tolist()[0]!r}. A classifier needs rows of at "
            "least two classes."
        )
    return classes, target.astype(np.int64)


def check_one_label_per_row(n_rows: int, n_labels: int) -> None:
    """Raise an InvalidInputError if X and y differ in their length."""
    if n_rows != n_labels:
        raise InvalidInputError(
            f"X has {counted(n_rows, 'row')} but y has {counted(n_labels, 'label')}. Pass one "
            "label per row."
        )


def check_no_missing_labels(y: Any) -> None:
    """Raise an error for missing labels.

    Raises
    ------
    InvalidInputError
        If labels are missing.
    """
    missing = 0 if y is None else int(np.asarray(pd.isna(y)).sum())
    if missing:
        raise InvalidInputError(
            f"y contains NaN or None: no label in {counted(missing, 'row')}. Remove such rows from "
            "X and y."
        )


def check_resampled_labels(y: Any) -> None:
    """Raise an error for labels that imbalanced-learn does not accept.

    Raises
    ------
    InvalidInputError
        If there are no labels, some are missing, or numbers have the dtype object.
    """
    if y is None:
        raise InvalidInputError(NO_LABELS)
    check_no_missing_labels(y)
    if getattr(y, "dtype", None) == np.dtype(object):
        kind = pd.api.types.infer_dtype(y)
        if kind in ("integer", "floating", "boolean", "decimal"):
            raise InvalidInputError(
                f"Unknown label type: {kind} labels, but dtype object. Convert y, such as by "
                "y.astype(int)."
            )


def check_weights(
    sample_weight: ArrayLike | None, rows: Rows, target: np.ndarray, classes: np.ndarray
) -> tuple[Rows, np.ndarray, np.ndarray | None]:
    """Return rows, class indices and weights of the rows with a positive weight.

    Raises
    ------
    InvalidInputError
        If there is not one weight per row, one is negative, or all rows of a class have weight
        zero.
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
            f"sample_weight contains {weights.min():g}. Pass weights of at least 0."
        )
    totals = np.bincount(target, weights, len(classes))
    if (totals == 0).any():
        raise InvalidInputError(
            f"sample_weight is zero for every row of class {classes.tolist()[totals.argmin()]!r}. "
            "Remove the class from y, or give some of its rows a positive weight."
        )
    kept = weights > 0
    if kept.all():
        return rows, target, weights
    return select(rows, kept), target[kept], weights[kept]


def stratified_holdout(
    target: np.ndarray, fraction: float, seed: int, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of training and validation rows, each with at least one row of every class.

    Raises
    ------
    InvalidInputError
        If a class has a single row.
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
