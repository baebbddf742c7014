"""Rows of a step are drawn by the class sizes that are wanted."""

import numpy as np
import pytest
import torch

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.training import TrainingRows, resampled_sizes
from equipoise.training.precision import autocast


def rows(y, weight=None):
    target = torch.as_tensor(y)
    weights = None if weight is None else torch.as_tensor(weight, dtype=torch.float32)
    counts = torch.bincount(target, weights).float()
    generator = torch.Generator().manual_seed(0)
    exact = autocast("float32", torch.device("cpu"))
    return TrainingRows(lambda index: index, target, weights, counts, generator, generator, exact)


@pytest.mark.parametrize(
    ("kind", "sizes"), [("none", [16, 4, 1]), ("square_root", [12, 6, 3]), ("balanced", [7, 7, 7])]
)
def test_expected_sizes(kind, sizes):
    np.testing.assert_allclose(resampled_sizes(np.array([16.0, 4.0, 1.0]), kind), sizes)


def test_rows_are_drawn_by_the_root_of_the_class_and_by_their_weight():
    y = np.repeat([0, 1], [90, 10])
    weight = np.where(np.arange(100) % 2, 1.0, 3.0)
    data = rows(y, weight).resampled("square_root")
    drawn = np.concatenate([data.drawn(np.arange(100)) for _ in range(200)])
    assert abs((y[drawn] == 1).mean() - 0.25) < 0.02  # √9 to 1
    assert abs((drawn % 2 == 0).mean() - 0.75) < 0.02
    assert data.weight is None
    np.testing.assert_allclose(data.class_counts, [150, 50])


def test_none_takes_the_rows_as_they_come():
    data, index = rows([0, 0, 1]).resampled("none"), np.array([2, 0])
    assert data.drawn(index) is index


@pytest.mark.parametrize("kind", ["square_root", "balanced"])
@pytest.mark.parametrize(
    "classifier",
    [
        ConvNetClassifier(loss="logit_adjusted", max_epochs=100, random_state=0),
        DGCClassifier(max_epochs=100, forest_weight=0.0, random_state=0),
        DGCClassifier(max_epochs=100, forest_weight=0.0, logit_adjustment=0.0, random_state=0),
        DGCClassifier(max_epochs=100, logit_adjustment=0.5, random_state=0),
    ],
)
def test_the_posterior_under_the_uniform_prior_does_not_depend_on_it(classifier, kind):
    # Two normal distributions, 3 deviations apart: the uniform prior decides half-way.
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [1000, 100])
    X = rng.normal(size=(1100, 1)) + 3 * y[:, None]
    model = classifier.set_params(resampling=kind).fit(X, y)
    grid = np.linspace(0, 3, 301)[:, None]
    threshold = grid[model.predict_proba(grid)[:, 1] > 0.5].min()
    assert abs(threshold - 1.5) < 0.35
