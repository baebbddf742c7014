"""Data sets of other libraries as lazy sequences of images."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .decoding import GREY, to_array
from .images import parse_size


class LazyImages:
    """The images of a data set of another library as a lazy sequence.

    The estimators of this library take it in place of an array. Suited are data sets with ``len``
    and ``dataset[i]``, such as ``torch.utils.data.Dataset``, those of torchvision and of Hugging
    Face ``datasets``.

    Parameters
    ----------
    dataset : object
        Its items are images, or tuples or dicts with an image; an image is a PIL image, an array
        with the channels last, or a tensor of torch with the channels first.
    key : hashable, default=0
        Position or name of the image in an item, such as ``"image"``; without a meaning where the
        items are images themselves.
    image_size : int, (int, int) or None, default=None
        Height and width to which PIL images are stretched; None where all have the same.

    Attributes
    ----------
    shape : tuple of int
        (n, height, width) or (n, height, width, channels), by the first image.
    dtype : numpy.dtype
        Of the first image; ``uint8`` for PIL images.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.datasets import LazyImages
    >>> pairs = [(np.zeros((8, 8), dtype=np.uint8), "a"), (np.ones((8, 8), dtype=np.uint8), "b")]
    >>> X = LazyImages(pairs)
    >>> X.shape, X.labels().tolist()
    ((2, 8, 8), ['a', 'b'])
    """

    def __init__(
        self,
        dataset: Any,
        key: Hashable = 0,
        *,
        image_size: int | tuple[int, int] | None = None,
    ) -> None:
        self.dataset, self.key = dataset, key
        self._size = parse_size(image_size)
        self._colour: bool | None = None
        if not len(self):
            raise ValueError("dataset is empty. Pass one with at least one image.")
        first = self[0]
        if first.ndim not in (2, 3):
            raise ValueError(
                f"key={key!r}: the first item has something of shape {first.shape} there, which is "
                "no image. Name the place of the image in an item, such as key='image'."
            )
        self._colour = first.ndim == 3
        self.shape, self.dtype = (len(self), *first.shape), first.dtype

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> npt.NDArray[Any]:
        """Read one image."""
        image = self._part(self.dataset[operator.index(i)], self.key)
        if hasattr(image, "getbands"):  # of PIL
            colour = image.mode not in GREY if self._colour is None else self._colour
            return to_array(image, self._size, colour)
        values = np.asarray(image)
        if hasattr(image, "detach") and values.ndim == 3:  # of torch
            return np.moveaxis(values, 0, -1)
        return values

    def labels(self, key: Hashable = 1) -> npt.NDArray[Any]:
        """Read the labels of all items.

        Parameters
        ----------
        key : hashable, default=1
            Position or name of the label in an item. A column of this name, as a data set of
            Hugging Face has, is read without decoding the images, and so are the ``targets`` of one
            of torchvision. Otherwise all items are read.

        Returns
        -------
        ndarray of shape (n,)
        """
        if isinstance(key, str) and hasattr(self.dataset, "column_names"):
            return np.asarray(self.dataset[key])
        if key == 1 and len(targets := getattr(self.dataset, "targets", ())) == len(self):
            return np.asarray(targets)
        return np.asarray([self._part(self.dataset[i], key) for i in range(len(self))])

    @staticmethod
    def _part(item: Any, key: Hashable) -> Any:
        if isinstance(item, Mapping) and key not in item:
            raise ValueError(
                f"key={key!r}: an item has no such entry, only {', '.join(map(repr, item))}."
            )
        return item[key] if isinstance(item, (Mapping, tuple, list)) else item  # type: ignore[call-overload]
