"""Tables of many numbers, such as features of images, are learnt without learning rows by heart."""

import numpy as np
import pytest

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.metrics import acsa


def embeddings(sizes, seed):
    """Rows of 300 correlated numbers around the centre of each class."""
    centres = np.random.default_rng(0).normal(size=(len(sizes), 300))
    directions = np.random.default_rng(1).normal(size=(60, 300)) / 9
    y = np.repeat(np.arange(len(sizes)), sizes)
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(len(y), 60)) @ directions
    noise += 0.7 * generator.normal(size=(len(y), 300))
    return np.float32(0.2 * centres[y] + noise), y


@pytest.mark.parametrize("method", [ConvNetClassifier, DGCClassifier])
def test_noise_is_not_learnt_by_heart(method):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(200, 300)), generator.integers(0, 2, 200)
    model = method(max_epochs=8, random_state=0).fit(X, y)
    last = model.history_[-1]
    assert last.get("classification", last["loss"]) > 0.1
    np.testing.assert_array_equal(model.predict(X), model.predict(X))  # nothing is dropped here


def test_rare_classes_are_recognised_and_drawn():
    X, y = embeddings([150, 80, 40, 20], seed=2)
    X_test, y_test = embeddings([100] * 4, seed=3)
    model = DGCClassifier(n_codes=1, random_state=0).fit(X, y)
    assert model.forest_ is None
    assert acsa(y_test, model.predict(X_test)) > 0.75
    drawn = model.sample(50, random_state=0)
    assert drawn.dtype == np.float32
    assert acsa(np.repeat(np.arange(4), 50), model.predict(drawn)) > 0.9
