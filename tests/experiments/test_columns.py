"""Tables of any columns: for samplers that take numbers, for classifiers, and back."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from sklearn import config_context

from equipoise import evaluate_resampling
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments.classifiers import default_classifiers
from equipoise.experiments.columns import as_floats, as_table, categorical_columns, with_dtypes_of
from equipoise.experiments.treatments.samplers import CompleteTable, make_sampler, takes_any_table


def test_gaps_are_filled_from_the_fitted_rows_alone(mixed):
    X, _ = mixed
    train, test = X.iloc[:100], X.iloc[100:]
    before = test.copy()
    filled = CompleteTable().fit(train).transform(test)
    pd.testing.assert_frame_equal(test, before)
    assert list(filled) == list(X) and filled.notna().all(axis=None)
    assert X.columns[categorical_columns(X)].tolist() == ["flag", "town", "size"]
    gap = test["a"].isna()
    np.testing.assert_array_equal(filled.loc[gap, "a"], train["a"].median())
    np.testing.assert_array_equal(filled.loc[~gap, "a"], test.loc[~gap, "a"])
    assert (filled.loc[test["size"].isna(), "size"] == train["size"].mode()[0]).all()
    seconds = (test["day"] - pd.Timestamp(0)).dt.total_seconds()
    known = test["day"].notna()
    np.testing.assert_array_equal(filled.loc[known, "day"], seconds[known])


def test_array_stays_an_array():
    rows = np.array([[1, np.nan], [3, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(CompleteTable().fit_transform(rows), [[1, 0], [3, 0], [2, 0]])


def test_the_way_back_is_exact(mixed):
    X, _ = mixed
    whole = X.dropna()
    there = CompleteTable().fit(whole).transform(whole)
    pd.testing.assert_frame_equal(with_dtypes_of(whole, there), whole)
    there["count"] -= 0.4  # what interpolation leaves is rounded
    pd.testing.assert_frame_equal(with_dtypes_of(whole, there), whole)


@pytest.mark.parametrize(
    ("times", "between"),
    [
        (["2024-01-01", "2024-01-03"], "2024-01-02"),
        (["2024-01-01 00:00:00", "2024-01-03 00:00:01"], "2024-01-02 00:00:00"),
        (["2024-01-01 00:00:00.5", "2024-01-03 00:00:01"], "2024-01-02 00:00:00.75"),
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Zurich"])
def test_times_between_two_are_as_coarse_as_these(times, between, zone):
    column = pd.DataFrame({"t": pd.to_datetime(times, format="ISO8601").tz_localize(zone)})
    middle = as_floats(column).mean().to_frame().T
    (made,) = with_dtypes_of(column, middle)["t"]
    assert made == pd.Timestamp(between, tz=zone)
    durations = column - column["t"].min()
    (made,) = with_dtypes_of(durations, as_floats(durations).mean().to_frame().T)["t"]
    assert made == pd.Timestamp(between) - pd.Timestamp(times[0])


def test_smote_for_these_columns(mixed):
    X, _ = mixed
    assert type(make_sampler("smote", X[["a", "b"]], 9)) is SMOTE
    assert type(make_sampler("smote", X[["town", "flag"]], 9)) is SMOTEN
    sampler = make_sampler("smote", X, 4)
    assert type(sampler) is SMOTENC and sampler.k_neighbors == 3
    assert X.columns[sampler.categorical_features].tolist() == ["flag", "town", "size"]
    with pytest.raises(InvalidInputError, match="'adasyn' cannot.*'flag'"):
        make_sampler("adasyn", X, 9)
    with pytest.raises(InvalidParameterError, match="'smoot' is no sampler.*borderline-smote"):
        make_sampler("smoot", X, 9)


def test_who_gets_the_rows_as_they_are(spy_sampler):
    as_they_are = [RandomOverSampler(), RandomUnderSampler(), spy_sampler]
    assert all(map(takes_any_table, as_they_are))
    assert not any(map(takes_any_table, [SMOTE(), TomekLinks(), RandomOverSampler(shrinkage=1)]))


@pytest.mark.parametrize("name", default_classifiers())
@pytest.mark.filterwarnings("error")
def test_default_classifiers_take_any_table(name, mixed):
    X, y = mixed
    model = default_classifiers()[name].fit(X.iloc[:100], y[:100])
    unseen = X.iloc[100:].assign(town="Lima", b=np.nan)
    probabilities = model.predict_proba(unseen)
    assert probabilities.shape == (50, 2) and np.isfinite(probabilities).all()
    numbers = np.array([[0.0, np.nan], [1, 2], [0, 1], [1, 1]] * 5)
    learned = default_classifiers()[name].fit(numbers, numbers[:, 0] > 0)
    assert learned.predict_proba(numbers).shape == (20, 2)


def test_names_of_columns_may_be_numbers(mixed):
    X, y = mixed
    other = X.set_axis([7, 2, 0, *range(10, 7 + X.shape[1])], axis=1)
    for name, model in default_classifiers().items():
        if "boosting" in name:  # the others draw
            expected = model.fit(X, y).predict_proba(X)
            np.testing.assert_array_equal(model.fit(other, y).predict_proba(other), expected)
    filled = CompleteTable().fit_transform(other)
    expected = CompleteTable().fit_transform(X)
    pd.testing.assert_frame_equal(filled.set_axis(list(X), axis=1), expected)
    made = make_sampler("smote", filled, 9).set_params(random_state=0).fit_resample(filled, y)[0]
    same = make_sampler("smote", expected, 9).set_params(random_state=0).fit_resample(expected, y)
    pd.testing.assert_frame_equal(made.set_axis(list(X), axis=1), same[0])


def test_dtypes_with_a_missing_value_of_their_own():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"word": rng.choice(["a", "b"], 300), "flag": rng.random(300) < 0.5})
    X["number"] = rng.normal(size=300)
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9, 300), "D")
    y = X["number"] + rng.normal(size=300) > 1
    X = X.mask(rng.random(X.shape) < 0.1)
    plain = evaluate_resampling(X, y, cv=2, random_state=0).scores["balanced_accuracy"]
    for backend in ("numpy_nullable", "pyarrow"):
        other = X.convert_dtypes(dtype_backend=backend)
        found = evaluate_resampling(other, y, cv=2, random_state=0).scores["balanced_accuracy"]
        np.testing.assert_array_equal(found, plain)
        assert found.notna().all()


@pytest.mark.parametrize("dtype", ["float64", "object", "Int64"])
def test_a_column_without_a_value_changes_nothing(mixed, dtype):
    X, y = mixed
    more = X.assign(empty=pd.Series([None] * len(X), X.index, dtype=dtype))
    model = default_classifiers()["gradient boosting"]
    expected = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.fit(more, y).predict_proba(more), expected)
    later = more.assign(empty="1" if dtype == "object" else 1)
    np.testing.assert_array_equal(model.predict_proba(later), expected)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_what_users_want_of_transformers_does_not_reach_the_classifiers(mixed, output):
    X, y = mixed
    with config_context(transform_output=output):
        found = evaluate_resampling(X, y, cv=2, samplers={}, random_state=0)
    assert (found.scores["error"] == "").all()


def test_a_list_of_rows_has_the_columns_of_its_frame():
    rows = [[1.5, "a", 3], [2.5, "b", 4]]
    pd.testing.assert_frame_equal(as_table(rows), pd.DataFrame(rows), check_dtype=False)
    assert categorical_columns(as_table(rows)) == [1]
