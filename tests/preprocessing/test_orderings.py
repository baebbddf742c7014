"""Columns of which one is never above the other: found in real rows, kept in new ones."""

import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler
from equipoise.preprocessing import TableCodec
from equipoise.preprocessing.orderings import LEAST_ROWS, MOST_COLUMNS


def found_in(table):
    """The pairs (lower, higher) of column numbers."""
    codec = TableCodec.fit(table)
    return {(low, high) for high, lows in codec.orderings.items() for low in lows}


def test_pairs_are_those_that_a_loop_finds():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4)).cumsum(1).round(1)
    X = np.column_stack([X, X.max(1), X[:, 0] + rng.exponential(size=90), X[:, 1]])
    X[rng.random(X.shape) < 0.1] = np.nan
    expected = {
        (i, j)
        for i in range(7)
        for j in range(7)
        if i != j
        and not (X[:, i] > X[:, j]).any()
        and (~np.isnan(X[:, [i, j]])).all(1).sum() >= LEAST_ROWS
    }
    assert {(0, 5), (2, 4), (1, 6), (6, 1)} <= expected
    assert found_in(X) == expected


def test_one_row_that_breaks_it_and_too_few_rows_are_no_rule():
    low = np.arange(LEAST_ROWS + 1.0)
    X = np.column_stack([low, low + 1])
    assert found_in(X) == {(0, 1)}
    X[7, 0] = 50
    assert found_in(X) == set()
    assert found_in(np.column_stack([low, low + 1])[: LEAST_ROWS - 1]) == set()
    both = np.column_stack([low, low + 1])
    both[:2, 1] = np.nan  # as many rows as are needed, but one too few with both values
    assert found_in(both) == set()


def test_ranges_apart_and_kinds_apart_are_no_rule():
    low = np.arange(100.0)
    assert found_in(np.column_stack([low, low + 200])) == set()
    day = pd.Timestamp("1970-01-01") + pd.to_timedelta(low, "D")
    assert found_in(pd.DataFrame({"number": low - 50, "day": day})) == set()


def test_dates_of_other_units_are_compared_exactly():
    day = pd.Series(pd.Timestamp("2020-03-01") + pd.to_timedelta(np.arange(100) % 37, "D"))
    frame = pd.DataFrame({"day": day, "second": day + pd.Timedelta(seconds=1)})
    frame["same"] = day
    assert found_in(frame) == {(0, 1), (2, 1), (0, 2), (2, 0)}
    frame.loc[5, "day"] += pd.Timedelta(days=1)
    assert found_in(frame) == {(2, 1), (2, 0)}


def test_what_breaks_a_rule_is_raised_to_the_least_that_does_not():
    X = pd.DataFrame({"low": np.arange(101) / 4, "high": np.arange(101) // 4 + 1})
    codec = TableCodec.fit(X)
    broken = pd.DataFrame({"low": [3.25, 3.0, 8.25], "high": [2, 2, 25]})
    encoded = codec.encode(codec.rows(broken))
    assert codec.breaks_ordering(encoded).tolist() == [True, True, False]
    mended = pd.DataFrame({"low": [3.25, 3.0, 8.25], "high": [4, 3, 25]})
    pd.testing.assert_frame_equal(codec.decode(encoded), mended)


def test_missing_values_and_obeying_rows_stay():
    low = np.arange(100.0)
    X = pd.DataFrame({"low": low, "middle": low + 1, "high": low + 2})
    X.iloc[:10, 1] = np.nan
    codec = TableCodec.fit(X)
    rows = X.iloc[[0, 50]].reset_index(drop=True)
    encoded = codec.encode(codec.rows(rows))
    assert not codec.breaks_ordering(encoded).any()
    pd.testing.assert_frame_equal(codec.decode(encoded), rows)


def test_chains_hold_for_any_numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6)).round(1).cumsum(1)
    X.sort(axis=1)
    codec = TableCodec.fit(pd.DataFrame(X).astype({1: "float32"}).round({1: 1}))
    new = codec.decode(torch.randn(500, 6, dtype=torch.float64)).to_numpy(dtype="float64")
    for high, lows in codec.orderings.items():
        assert (new[:, lows] <= new[:, [high]] + 1e-6).all()


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(0)
    y = np.arange(500) < 80
    signup = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 500), "D")
    seen = signup + pd.to_timedelta(rng.integers(1, 300, 500), "D")
    low = rng.gamma(2, 30, 500)
    high = low + rng.exponential(15, 500)
    return pd.DataFrame({"signup": signup, "last_seen": seen, "low": low, "high": high}), y


@pytest.mark.parametrize(
    "sampler",
    [
        GenerativeOverSampler(DGCClassifier(latent_dim=8, max_epochs=5, random_state=0)),
        IMSIC(max_epochs=10, random_state=0),
    ],
    ids=["DGC", "IMSIC"],
)
@pytest.mark.filterwarnings("ignore:min_confidence='auto'")
@pytest.mark.filterwarnings("ignore:.*look like")
def test_new_rows_obey_and_are_drawn_anew_rather_than_changed(visits, sampler):
    X, y = visits
    sampler = clone(sampler)
    X_more, _ = sampler.fit_resample(X, y)
    new = X_more[len(X) :]
    assert (new["signup"] <= new["last_seen"]).all() and (new["low"] <= new["high"]).all()
    assert (new["low"] == new["high"]).mean() <= 0.05  # which it is in no real row
    drawn = getattr(sampler, "generator_", sampler).sample(300, True)
    assert (drawn["signup"] <= drawn["last_seen"]).all()


def test_a_loaded_model_keeps_them_too(visits, tmp_path):
    model = DGCClassifier(latent_dim=8, max_epochs=2, random_state=0).fit(*visits)
    model.save(tmp_path / "model")
    drawn = DGCClassifier.load(tmp_path / "model").sample(200, True)
    pd.testing.assert_frame_equal(drawn, model.sample(200, True))
    assert (drawn["signup"] <= drawn["last_seen"]).all()


def test_the_search_is_quick_for_many_columns_and_left_out_for_more():
    X = np.random.default_rng(0).normal(size=(2000, MOST_COLUMNS))
    X.sort(axis=1)  # every pair is a rule
    start = time.perf_counter()
    assert len(found_in(X)) > 10_000
    assert time.perf_counter() - start < 20
    assert found_in(np.column_stack([X, X[:, 0]])) == set()


def test_samples_of_imsic_that_break_an_order_are_drawn_anew(visits):
    X, y = visits
    sampler = IMSIC(max_epochs=30, random_state=0).fit(X, y)
    drawn = sampler.sample(500, random_state=0)
    equal = (drawn["last_seen"] == drawn["signup"]) | (drawn["low"] == drawn["high"])
    assert equal.mean() < 0.1  # which no training row has; not all succeed within ten draws
