"""GenerativeOverSampler: what it appends, and whom it trains."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KernelDensity

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler, generative
from equipoise.baselines import BAGAN
from equipoise.errors import InvalidInputError, InvalidParameterError


class Means(BaseEstimator):
    """Draws the mean row of a class, and counts its fits."""

    fits = 0

    def fit(self, X, y):
        Means.fits += 1
        self.mean_ = {c: np.asarray(X)[y == c].mean(axis=0) for c in np.unique(y)}
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def sample(self, n, y):
        return np.tile(self.mean_[y], (n, 1))


X = np.random.RandomState(0).normal(size=(30, 3)).astype(np.float32)
Y = np.repeat(["a", "b", "c"], [18, 8, 4])


def test_every_class_gets_its_generators_rows():
    sampler = GenerativeOverSampler(Means())
    X_more, y_more = sampler.fit_resample(X, Y)
    assert sampler.sampling_strategy_ == {"b": 10, "c": 14}
    np.testing.assert_array_equal(X_more[:30], X)
    np.testing.assert_array_equal(sampler.synthetic_mask_, np.arange(54) >= 30)
    assert X_more.dtype == np.float32 and y_more[30:].tolist() == ["b"] * 10 + ["c"] * 14
    np.testing.assert_allclose(X_more[-1], X[Y == "c"].mean(axis=0), rtol=1e-6)


def test_a_fit_forgets_the_columns_of_an_earlier_one():
    frame = pd.DataFrame(X, columns=["p", "q", "r"])
    sampler = GenerativeOverSampler(DGCClassifier(max_epochs=1)).fit(frame, Y)
    assert sampler.feature_names_in_.tolist() == ["p", "q", "r"]
    sampler.fit(X, Y)
    assert not hasattr(sampler, "feature_names_in_") and sampler.n_features_in_ == 3


def test_a_fit_that_fails_keeps_the_earlier_one():
    sampler = GenerativeOverSampler(Means()).fit(X, Y)
    sampler.set_params(sampling_strategy="all", generator=FrozenEstimator(Means().fit(X, Y)))
    before = vars(sampler).copy()
    for fit in (sampler.fit, sampler.fit_resample):
        with pytest.raises(InvalidInputError, match="2 features"):
            fit(X[:, :2], Y)
        assert vars(sampler) == before


def test_a_strategy_and_whole_numbers_in_a_frame():
    frame = pd.DataFrame({"n": np.arange(30), "kind": pd.Categorical(list("xyz") * 10)})
    labels = pd.Series(Y, name="class")
    model = DGCClassifier(max_epochs=1, random_state=0)
    sampler = GenerativeOverSampler(model, sampling_strategy={"c": 9})
    before = frame.copy()
    X_more, y_more = sampler.fit_resample(frame, labels)
    pd.testing.assert_frame_equal(frame, before)
    assert X_more.dtypes.tolist() == frame.dtypes.tolist() and len(X_more) == 35
    assert X_more["n"].between(0, 29).all() and y_more.name == "class"
    assert not hasattr(model, "classes_")  # a clone was trained


def test_a_frozen_generator_is_not_trained_again():
    fitted = Means().fit(X, Y)
    Means.fits = 0
    X_more, _ = GenerativeOverSampler(FrozenEstimator(fitted)).fit_resample(X + 100, Y)
    assert Means.fits == 0
    np.testing.assert_allclose(X_more[-1], fitted.mean_["c"], rtol=1e-6)
    with pytest.raises(ValueError, match="2 features"):
        GenerativeOverSampler(FrozenEstimator(fitted)).fit_resample(X[:, :2], Y)


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.default_rng(0)
    kind = pd.Categorical(rng.choice(list("pqr"), 60))
    return pd.DataFrame({"a": rng.normal(size=60), "k": rng.integers(0, 9, 60), "kind": kind})


@pytest.fixture(scope="module")
def frozen(mixed):
    y = np.arange(60) % 4 == 0
    return FrozenEstimator(DGCClassifier(max_epochs=1, random_state=0).fit(mixed, y))


def test_columns_in_another_order_are_refused(mixed, frozen):
    with pytest.raises(InvalidInputError, match=r"columns \['k', 'a', 'kind'\], but"):
        GenerativeOverSampler(frozen).fit_resample(
            mixed[["k", "a", "kind"]], np.arange(60) % 4 == 0
        )


def test_a_class_that_a_frozen_generator_does_not_know_is_refused(mixed, frozen):
    y = np.repeat([0, 1, 2], [40, 15, 5])
    with pytest.raises(InvalidInputError, match="class 2, of which it has to draw 35 rows"):
        GenerativeOverSampler(frozen).fit_resample(mixed, y)


def test_dates_may_be_labels(mixed):
    y = pd.to_datetime(["2020-01-01"] * 40 + ["2021-01-01"] * 20)
    _, labels = GenerativeOverSampler(DGCClassifier(max_epochs=1)).fit_resample(mixed, y)
    assert (labels == y[-1]).sum() == (labels == y[0]).sum() == 40


def test_rows_are_rounded_to_the_integers_of_what_is_resampled(mixed):
    y = np.repeat([0, 1], [45, 15])
    tenths = mixed[["a", "k"]] * 10
    sampler = IMSIC(max_epochs=1, random_state=0).fit(tenths, y)
    drawn = sampler.resample(tenths, y)[0][60:]
    whole = mixed[["k", "k"]].set_axis(["a", "k"], axis=1)
    pd.testing.assert_frame_equal(
        sampler.resample(whole, y)[0][60:], drawn.round(), check_dtype=False
    )
    with pytest.warns(UserWarning, match="feature names"):
        array = sampler.resample(whole.to_numpy(), y)[0][60:]
    np.testing.assert_array_equal(array, drawn.round())


def test_what_a_dtype_does_not_have_is_no_gap(mixed):
    y = np.repeat([0, 1], [45, 15])
    sampler = IMSIC(max_epochs=1, random_state=0).fit(mixed, y)
    fewer = mixed.assign(kind=mixed["kind"].where(mixed["kind"] != "r", "p"))
    fewer["kind"] = fewer["kind"].cat.remove_unused_categories()
    with pytest.raises(InvalidInputError, match=r"'kind' of X is categorical without \['r'\]"):
        sampler.resample(fewer, y)
    gaps = mixed.assign(k=mixed["k"].where(np.arange(60) % 2 == 0))
    sampler = IMSIC(max_epochs=1, random_state=0).fit(gaps[["a", "k"]], y)
    with pytest.raises(
        InvalidInputError, match="'k' of X has dtype int64, but it had missing values in fit"
    ):
        sampler.resample(mixed[["a", "k"]], y)


class Short(Means):
    """Draws a row too few."""

    def sample(self, n, y):
        return super().sample(n - 1, y)


class Judge(Means):
    """Cannot say of which classes its probabilities are."""

    def predict_proba(self, X):
        return np.zeros((len(X), 3))


def test_generators_of_others():
    with pytest.raises(InvalidParameterError, match=r"KernelDensity\(\) has no sample\(n, y\)"):
        GenerativeOverSampler(KernelDensity()).fit_resample(X, Y)
    with pytest.raises(InvalidInputError, match="drew 9 rows of class 'b' instead of 10"):
        GenerativeOverSampler(Short()).fit_resample(X, Y)
    assert len(GenerativeOverSampler(Judge()).fit_resample(X, Y)[0]) == 54


def test_what_cannot_draw_is_refused():
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidParameterError, match=r"has no sample.*DGCClassifier"):
        GenerativeOverSampler(LogisticRegression()).fit_resample(X, Y)


class Numbered(BaseEstimator):
    """Draws rows 0, 1, 2, … and is as sure of row i as i % 5 fifths."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def sample(self, n, y):
        return np.arange(float(n))[:, np.newaxis]

    def predict_proba(self, X):
        of_b = X[:, 0] % 5 / 5
        return np.column_stack([1 - of_b, of_b])


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (0, [0, 1, 2, 3, 4]),
        (0.3, [2, 3, 4, 7, 8]),
        (0.8, [4, 9, 14, 19, 24]),  # from ten times as many
        (1.0, [4, 9, 14, 19, 24]),  # none is that sure: the best
    ],
)
def test_rows_that_their_generator_takes_for_another_class_are_left_out(confidence, expected):
    sampler = GenerativeOverSampler(Numbered(), min_confidence=confidence)
    X_more, _ = sampler.fit_resample(np.full((9, 1), -1.0), np.repeat(["a", "b"], [7, 2]))
    assert X_more[9:, 0].tolist() == expected


def test_ten_times_as_many_rows_are_not_drawn_where_they_take_much_memory(monkeypatch):
    monkeypatch.setattr(generative, "MOST_BYTES", 5 * 10 * 8 - 1)
    sampler = GenerativeOverSampler(Numbered(), min_confidence=0.8)
    X_more, _ = sampler.fit_resample(np.full((9, 1), -1.0), np.repeat(["a", "b"], [7, 2]))
    assert X_more[9:, 0].tolist() == [4, 9, 3, 8, 2]


class Wide(Means):
    """Draws values that few dtypes have."""

    def sample(self, n, y):
        return np.tile([-3.2, 260.0, 12.6], (n, 1))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_values_beyond_a_dtype_become_its_limits(container):
    rows = container(np.full((30, 3), 7, dtype=np.uint8))
    X_more, _ = GenerativeOverSampler(Wide()).fit_resample(rows, Y)
    assert np.asarray(X_more)[-1].tolist() == [0, 255, 13]
    bools = container(np.ones((30, 3), dtype=bool))
    X_more, _ = GenerativeOverSampler(Wide()).fit_resample(bools, Y)
    assert np.asarray(X_more)[-1].tolist() == [False, True, True]


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_the_row_of_a_class_of_one_is_repeated_with_a_warning(container):
    rows, labels = container(X), np.array([*Y[:-1], "d"])
    sampler = GenerativeOverSampler(Means(), sampling_strategy={"b": 9, "d": 5})
    with pytest.warns(UserWarning, match="Class 'd' has a single row.*repeated 4 times") as caught:
        X_more, y_more = sampler.fit_resample(rows, labels)
    assert len(caught) == 1 and y_more[30:].tolist() == ["b"] + ["d"] * 4
    np.testing.assert_array_equal(np.asarray(X_more)[31:], np.tile(X[-1], (4, 1)))
    frozen = GenerativeOverSampler(FrozenEstimator(Means().fit(X + 9, labels)))
    X_more, _ = frozen.fit_resample(rows, labels)  # it may have learnt from more rows
    np.testing.assert_allclose(np.asarray(X_more)[-1], X[-1] + 9, rtol=1e-6)


def test_the_default_generator_is_dgc_and_can_be_kept(tmp_path):
    sampler = GenerativeOverSampler()
    assert sampler.get_params()["generator"] is None
    frame = pd.DataFrame(X, columns=["p", "q", "r"]).assign(kind=list("xyz") * 10)
    X_more, _ = sampler.set_params(sampling_strategy={"c": 9}).fit_resample(frame, Y)
    assert isinstance(sampler.generator_, DGCClassifier) and len(X_more) == 35
    sampler.generator_.save(tmp_path / "generator")
    kept = FrozenEstimator(DGCClassifier.load(tmp_path / "generator"))
    again, _ = GenerativeOverSampler(kept, sampling_strategy={"c": 9}).fit_resample(frame, Y)
    assert list(again) == list(frame) and len(again) == 35


@pytest.mark.parametrize("model", [DGCClassifier, IMSIC, BAGAN])
def test_samples_have_labels_on_request(model):
    tiny = {"pretrain_epochs": 1} if model is BAGAN else {}
    fitted = model(max_epochs=1, random_state=0, **tiny).fit(X, Y)
    rows, labels = fitted.sample(2, return_labels=True)
    assert labels.tolist() == ["a", "a", "b", "b", "c", "c"]
    np.testing.assert_array_equal(rows, fitted.sample(2))
    assert fitted.sample(3, "b", return_labels=True)[1].tolist() == ["b"] * 3
