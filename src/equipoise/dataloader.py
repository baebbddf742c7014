"""Batches for a torch training loop in which every class has the same share."""

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

RESERVED = ("batch_sampler", "drop_last", "shuffle")  # options that would undo the balance


def balanced_dataloader(
    X: Any,
    y: Any,
    *,
    sampler: Any = None,
    batch_size: int = 64,
    random_state: int | np.random.RandomState | None = None,
    **loader_options: Any,
) -> DataLoader:
    """Loader of shuffled batches in which every class has the same number of rows.

    Of the ``batch_size`` rows in a batch every class has as many as any other, or one more where
    they cannot be divided evenly, in turn. An epoch is ``ceil(n / batch_size)`` batches for the
    ``n`` rows of ``X``, all of full size. A class with few rows repeats them, each of them before
    any comes again; of a class with many, an epoch shows a part, another one each time.

    Parameters
    ----------
    X : array-like
        Images ``(n, height, width)`` or ``(n, height, width, channels)``, or a numeric table
        ``(n, n_features)``. Never modified.
    y : array-like of shape (n,)
        Class labels, at least two classes.
    sampler : sampler, default=None
        Where synthetic rows come from: any sampler of this library or of imbalanced-learn. A
        fitted one with a ``resample`` method, such as :class:`IMSIC`, is not trained again; any
        other is cloned and fitted. None draws the real rows again.
    batch_size : int, default=64
        Rows in a batch. Below the number of classes, these take turns.
    random_state : int, RandomState or None, default=None
        Seed of the batches, and of a sampler that has none. An int gives the same epochs, one
        unlike the other, each time that the loader is built, with any number of workers.
    **loader_options
        For :class:`torch.utils.data.DataLoader`, such as ``num_workers`` and ``pin_memory``; not
        ``shuffle``, ``drop_last`` or ``batch_sampler``.

    Returns
    -------
    torch.utils.data.DataLoader
        Gives pairs of tensors: ``x``, float32, with ``uint8`` images brought into [0, 1], all
        other values as they are, and images of shape ``(batch_size, channels, height, width)``;
        and ``y``, int64, positions in ``loader.dataset.classes``, which is sorted.

    Raises
    ------
    ValueError
        Impossible parameters or data, before any training, or a sampler that leaves a class
        without rows.

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
    for name in RESERVED:
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
        rows = _check_rows(X_more).reshape(-1, *rows.shape[1:])
        target = _class_index(y_more, classes)
    seed = int(random.randint(2**31))
    # Workers' seeds would otherwise be drawn from torch's global generator.
    loader_options.setdefault("generator", torch.Generator().manual_seed(seed))
    return DataLoader(
        ClassDataset(rows, target, classes),
        batch_size=None,  # the sampler gives whole batches, and the dataset takes them
        sampler=BalancedBatches(target, len(classes), int(batch_size), n_batches, seed),
        **loader_options,
    )


class ClassDataset(Dataset):
    """Rows and class indices, read many at a time.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels; position ``i`` is class index ``i``.
    """

    def __init__(self, rows: np.ndarray, target: np.ndarray, classes: np.ndarray) -> None:
        is_image = rows.ndim > 2
        self.scaled = is_image and rows.dtype == np.uint8
        # Images of bytes stay bytes until they are read: a quarter of the memory.
        x = torch.from_numpy(rows.astype(np.uint8 if self.scaled else np.float32))
        if is_image:
            x = x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2).contiguous()
        self.x, self.y = x, torch.from_numpy(target)
        self.classes = classes

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        """Row and class index, or as many as there are indices."""
        x = self.x[index]
        return x.float() / 255 if self.scaled else x, self.y[index]


class BalancedBatches(Sampler):
    """Indices of an epoch, batch by batch, with equal numbers of every class."""

    def __init__(
        self, target: np.ndarray, n_classes: int, batch_size: int, n_batches: int, seed: int
    ) -> None:
        self.members = [np.flatnonzero(target == c) for c in range(n_classes)]
        self.batch_size, self.n_batches = batch_size, n_batches
        self.random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[np.ndarray]:
        n_places = self.n_batches * self.batch_size
        # Classes dealt round like cards: any stretch of places has equal numbers, give or take 1.
        owner = self.random.permutation(len(self.members))[np.arange(n_places) % len(self.members)]
        index = np.empty(n_places, dtype=np.int64)
        for c, members in enumerate(self.members):
            places = np.flatnonzero(owner == c)
            rounds = math.ceil(len(places) / len(members))
            order = self.random.permuted(np.tile(members, (rounds, 1)), axis=1)
            index[places] = order.ravel()[: len(places)]
        batches = index.reshape(self.n_batches, self.batch_size)
        yield from self.random.permuted(batches, axis=1)


def _check_rows(X: Any) -> np.ndarray:
    """Finite, numeric images or rows of a table."""
    for name, dtype in X.dtypes.items() if isinstance(X, pd.DataFrame) else ():
        if not pd.api.types.is_numeric_dtype(dtype):
            raise InvalidInputError(
                f"X has {dtype} values in column {name!r}, but batches are tensors of numbers. "
                "Encode it first, for example by sklearn.preprocessing.OneHotEncoder."
            )
    rows = check_array(X, allow_nd=True, input_name="X")
    if rows.ndim > 4 or rows.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"X has shape {rows.shape} and dtype {rows.dtype}. Pass numbers of shape "
            "(n, n_features), (n, height, width) or (n, height, width, channels)."
        )
    if rows.ndim == 4 and rows.shape[3] > 4 >= rows.shape[1]:
        raise InvalidInputError(
            f"X has shape {rows.shape}: images must have their channels last, the batches have "
            "them first. Pass X.transpose(0, 2, 3, 1)."
        )
    return rows


def _resample(sampler: Any, X: Any, y: Any, shape: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Rows and labels from a sampler, trained only if it is not yet."""
    if _is_fitted(sampler) and hasattr(sampler, "resample"):
        sampler = copy.copy(sampler)  # a resampling notes what it did
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
        X = np.asarray(X).reshape(len(X), -1)  # a sampler for tables
    return resampled_as_floats(sampler, resample, X, y)


def _is_fitted(sampler: Any) -> bool:
    try:
        check_is_fitted(sampler)
    except (NotFittedError, TypeError):  # a TypeError: it is no estimator
        return False
    return True


def _class_index(y: Any, classes: np.ndarray) -> np.ndarray:
    """Class indices of resampled labels.

    Raises
    ------
    InvalidInputError
        A class has no row left.
    """
    target = np.searchsorted(classes, np.asarray(y)).astype(np.int64)
    counts = np.bincount(target, minlength=len(classes))
    if (counts == 0).any():
        raise InvalidInputError(
            f"sampler left no row of class {classes.tolist()[counts.argmin()]!r}. Change its "
            "sampling_strategy, or leave the class out of X and y."
        )
    return target
