"""CelebA by hair colour, on a small copy in its format."""

import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from equipoise.datasets import DamagedFileError, DatasetNotFoundError, load_dataset

BLONDE, BLACK, BALD, BROWN, GRAY = range(5)


def load(root, **options):
    return load_dataset("celeba", root, download=False, **options)


def rows(X, y):
    """Tell images apart by their brightness; the i-th face has 20 i."""
    return sorted((round(image.mean() / 20), label) for image, label in zip(X, y, strict=True))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("below", ["celeba", "."])
def test_published_has_an_image_in_each_of_its_classes(tmp_path, write_celeba, below, packed):
    write_celeba(tmp_path / below, packed)
    data = load(tmp_path)
    assert rows(data.X_train, data.y_train) == [
        (0, BLACK),
        (1, BLONDE),
        (2, BROWN),
        (2, GRAY),
        (4, BALD),
        (6, GRAY),
        (7, BROWN),
    ]
    assert rows(data.X_test, data.y_test) == [(8, BLONDE), (8, BROWN), (9, BLACK), (11, GRAY)]
    assert data.class_names == ("blonde", "black", "bald", "brown", "gray")
    assert data.X_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64


def test_exclusive_leaves_out_images_of_two_classes(tmp_path, write_celeba):
    write_celeba(tmp_path)
    data = load(tmp_path, hair="exclusive")
    assert rows(data.X_train, data.y_train) == [
        (0, BLACK),
        (1, BLONDE),
        (4, BALD),
        (6, GRAY),
        (7, BROWN),
    ]
    assert rows(data.X_test, data.y_test) == [(9, BLACK), (11, GRAY)]


@pytest.mark.parametrize(
    ("image_size", "shape"), [(None, (64, 64)), (32, (32, 32)), ((20, 30), (20, 30))]
)
def test_the_crop_is_centred_and_undistorted(tmp_path, write_celeba, image_size, shape):
    write_celeba(tmp_path)
    data = load(tmp_path, image_size=image_size)
    assert data.X_train.shape == (7, *shape, 3)
    # The red stripes are outside of the central square, so that nothing red is left.
    inner = data.X_train[:, 1:-1].astype(int)
    assert np.abs(inner[..., 0] - inner[..., 1]).max() <= 10


def test_a_tall_crop_keeps_the_stripes(tmp_path, write_celeba):
    write_celeba(tmp_path)
    data = load(tmp_path, image_size=(109, 89))
    assert data.X_train.shape == (7, 109, 89, 3)
    assert (data.X_train[:, 0, :, 0].astype(int) - data.X_train[:, 0, :, 1]).min() > 200


def test_the_second_time_nothing_is_decoded(tmp_path, write_celeba, monkeypatch):
    write_celeba(tmp_path)
    opened = Counter()
    real_open = Image.open

    def counting_open(*args, **kwargs):
        opened["images"] += 1
        return real_open(*args, **kwargs)

    monkeypatch.setattr(Image, "open", counting_open)
    first = load(tmp_path)
    assert opened["images"] == 9  # of 12: one is for validation, two have no hair colour
    again = load(tmp_path)
    exclusive = load(tmp_path, hair="exclusive")
    assert opened["images"] == 9
    np.testing.assert_array_equal(first.X_train, again.X_train)
    assert len(exclusive.X_train) == 5
    assert isinstance(again.X_train, np.memmap)
    load(tmp_path, image_size=16)
    assert opened["images"] == 18
    load(tmp_path)
    assert opened["images"] == 18  # sizes do not push each other out


@pytest.mark.parametrize("kept", [0, 50, 5000, -1])
def test_a_truncated_cache_is_made_again(tmp_path, write_celeba, kept):
    write_celeba(tmp_path)
    expected = np.array(load(tmp_path).X_test)
    (cache,) = tmp_path.glob("*.npy")
    cache.write_bytes(cache.read_bytes()[:kept])
    np.testing.assert_array_equal(load(tmp_path).X_test, expected)


@pytest.mark.parametrize("packed", [False, True])
def test_a_stale_cache_is_made_again_and_replaced(tmp_path, write_celeba, packed):
    write_celeba(tmp_path, packed)
    load(tmp_path)
    write_celeba(tmp_path, packed, faces=[({"Gray_Hair"}, 0)] * 3 + [({"Bald"}, 2)])
    data = load(tmp_path)
    assert rows(data.X_train, data.y_train) == [(0, GRAY), (1, GRAY), (2, GRAY)]
    assert rows(data.X_test, data.y_test) == [(3, BALD)]
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_other_lists_for_the_same_images_are_noticed(tmp_path, write_celeba):
    write_celeba(tmp_path)
    load(tmp_path)
    path = tmp_path / "list_eval_partition.txt"
    exchanged = path.read_text().replace("02.jpg 0", "02.jpg 2").replace("10.jpg 2", "10.jpg 0")
    path.write_text(exchanged)
    data = load(tmp_path)
    assert (1, BLONDE) in rows(data.X_test, data.y_test)
    assert (9, BLACK) in rows(data.X_train, data.y_train)


def test_other_images_in_the_zip_are_noticed(tmp_path, write_celeba):
    write_celeba(tmp_path, packed=True)
    load(tmp_path)
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        for member in members:  # the same face for everyone
            archive.writestr(member, members["img_align_celeba/000006.jpg"])
    data = load(tmp_path)
    assert {brightness for brightness, _ in rows(data.X_train, data.y_train)} == {5}


def test_an_interrupted_decoding_leaves_nothing(tmp_path, write_celeba):
    images = write_celeba(tmp_path)
    whole = (images / "000007.jpg").read_bytes()
    (images / "000007.jpg").write_bytes(whole[: len(whole) // 2])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DamagedFileError, match=r"000007\.jpg is damaged"):
        load(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    (images / "000007.jpg").write_bytes(whole)
    assert len(load(tmp_path).X_train) == 7


def test_a_missing_image_is_named(tmp_path, write_celeba):
    (write_celeba(tmp_path) / "000003.jpg").unlink()
    with pytest.raises(DamagedFileError, match=r"000003\.jpg"):
        load(tmp_path)


def test_a_zip_stands_in_for_a_half_unpacked_folder(tmp_path, write_celeba):
    write_celeba(tmp_path, packed=True)
    (tmp_path / "img_align_celeba").mkdir()
    (tmp_path / "img_align_celeba" / "000001.jpg").write_bytes(b"half")
    assert len(load(tmp_path).X_train) == 7


def test_an_empty_folder_is_no_data_set(tmp_path, write_celeba):
    for image in write_celeba(tmp_path).iterdir():
        image.unlink()
    with pytest.raises(DatasetNotFoundError, match=r"lacks img_align_celeba\.zip"):
        load(tmp_path)


def test_a_truncated_zip_is_named(tmp_path, write_celeba):
    write_celeba(tmp_path, packed=True)
    archive = tmp_path / "img_align_celeba.zip"
    archive.write_bytes(archive.read_bytes()[:-500])
    with pytest.raises(
        DamagedFileError, match=r"img_align_celeba\.zip is damaged.*Delete or replace it"
    ):
        load(tmp_path)


def test_a_damaged_image_in_the_zip_is_noticed(tmp_path, write_celeba):
    write_celeba(tmp_path, packed=True)
    archive = tmp_path / "img_align_celeba.zip"
    content = bytearray(archive.read_bytes())
    content[content.index(b"000005.jpg") + 300] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"img_align_celeba\.zip is damaged.*000005\.jpg"):
        load(tmp_path)


def test_an_image_that_the_zip_lacks_is_named(tmp_path, write_celeba):
    write_celeba(tmp_path, packed=True)
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        archive.writestr("img_align_celeba/000001.jpg", b"")
    with pytest.raises(DamagedFileError, match=r"8 listed images.*000002\.jpg"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("list_attr_celeba.txt", lambda text: text[:-300]),
        ("list_attr_celeba.txt", lambda text: text[: text.rindex("\n0")]),
        ("list_attr_celeba.txt", lambda text: text.partition("\n")[2]),
        ("list_attr_celeba.txt", lambda text: text.replace("Gray_Hair", "Grey_Hair")),
        ("list_attr_celeba.txt", lambda text: text.replace(" -1", "  0")),
        ("list_attr_celeba.txt", lambda text: text.replace(" -1", "  x")),
        ("list_attr_celeba.txt", lambda text: ""),
        ("list_attr_celeba.txt", lambda text: text.replace(" 1 ", " -1 ")),
        ("list_eval_partition.txt", lambda text: text[:-20]),
        ("list_eval_partition.txt", lambda text: text.replace("jpg 2", "jpg 3")),
        ("list_eval_partition.txt", lambda text: text.replace("000003", "000033")),
        ("list_eval_partition.txt", lambda text: "nonsense\n"),
    ],
)
def test_a_damaged_list_is_named(tmp_path, write_celeba, name, damage):
    write_celeba(tmp_path)
    path = tmp_path / name
    path.write_text(damage(path.read_text()))
    with pytest.raises(DamagedFileError, match="Delete or replace it") as caught:
        load(tmp_path)
    assert str(path) in str(caught.value)


def test_the_cache_goes_elsewhere_where_the_data_are_read_only(tmp_path, write_celeba, monkeypatch):
    write_celeba(tmp_path / "data")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    monkeypatch.setattr("pooch.os_cache", lambda project: str(tmp_path / "elsewhere"))
    before = sorted((tmp_path / "data").iterdir())
    assert len(load(tmp_path / "data").X_train) == 7
    assert sorted((tmp_path / "data").iterdir()) == before
    assert len(list((tmp_path / "elsewhere").rglob("*.npy"))) == 1
