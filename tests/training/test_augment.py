"""Augmented images are small moves of the images."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.datasets import load_digits

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.training import augment as module
from equipoise.training.augment import augment, mirror_asymmetry

KINDS = ["shift", "flip", "affine"]
SHAPES = [(1, 1), (1, 9), (7, 7), (8, 8), (28, 20)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def all_shifts(image, most, border):
    """The bytes of an image, moved by all whole pixels in reach."""
    return {
        ndimage.shift(image, (0, dy, dx), order=0, mode=border).tobytes()
        for dy in range(-most[0], most[0] + 1)
        for dx in range(-most[1], most[1] + 1)
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_shape_dtype_range_and_input_are_kept(kind, shape, dtype):
    x = 0.3 + 0.4 * torch.rand(16, 3, *shape, dtype=dtype, generator=seeded(1))
    before, state = x.clone(), torch.get_rng_state()
    moved = augment(kind, x, seeded())
    assert (moved.shape, moved.dtype) == (x.shape, x.dtype)
    assert moved.min() >= x.min() - 1e-5
    assert moved.max() <= x.max() + 1e-5
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_that_of_the_generator(kind):
    x = torch.rand(8, 1, 16, 16)
    generator = seeded()
    one, two = augment(kind, x, generator), augment(kind, x, generator)
    assert torch.equal(one, augment(kind, x, seeded()))
    assert not torch.equal(one, two)


def test_none_is_the_batch_itself():
    x, generator = torch.rand(2, 1, 4, 4), seeded()
    before = generator.get_state()
    assert augment("none", x, generator) is x
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    ("shape", "most"), [((7, 7), (0, 0)), ((8, 20), (1, 1)), ((28, 28), (2, 2)), ((64, 8), (5, 1))]
)
def test_shifts_are_all_the_whole_pixels_in_reach_and_repeat_the_edge(shape, most):
    image = np.random.default_rng(0).random((2, *shape))
    x = torch.from_numpy(image).expand(600, *image.shape)
    moved = {row.numpy().tobytes() for row in augment("shift", x, seeded())}
    assert moved == all_shifts(image, most, "nearest")


def test_affine_turns_scales_and_moves_within_its_limits():
    # Two spots of light on a picture that is wider than high: their places tell the whole map.
    height, width, n = 60, 120, 400
    ys, xs = np.mgrid[:height, :width]
    spots = [(30, 45), (30, 75)]
    light = [np.exp(-((ys - y) ** 2 + (xs - x) ** 2) / 8) for y, x in spots]
    x = torch.from_numpy(np.stack(light)).expand(n, 2, height, width)
    moved = augment("affine", x, seeded()).numpy()
    total = moved.sum(axis=(2, 3))
    places = np.stack([(moved * a).sum(axis=(2, 3)) / total for a in (ys, xs)], axis=-1)
    dy, dx = (places[:, 1] - places[:, 0]).T
    angle, zoom = np.degrees(np.arctan2(dy, dx)), np.hypot(dy, dx) / 30
    assert 9 < np.abs(angle).max() < 10.1
    assert abs(angle.mean()) < 1
    assert 0.895 < zoom.min() < 0.92
    assert 1.08 < zoom.max() < 1.105
    # The centre of the picture is the fixed point of turning and scaling.
    centre = places.mean(axis=1) - [30 - 0.5, 60 - 0.5]
    reach = 1.1 * np.hypot(height, width) / 14 + 1
    assert np.abs(centre[:, 1]).max() > 0.8 * width / 14
    assert np.hypot(*centre.T).max() < reach


def test_affine_without_noise_changes_nothing(monkeypatch):
    for name in ("ANGLE", "ZOOM", "SHIFT"):
        monkeypatch.setattr(module, name, 0.0)
    x = torch.rand(4, 2, 9, 14)
    torch.testing.assert_close(augment("affine", x, seeded()), x, atol=1e-5, rtol=0)


def test_affine_repeats_the_edge():
    # Bands that the edge prolongs: a fill of zeros would darken the borders.
    x = torch.ones(50, 1, 10, 10)
    torch.testing.assert_close(augment("affine", x, seeded()), x, atol=1e-5, rtol=0)
    assert math.isclose(module.SHIFT * 28, 2)


@pytest.mark.parametrize(("shape", "most"), [((7, 8), (1, 1)), ((16, 24), (2, 3))])
def test_flips_are_all_reflected_shifts_of_the_image_and_its_mirror_image(shape, most):
    image = np.random.default_rng(0).random((2, *shape))
    x = torch.from_numpy(image).expand(1500, *image.shape)
    moved = {row.numpy().tobytes() for row in augment("flip", x, seeded())}
    mirrored = image[:, :, ::-1]
    assert moved == all_shifts(image, most, "mirror") | all_shifts(mirrored, most, "mirror")


def test_asymmetry_tells_images_whose_mirror_images_are_as_likely():
    noise = torch.rand(64, 3, 16, 16, generator=seeded())
    assert abs(mirror_asymmetry(noise)) < 0.02
    digits = load_digits()
    sevens = torch.from_numpy(digits.images[digits.target == 7]).float()[:, None]
    assert mirror_asymmetry(sevens) > 0.5
    both = torch.cat([sevens, sevens.flip(3)])
    assert abs(mirror_asymmetry(both)) < 0.02
    assert mirror_asymmetry(torch.ones(2, 1, 4, 4)) == 0


@pytest.mark.parametrize(
    ("model", "side", "slope", "chosen"),
    [
        (ConvNetClassifier, 16, 0, "flip"),
        (DGCClassifier, 16, 0, "flip"),
        (ConvNetClassifier, 16, 1, "none"),
        (DGCClassifier, 16, 1, "learned"),
        (ConvNetClassifier, 8, 0, "none"),
        (DGCClassifier, 8, 0, "none"),
    ],
)
def test_auto_flips_larger_images_that_are_as_likely_as_their_mirror_images(
    model, side, slope, chosen
):
    rng = np.random.default_rng(0)
    X = rng.random((60, side, side)) + slope * np.linspace(0, 1, side)
    y = np.arange(60) % 2
    fits = [
        model(augmentation=kind, max_epochs=1, random_state=0).fit(X, y).predict_proba(X)
        for kind in ("auto", chosen)
    ]
    np.testing.assert_array_equal(*fits)
