"""Loading of all data sets by their names, whole or one part, and where their files are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from equipoise.errors import counted

from . import celeba, cifar, digits, folder, idx, mat
from .decoding import FullScale
from .fetch import DataDir, data_root, fetch, locate
from .files import is_zip
from .images import Arrays, Images, Labels, parse_size, resize
from .sources import SOURCES


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test images with their labels.

    Attributes
    ----------
    name : str
        The name it was loaded by.
    X_train, X_test : ndarray of uint8
        Images, channels last: (n, height, width) for grey, (n, height, width, 3) for colour. With
        ``storage="files"``, lazy sequences of this shape.
    y_train, y_test : ndarray of shape (n,), int64
        Labels, 0 to C - 1.
    class_names : tuple of str
        What each label stands for.
    full_scale : mapping of str to float
        Values that became 255 in files of more than eight bits: of "integer" ones, of those with
        fractions ("float") and of 16-bit "colour"; empty where there were none.
    """

    name: str
    X_train: Images
    y_train: Labels
    X_test: Images
    y_test: Labels
    class_names: tuple[str, ...]
    full_scale: FullScale = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the shapes; the arrays would fill the screen."""
        return (
            f"Dataset({self.name!r}, train {self.X_train.shape}, test {self.X_test.shape}, "
            f"{counted(len(self.class_names), 'class', 'classes')})"
        )


@dataclass(frozen=True)
class DatasetStatus:
    """A data set that can be loaded by its name, and whether its files are on this machine.

    Attributes
    ----------
    name : str
        For :func:`load_dataset`.
    image_shape : tuple of int
        (height, width) or (height, width, 3).
    n_classes : int
        Number of classes.
    folder : Path or None
        Where its files are, or will be downloaded to; None where it comes with scikit-learn.
    missing : tuple of str
        Files to be downloaded; empty where all are here.
    note : str
        What is special about the files that are here, if anything is.
    """

    name: str
    image_shape: tuple[int, ...]
    n_classes: int
    folder: Path | None
    missing: tuple[str, ...]
    note: str = ""

    @property
    def available(self) -> bool:
        """Whether the data set loads without a download."""
        return not self.missing


class _Known(NamedTuple):
    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]


STORAGES = ("auto", "memory", "disk", "files")
_NUMERALS = tuple("0123456789")
_KNOWN = {
    "digits": _Known((8, 8), _NUMERALS),
    "mnist": _Known((28, 28), _NUMERALS),
    "fashion-mnist": _Known(
        (28, 28),
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    "svhn": _Known((32, 32, 3), _NUMERALS),
    "cifar-10": _Known((32, 32, 3), cifar.CLASSES),
    "celeba": _Known((64, 64, 3), tuple(celeba.HAIR)),
}


def load_dataset(
    name: str,
    data_dir: DataDir = None,
    download: bool = True,
    *,
    image_size: int | tuple[int, int] | None = None,
    hair: str = "published",
    full_scale: Mapping[str, float] | None = None,
    storage: str = "auto",
    skip_damaged: bool = False,
) -> Dataset:
    """Load a data set, and download it if its files are missing.

    Parameters
    ----------
    name : str
        One of

        - "digits": scikit-learn's digits, 8 x 8, grey; no download. A fixed quarter of every
          class is the test set.
        - "mnist", "fashion-mnist": 28 x 28, grey; 60,000 and 10,000 images.
        - "svhn": cropped house numbers, 32 x 32, colour; 73,257 and 26,032 images. Label 0 is the
          digit 0.
        - "cifar-10": 32 x 32, colour; 50,000 and 10,000 images of ten kinds of things. Where the
          official files are absent but ``data_dir/cifar-10/train.zip`` is there, with the training
          images as files in a folder per class, the last 1,000 of each class by their numbers
          are the test images, and a warning says so.
        - "celeba": aligned faces by hair colour, 64 x 64 from the largest centred square; classes
          blonde, black, bald, brown, gray. Its official training and test partitions; the
          validation partition is left out. For non-commercial research only, say its authors.
        - "folder": your images, in one subfolder of ``data_dir`` per class; ``data_dir`` may be a
          zip file of that. If it has ``train`` and ``test`` folders with class folders in them,
          these are the split; otherwise a fixed fifth of every class of two images or more is the
          test set. Colour where any image has colour, else grey. Read is what Pillow reads: png,
          jpg, webp, tif, bmp, gif and others; see the user guide for images of more than eight
          bits, transparency and palettes.
    data_dir : path or None, default=None
        Folder for data; the files are looked for in its subfolder of that name, in torchvision's
        (``MNIST/raw``, ``FashionMNIST/raw``) and in itself. None stands for the environment
        variable ``EQUIPOISE_DATA``, else for the system's cache folder. Needed for "folder".
    download : bool, default=True
        Whether to download what is missing, into the folder that already has most of the files,
        else into ``data_dir/name``. An interrupted download is taken up at the next file. CelebA
        is on Google Drive and needs the package gdown.
    image_size : int, (int, int) or None, default=None
        Height and width of the images; None keeps those above. "folder" needs it where sizes
        differ. Images are stretched to it (bilinear, antialiased), those of CelebA cropped.
    hair : {"published", "exclusive"}, default="published"
        For "celeba", what becomes of an image with two hair colours: "published" has it in both
        classes, which gives the counts in the paper; "exclusive" leaves it out.
    full_scale : mapping of str to float or None, default=None
        For "folder", the values that become 255 in files of more than eight bits, such as those of
        the images that a model was trained on (``Dataset.full_scale``). None finds them out: they
        depend on how many bits the files use, and a warning tells them.
    storage : {"auto", "memory", "disk", "files"}, default="auto"
        For "folder", where the decoded images are: "memory" has an array; "disk" a read-only memory
        map of a ``.npy`` file beside ``data_dir``, which the first call writes and every other
        opens; "files" a lazy sequence, which decodes images whenever they are asked for. "auto" is
        "memory" up to 1 GiB of decoded images, and "disk" above. Estimators take each of them.
    skip_damaged : bool, default=False
        For "folder", whether to leave images out that do not decode, with a warning that names
        them, for which every image is decoded once more. Otherwise they are an error. True is
        refused for other data sets.

    Returns
    -------
    Dataset
        Images are ``uint8``, channels last: (n, height, width) for grey, (n, height, width, 3)
        for colour. Labels are ``int64``, 0 to C - 1. The images of "celeba" are read-only memory
        maps of a file that the first call writes (about 1.5 GB at 64 x 64, a minute or two), and
        those of "folder" may be; all else is in memory.

    Raises
    ------
    DatasetNotFoundError
        If files are missing and cannot be downloaded; it says how to get them by hand.
    DamagedFileError
        If a local file is not what its name says. Local files have their structure checked, not
        their MD5: they may have been compressed again.
    ValueError
        If a parameter is out of range, or the images of a folder do not go together.

    References
    ----------
    MNIST: Y. LeCun et al., Proc. IEEE 86(11), 1998. Fashion-MNIST: H. Xiao et al.,
    arXiv:1708.07747. SVHN: Y. Netzer et al., NIPS workshop 2011. CIFAR-10: A. Krizhevsky, technical
    report, University of Toronto, 2009. CelebA: Z. Liu et al., ICCV 2015;
    by hair colour: X. Wang et al., CVPR 2020. Digits: E. Alpaydin, C. Kaynak, UCI, 1998.

    Examples
    --------
    >>> from equipoise.datasets import imbalance, load_dataset
    >>> digits = load_dataset("digits")
    >>> digits.X_train.shape
    (1347, 8, 8)
    >>> X, y = imbalance.subset(
    ...     digits.X_train, digits.y_train, imbalance.published("digits"), random_state=0
    ... )
    """
    if name not in (*_KNOWN, "folder"):
        raise ValueError(
            f"Data set {name!r} is not known; choose from {', '.join(_KNOWN)}, folder."
        )
    if hair not in ("published", "exclusive"):
        raise ValueError(f"hair={hair!r}: choose 'published' or 'exclusive'.")
    if storage not in STORAGES:
        raise ValueError(f"storage={storage!r}: choose from {', '.join(STORAGES)}.")
    size = parse_size(image_size)
    if name == "folder":
        if data_dir is None:
            raise ValueError(
                "The data set 'folder' needs the folder of your images: pass data_dir (--data-dir)."
            )
        path = Path(data_dir).expanduser().absolute()
        root = path if is_zip(path) else data_root(path)
        arrays, class_names, scale = folder.load(root, size, full_scale, storage, skip_damaged)
        return Dataset(name, *arrays, class_names, scale)
    if skip_damaged:
        raise ValueError(
            f"skip_damaged=True (--skip-damaged) is for 'folder': {name!r} has no images in files "
            "of their own that could be left out. Leave skip_damaged out."
        )
    class_names = _KNOWN[name].class_names
    if name == "digits":
        arrays = digits.load()
    elif name == "svhn":
        arrays = mat.load(fetch(name, data_dir, download))
    elif name == "cifar-10":
        arrays = _cifar(data_dir, download)
    elif name == "celeba":
        arrays = celeba.load(fetch(name, data_dir, download), size or (64, 64), hair)
    else:
        arrays = idx.load(fetch(name, data_dir, download))
    X_train, y_train, X_test, y_test = arrays
    return Dataset(name, resize(X_train, size), y_train, resize(X_test, size), y_test, class_names)


def load_part(
    name: str, part: str, data_dir: DataDir = None, download: bool = True
) -> tuple[Images, Labels]:
    """Load the training or the test images, without opening the files of the other part.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "celeba"}
        Data set. "digits" and "celeba" do not have separate files for their parts; the images of
        "celeba" that are not asked for stay on disk.
    part : {"train", "test"}
    data_dir : path or None, default=None
        As for :func:`equipoise.load_dataset`.
    download : bool, default=True
        Whether to download what is missing.

    Returns
    -------
    X : ndarray of uint8
        Images, channels last.
    y : ndarray of shape (n,), int64

    Raises
    ------
    ValueError
        If ``name`` or ``part`` is none of those, or a file is damaged.
    DatasetNotFoundError
        If files are missing and cannot be downloaded.
    """
    if part not in ("train", "test"):
        raise ValueError(f"part={part!r}: choose 'train' or 'test'.")
    if name in ("mnist", "fashion-mnist"):
        return idx.load_part(fetch(name, data_dir, download), part)
    if name == "svhn":
        return mat.read_svhn(fetch(name, data_dir, download)[f"{part}_32x32.mat"])
    if name == "cifar-10" and not stand_in(name, data_dir):
        return cifar.load_part(fetch(name, data_dir, download), part)
    data = load_dataset(name, data_dir, download)
    return (data.X_train, data.y_train) if part == "train" else (data.X_test, data.y_test)


def class_names(name: str) -> list[str]:
    """Return what the labels 0, 1, … of a named data set stand for, without loading it."""
    return list(_KNOWN[name].class_names)


def stand_in(name: str, data_dir: DataDir = None) -> Path | None:
    """Return the file that is loaded in place of the official ones, where these are absent.

    Parameters
    ----------
    name : str
        Only "cifar-10" has such a file.
    data_dir : path or None, default=None
        As for :func:`load_dataset`.

    Returns
    -------
    Path or None
        None where the official files are here, or neither.
    """
    if name != "cifar-10":
        return None
    folder, found = locate(name, data_root(data_dir))
    path = folder / cifar.STAND_IN
    return path if not found and path.is_file() else None


def prepare(name: str, data_dir: DataDir = None) -> None:
    """Do what loading a data set needs done once: download its files, or decode those instead.

    Raises
    ------
    DatasetNotFoundError
        If files are missing and cannot be downloaded.
    """
    if stand_in(name, data_dir):
        load_dataset(name, data_dir)
    elif name in SOURCES:
        fetch(name, data_dir, download=True)


def _cifar(data_dir: DataDir, download: bool) -> Arrays:
    if (path := stand_in("cifar-10", data_dir)) is None:
        return cifar.load(fetch("cifar-10", data_dir, download))
    warnings.warn(f"{path}: the test images are {cifar.NOT_OFFICIAL}.", stacklevel=3)
    return cifar.load_stand_in(path)


def status(data_dir: DataDir = None) -> list[DatasetStatus]:
    """List the named data sets and where their files are, without reading them.

    Parameters
    ----------
    data_dir : path or None, default=None
        As for :func:`load_dataset`.

    Returns
    -------
    list of DatasetStatus
        All but "folder".
    """
    root = data_root(data_dir)
    return [_status_of(name, known, root) for name, known in _KNOWN.items()]


def _status_of(name: str, known: _Known, root: Path) -> DatasetStatus:
    about = name, known.image_shape, len(known.class_names)
    if name not in SOURCES:
        return DatasetStatus(*about, None, ())
    folder, found = locate(name, root)
    if stand_in(name, root):
        return DatasetStatus(*about, folder, (), f"test images: {cifar.NOT_OFFICIAL}")
    missing = (file.name for file in SOURCES[name].files if file.name not in found)
    return DatasetStatus(*about, folder, tuple(missing))
