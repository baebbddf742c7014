"""Image data sets and the imbalance protocols of the literature.

Every image array of this library is ``uint8`` with the channels last: ``(n, height, width)`` for
grey images and ``(n, height, width, 3)`` for colour. Labels are ``int64``, 0 to C - 1.
"""

from . import imbalance
from .adapter import LazyImages
from .fetch import DamagedFileError, DatasetNotFoundError
from .lazy import ImageFiles
from .loading import Dataset, DatasetStatus, load_dataset, status

__all__ = [
    "DamagedFileError",
    "Dataset",
    "DatasetNotFoundError",
    "DatasetStatus",
    "ImageFiles",
    "LazyImages",
    "imbalance",
    "load_dataset",
    "status",
]
