"""DFBS: centres, synthetic features, and the regression that predicts."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from equipoise.baselines import DFBS
from equipoise.baselines.dfbs import DFBSNetwork, move_centers, sample_features
from equipoise.errors import InvalidParameterError


def test_centres_move_by_hand():
    centers = torch.tensor([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]])
    features = torch.tensor([[3.0, 0.0], [0.0, 3.0], [3.0, 1.0]])
    moved = move_centers(centers, features, torch.tensor([0, 0, 1]))
    # Half of the sum of the differences, over one more than their number.
    torch.testing.assert_close(moved, torch.tensor([[0.5, 0.5], [1.5, 1.0], [5.0, 5.0]]))


def test_synthetic_features_fill_the_classes_with_values_of_their_own_rows():
    random = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [30, 12, 5])
    features = random.normal(size=(47, 4)) + 4 * np.eye(4)[y]
    new, labels = sample_features(features, y, random)
    assert np.bincount(labels).tolist() == [0, 18, 25]
    for c in (1, 2):
        own, made = features[y == c], new[labels == c]
        assert all(np.isin(made[:, k], own[:, k]).all() for k in range(4))
        assert len(np.unique(made, axis=0)) > len(own)
        mean = own.mean(0)
        others = [(mean + features[y == d].mean(0)) / 2 for d in range(3) if d != c]
        to_mean = np.linalg.norm(made - mean, axis=1)
        assert all((to_mean < np.linalg.norm(made - m, axis=1)).mean() > 0.9 for m in others)


def test_equal_classes_need_no_synthetic_features():
    new, labels = sample_features(
        np.zeros((4, 2)), np.array([0, 0, 1, 1]), np.random.default_rng(0)
    )
    assert new.shape == (0, 2) and labels.shape == (0,)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_are_those_of_a_regression_on_real_and_synthetic_features(blobs, n_classes):
    X, y = (part[blobs[1] < n_classes] for part in blobs)
    model = DFBS(max_epochs=2, batch_size=16, n_features=4, random_state=0).fit(X, y)
    seed = model._generator(None).initial_seed()
    features = model._apply(X, DFBSNetwork.features)
    new, labels = sample_features(features, y, np.random.default_rng(seed))
    expected = LogisticRegression(max_iter=1000).fit(
        np.concatenate([features, new]), np.concatenate([y, labels])
    )
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(features), atol=1e-4)


def test_learns_imbalanced_digits_and_is_deterministic(few_digits, tmp_path):
    X, y = few_digits
    arguments = {"max_epochs": 8, "batch_size": 16, "random_state": 0}
    model = DFBS(**arguments).fit(X, y)
    assert np.mean([(model.predict(X[y == c]) == c).mean() for c in model.classes_]) > 0.9
    proba = model.predict_proba(X)
    assert (DFBS(**arguments).fit(X, y).predict_proba(X) == proba).all()
    model.save(tmp_path / "model")
    assert (DFBS.load(tmp_path / "model").predict_proba(X) == proba).all()


def test_impossible_parameters():
    with pytest.raises(InvalidParameterError, match="'center_weight' parameter .* Got -1 instead"):
        DFBS(center_weight=-1).fit([[0.0], [1.0]], [0, 1])
