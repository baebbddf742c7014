"""The image data of a run: the options that name them, and what its record says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset


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
    """

    dataset: str
    data_dir: Path | None = None
    image_size: tuple[int, int] | None = None
    hair: str = "published"

    @property
    def title(self) -> str:
        """Name for files and folders: that of the data set, or of the user's own folder."""
        if self.dataset == "folder" and self.data_dir:
            return self.data_dir.resolve().name or "folder"
        return self.dataset

    @property
    def settings(self) -> dict[str, Any]:
        """What must be the same when a run is continued; the data may have moved elsewhere."""
        return {"dataset": self.dataset, "image_size": self.image_size, "hair": self.hair}

    def or_another(
        self, dataset: str | None, data_dir: Path | None, image_size: tuple[int, int]
    ) -> DataChoice:
        """Data for a model of images of this size; None keeps the data set or the folder."""
        # A folder of data sets holds all of them; a folder of images holds nothing else.
        elsewhere = dataset not in (None, self.dataset) and "folder" in (dataset, self.dataset)
        if data_dir is None and not elsewhere:
            data_dir = self.data_dir
        return DataChoice(dataset or self.dataset, data_dir, image_size, self.hair)

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

    def load(self, download: bool) -> Dataset:
        """Read training and test images."""
        from equipoise.datasets import load_dataset

        return load_dataset(
            self.dataset, self.data_dir, download, image_size=self.image_size, hair=self.hair
        )

    def to_dict(self) -> dict[str, Any]:
        """The attributes as JSON holds them, the folder as an absolute path."""
        return asdict(self) | {"data_dir": self.folder and str(self.folder)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DataChoice:
        """Inverse of :meth:`to_dict`."""
        folder, size = values["data_dir"], values["image_size"]
        plain = {"data_dir": folder and Path(folder), "image_size": size and (size[0], size[1])}
        return cls(**values | plain)


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
    return {
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


def fingerprint(*arrays: np.ndarray) -> str:
    """Digest of the arrays' shapes and bytes, to see whether data have changed."""
    import numpy as np

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
