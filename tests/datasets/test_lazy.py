"""Images that are decoded when they are asked for, and the memory maps that they become."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from equipoise.datasets import ImageFiles, LazyImages, lazy, load_dataset
from equipoise.sequences import RowSequence


@pytest.fixture
def tiles(tmp_path):
    """A folder of two classes of ten pictures, of which each has a brightness of its own."""
    for number, name in enumerate(["cat", "dog"]):
        (tmp_path / "tiles" / name).mkdir(parents=True)
        for i in range(10):
            picture = Image.new("RGB", (8, 6), (100 * number + 10 * i, 0, 9))
            picture.save(tmp_path / "tiles" / name / f"{i}.png")
    return tmp_path / "tiles"


@pytest.fixture
def n_opened(monkeypatch):
    """Number of pictures that were opened, in a list."""
    opened, real_open = [0], Image.open

    def count(*args, **kwargs):
        opened[0] += 1
        return real_open(*args, **kwargs)

    monkeypatch.setattr(Image, "open", count)
    return opened


def caches(folder):
    return sorted(path.name for path in folder.glob("*.npy"))


def assert_same(found, expected):
    for name in "X_train", "y_train", "X_test", "y_test":
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.class_names == expected.class_names


def test_every_storage_has_the_same_images(tiles):
    expected = load_dataset("folder", tiles, storage="memory")
    kinds = {"auto": np.ndarray, "disk": np.memmap, "files": RowSequence}
    for storage, kind in kinds.items():
        data = load_dataset("folder", tiles, storage=storage)
        assert_same(data, expected)
        assert type(data.X_train) is kind and data.X_train.shape == (16, 6, 8, 3)
    assert len(caches(tiles.parent)) == 1
    with pytest.raises(ValueError, match="storage='ram'"):
        load_dataset("folder", tiles, storage="ram")


def test_large_sets_are_kept_on_disk(tiles, monkeypatch):
    monkeypatch.setattr(lazy, "IN_MEMORY", 20 * 6 * 8 * 3 - 1)
    assert isinstance(load_dataset("folder", tiles).X_train, np.memmap)
    monkeypatch.setattr(lazy, "IN_MEMORY", 20 * 6 * 8 * 3)
    shutil.move(tiles, tiles.with_name("others"))
    assert not isinstance(load_dataset("folder", tiles.with_name("others")).X_train, np.memmap)


def test_the_second_time_nothing_is_opened(tiles, n_opened):
    first = load_dataset("folder", tiles, storage="disk")
    assert n_opened[0] == 40  # a header and an image each
    again = load_dataset("folder", tiles)  # what is there is taken, however small it is
    assert n_opened[0] == 40
    assert_same(again, first)
    load_dataset("folder", tiles, storage="disk", image_size=4)
    assert len(caches(tiles.parent)) == 2  # sizes do not push each other out


@pytest.mark.parametrize("packed", [False, True])
def test_changed_files_are_noticed(tiles, packed):
    def pack():
        return shutil.make_archive(str(tiles), "zip", tiles) if packed else tiles

    load_dataset("folder", pack(), storage="disk")
    changed = tiles / "cat" / "0.png"
    Image.new("RGB", (8, 6), (255, 0, 9)).save(changed)
    os.utime(changed, (10**9, 10**9))
    (tiles / "dog" / "1.png").rename(tiles / "dog" / "10.png")
    data = load_dataset("folder", pack(), storage="disk")
    assert_same(data, load_dataset("folder", tiles, storage="memory"))
    assert 255 in np.concatenate([data.X_train, data.X_test])[:, 0, 0, 0]
    assert len(caches(tiles.parent)) == 1


def test_a_moved_folder_keeps_its_memory_map(tiles, tmp_path, n_opened):
    load_dataset("folder", tiles, storage="disk")
    (tmp_path / "elsewhere").mkdir()
    for path in tiles, *tiles.parent.glob("*.npy"):
        path.rename(tmp_path / "elsewhere" / path.name)
    before = n_opened[0]
    load_dataset("folder", tmp_path / "elsewhere" / "tiles", storage="disk")
    assert n_opened[0] == before


def test_a_memory_map_remembers_the_scale_of_deep_images(tmp_path):
    (tmp_path / "tiles" / "a").mkdir(parents=True)
    deep = np.array([[4095, 0]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "tiles" / "a" / "0.png")
    with pytest.warns(UserWarning, match="12 bits"):
        load_dataset("folder", tmp_path / "tiles", storage="disk")
    again = load_dataset("folder", tmp_path / "tiles", storage="disk")
    assert again.full_scale == {"integer": 4095.0} and again.X_train[0].tolist() == [[255, 0]]
    brighter = {"integer": 8190.0}
    data = load_dataset("folder", tmp_path / "tiles", storage="disk", full_scale=brighter)
    assert data.full_scale == brighter and data.X_train[0].tolist() == [[128, 0]]


def test_a_list_of_paths(tiles, tmp_path, n_opened):
    paths = sorted(tiles.rglob("*.png"), reverse=True)
    X = ImageFiles(map(str, paths))
    expected = np.stack([np.asarray(Image.open(path)) for path in paths])
    assert X.shape == expected.shape and X.dtype == expected.dtype and len(X) == 20
    for key in (3, -1, slice(2, 5), slice(0, 0), np.array([7, 7, 1])):
        np.testing.assert_array_equal(X[key], expected[key])
    mapped = X.cached(tmp_path / "kept")
    assert isinstance(mapped, np.memmap) and len(caches(tmp_path / "kept")) == 1
    np.testing.assert_array_equal(mapped, expected)
    before = n_opened[0]
    ImageFiles(paths).cached(tmp_path / "kept")
    assert n_opened[0] == before
    assert ImageFiles(paths, image_size=4).shape == (20, 4, 4, 3)
    with pytest.raises(ValueError, match="paths is empty"):
        ImageFiles([])
    with pytest.raises(FileNotFoundError):
        ImageFiles([tmp_path / "nowhere.png"]).cached(tmp_path / "kept")


class Rows:
    """A data set of Hugging Face: an item is a dict, and a column has a name."""

    column_names = ("image", "label")

    def __init__(self, n, mode="RGB"):
        self.images = [Image.new(mode, (8 - i % 2, 6)) for i in range(n)]
        self.labels, self.n_decoded = [i % 2 for i in range(n)], 0

    def __len__(self):
        return len(self.images)

    def __getitem__(self, key):
        if isinstance(key, str):
            return {"label": self.labels}[key]
        self.n_decoded += 1
        return {"image": self.images[key], "label": self.labels[key]}


def test_the_images_of_rows_with_names():
    rows = Rows(6)
    X = LazyImages(rows, "image", image_size=5)
    assert X.shape == (6, 5, 5, 3) and X.dtype == np.uint8 and X[1].shape == (5, 5, 3)
    rows.n_decoded = 0
    np.testing.assert_array_equal(X.labels("label"), [0, 1] * 3)
    assert rows.n_decoded == 0
    assert LazyImages(Rows(6, "L"), "image", image_size=5).shape == (6, 5, 5)
    with pytest.raises(ValueError, match="key=0: an item has no such entry, only 'image', 'label'"):
        LazyImages(rows)
    with pytest.raises(ValueError, match=r"key='label'.*no image"):
        LazyImages(rows, "label")
    with pytest.raises(ValueError, match="dataset is empty"):
        LazyImages(Rows(0), "image")


def test_all_images_have_the_colours_of_the_first():
    rows = Rows(2)
    rows.images[1] = Image.new("L", (8, 6), 70)
    assert LazyImages(rows, "image", image_size=5)[1][0, 0].tolist() == [70] * 3


def test_targets_are_read_without_the_images():
    class Dataset(list):
        targets = (3, 4)

    pairs = Dataset([(np.zeros((4, 4)), 3), (np.zeros((4, 4)), 4)])
    assert LazyImages(pairs).labels().tolist() == [3, 4]
    assert LazyImages([image for image, _ in pairs]).shape == (2, 4, 4)
