"""Images in all formats that people have: depths, colours, transparency, palettes."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from equipoise.datasets import DamagedFileError, load_dataset


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(path, **options)


def first_pixels(root):
    """Value of the first pixel of every image, in the order of the files."""
    data = load_dataset("folder", root)
    return np.concatenate([data.X_train, data.X_test])[:, 0, 0].tolist()


def deep(*values):
    """An image of these 16-bit values."""
    return np.array([values], dtype=np.uint16)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_twelve_bits_in_sixteen_are_not_dark(tmp_path, suffix):
    save(tmp_path / "a" / f"0.{suffix}", deep(2048, 0))
    save(tmp_path / "b" / f"0.{suffix}", deep(4095, 7))  # the set has one scale
    with pytest.warns(UserWarning, match=r"\(2 in all\), use 12 bits: values from 0 to 4095"):
        data = load_dataset("folder", tmp_path)
    assert data.X_train[:, 0].tolist() == [[128, 0], [255, 0]]
    assert data.full_scale == {"integer": 4095.0}


@pytest.mark.parametrize(
    ("most", "bits", "shown"),
    [(200, 8, 200), (700, 10, 174), (4096, 14, 64), (65535, 16, 255), (90_000, 24, 1)],
)
def test_the_bits_of_a_set_are_found(tmp_path, most, bits, shown):
    dtype = np.uint16 if most < 2**16 else np.int32
    save(tmp_path / "a" / "0.tif", np.full((2, 2), most, dtype=dtype))
    with pytest.warns(UserWarning, match=f"use {bits} bits"):
        assert first_pixels(tmp_path) == [shown]


def test_other_images_take_the_scale_of_those_of_the_training(tmp_path):
    save(tmp_path / "a" / "0.png", deep(400, 0))  # dark: on its own, it would count as 10 bits
    data = load_dataset("folder", tmp_path, full_scale={"integer": 4095.0})
    assert data.X_train[0, 0].tolist() == [25, 0]


def test_sixteen_bits_per_colour(tmp_path):
    for number, high in enumerate([0, 128, 255]):
        write_deep_colour(tmp_path / "a" / f"{number}.png", high << 8)
    with pytest.warns(UserWarning, match="use 16 bits"):
        assert sorted(first_pixels(tmp_path)) == [[0] * 3, [128] * 3, [255] * 3]
    write_deep_colour(tmp_path / "dark" / "a" / "0.png", 4095)
    with pytest.raises(ValueError, match=r"0\.png has 16 bits per colour, of which 12 are used"):
        load_dataset("folder", tmp_path / "dark")
    write_deep_colour(tmp_path / "half" / "a" / "0.png", 16383)
    with pytest.warns(UserWarning, match="use 14 bits"):
        assert first_pixels(tmp_path / "half") == [[255] * 3]


def write_deep_colour(path, value):
    """Write a PNG of 16 bits per colour, which Pillow cannot write, by hand."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    row = b"\0" + struct.pack(">3H", value, value, value) * 2
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * 2))
        + chunk(b"IEND", b"")
    )


def test_fractions_run_from_zero_to_one(tmp_path):
    save(tmp_path / "a" / "0.tif", np.array([[0.5, 0.0]], dtype=np.float32))
    save(tmp_path / "b" / "0.tif", np.array([[1.0, 0.25]], dtype=np.float32))
    data = load_dataset("folder", tmp_path)
    assert data.X_train[:, 0].tolist() == [[128, 0], [255, 64]]
    assert data.full_scale == {"float": 1.0}


def test_whole_numbers_as_floats_are_whole_numbers(tmp_path):
    save(tmp_path / "a" / "0.tif", np.array([[4000, 0]], dtype=np.float32))
    with pytest.warns(UserWarning, match="use 12 bits"):
        assert first_pixels(tmp_path) == [249]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([0.5, 3.7], "fractions up to 3.7"),
        ([-0.5, 0.5], "values from -0.5 to 0.5"),
        ([0.5, np.nan], "values from nan"),
    ],
)
def test_a_range_that_cannot_be_known_is_an_error(tmp_path, values, complaint):
    save(tmp_path / "a" / "0.tif", np.array([[0.5, 0.5]], dtype=np.float32))
    save(tmp_path / "a" / "1.tif", np.array([values], dtype=np.float32))
    with pytest.raises(ValueError, match=rf"1\.tif has {complaint}.*cannot be known"):
        load_dataset("folder", tmp_path)


def test_negative_integers_are_an_error(tmp_path):
    save(tmp_path / "a" / "0.tif", np.array([[-1000, 3000]], dtype=np.int32))
    with pytest.raises(ValueError, match=r"0\.tif has values from -1000 to 3000"):
        load_dataset("folder", tmp_path)


@pytest.mark.parametrize(
    ("mode", "colour", "suffix", "expected"),
    [
        ("L", 90, "bmp", 90),
        ("L", 90, "pgm", 90),
        ("RGB", (200, 10, 20), "webp", [200, 10, 20]),
        ("RGB", (200, 10, 20), "tif", [200, 10, 20]),
        ("RGB", (200, 10, 20), "bmp", [200, 10, 20]),
        ("RGB", (200, 10, 20), "gif", [200, 10, 20]),
        ("CMYK", (0, 255, 255, 0), "jpg", [255, 0, 0]),
        ("CMYK", (0, 255, 255, 51), "tif", [204, 0, 0]),
        ("RGBA", (200, 10, 20, 0), "tif", [200, 10, 20]),  # all of it is transparent
        ("LA", (90, 0), "png", 90),
    ],
)
def test_every_mode_is_converted(tmp_path, mode, colour, suffix, expected):
    options = {"lossless": True} if suffix == "webp" else {}
    save(tmp_path / "a" / f"0.{suffix}", Image.new(mode, (4, 4), colour), **options)
    assert first_pixels(tmp_path) == [expected]


def test_transparent_pixels_of_a_palette_are_white(tmp_path):
    drawing = Image.new("P", (4, 4), 1)
    drawing.putpalette([10, 20, 30, 40, 50, 60])
    drawing.paste(0, (0, 0, 4, 2))
    save(tmp_path / "a" / "0.png", drawing, transparency=1)
    shown = load_dataset("folder", tmp_path).X_train[0]
    assert shown[0, 0].tolist() == [10, 20, 30] and shown[3, 3].tolist() == [255] * 3


def test_the_first_picture_of_an_animation_or_a_stack(tmp_path):
    pictures = [Image.new("L", (4, 4), 10 * i) for i in range(1, 4)]
    for name in "0.gif", "1.tif":
        save(tmp_path / "a" / name, pictures[0], save_all=True, append_images=pictures[1:])
    assert np.ravel(first_pixels(tmp_path)).tolist() == [10] * 6  # a GIF has colours


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "gif", "bmp"])
def test_what_is_no_image_is_named(tmp_path, suffix):
    save(tmp_path / "a" / "0.png", Image.new("L", (4, 4)))
    (tmp_path / "a" / f"1.{suffix}").write_bytes(b"no image at all")
    with pytest.raises(DamagedFileError, match=rf"1\.{suffix} is damaged: it is no image"):
        load_dataset("folder", tmp_path)


def test_a_colour_image_of_16_bits_in_a_bmp_has_eight_bits_or_less(tmp_path):
    # 5, 6 and 5 bits of red, green and blue, little-endian, below a header of 54 bytes.
    header = b"BM" + (54 + 16).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    sizes = [
        (40, 4),
        (2, 4),
        (2, 4),
        (1, 2),
        (16, 2),
        (0, 4),
        (8, 4),
        (0, 4),
        (0, 4),
        (0, 4),
        (0, 4),
    ]
    (tmp_path / "a").mkdir()
    info = b"".join(value.to_bytes(n, "little") for value, n in sizes)
    (tmp_path / "a" / "0.bmp").write_bytes(header + info + (31 << 10).to_bytes(2, "little") * 8)
    assert first_pixels(tmp_path) == [[255, 0, 0]]
