"""New rows lie between rows."""

import numpy as np
import torch

from equipoise.preprocessing.interpolation import smote


def test_points_lie_on_segments_to_the_nearest_rows():
    rows = np.random.default_rng(0).normal(size=(12, 2))
    points = smote(rows, 200, 3, torch.Generator().manual_seed(0))
    distance = np.linalg.norm(rows[:, None] - rows, axis=2)
    nearest = np.argsort(distance, axis=1)[:, 1:4]
    a = np.repeat(rows, 3, axis=0)
    b = rows[nearest.ravel()]
    # Distance of every point to every segment from a row to one of its three nearest.
    share = ((points[:, None] - a) * (b - a)).sum(2) / ((b - a) ** 2).sum(1)
    gap = points[:, None] - a - np.clip(share, 0, 1)[..., None] * (b - a)
    gap = np.linalg.norm(gap, axis=2)
    assert (gap.min(1) < 1e-9).all()
    assert len(np.unique((gap < 1e-9).argmax(1))) > 20  # of 36 segments


def test_points_of_one_and_of_two_rows():
    generator = torch.Generator().manual_seed(0)
    one = np.array([[1.0, 2.0]])
    assert (smote(one, 4, 5, generator) == one).all()
    two = smote(np.array([[0.0, 0.0], [1.0, 2.0]]), 50, 5, generator)
    np.testing.assert_allclose(two[:, 1], 2 * two[:, 0])
    assert two.min() > 0 and two[:, 0].max() < 1


def test_images_keep_their_shape_and_dtype():
    images = np.random.default_rng(0).integers(0, 255, (6, 4, 4), dtype=np.uint8)
    made = smote(images, 3, 5, torch.Generator().manual_seed(0))
    assert made.shape == (3, 4, 4) and made.dtype == np.uint8
