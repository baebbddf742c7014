"""Tables of mixed columns through every estimator: in as they are, out as they came."""

import datetime

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier, GenerativeOverSampler
from equipoise.baselines import BAGAN, DeepSMOTE
from equipoise.errors import InvalidInputError

QUICK = {"max_epochs": 2, "random_state": 0}
CLASSIFIERS = [ConvNetClassifier(**QUICK), DGCClassifier(**QUICK, latent_dim=8)]
SAMPLERS = [IMSIC(**QUICK), BAGAN(**QUICK), DeepSMOTE(**QUICK)]


def name(estimator):
    return type(estimator).__name__


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 300
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n).astype("int16"),
            "income": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(10, 1, n)),
            "visits": pd.array(np.where(rng.random(n) < 0.2, None, rng.poisson(2, n)), "Int64"),
            "member": rng.random(n) < 0.3,
            "city": rng.choice(["Bern", "Oslo", "Rome"], n),
            "grade": pd.Categorical(rng.choice(list("abc"), n), list("abcd"), ordered=True),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        }
    )
    rare = (X["city"] == "Oslo") & (X["age"] > 50)
    y = pd.Series(np.where(rare, "yes", "no"), name="churned")
    X.index = y.index = rng.permutation(n) + 7
    return X, y


@pytest.mark.parametrize("estimator", [*CLASSIFIERS, *SAMPLERS], ids=name)
def test_a_fit_leaves_the_table_alone_and_knows_its_columns(estimator, table):
    X, y = table
    before = X.copy(), y.copy()
    model = clone(estimator).fit(X, y)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_features_in_ == 7 and model.input_shape_ == (7,)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=name)
def test_predictions_do_not_depend_on_the_rows_beside(classifier, table):
    X, y = table
    model = clone(classifier).fit(X, y)
    together = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X.iloc[5:8]), together[5:8], atol=1e-9)
    assert np.isfinite(together).all()


def test_a_classifier_learns_from_categories(table):
    X, y = table
    model = ConvNetClassifier(max_epochs=20, random_state=0)
    assert cross_val_score(model, X, y, scoring="balanced_accuracy", cv=3).mean() > 0.9


def test_categories_and_missing_values_of_later_rows_need_not_be_known(table):
    X, y = table
    model = ConvNetClassifier(**QUICK).fit(X, y)
    new = X.head(3).assign(city=["Paris", None, "Rome"], age=[1, 200, 30])
    assert len(model.predict(new)) == 3


@pytest.mark.parametrize("sampler", SAMPLERS, ids=name)
def test_resampling_gives_back_the_table_and_rows_like_it(sampler, table):
    X, y = table
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new.head(len(X)), X.reset_index(drop=True))
    pd.testing.assert_series_equal(y_new.head(len(y)), y.reset_index(drop=True))
    assert X_new.index.equals(pd.RangeIndex(len(X_new))) and y_new.index.equals(X_new.index)
    assert y_new.value_counts().nunique() == 1
    assert sampler.synthetic_mask_.sum() == len(X_new) - len(X)
    made = X_new[sampler.synthetic_mask_]
    assert made.dtypes.equals(X.dtypes)
    for column in ("age", "since", "visits", "income"):
        assert made[column].min() >= X[column].min() and made[column].max() <= X[column].max()
    for column in ("city", "member", "grade"):
        assert set(made[column]) <= set(X[column])


@pytest.mark.parametrize("generator", [CLASSIFIERS[1], SAMPLERS[0]], ids=name)
def test_generated_rows_miss_values_as_real_ones_do(generator, table):
    X, y = table
    long = (
        clone(generator).set_params(max_epochs=10, latent_dim=8)
        if name(generator) == "DGCClassifier"
        else clone(generator).set_params(max_epochs=30)
    )
    made = long.fit(X, y).sample(400, "no", random_state=1)
    real = X[y == "no"].isna().mean()
    assert (made.isna().mean() - real).abs().max() < 0.15
    assert made["income"].isna().any() and not made["age"].isna().any()


def test_numpy_in_numpy_out(table):
    X, y = table
    objects = X.astype(object).to_numpy()
    X_new, y_new = IMSIC(**QUICK).fit_resample(objects, y.to_numpy())
    assert isinstance(X_new, np.ndarray) and X_new.dtype == object
    assert isinstance(y_new, np.ndarray) and y_new.dtype == y.to_numpy().dtype
    assert set(X_new[:, 4]) == set(X["city"])


def test_named_categories_of_an_array_take_seen_values_only():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.choice([1.0, 5.0, 9.0], 90), rng.normal(size=90)])
    sampler = IMSIC(**QUICK, categorical_features=[0])
    X_new, _ = sampler.fit_resample(X, np.repeat([0, 1], [70, 20]))
    assert set(X_new[:, 0]) == {1.0, 5.0, 9.0}


def test_a_pipeline_with_a_classifier_that_takes_frames(table):
    X, y = table
    X = X.drop(columns="since").assign(city=X["city"].astype("category"))
    pipeline = make_pipeline(
        IMSIC(**QUICK), HistGradientBoostingClassifier(categorical_features="from_dtype")
    )
    assert cross_val_score(pipeline, X, y, cv=3, error_score="raise").mean() > 0.7


@pytest.mark.parametrize("estimator", [CLASSIFIERS[1], SAMPLERS[0]], ids=name)
def test_a_saved_model_of_a_mixed_table_is_the_same(estimator, table, tmp_path):
    X, y = table
    model = clone(estimator).fit(X, y)
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(5, random_state=3), model.sample(5, random_state=3))


def test_a_person_judges_candidates_of_a_table(table):
    X, y = table
    sampler = IMSIC(**QUICK).fit(X, y)
    proposed, labels = sampler.propose(10, "yes")
    sampler.accept(np.arange(4))
    with pytest.warns(UserWarning, match="4 were accepted"):
        X_new, _ = sampler.resample(X, y)
    pd.testing.assert_frame_equal(
        X_new[sampler.synthetic_mask_].reset_index(drop=True), proposed.head(4)
    )
    index, distance = sampler.nearest_real(X.head(3))
    assert index.tolist() == [0, 1, 2] and (distance == 0).all()


def test_a_warm_start_keeps_the_first_table_s_columns(table):
    X, y = table
    model = ConvNetClassifier(**QUICK, warm_start=True).fit(X, y)
    codec = model._codec
    model.fit(X[X["city"] != "Rome"], y[X["city"] != "Rome"])
    assert model._codec is codec


def test_the_weight_of_a_reconstruction_is_that_of_its_kind(table):
    X, y = table
    auto = DGCClassifier(**QUICK).fit(X, y)
    given = DGCClassifier(**QUICK, reconstruction_weight=0.1).fit(X, y)
    np.testing.assert_array_equal(auto.predict_proba(X), given.predict_proba(X))
    images = np.random.default_rng(0).random((40, 4, 4))
    labels = np.arange(40) % 2
    auto = DGCClassifier(**QUICK).fit(images, labels)
    given = DGCClassifier(**QUICK, reconstruction_weight=0.002).fit(images, labels)
    np.testing.assert_array_equal(auto.predict_proba(images), given.predict_proba(images))


@pytest.mark.parametrize("dtype", ["float64", "Int64", "object", "datetime64[ns]", "category"])
def test_a_column_without_a_value_stays_one(table, dtype):
    X, y = table
    X = X.assign(empty=pd.Series([None] * len(X), X.index, dtype=dtype))
    for model in (DGCClassifier(max_epochs=1), IMSIC(max_epochs=1)):
        with pytest.warns(UserWarning, match=r"only missing values in \['empty'\]"):
            model.fit(X, y)
        made = model.sample(20)
        assert made["empty"].isna().all() and made["empty"].dtype == X["empty"].dtype
    model.plot_traversals()
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y)
    later = X.assign(empty=1.0 if dtype != "datetime64[ns]" else pd.Timestamp("2024-01-01"))
    assert (model.predict_proba(later) == model.predict_proba(X)).all()


@pytest.mark.parametrize("made", [list, np.array], ids=["list", "objects"])
def test_rows_with_words_and_dates_come_back_as_they_were(made):
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=30).tolist()
    rows = [[float(v), c, d] for v, c, d in zip(rng.normal(size=30), "abc" * 10, days, strict=True)]
    X = rows if made is list else np.array(rows, dtype=object)
    y = np.repeat([0, 1], [20, 10])
    X_more, y_more = IMSIC(max_epochs=1, random_state=0).fit_resample(X, y)
    assert type(X_more) is type(X) and len(X_more) == len(y_more) == 40
    assert [list(row) for row in X_more[:30]] == rows
    for number, word, day in X_more[30:]:
        assert isinstance(number, float) and word in "abc" and day in days


def test_dates_may_be_an_array_of_their_own():
    X = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=30)})
    y = np.repeat([0, 1], [20, 10])
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X.to_numpy()), model.predict_proba(X))
    made, _ = GenerativeOverSampler(DGCClassifier(max_epochs=1)).fit_resample(X.to_numpy(), y)
    assert made.dtype == X.to_numpy().dtype and np.isin(made, X.to_numpy()).all()


def test_values_far_from_those_of_the_fit_are_predicted():
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.repeat([0, 1], [20, 10])
    far = np.array([[1.7e308, -1.7e308], [1e200, 0.0]])
    for model in (DGCClassifier(max_epochs=1), ConvNetClassifier(max_epochs=1)):
        assert np.isfinite(model.fit(X, y).predict_proba(far)).all()


def test_what_becomes_of_proposed_rows_does_not_change_what_is_accepted(table):
    X, y = table
    sampler = IMSIC(**QUICK).fit(X, y)
    proposed, labels = sampler.propose(5, "yes")
    before = proposed.copy()
    proposed.insert(0, "judged", 3)
    proposed.sort_values("age", inplace=True, ignore_index=True)
    labels[:] = "no"
    with pytest.warns(UserWarning, match="5 were accepted"):
        X_new, _ = sampler.accept(np.arange(5)).resample(X, y)
    pd.testing.assert_frame_equal(X_new.tail(5).reset_index(drop=True), before)


def test_reconstructions_are_rows_whatever_is_wanted_of_transformers(table):
    model = DGCClassifier(**QUICK).fit(*table)
    wanted = model.reconstruct(table[0])
    assert isinstance(model.set_output(transform="pandas").transform(table[0]), pd.DataFrame)
    pd.testing.assert_frame_equal(model.reconstruct(table[0]), wanted)


def test_codes_by_label_take_labels_in_a_column(table):
    X, y = table
    model = DGCClassifier(**QUICK).fit(X, y)
    for one, other in zip(model.encode(X, y.to_frame()), model.encode(X, y), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("form", [pd.Index, pd.Series, np.array])
def test_categories_are_named_by_an_index_or_a_series(form, tmp_path):
    X = pd.DataFrame({"a": np.arange(40.0), "code": np.tile([1, 7], 20)})
    model = IMSIC(**QUICK, categorical_features=form(["code"])).fit(X, np.repeat([0, 1], [30, 10]))
    assert set(model.sample(20, 1)["code"]) <= {1, 7}
    model.save(tmp_path / "model")
    assert list(IMSIC.load(tmp_path / "model").categorical_features) == ["code"]


def test_whole_numbers_among_gaps_stay_whole():
    X = pd.DataFrame({"a": pd.Series([1, None, 3, 4] * 10, dtype=object), "b": np.arange(40)})
    drawn = DGCClassifier(**QUICK).fit(X, np.repeat([0, 1], [30, 10])).sample(30)["a"]
    kinds = {type(value) for value in drawn}
    assert drawn.isna().any() and kinds == {int, type(None)}
    assert all(isinstance(value, int) for value in drawn.dropna())


def test_complex_columns_are_refused():
    X = pd.DataFrame({"a": np.arange(40) * 1j, "b": np.arange(40)})
    with pytest.raises(InvalidInputError, match="Complex data not supported: column 'a'"):
        DGCClassifier(**QUICK).fit(X, np.repeat([0, 1], 20))


@pytest.mark.parametrize("mark", [None, pd.NA, np.nan])
def test_missing_values_of_objects_come_back_as_they_were(mark, tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        "number": [1, mark, 3] * 20,
        "word": ["x", mark, "y"] * 20,
        "day": [datetime.date(2026, 1, 1), mark, datetime.date(2026, 2, 1)] * 20,
    }
    X = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    y = np.repeat([0, 1], [45, 15])
    sampler = IMSIC(max_epochs=1, random_state=0).fit(X.assign(v=rng.normal(size=60)), y)
    sampler.save(tmp_path / "sampler")
    for fitted in (sampler, IMSIC.load(tmp_path / "sampler")):
        drawn = fitted.sample(200)
        for name in columns:
            missing = drawn[name][drawn[name].isna()]
            assert len(missing) and {type(value) for value in missing} == {type(mark)}


def test_an_array_of_nullable_integers_is_a_table_with_missing_values():
    frame = pd.DataFrame({"a": pd.array([1, None, 2] * 20, "Int64"), "b": np.arange(60)})
    y = np.repeat([0, 1], [45, 15])
    for model in (DGCClassifier, ConvNetClassifier):
        array, as_floats = frame.to_numpy(), frame.to_numpy(np.float64, na_value=np.nan)
        found = model(max_epochs=1, random_state=0).fit(array, y).predict_proba(array)
        expected = model(max_epochs=1, random_state=0).fit(as_floats, y).predict_proba(as_floats)
        np.testing.assert_array_equal(found, expected)
    X_new, _ = IMSIC(max_epochs=1, random_state=0).fit_resample(frame.to_numpy(), y)
    assert {type(value) for value in X_new[60:, 0]} <= {int, type(pd.NA)}


@pytest.mark.parametrize("model", [DGCClassifier, IMSIC])
def test_identifiers_are_warned_of(model):
    X = pd.DataFrame({"id": [f"C{i:03d}" for i in range(40)], "v": np.arange(40.0)})
    with pytest.warns(UserWarning, match="'id' of X has another category in each of 40 rows"):
        model(max_epochs=1).fit(X, np.repeat([0, 1], [30, 10]))
