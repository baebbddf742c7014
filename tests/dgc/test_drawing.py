"""Images that DGC draws next to real ones."""

import numpy as np
import pytest
import torch

from equipoise import DGCClassifier
from equipoise.dgc.drawing import (
    SHIFT,
    Anchors,
    Drawing,
    disturbed,
    halved_sizes,
)
from equipoise.errors import InvalidInputError


def anchors(codes, target, features=None):
    codes = torch.tensor(codes, dtype=torch.float32)
    target = torch.tensor(target)
    features = codes if features is None else torch.tensor(features, dtype=torch.float32)
    return Anchors.of(codes, features, target, int(target.max()) + 1)


def draw(real, classes, seed=0):
    return real.draw(torch.tensor(classes), torch.Generator().manual_seed(seed))


def test_codes_of_equal_rows_are_drawn_where_these_lie():
    real = anchors([[1.0, 2.0]] * 3 + [[-5.0, 0.0]] * 4, [0] * 3 + [1] * 4)
    drawn = draw(real, [0] * 50 + [1] * 50)
    np.testing.assert_allclose(drawn[:50], np.tile([1.0, 2.0], (50, 1)), rtol=1e-6)
    np.testing.assert_allclose(drawn[50:], np.tile([-5.0, 0.0], (50, 1)), rtol=1e-6)


def test_a_class_of_one_row_takes_its_variation_from_the_others():
    # The neighbours of the large class differ by 1 in the first dimension, and in no other.
    large = [[float(i), 0.0] for i in range(6)]
    real = anchors([*large, [100.0, 7.0]], [0] * 6 + [1])
    drawn = draw(real, [1] * 400)
    steps = (drawn[:, 0] - 100) / SHIFT
    assert set(steps.round().int().tolist()) >= {-2, -1, 0, 1, 2}
    np.testing.assert_allclose(steps, steps.round(), atol=1e-4)
    np.testing.assert_allclose(drawn[:, 1], 7.0, rtol=1e-6)


def test_codes_lie_between_two_rows_of_their_class():
    # Two rows of a class are each other's only neighbours, and so is what is added.
    drawn = draw(anchors([[0.0, 5.0], [1.0, 5.0]], [0, 0]), [0] * 1000)[:, 0]
    # Two of the three places are then the neighbour's: two thirds or one third on average.
    steps = drawn.sort().values
    assert steps[0] > -SHIFT
    assert steps[-1] < 1 + SHIFT
    assert abs(float(drawn.mean()) - 0.5) < 0.05
    assert ((drawn > 0) & (drawn < 1)).float().mean() > 0.4


def test_rows_closer_than_neighbours_are_not_new():
    features = [[float(i), 0.0] for i in range(10)] + [[50.0, 0.0]]
    real = anchors(features, [0] * 10 + [1])
    rows = torch.tensor([[3.0, 0.1], [3.0, 1.5], [50.0, 0.2], [50.0, 0.0]])
    assert real.are_new(rows, torch.tensor([0, 0, 1, 1])).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((28, 28), [(28, 28), (14, 14), (7, 7)]),
        ((8, 8), [(8, 8), (4, 4)]),
        ((1, 5), [(1, 5), (1, 3)]),
        ((33, 64), [(33, 64), (17, 32), (9, 16), (5, 8)]),
    ],
)
def test_images_are_halved_until_few_pixels_remain(size, sizes):
    assert halved_sizes(*size) == sizes


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 3), (1, 5, 1), (33, 17, 3)])
def test_it_decodes_to_the_size_of_its_images(shape):
    height, width, channels = shape
    drawing = Drawing(shape)
    images = torch.rand(4, channels, height, width)
    codes = drawing.codes(images)
    assert codes.shape == (4, drawing.code_dim)
    assert drawing.decoder(codes).shape == images.shape


def test_a_disturbance_is_the_difference_between_two_other_codes():
    codes = torch.eye(3)
    moved = disturbed(codes) - codes
    np.testing.assert_allclose(moved.sum(1), 0, atol=1e-6)
    np.testing.assert_allclose(moved.diagonal(), 0, atol=1e-6)
    assert (moved.abs().sum(1) > 0).all()


def test_the_classifier_is_the_same_to_the_bit(digits):
    X, y, X_test, _ = digits
    drawn, other = (
        DGCClassifier(max_epochs=2, random_state=0, drawing=drawing).fit(X, y)
        for drawing in ("neighbours", "gaussian")
    )
    np.testing.assert_array_equal(drawn.predict_proba(X_test), other.predict_proba(X_test))
    np.testing.assert_array_equal(drawn.transform(X_test), other.transform(X_test))
    assert "drawing" in drawn.history_[0]
    assert "drawing" not in other.history_[0]


def test_images_are_as_sharp_and_as_varied_as_real_ones(model, digits):
    X, y, _, _ = digits

    def sharpness(images):
        return np.abs(np.diff(images.astype(float), axis=2)).mean()

    for c in (0, 4):  # the largest and the smallest class
        real, drawn = X[y == c], model.sample(60, y=c)
        assert 0.8 < sharpness(drawn) / sharpness(real) < 1.2
        assert 0.6 < drawn.std(0).mean() / real.std(0).mean() < 1.3


def test_no_image_is_a_copy(model, digits):
    X, y, _, _ = digits
    drawn = model.sample(40, y=4).reshape(40, -1).astype(float)
    real = X[y == 4].reshape(-1, 64).astype(float)
    distances = np.linalg.norm(drawn[:, None] - real, axis=2).min(1)
    between = np.linalg.norm(real[:, None] - real, axis=2)
    np.fill_diagonal(between, np.inf)
    assert distances.min() > 0.2 * between.min(1).mean()


def test_a_class_of_one_image_can_be_drawn(digits):
    X, y, _, _ = digits
    kept = np.flatnonzero((y != 4) | (np.cumsum(y == 4) == 1))
    model = DGCClassifier(max_epochs=2, random_state=0).fit(X[kept], y[kept])
    assert len(np.unique(model.sample(5, y=4).reshape(5, -1), axis=0)) == 5


def test_saved_anchors_are_checked(model):
    tensors = model._anchors.to_tensors()
    sizes = (tensors["codes"].shape[1], tensors["features"].shape[1], 5)
    again = Anchors.from_tensors(tensors, *sizes)
    torch.testing.assert_close(again.neighbours, model._anchors.neighbours)
    for damage in (
        {"codes": tensors["codes"][:-1]},
        {"target": tensors["target"] + 1},
        {"target": torch.zeros_like(tensors["target"])},
        {"features": tensors["features"][:, 1:]},
    ):
        with pytest.raises(InvalidInputError, match="do not fit"):
            Anchors.from_tensors({**tensors, **damage}, *sizes)
    del tensors["codes"]
    with pytest.raises(InvalidInputError, match="lack 'codes'"):
        Anchors.from_tensors(tensors, *sizes)
