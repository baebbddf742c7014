"""Deformations are learnt from pairs of images of a class, and move the pixels of any image."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.preprocessing import EncodedRows, ImageCodec
from equipoise.training.deformations import Deformations, random_pairs, register, warp


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def spots(places, size=24, width=3.0):
    """Round spots of light at these places (x, y), one image each."""
    ys, xs = np.mgrid[:size, :size]
    light = [np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * width**2)) for x, y in places]
    return torch.tensor(np.stack(light), dtype=torch.float32)[:, None]


def centre(x):
    """Where the light of each image (n, 1, height, width) is on average, (n, 2): x and y."""
    light = x[:, 0] / x[:, 0].sum((1, 2), keepdim=True)
    pixels = torch.arange(x.shape[3]).to(x)
    return torch.stack([(light.sum(1) * pixels).sum(1), (light.sum(2) * pixels).sum(1)], 1)


def test_a_constant_displacement_is_a_shift():
    image = np.random.default_rng(0).random((9, 12))
    displacement = torch.zeros(1, 2, 5, 5, dtype=torch.float64)
    displacement[:, 0], displacement[:, 1] = 2 * 2 / 12, -2 * 1.5 / 9  # two pixels and 1.5
    moved = warp(torch.from_numpy(image)[None, None], displacement)[0, 0].numpy()
    expected = ndimage.shift(image, (1.5, -2), order=1, mode="nearest")
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_no_displacement_leaves_images_as_they_are():
    x = torch.rand(3, 2, 7, 10, generator=seeded())
    torch.testing.assert_close(warp(x, torch.zeros(3, 2, 5, 5)), x, rtol=0, atol=1e-5)


def test_registration_finds_the_way_from_one_image_to_another():
    first = spots([(12, 12), (9, 14), (12, 12)])
    second = spots([(14, 12), (9, 12), (12, 12)])
    found = register(first, second)
    moved = warp(first, found)
    assert ((moved - second).square().sum((1, 2, 3)) < 0.2).all()
    np.testing.assert_allclose(centre(moved), centre(second), atol=0.7)
    assert found[2].abs().max() < 0.01


def test_pairs_are_different_rows_of_the_same_class():
    target = np.array([2, 0, 1, 2, 0, 0, 2, 4])
    first, second = random_pairs(target, 0)
    assert sorted(first.tolist()) == sorted(second.tolist()) == [0, 1, 3, 4, 5, 6]
    assert (first != second).all()
    np.testing.assert_array_equal(target[first], target[second])
    many = random_pairs(np.arange(9000) % 3, 0)
    assert len(many[0]) == 2000
    assert abs((many[0] < 4500).mean() - 0.5) < 0.05


def fitted(X, y, seed=0):
    X = (X[:, 0].numpy() * 255).astype(np.uint8)
    inputs = EncodedRows(ImageCodec.fit(X, None), X)
    return Deformations.learn(inputs, y, seed, torch.device("cpu"))


def test_what_moves_a_large_class_moves_images_of_all():
    rng = np.random.default_rng(0)
    across = [(12 + rng.uniform(-4, 4), 8) for _ in range(200)]  # vary from left to right only
    target = np.repeat([0, 1], [200, 1])
    learnt = fitted(spots([*across, (12, 16)]), target)
    rare = spots([(12, 16)]).expand(500, -1, -1, -1)
    x, y = (centre(learnt(rare, seeded())) - 11.9).T
    assert x.std() > 0.3
    assert x.std() > 10 * y.std()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_dtype_range_and_input_are_kept(dtype):
    learnt = Deformations(0.2 * torch.randn(20, 2, 5, 5, generator=seeded()))
    x = 0.3 + 0.4 * torch.rand(16, 3, 9, 14, dtype=dtype, generator=seeded(1))
    before, state = x.clone(), torch.get_rng_state()
    generator = seeded()
    one, two = learnt(x, generator), learnt(x, generator)
    assert (one.shape, one.dtype) == (x.shape, x.dtype)
    assert 0.3 - 1e-5 <= one.min()
    assert one.max() <= 0.7 + 1e-5
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one, learnt(x, seeded()))
    assert not torch.equal(one, two)


@pytest.mark.parametrize("shape", [(40, 60), (3, 3), (1, 1)])
def test_images_of_any_size_with_single_rows(shape):
    x = torch.rand(3, 1, *shape, generator=seeded())
    learnt = fitted(x, np.array([0, 0, 1]))
    assert learnt(x, seeded()).shape == x.shape
    alone = fitted(x, np.array([0, 1, 2]))
    torch.testing.assert_close(alone(x, seeded()), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("estimator", [ConvNetClassifier, DGCClassifier])
def test_a_classifier_learns_with_them_and_by_its_seed_alone(estimator):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 6])
    places = np.where(y == 0, 8, 16)[:, None] + rng.uniform(-2, 2, (66, 2))
    X = (255 * spots(places)[:, 0].numpy()).astype(np.uint8)
    given = X.copy()
    models = [
        estimator(augmentation="learned", max_epochs=15, random_state=0).fit(X, y) for _ in range(2)
    ]
    np.testing.assert_array_equal(X, given)
    one, two = (model.predict_proba(X) for model in models)
    np.testing.assert_array_equal(one, two)
    assert models[0].score(X, y) > 0.9
