"""Precision, recall, density and coverage against brute force and against what theory expects."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import density_coverage, manifolds, precision_recall


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(n, d, seed, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, d))


def by_definition(real, synthetic, k):
    def squared(a, b):
        return ((a[:, None] - b[None]) ** 2).sum(axis=2)

    def radius(rows):
        return np.sort(squared(rows, rows), axis=1)[:, min(k, len(rows) - 1)]  # 0 is the row itself

    gaps, k_real = squared(synthetic, real), min(k, len(real) - 1)
    inside, reached = gaps <= radius(real), gaps <= radius(synthetic)[:, None]
    return (
        inside.any(axis=1).mean(),
        reached.any(axis=0).mean(),
        inside.sum() / (k_real * len(synthetic)),
        inside.any(axis=0).mean(),
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 12), st.integers(2, 12), st.sampled_from([1, 3, 20]), st.integers(1, 9),
    st.integers(0, 10**6),
)  # fmt: skip
def test_agree_with_the_definitions_even_on_edges_and_among_copies(n, m, d, k, seed):
    # Small integers: many copies, and many rows exactly on the edge of a ball.
    rng = np.random.default_rng(seed)
    real, synthetic = rng.integers(0, 3, (n, d)), rng.integers(0, 3, (m, d))
    found = *precision_recall(real, synthetic, k), *density_coverage(real, synthetic, k)
    assert found == pytest.approx(by_definition(real, synthetic, k), abs=1e-12)


def test_blocks_leave_no_trace(monkeypatch):
    real, synthetic = normal(300, 20, 0), normal(700, 20, 1)
    whole = manifolds.manifold_scores(real, synthetic)
    monkeypatch.setattr(manifolds, "BLOCK_MEBIBYTES", 0.02)
    assert manifolds.manifold_scores(real, synthetic) == whole


def test_fresh_rows_score_what_theory_expects():
    n, m, k = 400, 600, 3
    scores = [
        density_coverage(normal(n, 4, seed), normal(m, 4, 1000 + seed), k) for seed in range(20)
    ]
    density, coverage = np.mean(scores, axis=0)
    assert density == pytest.approx(1, abs=0.03)
    # A ball stays empty if none of the m is among the k nearest of n - 1 + m others.
    j = np.arange(1, k + 1)
    assert coverage == pytest.approx(1 - np.prod((n - j) / (n + m - j)), abs=0.01)


def test_as_many_fresh_rows_cover_nearly_one_minus_half_to_the_k():
    _, coverage = density_coverage(normal(2000, 5, 0), normal(2000, 5, 1), n_neighbors=2)
    assert coverage == pytest.approx(1 - 0.5**2, abs=0.03)


def test_identical_and_disjoint_sets():
    real = normal(100, 20, 0)
    assert precision_recall(real, real.copy()) == (1, 1)
    density, coverage = density_coverage(real, real.copy(), 5)
    assert (density, coverage) == (pytest.approx(6 / 5, abs=0.05), 1)
    assert precision_recall(real, real + 100) == (0, 0)
    assert density_coverage(real, real + 100) == (0, 0)


def test_one_of_two_clusters_is_missed():
    left, right = normal(50, 3, 0), normal(50, 3, 1) + 100
    precision, recall = precision_recall(np.vstack([left, right]), left)
    density, coverage = density_coverage(np.vstack([left, right]), left)
    assert (precision, recall, coverage) == (1, 0.5, 0.5)
    assert density > 1


def test_an_outlier_fools_precision_but_not_density():
    real = np.vstack([normal(100, 2, 0), [[60.0, 0.0]]])
    junk = normal(50, 2, 1, 0.1) + [30.0, 0.0]  # nowhere near the data
    assert precision_recall(real, junk)[0] > 0.9
    assert density_coverage(real, junk)[0] < 0.25


def test_small_sides_use_all_their_other_rows():
    real, synthetic = np.array([[0.0], [1.0]]), np.array([[0.5], [1.9], [3.0]])
    assert precision_recall(real, synthetic, 5) == precision_recall(real, synthetic, 1)
    assert density_coverage(real, [[0.5]], 5) == (2.0, 1.0)  # in both balls, and k is 1


def test_scale_and_place_do_not_matter():
    real, synthetic = normal(80, 20, 0), normal(80, 20, 1, 0.8)
    moved = manifolds.manifold_scores(10 * real + 1e9, 10 * synthetic + 1e9)
    assert moved == pytest.approx(manifolds.manifold_scores(real, synthetic))


def test_inputs_are_not_written_to():
    real, synthetic = normal(20, 3, 0), normal(20, 3, 1)
    real.flags.writeable = synthetic.flags.writeable = False
    precision_recall(real, synthetic)


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
@pytest.mark.parametrize(
    ("real", "synthetic", "message"),
    [
        ([[np.nan], [1.0]], [[0.0], [1.0]], "real has NaN or infinite"),
        ([[0.0], [1.0]], [[0.0], [np.inf]], "synthetic has NaN or infinite"),
        (np.ones((3, 2)), np.ones((3, 4)), "synthetic has 4 features but real has 2"),
        (np.ones((1, 2)), np.ones((3, 2)), "real has 1 row, at least 2"),
        (np.ones((3, 2)), np.ones((0, 2)), "synthetic has 0 rows"),
        (np.ones((3, 2, 2)), np.ones((3, 2, 2)), "real must be a numeric table"),
        ([["a"], ["b"]], [["a"], ["b"]], "real must be a numeric table"),
    ],
)
def test_bad_rows(measure, real, synthetic, message):
    with pytest.raises(InvalidInputError, match=message):
        measure(real, synthetic)


@pytest.mark.parametrize("n_neighbors", [0, 2.0, True])
def test_bad_number_of_neighbours(n_neighbors):
    with pytest.raises(InvalidParameterError, match=f"n_neighbors={n_neighbors!r}"):
        precision_recall(np.eye(3), np.eye(3), n_neighbors)
