"""The image data of a run: where they are, what is trained on, and the record of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset

    Images = tuple[np.ndarray, np.ndarray]  # with their labels


HASHED_BYTES = 2**28  # of an array


@dataclass(frozen=True)
class DataChoice:
    """The image data that the options name.

    Attributes
    ----------
    dataset : str
        A name that :func:`equipoise.datasets.load_dataset` knows.
    data_dir : Path or None
    image_size : (int, int) or None
        Height and width.
    hair : str
        For celeba: "published" or "exclusive".
    skip_damaged : bool
        For folder: whether to leave damaged images out.
    """

    dataset: str
    data_dir: Path | None = None
    image_size: tuple[int, int] | None = None
    hair: str = "published"
    skip_damaged: bool = False

    @property
    def title(self) -> str:
        """Name for files and folders: that of the data set, or of the user's own folder."""
        from equipoise.datasets.files import is_zip

        if self.dataset == "folder" and self.data_dir:
            path = self.data_dir.resolve()
            return (path.stem if is_zip(path) else path.name) or "folder"
        return self.dataset

    def settings(self, protocol: str | None) -> dict[str, Any]:
        """What must be the same when a run is continued; the data may have moved elsewhere."""
        same = {"dataset": self.dataset, "image_size": self.image_size, "hair": self.hair}
        return {**same, "protocol": choose_protocol(protocol, self.dataset)}

    def or_another(
        self, dataset: str | None, data_dir: Path | None, image_size: tuple[int, int]
    ) -> DataChoice:
        """Data for a model of images of this size; None keeps the data set or the folder."""
        # A folder of data sets holds all of them; a folder of images holds nothing else.
        elsewhere = dataset not in (None, self.dataset) and "folder" in (dataset, self.dataset)
        if data_dir is None and not elsewhere:
            data_dir = self.data_dir
        return replace(
            self, dataset=dataset or self.dataset, data_dir=data_dir, image_size=image_size
        )

    @property
    def folder(self) -> Path | None:
        """Where the data are, as an absolute path."""
        return self.data_dir and self.data_dir.expanduser().resolve()

    def is_another_folder(self, own: DataChoice) -> bool:
        """Whether these are images of another folder, not split into training and test images."""
        if self.dataset != "folder" or self.folder is None or self.folder == own.folder:
            return False
        from equipoise.datasets.folder import is_split

        return not is_split(self.folder)

    def load(self, download: bool, full_scale: Mapping[str, float] | None = None) -> Dataset:
        """Read training and test images; ``full_scale`` is that of other images."""
        from equipoise.datasets import load_dataset

        return load_dataset(
            self.dataset,
            self.data_dir,
            download,
            image_size=self.image_size,
            hair=self.hair,
            full_scale=full_scale,
            skip_damaged=self.skip_damaged,
        )

    def to_dict(self) -> dict[str, Any]:
        """The attributes as JSON holds them, the folder as an absolute path."""
        return asdict(self) | {"data_dir": self.folder and str(self.folder)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DataChoice:
        """Inverse of :meth:`to_dict`."""
        folder, size = values.get("data_dir"), values.get("image_size")
        plain = {"data_dir": folder and Path(folder), "image_size": size and (size[0], size[1])}
        return cls(**values | plain)


def choose_protocol(protocol: str | None, dataset: str) -> str:
    """Check the text of a protocol; None stands for the usual one of the data set.

    Raises
    ------
    ValueError
        There is no such protocol, or it does not fit the data set.
    """
    from equipoise.datasets import imbalance

    if protocol is None:
        protocol = "none" if dataset == "folder" else "published"
    imbalance.check_protocol(protocol)
    if protocol == "published" and dataset == "folder":
        raise ValueError(
            "--protocol published: there are no published sizes for your own images. Choose "
            f"another of {imbalance.PROTOCOLS}."
        )
    return protocol


def imbalanced_subset(data: Dataset, protocol: str, seed: int) -> Images:
    """Training images and labels that a protocol keeps.

    Raises
    ------
    ValueError
        The protocol asks for more images than there are.
    """
    from equipoise.datasets import imbalance

    if protocol == "none":
        return data.X_train, data.y_train
    sizes = imbalance.class_sizes(protocol, data.name, data.y_train)
    return imbalance.subset(data.X_train, data.y_train, sizes, random_state=seed)


def training_rows(data: Dataset, settings: Mapping[str, Any]) -> Images:
    """Images and labels that a run of these settings trains on."""
    if "validation_fraction" in settings:
        return training_and_validation_rows(data, settings)[0]
    return imbalanced_subset(data, settings["protocol"], settings["seed"])


def training_and_validation_rows(
    data: Dataset, settings: Mapping[str, Any]
) -> tuple[Images, Images]:
    """Images and labels to train on, and those to hold out; every class is in both.

    Raises
    ------
    ValueError
        A class has a single image.
    """
    import numpy as np

    from equipoise.inputs import stratified_holdout

    X, y = imbalanced_subset(data, settings["protocol"], settings["seed"])
    classes, target, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"Class {classes[counts.argmin()]} has one training image, but one is needed to train "
            "and one to validate on. Choose another --protocol, or add images."
        )
    fraction = settings["validation_fraction"]
    rows, held_out = stratified_holdout(target, fraction, settings["seed"], classes)
    return (X[rows], y[rows]), (X[held_out], y[held_out])


def describe(choice: DataChoice, data: Dataset, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """What the record of a run says of its data.

    Raises
    ------
    ValueError
        There are no test images.
    """
    import numpy as np

    if not len(data.y_test):
        raise ValueError(f"Data set {choice.dataset!r} has no test images. Add some per class.")
    deep = {"full_scale": dict(data.full_scale)} if data.full_scale else {}
    return deep | {
        "source": choice.to_dict(),
        "class_names": list(data.class_names),
        "class_counts": np.bincount(y, minlength=len(data.class_names)).tolist(),
        "n_test": len(data.y_test),
        "fingerprint": fingerprint(X, y),
        "test_fingerprint": fingerprint(data.X_test, data.y_test),
    }


def translate(y: np.ndarray, names: Sequence[str], model_names: Sequence[str]) -> np.ndarray:
    """Labels of a data set as those of a model that has the same classes in another order.

    Raises
    ------
    ValueError
        The model does not know a class of the data.
    """
    import numpy as np

    if unknown := [name for name in names if name not in model_names]:
        raise ValueError(
            f"The data have the class {unknown[0]!r}; the model knows {', '.join(model_names)}."
        )
    return np.array([model_names.index(name) for name in names])[y]


def fingerprint(*arrays: Any) -> str:
    """Digest of the arrays' shapes and rows, to see whether data have changed.

    Of an array of more than 256 MiB, as many rows are looked at as make up so much, at equal
    distances.
    """
    import numpy as np

    from equipoise.sequences import RowSequence

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        n_bytes = array.dtype.itemsize * math.prod(array.shape)
        step = max(1, math.ceil(n_bytes / HASHED_BYTES))
        rows = RowSequence(array, np.arange(0, len(array), step) if step > 1 else None)
        for block in rows.blocks():
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()
