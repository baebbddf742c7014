"""Each number on data where the answer is known."""

import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import acsa, c2st, diversity, label_fidelity, memorised_share, synthesis


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(n, d, seed, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, d))


def test_fidelity_by_hand_and_its_mean():
    requested, predicted = [7, 7, 7, 7, 2, 2], [7, 7, 7, 2, 2, 9]
    shares = label_fidelity(requested, predicted)
    assert shares == {2: 0.5, 7: 0.75}  # 9 was never asked for
    assert [type(label) for label in shares] == [int, int]
    assert acsa(requested, predicted) == np.mean(list(shares.values()))


def test_fidelity_needs_a_prediction_for_each_row():
    with pytest.raises(ValueError, match="1 label but y_true has 2"):
        label_fidelity([0, 1], [0])


@pytest.mark.parametrize("n_features", [2, 30])
@pytest.mark.parametrize(("n_train", "quantile"), [(800, 0.05), (800, 0.3), (40, 0.05), (6, 0.05)])
def test_fresh_rows_score_about_the_quantile(n_features, n_train, quantile):
    shares = [
        memorised_share(
            normal(200, n_features, 500 + seed), normal(n_train, n_features, seed), quantile
        )
        for seed in range(10 if n_train > 100 else 150)
    ]
    # Below 2 / quantile rows: the chance that a fresh row is one of the closest pair.
    assert np.mean(shares) == pytest.approx(max(quantile, 2 / (n_train + 1)), abs=0.015, rel=0.15)


def test_copies_are_memorised():
    train = normal(200, 20, 0)
    assert memorised_share(train, train) == 1
    assert memorised_share(train[:50] + 1e-3, train) == 1
    assert memorised_share(np.vstack([train[:30], train[:70] + 100]), train) == 0.3


def test_copies_are_memorised_among_twins():
    # The usual distance is 0 here: whatever is farther than 0 is new.
    train = np.repeat(normal(20, 30, 0), 2, axis=0) + 1e6
    assert memorised_share(train, train) == 1
    assert memorised_share(train + 0.1, train) == 0


def test_diversity_is_the_ratio_of_mean_distances():
    real, synthetic = normal(40, 5, 0), normal(30, 5, 1)

    def mean_distance(rows):
        gaps = np.linalg.norm(rows[:, None] - rows[None], axis=2)
        return gaps[np.triu_indices(len(rows), 1)].mean()

    expected = mean_distance(synthetic) / mean_distance(real)
    assert diversity(synthetic, real) == pytest.approx(expected)


def test_diversity_knows_scale_and_collapse(monkeypatch):
    real = normal(300, 20, 0)
    assert diversity(normal(500, 20, 1), real) == pytest.approx(1, abs=0.03)
    assert diversity(0.25 * real + 1e9, real) == pytest.approx(0.25)
    assert diversity(np.repeat(real[:1], 9, axis=0) + 1e6, real) == pytest.approx(0, abs=1e-9)
    whole = diversity(real**2, real)
    monkeypatch.setattr(synthesis, "BLOCK_MEBIBYTES", 0.01)
    assert diversity(real**2, real) == pytest.approx(whole)


def test_diversity_of_what_does_not_vary():
    assert np.isnan(diversity([[0.0], [1.0]], np.full((3, 1), 0.1)))


def test_c2st_of_the_same_distribution_is_a_coin():
    scores = [c2st(normal(100, 8, s), normal(100, 8, 50 + s), random_state=s) for s in range(5)]
    assert np.mean(scores) == pytest.approx(0.5, abs=0.05)


def correlated(n, seed, rho):
    rows = normal(n, 10, seed)
    rows[:, 5:] = rho * rows[:, :5] + np.sqrt(1 - rho**2) * rows[:, 5:]
    return rows


@pytest.mark.parametrize(
    ("real", "synthetic", "at_least"),
    [
        (normal(80, 5, 0), normal(80, 5, 1) + 50, 1.0),
        (normal(200, 100, 0), normal(200, 100, 1, 0.7), 0.8),  # blurred
        (correlated(200, 0, 0.95), correlated(200, 1, 0), 0.8),  # each column is right, alone
    ],
)
def test_c2st_sees_place_spread_and_correlation(real, synthetic, at_least):
    assert c2st(real, synthetic, random_state=0) >= at_least


def test_c2st_of_copies_is_below_a_half():
    real = normal(150, 5, 0)
    assert c2st(real, real + 1e-9, random_state=0) < 0.3


def test_c2st_does_not_reward_more_samples():
    many, few = normal(1500, 4, 0), normal(30, 4, 1) + 3
    always_the_larger = DummyClassifier(strategy="prior")
    assert c2st(few, many, always_the_larger) == 0.5
    assert c2st(few, many, random_state=0) > 0.85


def test_c2st_is_repeatable_and_leaves_its_arguments():
    real, synthetic, classifier = normal(30, 3, 0), normal(20, 3, 1), DummyClassifier()
    real.flags.writeable = synthetic.flags.writeable = False
    assert c2st(real, synthetic, random_state=3) == c2st(real, synthetic, random_state=3)
    c2st(real, synthetic, classifier)
    assert not hasattr(classifier, "classes_")


def test_c2st_of_two_rows_a_side():
    assert 0 <= c2st([[0.0], [1.0]], [[9.0], [8.0]], random_state=0) <= 1


@pytest.mark.parametrize("measure", [memorised_share, diversity, c2st])
@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ([[np.nan], [1.0]], [[0.0], [1.0]], "has NaN or infinite"),
        (np.ones((3, 2)), np.ones((3, 4)), "features but"),
        (np.ones((0, 2)), np.ones((3, 2)), "has 0 rows"),
        (np.ones((3, 2)), np.ones((1, 2)), "has 1 row, at least 2"),
        (np.ones(3), np.ones(3), "must be a numeric table"),
    ],
)
def test_bad_rows(measure, one, other, message):
    with pytest.raises(InvalidInputError, match=message):
        measure(one, other)


def test_bad_settings():
    with pytest.raises(InvalidParameterError, match=r"quantile=1\.0"):
        memorised_share(np.eye(3), np.eye(3), 1.0)
    with pytest.raises(InvalidParameterError, match="cv=1"):
        c2st(np.eye(3), np.eye(3), cv=1)
