"""Nearest rows against brute force, in blocks of every size."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.metrics import nearest_rows, neighbors


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def brute_force(query, real):
    query, real = query.reshape(len(query), -1), real.reshape(len(real), -1)
    gaps = query[:, None].astype(float) - real[None].astype(float)
    return np.sqrt((gaps**2).sum(axis=2))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 40), st.integers())
def test_agrees_with_brute_force_for_any_block(n_query, n_real, n_features, values, seed):
    rng = np.random.default_rng(abs(seed))
    query, real = rng.normal(size=(n_query, n_features)), rng.normal(size=(n_real, n_features))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbors, "_BLOCK_VALUES", values)
        index, distance = nearest_rows(query, real)
    expected = brute_force(query, real)
    np.testing.assert_array_equal(index, expected.argmin(axis=1))
    np.testing.assert_allclose(distance, expected.min(axis=1), atol=1e-12)
    assert index.dtype == np.int64 and distance.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, bool])
def test_images_and_exact_copies(dtype):
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (50, 4, 4, 3)).astype(dtype)
    if dtype is bool:
        real = rng.random((50, 4, 4, 3)) < 0.5
    index, distance = nearest_rows(real[[31, 4]], real)
    assert index.tolist() == [31, 4]
    assert distance.tolist() == [0.0, 0.0]


def test_large_offset_does_not_round_neighbours_away():
    real = 1e9 + np.arange(20.0)[:, None]
    index, distance = nearest_rows(1e9 + np.array([[7.2], [11.9]]), real)
    assert index.tolist() == [7, 12]
    np.testing.assert_allclose(distance, [0.2, 0.1], atol=1e-6)


def test_memory_stays_in_blocks(monkeypatch):
    seen = []

    def spy(rows, block):
        seen.append(max(rows.size, block.size))
        return neighbors.np.zeros(len(rows), dtype=int), neighbors.np.zeros(len(rows))

    monkeypatch.setattr(neighbors, "_BLOCK_VALUES", 64)
    monkeypatch.setattr(neighbors, "pairwise_distances_argmin_min", spy)
    nearest_rows(np.zeros((70, 8), np.uint8), np.zeros((90, 8), np.uint8))
    assert max(seen) == 64
    assert len(seen) == 9 * 12


def test_no_queries_give_nothing():
    index, distance = nearest_rows(np.empty((0, 2)), [[1.0, 2.0]])
    assert index.shape == distance.shape == (0,)


def test_inputs_are_not_written_to():
    query, real = np.ones((2, 3)), np.zeros((4, 3))
    query.flags.writeable = real.flags.writeable = False
    nearest_rows(query, real)


@pytest.mark.parametrize(
    ("query", "real", "message"),
    [
        (
            np.ones((2, 3)),
            np.ones((2, 4)),
            r"rows of shape \(3,\) but X_real of \(4,\)",
        ),
        (np.ones((2, 4)), np.ones((2, 2, 2)), "same shape"),
        (np.ones((2, 3)), np.ones((0, 3)), "X_real has no rows"),
        (np.ones(3), np.ones((2, 3)), "X_query must be a numeric array"),
        ([["a"]], [[1.0]], "X_query must be a numeric array"),
        ([[np.nan]], [[1.0]], "X_query has NaN or infinite"),
        ([[0.0]], [[np.inf], [-np.inf]], "X_real has NaN or infinite"),
    ],
)
def test_bad_input(query, real, message):
    with pytest.raises(ValueError, match=message):
        nearest_rows(query, real)
