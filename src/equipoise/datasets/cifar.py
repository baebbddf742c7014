"""CIFAR-10: the official binary version, and a zip file of its training images."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from equipoise.errors import counted

from .fetch import damaged
from .files import ImageFile, class_folders
from .images import Arrays, Images, Labels
from .lazy import ImageFiles

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
BATCHES = {
    "train": [f"data_batch_{i}.bin" for i in range(1, 6)],
    "test": ["test_batch.bin"],
}
STAND_IN = "train.zip"  # the training images as files, in place of the official ones
HELD_OUT = 1000  # of its images of each class are the test images
NOT_OFFICIAL = f"the last {HELD_OUT:,} files of each class in {STAND_IN}, not the official test set"
_RECORD = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue values


def load(paths: Mapping[str, Path]) -> Arrays:
    """Load the official training and test images.

    Parameters
    ----------
    paths : mapping of str to Path
        Published file name to the local ``.tar.gz``, or to the folder that it unpacks to.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, 32, 32, 3) of uint8 and labels (n,) of int64, in the published order.

    Raises
    ------
    DamagedFileError
        If a file is damaged, or a batch is missing.
    """
    return *load_part(paths, "train"), *load_part(paths, "test")


def load_part(paths: Mapping[str, Path], part: str) -> tuple[Images, Labels]:
    """Load the training ("train") or the test images ("test"), as :func:`load` does both."""
    source = paths["cifar-10-binary.tar.gz"]
    contents = _from_folder(source, part) if source.is_dir() else _from_tar(source, part)
    records = []
    for name, content in contents.items():
        if not content or len(content) % _RECORD:
            raise damaged(
                source,
                f"{name} has {counted(len(content), 'byte')}, not a number of records of "
                f"{_RECORD:,}",
            )
        records.append(np.frombuffer(content, np.uint8).reshape(-1, _RECORD))
        if (largest := records[-1][:, 0].max()) >= len(CLASSES):
            raise damaged(source, f"{name} has the label {largest}, beyond {len(CLASSES) - 1}")
    rows = np.concatenate(records)
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), rows[:, 0].astype(np.int64)


def _from_folder(folder: Path, part: str) -> dict[str, bytes]:
    if absent := [name for name in BATCHES[part] if not (folder / name).is_file()]:
        raise damaged(folder, f"{absent[0]} is not in it")
    return {name: (folder / name).read_bytes() for name in BATCHES[part]}


def _from_tar(path: Path, part: str) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in BATCHES[part] and (file := archive.extractfile(member)):
                    contents[name] = file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the file system, which names the file already
        raise damaged(path, f"it does not unpack ({error})") from None
    if absent := [name for name in BATCHES[part] if name not in contents]:
        raise damaged(path, f"{absent[0]} is not in it")
    return {name: contents[name] for name in BATCHES[part]}


def load_stand_in(path: Path) -> Arrays:
    """Load a zip file of the training images, of which some become the test images.

    Parameters
    ----------
    path : Path
        It holds a folder per class, whose files have numbers as names. The last ``HELD_OUT`` of
        each class are the test images.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        As from :func:`load`, class by class; the images are memory maps.

    Raises
    ------
    DamagedFileError
        If a class is missing or has no images left to train on, or an image does not decode.
    """
    folders = class_folders(path)
    parts: tuple[list[ImageFile], list[ImageFile]] = [], []
    counts: tuple[list[int], list[int]] = [], []
    for name in CLASSES:
        files = [ImageFile(path, file) for file in folders.get(name, ())]
        if len(files) <= HELD_OUT:
            raise damaged(
                path, f"it has {counted(len(files), 'image')} of {name}, not {HELD_OUT} and more"
            )
        files.sort(key=_number)
        for part, count, chosen in zip(
            parts, counts, (files[:-HELD_OUT], files[-HELD_OUT:]), strict=True
        ):
            part += chosen
            count.append(len(chosen))
    X, _ = ImageFiles.of([*parts[0], *parts[1]], (32, 32)).kept(path, "cifar-10-train")
    y_train, y_test = (np.repeat(np.arange(len(CLASSES)), count) for count in counts)
    return X[: len(y_train)], y_train, X[len(y_train) :], y_test


def _number(file: ImageFile) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, file.base))
    return int(digits or 0), file.base
