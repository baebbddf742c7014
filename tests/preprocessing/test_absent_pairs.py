"""Pairs of categories that exclude each other: found in real rows, kept in new ones."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler
from equipoise.preprocessing import TableCodec
from equipoise.preprocessing.absent_pairs import LEAST_EXPECTED, absent_pairs, has_any_pair


def named_pairs(frame):
    """The pairs as sets of (column, category)."""
    codec = TableCodec.fit(frame)
    pairs = absent_pairs(codec.encode(codec.rows(frame)), codec.layout)
    names = [None] * codec.layout.n_numeric
    for name, column in zip(frame, codec.columns, strict=True):
        if column.kind == "categorical":
            names += [(name, value) for value in column.values]
            names += [(name, None)] * (len(column.shares) - len(column.values))
    numbers = [name for name, c in zip(frame, codec.columns, strict=True) if c.kind == "numeric"]
    names += [(numbers[i], flag) for i in codec.layout.flagged for flag in ("present", "missing")]
    return {frozenset(names[i] for i in pair) for pair in pairs.tolist()}


def expected_pairs(frame):
    """The same, counted by pandas."""
    found = set()
    for i, one in enumerate(frame):
        for other in frame.columns[i + 1 :]:
            table = pd.crosstab(frame[one], frame[other])
            by_chance = np.outer(table.sum(1), table.sum(0)) / len(frame)
            for a, b in np.argwhere((table.to_numpy() == 0) & (by_chance >= LEAST_EXPECTED)):
                found.add(frozenset([(one, table.index[a]), (other, table.columns[b])]))
    return found


def test_pairs_are_those_that_pandas_counts():
    rng = np.random.default_rng(0)
    first = rng.choice(list("abcd"), 80, p=[0.4, 0.3, 0.25, 0.05])
    frame = pd.DataFrame(
        {
            "first": first,
            "second": np.where(first == "a", "x", rng.choice(list("xyz"), 80)),
            "third": rng.choice(list("uv"), 80),
        }
    )
    found = named_pairs(frame)
    assert found == expected_pairs(frame)
    assert frozenset([("first", "a"), ("second", "y")]) in found
    assert not any(("first", "d") in pair for pair in found)  # too rare to tell


def test_a_number_that_is_missing_for_a_category_is_a_pair():
    kind = np.array(["new", "old"] * 20)
    frame = pd.DataFrame({"kind": kind, "years": np.where(kind == "new", np.nan, np.arange(40.0))})
    assert named_pairs(frame) == {
        frozenset([("kind", "new"), ("years", "present")]),
        frozenset([("kind", "old"), ("years", "missing")]),
    }


def test_rows_with_a_pair_are_found():
    rows = torch.tensor([[1, 0, 1, 0, 1], [1, 0, 0, 1, 1], [0, 1, 0, 1, 0], [0, 1, 1, 0, 1.0]])
    pairs = torch.tensor([[0, 2], [1, 3]])
    expected = [(row[pairs] == 1).all(1).any() for row in rows.numpy()]
    assert has_any_pair(rows, pairs).tolist() == expected
    assert not has_any_pair(rows, pairs[:0]).any()


def test_numbers_and_no_rows_have_no_pairs():
    codec = TableCodec.fit(np.random.default_rng(0).normal(size=(30, 3)))
    rows = codec.encode(codec.rows(np.zeros((5, 3))))
    assert absent_pairs(rows, codec.layout).shape == (0, 2)
    mixed = TableCodec.fit(pd.DataFrame({"a": list("xy") * 10}))
    assert absent_pairs(torch.empty(0, 2), mixed.layout).shape == (0, 2)


@pytest.fixture(scope="module")
def linked():
    """Two categories that are the same in the rare rows and never in the others."""
    rng = np.random.default_rng(0)
    y = np.arange(400) < 60
    first = rng.choice(3, 400)
    second = np.where(y, first, (first + 1) % 3)
    columns = {"first": np.array(list("abc"))[first], "second": np.array(list("abc"))[second]}
    return pd.DataFrame({**columns, "number": rng.normal(size=400)}), y


@pytest.mark.parametrize(
    "sampler",
    [
        GenerativeOverSampler(DGCClassifier(latent_dim=8, max_epochs=5, random_state=0)),
        IMSIC(max_epochs=10, random_state=0),
    ],
    ids=["DGC", "IMSIC"],
)
@pytest.mark.filterwarnings("ignore:min_confidence='auto'")
def test_new_rows_keep_what_the_real_rows_never_break(linked, sampler):
    X, y = linked
    X_more, _ = clone(sampler).fit_resample(X, y)
    new = X_more[len(X) :]
    assert (new["first"] != new["second"]).mean() <= 0.02


def test_a_loaded_model_keeps_them_too(linked, tmp_path):
    model = DGCClassifier(latent_dim=8, max_epochs=2, random_state=0).fit(*linked)
    model.save(tmp_path / "model")
    loaded = DGCClassifier.load(tmp_path / "model")
    drawn = loaded.sample(200, True)
    pd.testing.assert_frame_equal(drawn, model.sample(200, True))
    assert (drawn["first"] != drawn["second"]).mean() <= 0.05
