"""The random forest beside the network: the trees of scikit-learn as arrays, and the product."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier

from equipoise import DGCClassifier
from equipoise.dgc import forest as forest_module
from equipoise.dgc.forest import MIN_SAMPLES_LEAF, N_TREES, PRIOR_WEIGHT, Forest
from equipoise.errors import InvalidInputError
from equipoise.training import Callback


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(
        400, 6, n_informative=4, n_classes=3, weights=[0.7, 0.2], random_state=0
    )
    return X.astype(np.float32), y


@pytest.fixture(scope="module")
def fitted(table):
    return DGCClassifier(max_epochs=2, random_state=0).fit(*table)


def smoothed(proba, prior):
    return (proba + PRIOR_WEIGHT * prior) / (1 + PRIOR_WEIGHT)


@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_are_those_of_scikit_learn(table, weighted):
    X, y = table
    weight = np.random.RandomState(0).uniform(0.5, 2, len(y)) if weighted else None
    prior = np.bincount(y, weight) / np.bincount(y, weight).sum()
    trees = ExtraTreesClassifier(N_TREES, min_samples_leaf=MIN_SAMPLES_LEAF, random_state=3)
    expected = smoothed(trees.fit(X, y, weight).predict_proba(X), prior)
    found = np.exp(Forest.fit(X, y, weight, 3, 3).log_posterior(X, prior))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_rows_near_a_threshold_go_where_scikit_learn_sends_them():
    # Two values of float32 with seven others between them, among which thresholds are drawn.
    X = np.array([[1.0], [1 + 8 * np.finfo(np.float32).eps]] * 20, dtype=np.float32)
    y = np.array([0, 1] * 20)
    found = Forest.fit(X, y, None, 2, 0).log_posterior(X, np.array([0.5, 0.5]))
    np.testing.assert_allclose(np.exp(found), smoothed(np.eye(2)[y], 0.5))


def test_trees_look_at_the_most_frequent_categories_of_a_column(monkeypatch):
    monkeypatch.setattr(forest_module, "MOST_CATEGORIES", 2)
    shares = [0.1, 0.5, 0.1, 0.3], [0.4, 0.6]
    x = np.random.RandomState(0).normal(size=(200, 8)).astype(np.float32)
    y = (x.sum(1) > 0).astype(int)
    forest = Forest.fit(x, y, None, 2, 0, shares)
    inner = forest.children[:, 0] != np.arange(len(forest.children))
    assert set(forest.feature[inner]) == {0, 1, 3, 5, 6, 7}
    monkeypatch.setattr(forest_module, "MOST_CATEGORIES", 4)
    forest, plain = Forest.fit(x, y, None, 2, 0, shares), Forest.fit(x, y, None, 2, 0)
    np.testing.assert_array_equal(forest.feature, plain.feature)


def test_many_rows_of_a_class_are_limited_and_the_priors_stay(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(forest_module, "MOST_ROWS", 150)  # 50 of each class
    prior = np.bincount(y) / len(y)
    forest = Forest.fit(X, y, None, 3, 0)
    np.testing.assert_allclose(forest.probability[forest.root].mean(0), prior, atol=0.005)


def test_the_size_of_the_trees_is_bounded(table, monkeypatch):
    monkeypatch.setattr(forest_module, "MOST_PROBABILITIES", 2 * N_TREES * 3 * 5)
    forest = Forest.fit(*table, None, 3, 0)
    assert len(forest.feature) <= N_TREES * (2 * 5 - 1)


def test_the_posterior_is_the_geometric_mean_of_network_and_forest(table, fitted):
    X, y = table
    alone = DGCClassifier(max_epochs=2, forest_weight=0, random_state=0).fit(X, y)
    assert alone.forest_ is None
    network = alone.predict_proba(X)  # under a uniform prior
    prior = np.bincount(y) / len(y)
    encoded = fitted._codec.encode(X.astype(float)).numpy()
    trees = np.exp(fitted.forest_.log_posterior(encoded, prior)) / prior
    trees /= trees.sum(1, keepdims=True)
    for weight in (0.0, 0.3, 0.5, 1.0):
        expected = network ** (1 - weight) * trees**weight
        expected /= expected.sum(1, keepdims=True)
        fitted.set_params(forest_weight=weight)
        np.testing.assert_allclose(fitted.predict_proba(X), expected, atol=1e-6)
    fitted.set_params(forest_weight=0.5)


@pytest.mark.parametrize("tau", [0.0, 0.4, 1.0])
def test_a_class_prior_multiplies_the_posterior(table, tau):
    X, y = table
    model = DGCClassifier(max_epochs=2, logit_adjustment=tau, random_state=0).fit(X, y)
    uniform = model.predict_proba(X)
    for prior in (np.bincount(y) / len(y), np.array([0.2, 0.3, 0.5])):
        expected = uniform * prior / (uniform * prior).sum(1, keepdims=True)
        model.set_params(class_prior=prior)
        np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-9)


def test_it_is_saved_and_loaded(table, fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = DGCClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(table[0]), fitted.predict_proba(table[0]))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("children", lambda array: array - array),  # a path that never ends
        ("children", lambda array: array + 10**6),
        ("feature", lambda array: array + 6),
        ("feature", lambda array: array - 1),
        ("threshold", lambda array: array[1:]),
        ("probability", lambda array: array[:, :2]),
        ("probability", lambda array: array * np.nan),
        ("root", lambda array: array[:0]),
    ],
)
def test_damaged_arrays_are_refused(fitted, name, change):
    tensors = fitted.forest_.to_tensors()
    tensors[name] = tensors[name].new_tensor(change(tensors[name].numpy()))
    with pytest.raises(InvalidInputError, match="forest"):
        Forest.from_tensors(tensors, 6, 3)


def test_images_and_the_published_objective_have_none(table):
    X, y = table
    images = np.clip(X[:, :4].reshape(-1, 2, 2) / 8 + 0.5, 0, 1)
    assert DGCClassifier(max_epochs=1, random_state=0).fit(images, y).forest_ is None
    assert DGCClassifier.paper(max_epochs=1, random_state=0).fit(X, y).forest_ is None


def test_a_snapshot_draws_the_same_samples_and_grows_no_forest(table, monkeypatch):
    grown = []
    grow = Forest.fit.__func__
    monkeypatch.setattr(
        Forest, "fit", classmethod(lambda cls, *args: grown.append(1) or grow(cls, *args))
    )

    class Draw(Callback):
        def on_epoch_end(self, progress):
            self.drawn = progress.snapshot().sample(3, random_state=0)

    model = DGCClassifier(max_epochs=2, random_state=0, callbacks=[Draw()]).fit(*table)
    np.testing.assert_array_equal(model.callbacks_[0].drawn, model.sample(3, random_state=0))
    assert len(grown) == 1 and model.forest_ is not None
