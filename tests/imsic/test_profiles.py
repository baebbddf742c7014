"""Profiles say what a code does to the columns of a table."""

import numpy as np
import pandas as pd
import pytest

from equipoise import IMSIC
from equipoise.imsic.profiles import column_profiles
from equipoise.preprocessing import TableCodec

RNG = np.random.default_rng(0)


def test_profiles_are_means_and_shares_of_what_moves_most():
    start = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "still": RNG.normal(size=90),
            "wide": RNG.normal(0, 100, 90),
            "city": RNG.choice(["Bern", "Oslo"], 90),
            "day": start + pd.to_timedelta(np.arange(90), "D"),
        }
    )
    codec = TableCodec.fit(frame)
    made = pd.DataFrame(
        {
            "still": 0.0,
            "wide": [0, 300, 0, 500] * 2,
            "city": ["Bern", "Oslo", "Bern", "Bern"] * 2,
            "day": [start, start + pd.Timedelta("10D")] * 4,
        }
    )
    # One code, two classes, two starting points, two values.
    rows = codec.rows(made).reshape(1, 2, 2, 2, 4)
    profiles = column_profiles(codec, rows, codec.rows(frame))
    assert list(profiles) == ["wide", "city = Bern", "day", "still"]
    np.testing.assert_allclose(profiles["wide"][0], [[0, 400]] * 2)
    np.testing.assert_allclose(profiles["city = Bern"][0], [[1, 0.5]] * 2)
    assert (
        profiles["day"][0, 0].tolist() == [start, start + pd.Timedelta("10D")]
        or (profiles["day"][0, 0] == np.array([start, start + pd.Timedelta("10D")], "M8[ns]")).all()
    )


def test_a_class_without_values_moves_nothing():
    start = pd.Timestamp("2024-01-01", tz="Asia/Tokyo")
    frame = pd.DataFrame(
        {
            "small": RNG.normal(size=90),
            "big": RNG.normal(size=90),
            "at": start + pd.to_timedelta(np.arange(90), "D"),
            "took": pd.to_timedelta(np.arange(90), "h"),
        }
    )
    frame.loc[:1] = [[None] * 4] * 2
    codec = TableCodec.fit(frame)
    rows = codec.rows(frame.iloc[2:10]).reshape(1, 2, 2, 2, 4)
    rows[..., 1] *= 100
    rows[:, 0] = np.nan
    profiles = column_profiles(codec, rows, codec.rows(frame))
    assert next(iter(profiles)) == "big" and set(profiles) == {"big", "small", "at", "took (hours)"}
    assert np.isnan(profiles["big"][0, 0]).all() and np.isfinite(profiles["big"][0, 1]).all()
    np.testing.assert_allclose(profiles["took (hours)"][0, 1], [7, 8])
    expected = pd.to_datetime(["2024-01-08", "2024-01-09"])
    np.testing.assert_array_equal(profiles["at"][0, 1].astype("M8[ns]"), expected.to_numpy())


@pytest.mark.filterwarnings("ignore:Class .* interpolated")
def test_traversals_of_a_table_are_drawn_as_lines_by_class():
    X = pd.DataFrame({"a": RNG.normal(size=60), "c": RNG.choice(["x", "y"], 60)})
    sampler = IMSIC(max_epochs=1, random_state=0, n_codes=2, code_names=["slant", "size"])
    axes = sampler.fit(X, np.repeat(["few", "many"], [20, 40])).plot_traversals(values=[-1, 0, 1])
    assert axes.shape == (2, 2)  # two columns by two codes
    panels = axes.ravel()
    assert [ax.get_title(loc="left") for ax in panels[:2]] == ["slant", "size"]
    lines = panels[0].get_lines()
    assert [line.get_label() for line in lines] == ["few", "many"]
    assert lines[0].get_xdata().tolist() == [-1, 0, 1]
    assert {ax.get_ylabel() for ax in panels[::2]} >= {"a"}
