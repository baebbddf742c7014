"""Frames of polars: read as pandas' are, resampled ones are polars' again."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.tree import DecisionTreeClassifier

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler, evaluate_resampling

N, RARE = 120, 20


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(int(d)) for d in rng.integers(0, 90, N)]
    return pl.DataFrame(
        {
            "number": rng.normal(size=N).astype(np.float32),
            "count": [None if i % 7 == 0 else i % 5 for i in range(N)],
            "word": [None if i % 9 == 0 else "pq"[i % 2] for i in range(N)],
            "category": pl.Series(rng.choice(["x", "y"], N), dtype=pl.Categorical),
            "level": pl.Series(rng.choice(["low", "high"], N), dtype=pl.Enum(["low", "high"])),
            "day": days,
            "flag": rng.random(N) < 0.5,
        }
    )


@pytest.fixture(scope="module")
def labels():
    return pl.Series("answer", ["no"] * (N - RARE) + ["yes"] * RARE)


@pytest.mark.parametrize(
    "sampler",
    [
        IMSIC(max_epochs=1, random_state=0),
        GenerativeOverSampler(DGCClassifier(max_epochs=1, random_state=0)),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_resampled_frame_is_as_given(sampler, frame, labels):
    X, y = sampler.fit_resample(frame, labels)
    assert X.schema == frame.schema and y.name == "answer" and y.dtype == labels.dtype
    assert X[:N].equals(frame) and y[:N].equals(labels)
    assert y.value_counts()["count"].to_list() == [N - RARE] * 2
    new = X[N:]
    assert set(new["word"].unique()) <= {"p", "q", None}
    assert new["count"].drop_nulls().is_between(0, 4).all()
    assert new["day"].is_between(frame["day"].min(), frame["day"].max()).all()


def test_given_rows_never_were_pandas(labels):
    from decimal import Decimal

    large, gaps = 2**53 + 3, [None, float("nan")]
    frame = pl.DataFrame(
        {
            "id": [None if i % 5 == 0 else large + i for i in range(N)],
            "gap": [gaps[i % 2] if i % 10 == 0 else i / 7 for i in range(N)],
            "price": pl.Series([Decimal(i) / 100 for i in range(N)], dtype=pl.Decimal(9, 2)),
        }
    )
    X, _ = IMSIC(max_epochs=1, random_state=0).fit_resample(frame, labels)
    assert X[:N].equals(frame, null_equal=True) and X.schema == frame.schema
    assert X[N:]["price"].is_between(0, Decimal("1.19")).all()


def test_same_model_as_of_the_pandas_frame(frame, labels):
    model = DGCClassifier(max_epochs=1, random_state=0).fit(frame, labels)
    same = DGCClassifier(max_epochs=1, random_state=0).fit(frame.to_pandas(), labels.to_pandas())
    assert list(model.feature_names_in_) == frame.columns
    np.testing.assert_array_equal(model.predict_proba(frame), same.predict_proba(frame.to_pandas()))
    pd.testing.assert_frame_equal(model.sample(5), same.sample(5))


def test_evaluation(frame, labels):
    words = {"classifiers": {"tree": DecisionTreeClassifier(max_depth=3, random_state=0)}, "cv": 2}
    X = frame.select("number", "count")
    found = evaluate_resampling(X, labels, random_state=0, **words)
    same = evaluate_resampling(X.to_pandas(), labels.to_pandas(), random_state=0, **words)
    timeless = [c for c in same.scores if "seconds" not in c]
    pd.testing.assert_frame_equal(found.scores[timeless], same.scores[timeless])
