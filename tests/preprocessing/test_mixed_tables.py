"""Columns of every kind become tensors and come back as they were."""

import json
from decimal import Decimal

import dateutil
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

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
    "largest int": np.where(RNG.random(N) < 0.3, np.iinfo("int64").max, RNG.integers(0, 9, N)),
    "seconds": pd.Series(DAYS).astype("datetime64[s]"),
    "fixed zone": DAYS.tz_localize(dateutil.tz.tzoffset(None, 7200)),
    "no end": pd.Series([*DAYS[2:], pd.Timestamp.max.floor("D"), pd.Timestamp("1850-01-01")]),
    "dates of Python": holes([day.date() for day in DAYS]),
    "decimals": holes([Decimal(int(v)) / 100 for v in RNG.integers(0, 999, N)]),
    "periods": pd.period_range("2020", periods=4, freq="M")[RNG.integers(0, 4, N)],
    "bins": pd.cut(RNG.normal(size=N), 3).astype(pd.IntervalDtype("float64", "right")),
    "category of days": pd.Categorical(DAYS[RNG.integers(0, 3, N)]),
    **{
        f"{kind} of Arrow": pd.Series(values, dtype=pd.ArrowDtype(kind))
        for kind, values in {
            pa.int64(): [*range(N - 1), None],
            pa.bool_(): [*(RNG.random(N - 1) < 0.5), None],
            pa.string(): [*RNG.choice(["a", "b"], N - 1), None],
            pa.timestamp("us"): [*DAYS[1:], None],
            pa.timestamp("ms", "Europe/Paris"): [*DAYS[1:].tz_localize("Europe/Paris"), None],
            pa.date32(): [*(day.date() for day in DAYS[1:]), None],
            pa.duration("s"): pd.to_timedelta(RNG.integers(0, 99, N), "s"),
            pa.decimal128(9, 2): [Decimal(int(v)) / 100 for v in RNG.integers(0, 999, N)],
        }.items()
    },
}
if Version(pd.__version__) >= Version("2.3"):
    COLUMNS["str of pandas 3"] = holes(
        RNG.choice(["a", "b"], N), pd.StringDtype("pyarrow", na_value=np.nan)
    )


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


@pytest.mark.parametrize("kind", sorted(set(COLUMNS) - {"fixed zone"}))
def test_a_codec_survives_json(kind):
    frame = pd.DataFrame({kind: COLUMNS[kind]})
    codec = TableCodec.fit(frame)
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    encoded = codec.encode(codec.rows(frame))
    assert torch.equal(again.encode(again.rows(frame)), encoded)
    pd.testing.assert_frame_equal(again.decode(encoded), codec.decode(encoded))
    assert again.layout == codec.layout


def test_a_zone_without_a_name_is_saved_as_its_offset():
    frame = pd.DataFrame({"at": COLUMNS["fixed zone"]})
    codec = TableCodec.from_dict(json.loads(json.dumps(TableCodec.fit(frame).to_dict())))
    back = codec.decode(codec.encode(codec.rows(frame)))["at"]
    assert (back == frame["at"]).all()
    assert back[0].utcoffset() == frame["at"][0].utcoffset()


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


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", [0, 3])
def test_days_begin_at_midnight_in_their_zone(zone, hour):
    local = pd.Series(pd.date_range("2023-01-01", periods=400) + pd.Timedelta(hours=hour))
    frame = pd.DataFrame({"day": local.dt.tz_localize(zone, ambiguous=np.ones(400, bool))})
    frame.loc[7, "day"] = pd.NaT
    codec = TableCodec.fit(frame)
    codec = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    pd.testing.assert_frame_equal(codec.decode(codec.encode(codec.rows(frame))), frame)
    other = pd.DataFrame({"day": frame["day"].dt.tz_convert("UTC")})
    np.testing.assert_array_equal(codec.rows(other), codec.rows(frame))
    drawn = codec.decode(torch.randn(500, codec.encoded_shape[0]).double())["day"].dropna()
    assert (drawn.dt.hour == hour).all() and (drawn.dt.minute == 0).all() and drawn.nunique() > 50


def test_a_clock_that_shows_an_hour_twice_is_not_gone_by():
    times = pd.date_range("2023-10-28 22:00", periods=8, freq="h", tz="UTC")
    frame = pd.DataFrame({"at": times.tz_convert("Europe/Berlin")})
    codec = TableCodec.fit(frame)
    pd.testing.assert_frame_equal(codec.decode(codec.encode(codec.rows(frame))), frame)


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


def test_equal_categories_are_equal_whatever_their_type():
    frame = pd.DataFrame({"flag": [True, False, True], "level": pd.Categorical([3, 1, 3])})
    codec = TableCodec.fit(frame)
    expected = codec.rows(frame)
    for dtype in ("int64", "float64", "Int64", object):
        assert (codec.rows(frame.astype(dtype)) == expected).all()
    assert (codec.rows(frame.astype(str))[:, 1] == -1).all()


def test_objects_that_are_no_numbers_are_named_in_fit():
    times = pd.Series(pd.date_range("2020", periods=4, freq="h")).dt.time
    with pytest.raises(InvalidInputError, match="'at' of X must be numeric, but"):
        TableCodec.fit(pd.DataFrame({"at": times}))


def test_equal_instants_are_equal_whatever_their_resolution():
    days = pd.DataFrame({"day": DAYS, "took": pd.to_timedelta(RNG.integers(0, 99, N), "s")})
    codec = TableCodec.fit(days)
    expected = codec.rows(days)
    for unit in ("s", "us"):
        other = days.apply(lambda column, unit=unit: column.dt.as_unit(unit))
        assert (codec.rows(other) == expected).all()
        assert (TableCodec.fit(other).rows(days) == expected).all()
    arrow = days.astype(
        {"day": pd.ArrowDtype(pa.date32()), "took": pd.ArrowDtype(pa.duration("s"))}
    )
    assert (codec.rows(arrow) == expected).all()
    zoned = days.assign(day=DAYS.tz_localize("UTC"))
    moved = zoned.assign(day=zoned["day"].dt.tz_convert("Asia/Tokyo"))
    assert (TableCodec.fit(zoned).rows(moved) == expected).all()


def test_days_before_and_long_after_those_of_the_fit_keep_their_order():
    days = pd.to_datetime(["1900-01-01", "1950-06-01", "2024-01-01", "2262-04-01"])
    codec = TableCodec.fit(pd.DataFrame({"day": days}))
    numbers = codec.rows(pd.DataFrame({"day": pd.to_datetime(["1700-01-01", *days.astype(str)])}))
    years = [1700.0, 1900, 1950.41, 2024, 2262.25]
    assert np.corrcoef(numbers.ravel(), years)[0, 1] > 0.999999


@pytest.mark.parametrize("other", [np.arange(N), pd.to_timedelta(np.arange(N), "D")])
def test_a_column_of_days_stays_one(other):
    days, changed = pd.DataFrame({"day": DAYS}), pd.DataFrame({"day": other})
    with pytest.raises(InvalidInputError, match="'day' of X held datetimes in fit, now "):
        TableCodec.fit(days).rows(changed)
    with pytest.raises(InvalidInputError, match=r"'day' of X held \w+ in fit, now datetimes"):
        TableCodec.fit(changed).rows(days)
    empty = pd.DataFrame({"day": [np.nan] * 3})
    assert np.isnan(TableCodec.fit(days).rows(empty)).all()


def test_the_largest_integers_do_not_wrap():
    for dtype in ("int64", "uint64", "Int64"):
        largest = np.iinfo(dtype.lower()).max
        values = pd.Series(np.where(np.arange(N) % 3, 5, largest).astype(dtype.lower()))
        frame = pd.DataFrame({"k": values.astype(dtype)})
        assert set(there_and_back(frame)["k"]) == {5, largest}


def test_what_json_cannot_say_is_named():
    frame = pd.DataFrame({"c": pd.Categorical([(1, 2), (3, 4)])})
    with pytest.raises(InvalidInputError, match=r"tuple objects such as \(1, 2\)"):
        TableCodec.fit(frame).to_dict()


@pytest.mark.parametrize("named", [[1], [-2], ["b"], [False, True, False], np.array([1])])
@pytest.mark.parametrize("container", [pd.DataFrame, np.asarray])
def test_categories_can_be_named_by_position_name_or_mask(named, container):
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [7.0, 5, 7, 9], "c": [0.1, 0.2, 0.3, 0.4]})
    table = container(frame)
    if "b" in list(named) and container is np.asarray:
        with pytest.raises(InvalidParameterError, match="indices from 0 to 2"):
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


@pytest.mark.parametrize("dtype", [object, "category", "string", "float64"])
def test_a_column_without_values_need_not_be_named(dtype):
    frame = pd.DataFrame({"n": [1.0, 2.0, 3.0], "c": list("xyx")})
    frame["empty"] = pd.Series([None] * 3, dtype=dtype)
    with pytest.warns(UserWarning, match="only missing values in .'empty'"):
        codec = TableCodec.fit(frame, categorical_features=["c"])
    pd.testing.assert_frame_equal(codec.decode(codec.encode(codec.rows(frame))), frame)


def test_text_that_is_not_named_is_refused():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [7.0, 5]})
    with pytest.raises(InvalidInputError, match="Column 'a' of X contains .* not in categorical"):
        TableCodec.fit(frame, frame, ["b"])


def test_an_array_of_objects_comes_back_as_one():
    X = np.array([["a", 1, 0.5], ["b", 2, 1.5], ["a", 3, 2.25]], dtype=object)
    codec = TableCodec.fit(pd.DataFrame(X), X)
    back = codec.decode(codec.encode(codec.rows(pd.DataFrame(X))))
    assert back.dtype == object
    assert back.tolist() == X.tolist()


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "timedelta64[ns]", "datetime64[s, UTC]", "O"])
@pytest.mark.parametrize(
    "fitted", [[1.0, 2.0], pd.to_datetime(["2024-01-01", "2024-01-02"]), pd.to_timedelta([1, 2])]
)
def test_a_column_without_a_value_may_have_any_dtype(fitted, dtype):
    codec = TableCodec.fit(pd.DataFrame({"a": fitted, "b": [0, 1]}))
    rows = codec.rows(pd.DataFrame({"a": pd.Series([None, None], dtype=dtype), "b": [0, 1]}))
    assert np.isnan(rows[:, 0]).all() and (rows[:, 1] == [0, 1]).all()


def test_a_column_of_many_categories_is_told_apart_by_the_most_frequent_ones():
    words = [f"w{i}" for i in range(1500)] + [f"w{i}" for i in range(500, 1500)]
    table = pd.DataFrame({"word": words, "x": np.arange(2500.0)})
    with pytest.warns(UserWarning, match="Column 'word' of X has 1,500 categories. The 1,000 most"):
        codec = TableCodec.fit(table)
    encoded = codec.encode(codec.rows(table))
    assert encoded.shape == (2500, 1001)
    blocks = encoded[:, 1:].sum(1).numpy()
    np.testing.assert_array_equal(blocks, [0] * 500 + [1] * 2000)
    decoded = codec.decode(encoded)["word"].tolist()
    assert decoded[500:] == words[500:]


def test_a_thousand_categories_are_all_told_apart(recwarn):
    table = pd.DataFrame({"word": [f"w{i % 1000}" for i in range(2000)]})
    codec = TableCodec.fit(table)
    assert codec.encoded_shape == (1000,) and not recwarn
    pd.testing.assert_frame_equal(codec.decode(codec.encode(codec.rows(table))), table)
