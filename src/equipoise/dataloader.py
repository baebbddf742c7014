"""Class-balanced batches for training loops in torch."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import check_labels, resampled_as_floats
from equipoise.polars import as_pandas
from equipoise.preprocessing.images import has_channels_first
from equipoise.sequences import RowSequence, is_lazy

RESERVED_OPTIONS = ("batch_sampler", "drop_last", "shuffle")  # they conflict with the balancing


def balanced_dataloader(
    X: Any,
    y: Any,
    *,
    sampler: Any = None,
    batch_size: int = 64,
    random_state: int | np.random.RandomState | None = None,
    **loader_options: Any,
) -> DataLoader:
    """Load shuffled batches in which every class has the same number of rows.

    If ``batch_size`` is not divisible by the number of classes, the classes take turns in having
    one row more than the others. An epoch has ``ceil(n / batch_size)`` batches for the
    ``n`` rows of ``X``, all of full size. The rows of a small class are repeated, but none is used
    again before all others of the class were. Of a large class, each epoch uses a random part.

    Parameters
    ----------
    X : array-like or lazy sequence
        Images ``(n, height, width)`` or ``(n, height, width, channels)``, or a table of numbers,
        dates and durations ``(n, n_features)``. It is not modified, and its images are read when a
        batch needs them.
    y : array-like of shape (n,)
        Class labels, at least two classes.
    sampler : sampler, default=None
        Source of synthetic rows: any sampler of this library or of imbalanced-learn. A fitted
        sampler with a ``resample`` method, such as :class:`IMSIC`, is not trained again; any
        other is cloned and fitted. If None, real rows are repeated.
    batch_size : int, default=64
        Number of rows in a batch. If it is below the number of classes, the classes take turns.
    random_state : int, RandomState or None, default=None
        Seed of the batches, and of a sampler without a seed of its own. With an int, every loader
        yields the same sequence of epochs, which differ from each other, with any number of
        workers.
    **loader_options
        Options of :class:`torch.utils.data.DataLoader`, such as ``num_workers`` and
        ``pin_memory``, except for ``shuffle``, ``drop_last`` and ``batch_sampler``.

    Returns
    -------
    torch.utils.data.DataLoader
        It yields pairs of tensors. ``x`` is float32, and images have shape ``(batch_size,
        channels, height, width)``. The values of ``uint8`` images are scaled to [0, 1], dates and
        durations of a DataFrame become days (since 1970), and other values are unchanged. ``y`` is
        int64 and contains positions in the sorted
        ``loader.dataset.classes``.

    Raises
    ------
    ValueError
        If parameters or data are invalid, which is checked before any training, or if the sampler
        leaves a class without rows.

    Examples
    --------
    >>> from equipoise import balanced_dataloader, load_dataset
    >>> digits = load_dataset("digits")
    >>> loader = balanced_dataloader(digits.X_train, digits.y_train, batch_size=50)
    >>> x, y = next(iter(loader))
    >>> x.shape, y.bincount().tolist()
    (torch.Size([50, 1, 8, 8]), [5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    """
    if isinstance(batch_size, bool) or not (
        isinstance(batch_size, (int, np.integer)) and batch_size >= 1
    ):
        raise InvalidParameterError(
            f"batch_size={batch_size!r} is not possible. Pass an integer of at least 1."
        )
    for name in RESERVED_OPTIONS:
        if name in loader_options:
            raise InvalidParameterError(
                f"{name}={loader_options[name]!r} is not possible: batches are balanced, shuffled "
                f"and of full size already. Leave {name} out."
            )
    random = check_random_state(random_state)
    rows = _check_rows(X)
    classes, target = check_labels(y, len(rows))
    n_batches = math.ceil(len(rows) / batch_size)
    if sampler is not None:
        seed = int(random.randint(2**31))
        X_more, y_more = _resample(sampler, as_pandas(X), classes[target], rows.shape, seed)
        if len(np.shape(X_more)) != rows.ndim:  # a sampler for tables
            X_more = np.asarray(X_more).reshape(-1, *rows.shape[1:])
        rows = _check_rows(X_more)
        target = _class_index(y_more, classes)
    seed = int(random.randint(2**31))
    # Otherwise, the seeds of workers would be drawn from torch's global generator.
    loader_options.setdefault("generator", torch.Generator().manual_seed(seed))
    return DataLoader(
        ClassDataset(rows, target, classes),
        batch_size=None,  # the batch sampler yields the indices of whole batches
        sampler=BalancedBatches(target, len(classes), int(batch_size), n_batches, seed),
        **loader_options,
    )


class ClassDataset(Dataset):
    """Rows and class indices, which can be read in batches.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels of the class indices.
    """

    def __init__(self, rows: RowSequence, target: np.ndarray, classes: np.ndarray) -> None:
        self.rows, self.y = rows, torch.from_numpy(target)
        self.classes = classes

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        """Rows and class indices at one or several positions."""
        rows = self.rows[index]
        x = torch.from_numpy(rows.astype(np.float32))
        if self.rows.ndim > 2:
            x = x.unsqueeze(-3) if self.rows.ndim == 3 else x.movedim(-1, -3).contiguous()
            x = x / 255 if rows.dtype == np.uint8 else x
        return x, self.y[index]


class BalancedBatches(Sampler):
    """Yield the row indices of batches in which all classes have the same number of rows."""

    def __init__(
        self, target: np.ndarray, n_classes: int, batch_size: int, n_batches: int, seed: int
    ) -> None:
        self.rows_by_class = [np.flatnonzero(target == c) for c in range(n_classes)]
        self.batch_size, self.n_batches = batch_size, n_batches
        self.random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[np.ndarray]:
        n_positions = self.n_batches * self.batch_size
        n_classes = len(self.rows_by_class)
        # The classes alternate, so that their numbers in any batch differ by at most one.
        classes = self.random.permutation(n_classes)[np.arange(n_positions) % n_classes]
        index = np.empty(n_positions, dtype=np.int64)
        for c, rows in enumerate(self.rows_by_class):
            positions = np.flatnonzero(classes == c)
            n_repeats = math.ceil(len(positions) / len(rows))
            shuffled = self.random.permuted(np.tile(rows, (n_repeats, 1)), axis=1)
            index[positions] = shuffled.ravel()[: len(positions)]
        batches = index.reshape(self.n_batches, self.batch_size)
        yield from self.random.permuted(batches, axis=1)


def _check_rows(X: Any) -> RowSequence:
    """Validate images or rows of a table, which must be numeric or times, and finite."""
    if isinstance(X, pd.DataFrame):
        X = X.apply(_in_days)
    for name, dtype in X.dtypes.items() if isinstance(X, pd.DataFrame) else ():
        if not pd.api.types.is_numeric_dtype(dtype):
            raise InvalidInputError(
                f"X has {dtype} values in column {name!r}, but batches are numeric tensors. "
                "Encode it first, for example by sklearn.preprocessing.OneHotEncoder."
            )
    rows = RowSequence(X if is_lazy(X) else check_array(X, allow_nd=True, input_name="X"))
    if rows.ndim > 4 or rows.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"X has shape {rows.shape} and dtype {rows.dtype}. Pass numbers of shape "
            "(n, n_features), (n, height, width) or (n, height, width, channels)."
        )
    if has_channels_first(rows.shape[1:]):
        raise InvalidInputError(
            f"X has shape {rows.shape}, but images must have their channels last (only the batches "
            "have them first). Pass X.transpose(0, 2, 3, 1)."
        )
    return rows


def _in_days(column: pd.Series) -> pd.Series:
    """Dates and durations in days, which float32 holds to a few minutes; others as they are."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column - pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
    is_duration = pd.api.types.is_timedelta64_dtype(column)
    return column / pd.Timedelta(days=1) if is_duration else column


def _resample(sampler: Any, X: Any, y: Any, shape: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Rows and labels from a sampler, which is fitted first if necessary."""
    if _is_fitted(sampler) and hasattr(sampler, "resample"):
        sampler = copy.copy(sampler)  # resampling sets attributes
        resample = sampler.resample
    elif hasattr(sampler, "fit_resample") and not isinstance(sampler, type):
        sampler = clone(sampler)
        resample = sampler.fit_resample
    else:
        raise InvalidParameterError(
            f"sampler={sampler!r} cannot resample. Pass a sampler such as IMSIC() or SMOTE()."
        )
    if sampler.get_params(deep=False).get("random_state", seed) is None:
        sampler.set_params(random_state=seed)
    if len(shape) > 2 and not get_tags(sampler).input_tags.three_d_array:
        X = np.asarray(RowSequence(X)) if is_lazy(X) else np.asarray(X)
        X = X.reshape(len(X), -1)  # a sampler for tables
    return resampled_as_floats(sampler, resample, X, y)


def _is_fitted(sampler: Any) -> bool:
    try:
        check_is_fitted(sampler)
    except (NotFittedError, TypeError):  # TypeError: it is not an estimator
        return False
    return True


def _class_index(y: Any, classes: np.ndarray) -> np.ndarray:
    """Class indices of resampled labels.

    Raises
    ------
    InvalidInputError
        If a class has no rows left.
    """
    target = np.searchsorted(classes, np.asarray(y)).astype(np.int64)
    counts = np.bincount(target, minlength=len(classes))
    if (counts == 0).any():
        raise InvalidInputError(
            f"sampler left no row of class {classes.tolist()[counts.argmin()]!r}. Change its "
            "sampling_strategy, or leave the class out of X and y."
        )
    return target
