"""Tables become standardised tensors and come back as they were."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equipoise.errors import InvalidInputError
from equipoise.preprocessing import TableCodec

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 4))
EXACT = ["bool", "int8", "uint8", "int16", "int32", "uint32"]


def fit(original):
    """Codec of a table, and the matrix of numbers that it makes of it."""
    table = original
    if isinstance(original, np.ndarray):
        table = original.astype(np.float64)
    codec = TableCodec.fit(table, original)
    return codec, codec.rows(table)


def there_and_back(original):
    codec, matrix = fit(original)
    return codec.decode(codec.encode(matrix))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(EXACT).flatmap(lambda dtype: hnp.arrays(dtype, SHAPES)))
def test_bools_and_integers_come_back_exactly(X):
    back = there_and_back(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays("float64", SHAPES, elements=st.floats(-1e100, 1e100)))
def test_floats_come_back_within_double_precision(X):
    np.testing.assert_allclose(there_and_back(X), X, rtol=1e-9, atol=1e-13 * np.abs(X).max())


def test_columns_have_mean_zero_and_deviation_one():
    X = np.random.default_rng(0).normal([5, -1e6, 1e9], [2, 300, 0.1], (1000, 3))
    codec, _ = fit(X)
    tensor = codec.encode(X)
    np.testing.assert_allclose(tensor.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(tensor.std(0, correction=0), 1, rtol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e15 + 0.3, 1e-300])
def test_constant_columns_become_zero(value):
    X = np.column_stack([np.full(7, value), np.arange(7.0)])
    codec, _ = fit(X)
    tensor = codec.encode(X)
    assert (tensor[:, 0] == 0).all()
    np.testing.assert_allclose(codec.decode(tensor), X)


def test_values_that_overflow_are_refused():
    with pytest.raises(InvalidInputError, match=r"1e\+200 in column 1, too large"):
        fit(np.array([[0, 1e200], [1, -1e200]]))


def frame():
    return pd.DataFrame(
        {
            "age": np.array([31, 5, 80], "int16"),
            "height": np.array([1.5, 0.9, 1.8], "float32"),
            "ill": [True, False, True],
            "visits": pd.array([3, 0, 12], "Int64"),
            "dose": pd.array([0.5, 1.5, 2.5], "Float64"),
            "smokes": pd.array([False, True, True], "boolean"),
        },
        index=[7, 8, 9],
    )


def test_frames_come_back_with_columns_and_dtypes():
    pd.testing.assert_frame_equal(there_and_back(frame()), frame().reset_index(drop=True))


@pytest.mark.parametrize("names", [[0, 1], [2.5, 3.5], ["a", "a"], ["a", "b"]])
def test_column_names_keep_their_kind(names):
    original = pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=names)
    codec, matrix = fit(original)
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    back = again.decode(again.encode(matrix))
    assert back.columns.tolist() == names
    pd.testing.assert_frame_equal(back, original)


def test_column_labels_of_any_kind_stay_and_are_saved_as_strings():
    days = pd.date_range("2024-01-01", periods=2, name="day")
    for names in (days, pd.MultiIndex.from_product([["a"], [1, 2]], names=["x", None])):
        original = pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=names)
        codec, matrix = fit(original)
        pd.testing.assert_frame_equal(
            codec.decode(codec.encode(matrix)), original, check_freq=False
        )
        again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
        assert again.decode(again.encode(matrix)).columns.tolist() == [str(name) for name in names]


def test_integers_are_rounded_and_stay_within_their_dtype():
    codec, _ = fit(np.array([[0, 100], [255, 200]], np.uint8))
    far = torch.tensor([[-9.0, 0.009], [9.0, -0.009]])
    assert codec.decode(far).tolist() == [[0, 150], [255, 150]]


def test_bools_are_decided_in_the_middle():
    codec, _ = fit(np.array([[False], [True]]))
    assert codec.decode(torch.tensor([[-1.0], [-0.1], [0.1], [9.0]])).ravel().tolist() == [
        0,
        0,
        1,
        1,
    ]


@settings(max_examples=20, deadline=None)
@given(hnp.arrays("int16", SHAPES), st.sampled_from(["float32", "float64", "int32", "bool"]))
def test_json_and_back(X, dtype):
    X = (X / 7).astype(dtype)
    codec, matrix = fit(X)
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert torch.equal(again.encode(matrix), codec.encode(matrix))
    back = again.decode(again.encode(matrix))
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, codec.decode(codec.encode(matrix)))


def test_json_and_back_of_a_frame():
    codec, matrix = fit(frame())
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    back = again.decode(again.encode(matrix))
    pd.testing.assert_frame_equal(back, frame().reset_index(drop=True))


def test_encoding_leaves_the_table_alone():
    X = np.array([[0.0, 1.0], [2.0, 3.0]])
    codec = TableCodec.fit(X, X)
    codec.encode(X).mul_(0)
    np.testing.assert_array_equal(X, [[0, 1], [2, 3]])


@pytest.mark.parametrize("shape", [(1, 3), (1, 2, 1)])
def test_check_refuses_other_columns(shape):
    codec, _ = fit(np.ones((2, 2)))
    with pytest.raises(InvalidInputError, match="fitted on rows of 2 features"):
        codec.check(np.ones(shape))
