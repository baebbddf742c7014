"""Columns of every kind become tensors and come back as they were."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.preprocessing import TableCodec

N = 60
RNG = np.random.default_rng(0)


def holes(values, dtype=object):
    """Every fifth value missing."""
    values = np.asarray(values, dtype=object)
    values[::5] = None
    return pd.Series(values).astype(dtype)


DAYS = pd.Timestamp("2020-02-01") + pd.to_timedelta(RNG.integers(0, 900, N), "D")
COLUMNS = {
    "int8": RNG.integers(-100, 100, N).astype("int8"),
    "int64": RNG.integers(0, 2**50, N),
    "uint16": RNG.integers(0, 2**16, N).astype("uint16"),
    "float32": RNG.normal(size=N).astype("float32"),
    "float64": np.exp(5 * RNG.normal(size=N)),
    "float with NaN": np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(size=N)),
    "half zeros": np.where(RNG.random(N) < 0.5, 0, RNG.exponential(size=N)),
    "constant": np.full(N, 3.5),
    "bool": RNG.random(N) < 0.3,
    "boolean": holes(RNG.random(N) < 0.3, "boolean"),
    "Int64": holes(RNG.integers(0, 9, N), "Int64"),
    "UInt8": holes(RNG.integers(0, 9, N), "UInt8"),
    "Float32": holes(RNG.normal(size=N), "Float32"),
    "str": RNG.choice(["a", "b", "long one"], N),
    "str with None": holes(RNG.choice(["a", "b"], N)),
    "string": holes(RNG.choice(["a", "b"], N), "string"),
    "category": pd.Categorical(RNG.choice(["lo", "hi"], N), ["lo", "hi", "never"], ordered=True),
    "category of numbers": pd.Categorical(RNG.choice([3, 1, 2], N), [3, 1, 2]),
    "category with gaps": holes(RNG.choice(["x", "y"], N), "category"),
    "intervals": pd.cut(RNG.normal(size=N), 4),
    "object of ints": pd.Series(RNG.integers(0, 4, N)).astype(object),
    "day": DAYS,
    "day with NaT": pd.Series(DAYS).where(RNG.random(N) < 0.8),
    "ns": pd.Series(RNG.integers(0, 2**60, N)).astype("datetime64[ns]").dt.floor("us"),
    "zone": DAYS.tz_localize("Europe/Paris"),
    "duration": pd.to_timedelta(RNG.integers(0, 10**6, N), "s"),
}


def there_and_back(frame):
    codec = TableCodec.fit(frame)
    return codec.decode(codec.encode(codec.rows(frame)))


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_comes_back_as_it_was(kind):
    frame = pd.DataFrame({"first": np.arange(N), kind: COLUMNS[kind]})
    back = there_and_back(frame)
    if frame[kind].dtype.kind == "f":
        pd.testing.assert_frame_equal(back, frame, rtol=1e-9)
    else:
        pd.testing.assert_frame_equal(back, frame, check_exact=True)


@pytest.mark.parametrize("kind", set(COLUMNS) - {"intervals"})
def test_a_codec_survives_json(kind):
    frame = pd.DataFrame({kind: COLUMNS[kind]})
    codec = TableCodec.fit(frame)
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    encoded = codec.encode(codec.rows(frame))
    assert torch.equal(again.encode(again.rows(frame)), encoded)
    pd.testing.assert_frame_equal(again.decode(encoded), codec.decode(encoded))
    assert again.layout == codec.layout


@pytest.mark.parametrize("kind", COLUMNS)
def test_whatever_a_network_says_is_a_value_that_can_be(kind):
    frame = pd.DataFrame({"first": np.arange(N), kind: COLUMNS[kind]})
    codec = TableCodec.fit(frame)
    noise = torch.from_numpy(np.random.default_rng(1).normal(0, 3, (500, *codec.encoded_shape)))
    made = codec.decode(noise)
    assert made.dtypes.equals(frame.dtypes)
    seen, new = frame[kind].dropna(), made[kind].dropna()
    if codec.layout.n_numeric == 2:
        assert new.min() >= seen.min() and new.max() <= seen.max()
    else:
        assert set(new) <= set(seen)
    assert made[kind].isna().any() == frame[kind].isna().any()


def test_shares_of_a_value_survive_normal_scores():
    zeros = np.where(RNG.random(5000) < 0.6, 0, RNG.exponential(size=5000))
    codec = TableCodec.fit(zeros[:, None])
    encoded = codec.encode(zeros[:, None])
    # What a generator of the right distribution makes: the quantiles of the scores.
    drawn = torch.from_numpy(np.random.default_rng(2).normal(size=(5000, 1)))
    scores = codec.columns[0].scores
    made = codec.decode((drawn - scores.mean) / scores.scale)
    assert abs((made == 0).mean() - 0.6) < 0.03
    assert abs(made.mean() - zeros.mean()) < 0.05
    assert encoded.mean().abs() < 1e-9 and (encoded.std(correction=0) - 1).abs() < 1e-9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=50), st.floats(-2e9, 2e9))
def test_normal_scores_keep_the_order(values, other):
    codec = TableCodec.fit(np.array(values)[:, None])
    points = np.sort([*values, other])
    encoded = codec.encode(points[:, None]).numpy().ravel()
    assert (np.diff(encoded) >= -1e-9).all()


@pytest.mark.parametrize(("dtype", "decimals"), [("float64", 3), ("float32", 2), ("Float64", 1)])
def test_numbers_keep_their_decimals(dtype, decimals):
    values = pd.Series(RNG.exponential(3, N).round(decimals)).astype(dtype)
    codec = TableCodec.fit(pd.DataFrame({"x": values}))
    made = codec.decode(torch.linspace(-2, 2, 300)[:, None])["x"]
    assert made.dtype == values.dtype and made.nunique() > 20
    assert (made.astype(dtype).round(decimals) == made).all()
    assert not set(made) <= set(values)


def test_dates_stay_whole_days_and_multiples_of_their_unit():
    frame = pd.DataFrame({"day": DAYS})
    codec = TableCodec.fit(frame)
    made = codec.decode(torch.linspace(-3, 3, 200)[:, None])["day"]
    assert (made == made.dt.normalize()).all()
    assert made.nunique() > 50


def test_what_training_did_not_have_is_no_category_and_no_number():
    frame = pd.DataFrame({"c": ["a", "b"] * 5, "x": np.arange(10.0)})
    codec = TableCodec.fit(frame)
    other = pd.DataFrame({"c": ["z", None, "a"], "x": [1.0, np.nan, 20.0]})
    encoded = codec.encode(codec.rows(other))
    assert encoded[:, 1:].tolist() == [[0, 0], [0, 0], [1, 0]]
    assert encoded[1, 0] == 0
    assert encoded[2, 0] > codec.encode(codec.rows(frame))[:, 0].max()


def test_a_numeric_column_that_becomes_text_is_named():
    codec = TableCodec.fit(pd.DataFrame({"age": [1, 2, 3]}))
    with pytest.raises(InvalidInputError, match="'age' of X was numeric in fit"):
        codec.rows(pd.DataFrame({"age": ["old", "young"]}))


@pytest.mark.parametrize("named", [[1], [-2], ["b"], [False, True, False], np.array([1])])
@pytest.mark.parametrize("container", [pd.DataFrame, np.asarray])
def test_categories_can_be_named_by_position_name_or_mask(named, container):
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [7.0, 5, 7, 9], "c": [0.1, 0.2, 0.3, 0.4]})
    table = container(frame)
    if "b" in list(named) and container is np.asarray:
        with pytest.raises(InvalidParameterError, match="positions from 0 to 2"):
            TableCodec.fit(table, table, named)
        return
    codec = TableCodec.fit(table, table, named)
    assert codec.layout.shares == ((0.25, 0.5, 0.25),)
    back = codec.decode(codec.encode(codec.rows(table)))
    assert type(back) is type(table)
    np.testing.assert_array_equal(back, frame)


@pytest.mark.parametrize("named", [[3], ["x"], [True, False], [0.5]])
def test_columns_that_are_not_there_are_refused(named):
    frame = pd.DataFrame({"a": [1.0, 2], "b": [7.0, 5], "c": [0.1, 0.2]})
    with pytest.raises(InvalidParameterError, match="categorical_features="):
        TableCodec.fit(frame, frame, named)


def test_text_that_is_not_named_is_refused():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [7.0, 5]})
    with pytest.raises(InvalidInputError, match="Column 'a' of X holds .* not in categorical"):
        TableCodec.fit(frame, frame, ["b"])


def test_an_array_of_objects_comes_back_as_one():
    X = np.array([["a", 1, 0.5], ["b", 2, 1.5], ["a", 3, 2.25]], dtype=object)
    codec = TableCodec.fit(pd.DataFrame(X), X)
    back = codec.decode(codec.encode(codec.rows(pd.DataFrame(X))))
    assert back.dtype == object
    assert back.tolist() == X.tolist()
