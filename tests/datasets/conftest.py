"""Small data sets in the exact formats of the real ones, and the real ones where there are any."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from equipoise.datasets.cifar import CLASSES

REAL = Path(os.environ.get("EQUIPOISE_DATA") or Path(__file__).parents[3] / "shared" / "data")

# The 40 names of list_attr_celeba.txt.
ATTRIBUTES = """
5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose
Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee
Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard
Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling Straight_Hair
Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace Wearing_Necktie Young
""".split()

# Images of the small CelebA: their hair, and their partition.
FACES = [
    ({"Black_Hair"}, 0),
    ({"Blond_Hair"}, 0),
    ({"Brown_Hair", "Gray_Hair"}, 0),
    (set(), 0),
    ({"Bald"}, 0),
    ({"Brown_Hair"}, 1),
    ({"Gray_Hair"}, 0),
    ({"Brown_Hair"}, 0),
    ({"Blond_Hair", "Brown_Hair"}, 2),
    ({"Black_Hair"}, 2),
    (set(), 2),
    ({"Gray_Hair"}, 2),
]


@pytest.fixture(autouse=True)
def _no_data_of_the_machine(monkeypatch, tmp_path):
    """Keep tests away from the cache of whoever runs them, and from proxies."""
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "default-root"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def real_data():
    """Return a function that gives the real data folder, or skips."""

    def folder(name):
        if not (REAL / name).is_dir():
            pytest.skip(f"no {name} in {REAL}; set EQUIPOISE_DATA to a folder that has it")
        return REAL

    return folder


def idx_bytes(array):
    """Write down an array as an IDX file of unsigned bytes."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist_files(seed=0):
    """Return the four files of a tiny MNIST, uncompressed, and its arrays."""
    rng = np.random.default_rng(seed)
    files, arrays = {}, []
    for part, n in ("train", 30), ("t10k", 12):
        X = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        y = rng.integers(0, 10, n).astype(np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx_bytes(X)
        files[f"{part}-labels-idx1-ubyte"] = idx_bytes(y)
        arrays += [X, y]
    return files, arrays


@pytest.fixture
def write_mnist():
    """Return a function that writes a tiny MNIST into a folder and returns its arrays."""

    def write(folder, compress=True, seed=0):
        folder.mkdir(parents=True, exist_ok=True)
        files, arrays = mnist_files(seed)
        for name, content in files.items():
            if compress:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
            else:
                (folder / name).write_bytes(content)
        return arrays

    return write


@pytest.fixture
def mnist_gz():
    """Return the four files of a tiny MNIST, as published: name to compressed bytes."""
    return {f"{name}.gz": gzip.compress(data, 1) for name, data in mnist_files()[0].items()}


@pytest.fixture
def write_svhn():
    """Return a function that writes one SVHN file and returns X (32, 32, 3, n) and y (n, 1)."""

    def write(path, n=20, **replaced):
        rng = np.random.default_rng(n)
        path.parent.mkdir(parents=True, exist_ok=True)
        X = rng.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
        y = np.resize(np.arange(1, 11, dtype=np.uint8), n)[:, np.newaxis]
        savemat(path, {"X": X, "y": y, **replaced}, do_compression=True)
        return X, y

    return write


def cifar_batches(n=4):
    """Return the six batches of a tiny CIFAR-10, n images each: name to labels and images."""
    rng = np.random.default_rng(n)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    return {
        name: (rng.integers(0, 10, n), rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8))
        for name in names
    }


@pytest.fixture
def write_cifar():
    """Return a function that writes a tiny CIFAR-10, packed or not, and returns its batches."""

    def write(folder, packed=True, left_out=(), **replaced):
        batches = cifar_batches()
        contents = {"batches.meta.txt": b"airplane\nautomobile\n", "readme.html": b"<html>"}
        for name, (labels, images) in batches.items():
            # A record is a label, then all red values, all green ones and all blue ones.
            contents[name] = b"".join(
                bytes([label]) + image.transpose(2, 0, 1).tobytes()
                for label, image in zip(labels, images, strict=True)
            )
        contents = {k: v for k, v in (contents | replaced).items() if k not in left_out}
        folder.mkdir(parents=True, exist_ok=True)
        if packed:
            with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
                for name, content in contents.items():
                    member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
        else:
            (folder / "cifar-10-batches-bin").mkdir()
            for name, content in contents.items():
                (folder / "cifar-10-batches-bin" / name).write_bytes(content)
        return batches

    return write


@pytest.fixture
def write_cifar_files():
    """Return a function that writes a zip of CIFAR-10's classes; image i has the brightness i."""

    def write(path, n=5, left_out=()):
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for name in set(CLASSES) - set(left_out):
                for i in reversed(range(n)):
                    content = io.BytesIO()
                    Image.new("RGB", (32, 32), (8 * i,) * 3).save(content, "jpeg", quality=95)
                    archive.writestr(f"{name}/{i}.jpg", content.getvalue())
        return path

    return write


def face(i):
    """Return the i-th image of the small CelebA: red stripes above and below a square."""
    image = np.empty((218, 178, 3), dtype=np.uint8)
    image[:] = (255, 0, 0)
    image[20:198] = (20 * i, 20 * i, 20 * i)
    return Image.fromarray(image)


@pytest.fixture
def write_celeba():
    """Return a function that writes the small CelebA, as a folder of jpgs or as a zip."""

    def write(root, packed=False, faces=FACES):
        images = root / "img_align_celeba"
        images.mkdir(parents=True, exist_ok=True)
        names = [f"{i + 1:06d}.jpg" for i in range(len(faces))]
        rows = [
            name + " " + " ".join(f"{1 if a in hair else -1:2d}" for a in ATTRIBUTES) + " \n"
            for name, (hair, _) in zip(names, faces, strict=True)
        ]
        (root / "list_attr_celeba.txt").write_text(
            f"{len(faces)}\n{' '.join(ATTRIBUTES)} \n{''.join(rows)}"
        )
        (root / "list_eval_partition.txt").write_text(
            "".join(f"{name} {part}\n" for name, (_, part) in zip(names, faces, strict=True))
        )
        for i, name in enumerate(names):
            face(i).save(images / name, quality=95)
        if packed:
            with zipfile.ZipFile(root / "img_align_celeba.zip", "w") as archive:
                for name in names:
                    archive.write(images / name, f"img_align_celeba/{name}")
                    (images / name).unlink()
            images.rmdir()
        return images

    return write
