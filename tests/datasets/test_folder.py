"""A person's own images in class folders."""

import shutil
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageOps

from equipoise.datasets import DamagedFileError, DatasetNotFoundError, load_dataset
from equipoise.datasets.decoding import to_array
from equipoise.datasets.images import with_channels

GREY, RED = 100, (200, 10, 10)


def draw(path, colour=GREY, size=(6, 4), mode=None):
    """Save a plain image; the size is (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = mode or ("L" if isinstance(colour, int) else "RGB")
    Image.new(mode, size[::-1], colour).save(path)


def test_a_fixed_stratified_split(tmp_path):
    for i in range(10):
        draw(tmp_path / "cat" / f"{i}.png", 10 + i)
    for i in range(3):
        draw(tmp_path / "dog" / f"{i}.png", 50 + i)
    draw(tmp_path / "eel" / "only.png", 90)
    draw(tmp_path / "fox" / "0.png", 120)
    draw(tmp_path / "fox" / "1.png", 121)
    data = load_dataset("folder", tmp_path)
    assert data.class_names == ("cat", "dog", "eel", "fox")
    assert np.bincount(data.y_train, minlength=4).tolist() == [8, 2, 1, 1]
    assert np.bincount(data.y_test, minlength=4).tolist() == [2, 1, 0, 1]
    assert data.X_train.shape == (12, 6, 4)
    assert data.X_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64
    # Every image is on one side, with the label of its folder.
    both = np.concatenate([data.X_train, data.X_test])[:, 0, 0]
    assert sorted(both) == [*range(10, 20), 50, 51, 52, 90, 120, 121]
    np.testing.assert_array_equal(data.X_train[:, 0, 0] // 40, data.y_train)
    again = load_dataset("folder", tmp_path)
    np.testing.assert_array_equal(again.X_test, data.X_test)


def test_train_and_test_folders_are_the_split(tmp_path):
    for i in range(3):
        draw(tmp_path / "train" / "a" / f"{i}.png", 1)
        draw(tmp_path / "train" / "b" / f"{i}.jpg", 2)
    draw(tmp_path / "test" / "b" / "0.JPEG", 3)
    data = load_dataset("folder", tmp_path)
    assert data.class_names == ("a", "b")
    assert data.y_train.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.y_test.tolist() == [1]
    assert data.X_test[0, 0, 0] == 3


def test_a_test_class_needs_training_images(tmp_path):
    draw(tmp_path / "train" / "a" / "0.png")
    draw(tmp_path / "test" / "b" / "0.png")
    with pytest.raises(ValueError, match="without images in"):
        load_dataset("folder", tmp_path)


def test_train_and_test_may_be_classes(tmp_path):
    for i in range(5):
        draw(tmp_path / "train" / f"{i}.png")
        draw(tmp_path / "test" / f"{i}.png")
    assert load_dataset("folder", tmp_path).class_names == ("test", "train")


def test_one_colour_image_makes_all_colour(tmp_path):
    draw(tmp_path / "a" / "0.png", GREY)
    draw(tmp_path / "b" / "0.png", RED)
    data = load_dataset("folder", tmp_path)
    assert data.X_train.shape == (2, 6, 4, 3)
    assert data.X_train[0, 0, 0].tolist() == [100, 100, 100]
    assert data.X_train[1, 0, 0].tolist() == [200, 10, 10]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, 255),
        ("LA", (100, 128), 177),  # half of it the white behind
        ("I;16", 40_000, 156),
        ("RGBA", (*RED, 128), [227, 132, 132]),
        ("P", 0, [0, 0, 0]),
    ],
)
def test_every_kind_of_png(tmp_path, mode, colour, expected):
    draw(tmp_path / "a" / "0.png", colour, mode=mode)
    data = load_dataset("folder", tmp_path)
    assert data.X_train[0, 0, 0].tolist() == expected


def test_a_camera_held_sideways(tmp_path):
    image = Image.new("L", (8, 4), 0)
    image.paste(255, (0, 0, 8, 1))  # bright above, as the sensor saw it
    exif = Image.Exif()
    exif[274] = 6  # turn clockwise
    (tmp_path / "a").mkdir()
    image.save(tmp_path / "a" / "0.png", exif=exif)
    data = load_dataset("folder", tmp_path)
    assert data.X_train.shape == (1, 8, 4)
    assert (data.X_train[0, :, -1] == 255).all()


def test_different_sizes_need_image_size(tmp_path):
    draw(tmp_path / "a" / "0.png", size=(6, 4))
    draw(tmp_path / "a" / "1.png", size=(6, 4))
    draw(tmp_path / "b" / "2.png", size=(4, 6))
    with pytest.raises(ValueError, match="image_size") as caught:
        load_dataset("folder", tmp_path)
    for part in f"{tmp_path / 'a'}/", "6x4", str(tmp_path / "b" / "2.png"), "4x6":
        assert part in str(caught.value)
    assert load_dataset("folder", tmp_path, image_size=5).X_train.shape[1:] == (5, 5)
    assert load_dataset("folder", tmp_path, image_size=(3, 7)).X_train.shape[1:] == (3, 7)


def test_other_files_are_ignored(tmp_path):
    draw(tmp_path / "a" / "0.png")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "a" / "._0.png").write_text("left by macOS")
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.png").write_text("not in a class folder")
    data = load_dataset("folder", tmp_path)
    assert data.class_names == ("a",)
    assert len(data.X_train) == 1


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("kept", [0, 5, 0.7])
def test_a_corrupt_image_is_named(tmp_path, suffix, kept):
    for i in range(5):
        draw(tmp_path / "a" / f"{i}.{suffix}", size=(64, 64))
    path = tmp_path / "a" / f"3.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    with pytest.raises(DamagedFileError) as caught:
        load_dataset("folder", tmp_path)
    assert str(path) in str(caught.value)


def test_a_png_with_a_broken_chunk_is_named(tmp_path):
    path = tmp_path / "a" / "0.png"
    draw(path)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    length = content.index(b"IDAT") - 4  # where the pixels' chunk says how long it is
    path.write_bytes(content[:length] + (100).to_bytes(4, "big") + content[length + 4 :])
    with pytest.raises(DamagedFileError, match=r"0\.png is damaged"):
        load_dataset("folder", tmp_path)


def test_an_empty_class_is_named(tmp_path):
    draw(tmp_path / "a" / "0.png")
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match="b holds no image"):
        load_dataset("folder", tmp_path)


def test_no_images_at_all(tmp_path):
    with pytest.raises(DatasetNotFoundError, match="does not exist"):
        load_dataset("folder", tmp_path / "nowhere")
    with pytest.raises(DatasetNotFoundError, match="holds no folders"):
        load_dataset("folder", tmp_path)
    with pytest.raises(ValueError, match="data_dir"):
        load_dataset("folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="not a folder"):
        load_dataset("folder", tmp_path / "file")


def test_files_that_come_or_go_hardly_move_others_to_the_other_side(tmp_path):
    for i in range(40):
        draw(tmp_path / "cat" / f"{i}.png", 10 + i)
    draw(tmp_path / "dog" / "0.png", 90)
    before = load_dataset("folder", tmp_path)
    (tmp_path / "cat" / "0.png").unlink()
    (tmp_path / "dog").rename(tmp_path / "bird")
    draw(tmp_path / "cat" / "00.png", 200)
    after = load_dataset("folder", tmp_path)
    trained, tested = (set(X[:, 0, 0].tolist()) for X in (before.X_train, after.X_test))
    assert len(tested) == 8 and len(trained & tested) <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path, mode):
    drawing = Image.new(mode, (6, 4), 0)
    drawing.paste((0, 0, 0, 255)[-len(mode) :], (0, 0, 6, 2))
    (tmp_path / "a").mkdir()
    drawing.save(tmp_path / "a" / "0.png")
    shown = load_dataset("folder", tmp_path).X_train[0]
    assert (shown[:2] == 0).all() and (shown[2:] == 255).all()


def test_other_exif_tags_may_be_wrong(tmp_path):
    entries = ((274, 3, 1, b"\6\0"), (296, 2, 2, b"2\0"))  # a unit of resolution that is text
    packed = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)
    (tmp_path / "a").mkdir()
    Image.new("L", (8, 4), 0).save(tmp_path / "a" / "0.jpg", exif=exif)
    assert load_dataset("folder", tmp_path).X_train.shape == (1, 8, 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_are_those_of_pillow(orientation):
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    image.getexif()[274] = orientation
    shown = to_array(image, colour=False)
    np.testing.assert_array_equal(shown, ImageOps.exif_transpose(image))


def test_grey_and_colour_by_the_weights_of_pillow():
    colour = np.random.default_rng(0).integers(0, 256, (5, 6, 4, 3)).astype(np.uint8)
    grey = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in colour])
    np.testing.assert_array_equal(with_channels(colour, 1), grey)
    assert with_channels(grey, 1) is grey and (with_channels(grey, 3)[..., 2] == grey).all()


def test_pictures_that_are_not_read_are_told_of(tmp_path):
    draw(tmp_path / "a" / "0.png")
    (tmp_path / "a" / "1.heic").write_bytes(b"what a telephone takes")
    with pytest.warns(
        UserWarning, match=r"has images such as 1.heic \(1 in all\) that are left out"
    ):
        assert len(load_dataset("folder", tmp_path).X_train) == 1


def zipped(folder, path, below=""):
    """Pack a folder into a zip file, with everything in it below another folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, f"{below}{file.relative_to(folder).as_posix()}")
    return path


@pytest.mark.parametrize("below", ["", "tiles/"])
@pytest.mark.parametrize("parts", [("",), ("train", "test")])
def test_a_zip_is_read_like_the_folder(tmp_path, below, parts):
    tiles = tmp_path / "tiles"
    for part in parts:
        for i in range(6):
            draw(tiles / part / "cat" / f"{i}.png", 10 + i)
            draw(tiles / part / "dog" / f"{i}.jpg", 50 + 10 * i)
    (tiles / "notes.txt").write_text("hello")
    draw(tiles / "__MACOSX" / "cat" / "0.png", 0)
    path = zipped(tiles, tmp_path / "pictures.zip", below)
    packed, plain = load_dataset("folder", path), load_dataset("folder", tiles)
    assert packed.class_names == plain.class_names == ("cat", "dog")
    for name in "X_train", "y_train", "X_test", "y_test":
        np.testing.assert_array_equal(getattr(packed, name), getattr(plain, name))
    assert len(packed.X_test)


def test_a_zip_of_one_class_stays_that_class(tmp_path):
    draw(tmp_path / "tiles" / "cat" / "0.png")
    path = zipped(tmp_path / "tiles", tmp_path / "pictures.zip")
    assert load_dataset("folder", path).class_names == ("cat",)


def test_a_damaged_zip_is_named(tmp_path):
    for i in range(3):
        draw(tmp_path / "tiles" / "cat" / f"{i}.png", size=(50, 40))
    path = zipped(tmp_path / "tiles", tmp_path / "pictures.zip")
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[whole.index(b"cat/1.png") + 60] ^= 1
    path.write_bytes(broken)
    with pytest.raises(DamagedFileError, match=r"pictures\.zip is damaged: cat/1\.png"):
        load_dataset("folder", path)
    path.write_bytes(whole[:-30])
    with pytest.raises(DamagedFileError, match=r"pictures\.zip is damaged"):
        load_dataset("folder", path)
    with pytest.raises(DatasetNotFoundError, match="does not exist"):
        load_dataset("folder", tmp_path / "nowhere.zip")


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


@pytest.fixture
def partly_damaged(tmp_path):
    """Two classes of ten photographs, of which two are cut off and one is no image."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.jpg")
    truncate(tmp_path / "photos" / "a" / "3.jpg")
    truncate(tmp_path / "photos" / "b" / "7.jpg")
    (tmp_path / "photos" / "b" / "8.jpg").write_text("no image")
    return tmp_path / "photos"


@pytest.mark.parametrize("zipped", [False, True])
def test_all_damaged_files_are_named_at_once(partly_damaged, zipped):
    root = shutil.make_archive(partly_damaged, "zip", partly_damaged) if zipped else partly_damaged
    with pytest.raises(DamagedFileError, match=r"damaged: 3 of 20 images.*--skip-damaged") as e:
        load_dataset("folder", root)
    assert all(name in str(e.value) for name in ("a/3.jpg", "b/7.jpg", "b/8.jpg"))


@pytest.mark.parametrize("storage", ["memory", "disk", "files"])
def test_damaged_files_can_be_left_out(partly_damaged, storage):
    with pytest.warns(
        UserWarning, match=r"left out as damaged, 3 of 20 images.*a/3.jpg, b/7.jpg, b/8.jpg"
    ):
        data = load_dataset("folder", partly_damaged, storage=storage, skip_damaged=True)
    assert len(data.X_train[:]) + len(data.X_test[:]) == 17
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [9, 8]


def test_a_class_of_damaged_files_alone_is_refused(partly_damaged):
    for file in (partly_damaged / "b").iterdir():
        file.write_text("no image")
    with (
        pytest.warns(UserWarning, match="left out as damaged, 11 of"),
        pytest.raises(ValueError, match="All images in the class folder .*b are damaged"),
    ):
        load_dataset("folder", partly_damaged, skip_damaged=True)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("place", ["a/more/x.png", "x.png", "a/more/yet/x.webp"])
def test_images_outside_of_class_folders_are_told_of(tmp_path, place, zipped):
    root = tmp_path / "data"
    for name in ("a/0.png", "a/1.png", "b/0.png", place):
        draw(root / name)
    (root / "notes.txt").write_text("none of the images")
    source = shutil.make_archive(root, "zip", root) if zipped else root
    with pytest.warns(UserWarning, match=rf"left out, such as {place} \(1 in all"):
        data = load_dataset("folder", source)
    assert len(data.y_train) + len(data.y_test) == 3


def test_more_pixels_than_pillow_allows_are_an_error(tmp_path, monkeypatch):
    draw(tmp_path / "a" / "0.png")
    draw(tmp_path / "b" / "large.png", size=(40, 50))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(DamagedFileError, match=r"large.png.*50x40 pixels.*limit of 1500"),
    ):
        load_dataset("folder", tmp_path, image_size=4)


def test_a_huge_image_in_a_zip_file_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a/0.png", "w", force_zip64=True) as file:
            for _ in range(513):
                file.write(bytes(2**20))
        archive.writestr("b/0.png", b"")
    with pytest.raises(DamagedFileError, match=r"a/0.png has more than 512 MiB"):
        load_dataset("folder", tmp_path / "bomb.zip")
