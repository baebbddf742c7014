"""The table of all files that can be downloaded, with their URLs and MD5 digests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class RemoteFile(NamedTuple):
    """A file as it is published, and what it becomes when it is unpacked, if not its stem."""

    name: str
    url: str
    md5: str
    unpacked: str = ""


class Source(NamedTuple):
    """The files of a data set, and the folders below the data folder that may hold them."""

    folders: tuple[str, ...]  # ours first, then torchvision's
    files: tuple[RemoteFile, ...]


def _idx_files(base: str, md5s: Sequence[str]) -> tuple[RemoteFile, ...]:
    stems = "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"
    names = [f"{stem}-ubyte.gz" for stem in stems]
    return tuple(RemoteFile(n, base + n, md5) for n, md5 in zip(names, md5s, strict=True))


DRIVE = "https://drive.google.com/uc?id="
_SVHN = "http://ufldl.stanford.edu/housenumbers/"
CELEBA_PAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"

SOURCES: dict[str, Source] = {
    "mnist": Source(
        ("mnist", "MNIST/raw"),
        _idx_files(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
    ),
    "fashion-mnist": Source(
        ("fashion-mnist", "FashionMNIST/raw"),
        _idx_files(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
    ),
    "svhn": Source(
        ("svhn",),
        (
            RemoteFile(
                "train_32x32.mat", _SVHN + "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"
            ),
            RemoteFile(
                "test_32x32.mat", _SVHN + "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"
            ),
        ),
    ),
    "cifar-10": Source(
        ("cifar-10",),
        (
            RemoteFile(
                "cifar-10-binary.tar.gz",
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                "cifar-10-batches-bin",
            ),
        ),
    ),
    "celeba": Source(
        ("celeba",),
        (
            RemoteFile(
                "img_align_celeba.zip",
                DRIVE + "0B7EVK8r0v71pZjFTYXZWM3FlRnM",
                "00d2c5bc6d35e252742224ab0c1e8fcb",
            ),
            RemoteFile(
                "list_attr_celeba.txt",
                DRIVE + "0B7EVK8r0v71pblRyaVFSWGxPY0U",
                "75e246fa4810816ffd6ee81facbd244c",
            ),
            RemoteFile(
                "list_eval_partition.txt",
                DRIVE + "0B7EVK8r0v71pY0NSMzRuSXJEVkk",
                "d32c9cbf5e040fd4025c592c306e6668",
            ),
        ),
    ),
}
