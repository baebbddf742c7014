"""Rows that are read when they are asked for: lazy sequences, memory maps, parts of an array.

A lazy sequence is any object with ``len(X)``, ``X[i]`` for an int, ``X.shape`` and ``X.dtype``.
Where ``X[array]`` works as well, for ascending ints, it is used to read several rows at once.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from equipoise.errors import InvalidInputError

BLOCK_BYTES = 2**25  # rows that are looked at together
# Rows of a memory map that are read before its pages are given back. Linux maps up to 2 MiB of a
# file for a single row.
MAPPED_ROWS = 32


class RowSequence:
    """Rows of an array or of a lazy sequence, which stay where they are until they are read.

    Pages of a memory map are given back to the system after they were read, so that they do not
    count as memory of this process.

    Parameters
    ----------
    source : array or lazy sequence of shape (n, ...)
    index : ndarray of int or bool, default=None
        Rows of ``source`` that this sequence has, in this order; None for all.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.sequences import RowSequence
    >>> rows = RowSequence(np.arange(6).reshape(3, 2), index=np.array([2, 0]))
    >>> rows.shape, rows[0].tolist(), rows[:].tolist()
    ((2, 2), [4, 5], [[4, 5], [0, 1]])
    """

    source: Any
    index: np.ndarray | None
    _takes_arrays: bool

    def __init__(self, source: Any, index: np.ndarray | None = None) -> None:
        if index is not None and index.dtype == bool:
            index = np.flatnonzero(index)
        self.shape = (len(source) if index is None else len(index), *map(int, source.shape[1:]))
        self.dtype = np.dtype(source.dtype)
        if isinstance(source, RowSequence):
            if source.index is not None:
                index = source.index if index is None else source.index[index]
            self._takes_arrays, source = source._takes_arrays, source.source
        else:
            self._takes_arrays = _takes_arrays(source, self.shape[1:])
        self.source, self.index = source, index
        self._pages = _pages(source)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read one row by an int, or several by a slice or an array of ints or bools."""
        self._give_back()  # what was read before, maybe as a view
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:  # of scikit-learn
            key = key[0]
        if isinstance(key, (int, np.integer)):
            return self._read(self._positions(np.array([range(len(self))[key]])))[0]
        if isinstance(key, slice):
            is_block = self._pages is None or key.step in (None, 1)
            if self.index is None and isinstance(self.source, np.ndarray) and is_block:
                return self.source[key]
            key = np.arange(*key.indices(len(self)))
        key = np.asarray(key)
        return self._read(self._positions(np.flatnonzero(key) if key.dtype == bool else key))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all rows."""
        rows = self[:]
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return RowSequence, (self.source, self.index)  # a memory map itself cannot be pickled

    def blocks(self) -> Iterator[np.ndarray]:
        """Read all rows, a few megabytes at a time."""
        row_bytes = max(1, self.dtype.itemsize * int(np.prod(self.shape[1:])))
        step = max(1, BLOCK_BYTES // row_bytes)
        for start in range(0, len(self), step):
            yield self[start : start + step]
        self._give_back()

    def _positions(self, rows: np.ndarray) -> np.ndarray:
        return rows if self.index is None else self.index[rows]

    def _read(self, positions: np.ndarray) -> np.ndarray:
        if isinstance(self.source, np.ndarray):
            if self._pages is None:
                return self.source[positions]
            rows = np.empty((len(positions), *self.shape[1:]), dtype=self.dtype)
            for start in range(0, len(positions), MAPPED_ROWS):
                part = slice(start, start + MAPPED_ROWS)
                rows[part] = self.source[positions[part]]
                self._give_back()
            return rows
        if not len(positions):
            return np.empty((0, *self.shape[1:]), dtype=self.dtype)
        unique, inverse = np.unique(positions, return_inverse=True)
        if self._takes_arrays:
            rows = np.asarray(self.source[unique])
            self._check(rows[0], unique[0])
        else:
            each = [np.asarray(self.source[i]) for i in unique.tolist()]
            for i, row in zip(unique.tolist(), each, strict=True):
                self._check(row, i)
            rows = np.stack(each)
        return rows[inverse]

    def _check(self, row: np.ndarray, position: int) -> None:
        if row.shape != self.shape[1:] or row.dtype != self.dtype:
            raise InvalidInputError(
                f"X[{position}] has shape {row.shape} and dtype {row.dtype}, but X announces rows "
                f"of shape {self.shape[1:]} and dtype {self.dtype}. All rows must have these."
            )

    def _give_back(self) -> None:
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)


class Concatenation:
    """Rows of one sequence followed by those of another, as a lazy sequence.

    Parameters
    ----------
    first, second : RowSequence
        Of rows of one shape and dtype.
    """

    def __init__(self, first: RowSequence, second: RowSequence) -> None:
        self.first, self.second = first, second
        self.dtype = first.dtype
        self.shape = (len(first) + len(second), *first.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: np.ndarray) -> np.ndarray:
        rows = np.empty((len(key), *self.shape[1:]), dtype=self.dtype)
        early = key < len(self.first)
        rows[early], rows[~early] = (
            self.first[key[early]],
            self.second[key[~early] - len(self.first)],
        )
        return rows


def is_lazy(X: Any) -> bool:
    """Whether X is a lazy sequence, which arrays, frames, lists and sparse matrices are not."""
    if isinstance(X, np.ndarray) or hasattr(X, "toarray") or not hasattr(X, "__getitem__"):
        return False
    try:
        return np.dtype(X.dtype) is not None and len(X.shape) > 1 and len(X) == X.shape[0]
    except (AttributeError, TypeError, IndexError):  # TypeError: a dtype of another library
        return False


def select(rows: Any, index: np.ndarray) -> Any:
    """Rows of a sequence without reading them, or rows of an array or a frame as a copy."""
    return RowSequence(rows, index) if isinstance(rows, RowSequence) else rows[index]


def at_most_of_each(target: np.ndarray, n_classes: int, most: int) -> np.ndarray:
    """Sorted indices of all rows of every class, or of ``most`` at equal distances if it has more.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Class indices.
    n_classes, most : int

    Returns
    -------
    ndarray of int
    """
    chosen = []
    for c in range(n_classes):
        rows = np.flatnonzero(target == c)
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        chosen.append(rows)
    return np.sort(np.concatenate(chosen))


def extremes(rows: Any) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of every row, of shape (n,); NaN for both if one is NaN."""
    found = []
    for block in RowSequence(rows).blocks():
        flat = block.reshape(len(block), -1)
        found.append((flat.min(1), flat.max(1)))
    least, most = (np.concatenate(part).astype(np.float64) for part in zip(*found, strict=True))
    return least, most


def _takes_arrays(source: Any, row_shape: tuple[int, ...]) -> bool:
    if isinstance(source, np.ndarray):
        return True
    some = np.arange(min(2, len(source)))
    try:
        return np.asarray(source[some]).shape == (len(some), *row_shape)
    except Exception:  # each library has an error of its own for a kind of index that it lacks
        return False


def _pages(source: Any) -> mmap.mmap | None:
    """The memory map that an array reads from, unless it has changes that are not in the file."""
    is_shared = False
    while isinstance(source, np.ndarray):
        is_shared |= isinstance(source, np.memmap) and source.mode != "c"
        source = source.base
    can_advise = isinstance(source, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")
    return source if is_shared and can_advise else None
