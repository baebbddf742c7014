"""Corrected probabilities against posteriors in closed form, and what counts as the prior."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from equipoise import ConvNetClassifier, DGCClassifier, PriorCorrectedClassifier
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import brier_score, expected_calibration_error

# shares and means of Gaussians with variance 1, for which logistic regression is the right model
POPULATIONS = {
    2: (np.array([0.95, 0.05]), np.array([0.0, 2.0])),
    3: (np.array([0.9, 0.07, 0.03]), np.array([0.0, 1.5, 3.0])),
}
SAMPLERS = [RandomOverSampler, RandomUnderSampler, SMOTE]


def draw(n_classes, seed, n=20_000):
    shares, means = POPULATIONS[n_classes]
    y = np.repeat(np.arange(n_classes), np.rint(n * shares).astype(int))
    return np.random.default_rng(seed).normal(means[y])[:, None], y


def true_posterior(X, n_classes, shares=None):
    own, means = POPULATIONS[n_classes]
    joint = np.exp(-((X - means) ** 2) / 2) * (own if shares is None else shares)
    return joint / joint.sum(axis=1, keepdims=True)


class Unbalanced(LogisticRegression):
    """With a parameter of LightGBM's classifier."""

    def __init__(self, is_unbalance=False):
        super().__init__()
        self.is_unbalance = is_unbalance


def balanced(sampler=RandomUnderSampler):
    return make_pipeline(sampler(random_state=0), LogisticRegression())


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("n_classes", POPULATIONS)
def test_the_posterior_is_the_true_one_again(n_classes, sampler):
    model = PriorCorrectedClassifier(balanced(sampler)).fit(*draw(n_classes, seed=0))
    X, y = draw(n_classes, seed=1)
    before, after = model.estimator_.predict_proba(X), model.predict_proba(X)
    truth = true_posterior(X, n_classes)
    assert np.abs(before - truth).mean() > 0.15
    assert np.abs(after - truth).mean() < 0.005
    assert brier_score(y, after) < brier_score(y, before) / 2
    assert abs(brier_score(y, after) - brier_score(y, truth)) < 0.001
    np.testing.assert_array_equal(model.predict(X), after.argmax(axis=1))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), after, atol=1e-12)
    if n_classes == 3:  # two mirrored classes hide a wrong prior from it
        errors = [expected_calibration_error(y, p) for p in (before, after)]
        assert errors[1] < errors[0] / 20


def test_hand_computation():
    class Fixed(LogisticRegression):
        def predict_proba(self, X):
            return np.tile([0.5, 0.3, 0.2], (len(X), 1))

    X, y = np.arange(10.0)[:, None], np.repeat(["a", "b", "c"], [7, 2, 1])
    model = PriorCorrectedClassifier(Fixed(), training_prior=[0.2, 0.4, 0.4]).fit(X, y)
    # 0.5 * 0.7 / 0.2, 0.3 * 0.2 / 0.4 and 0.2 * 0.1 / 0.4
    expected = np.array([1.75, 0.15, 0.05]) / 1.95
    np.testing.assert_allclose(model.predict_proba(X[:1]), expected[None])
    assert model.predict(X[:1]).tolist() == ["a"]


def test_without_resampling_nothing_changes():
    X, y = draw(3, seed=0, n=1000)
    model = PriorCorrectedClassifier(LogisticRegression()).fit(X, y)
    plain = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(model.training_prior_, [0.9, 0.07, 0.03])


@pytest.mark.parametrize("target", ["uniform", [0.2, 0.2, 0.6]])
def test_another_population(target):
    shares = np.full(3, 1 / 3) if target == "uniform" else np.array(target)
    model = PriorCorrectedClassifier(balanced(), target_prior=target).fit(*draw(3, seed=0))
    X, _ = draw(3, seed=1)
    np.testing.assert_allclose(model.target_prior_, shares)
    difference = model.predict_proba(X) - true_posterior(X, 3, shares)
    assert np.abs(difference).mean() < 0.02


HALF = [1 / 2, 1 / 2]


@pytest.mark.parametrize(
    ("estimator", "expected"),  # y: 950 and 50 rows
    [
        (balanced(), HALF),
        (make_pipeline(StandardScaler(), balanced(SMOTE)), HALF),
        (
            make_pipeline(RandomOverSampler(sampling_strategy=0.5), LogisticRegression()),
            [2 / 3, 1 / 3],
        ),
        (make_pipeline(RandomOverSampler(sampling_strategy=0.1), balanced()), HALF),
        (LogisticRegression(class_weight="balanced"), HALF),
        (RandomForestClassifier(2, class_weight="balanced_subsample"), HALF),
        (LogisticRegression(class_weight={1: 19}), HALF),
        (
            make_pipeline(RandomUnderSampler(), LogisticRegression(class_weight={0: 3})),
            [3 / 4, 1 / 4],
        ),
        (make_pipeline(StandardScaler(), "passthrough", LogisticRegression()), [0.95, 0.05]),
    ],
)
def test_auto_counts_what_the_last_step_sees(estimator, expected):
    model = PriorCorrectedClassifier(estimator).fit(*draw(2, seed=0, n=1000))
    np.testing.assert_allclose(model.training_prior_, expected)
    np.testing.assert_allclose(model.target_prior_, [0.95, 0.05])
    assert repr(model.estimator_) == repr(estimator)  # nothing of the counting is left in it


def test_weights_of_rows_are_counted_however_they_come():
    X, y = draw(2, seed=0, n=1000)
    weight = np.where(y == 1, 19.0, 1.0)
    steps = make_pipeline(StandardScaler(), LogisticRegression())
    named = PriorCorrectedClassifier(steps).fit(X, y, logisticregression__sample_weight=weight)
    plain = PriorCorrectedClassifier(LogisticRegression()).fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        asks = LogisticRegression().set_fit_request(sample_weight="importance")
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = PriorCorrectedClassifier(make_pipeline(scaler, asks))
        by_request = model.fit(X, y, importance=weight)
        renamed = PriorCorrectedClassifier(asks).fit(X, y, importance=weight)
    for model in (named, plain, by_request, renamed):
        np.testing.assert_allclose(model.training_prior_, HALF)
        np.testing.assert_allclose(model.target_prior_, [0.95, 0.05])
    assert np.abs(plain.predict_proba(X) - true_posterior(X, 2)).mean() < 0.02


def test_frames_and_images_reach_the_estimator_as_they_are(pictures):
    X, y = draw(2, seed=0, n=1000)
    frame = pd.DataFrame({"value": X[:, 0]})
    model = PriorCorrectedClassifier(balanced(RandomOverSampler)).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["value"] and model.n_features_in_ == 1
    assert not hasattr(model.fit(X, y), "feature_names_in_")
    network = ConvNetClassifier(max_epochs=1, class_weight="balanced", random_state=0)
    model = PriorCorrectedClassifier(network).fit(*pictures)
    assert model.predict_proba(pictures[0]).shape == (48, 2)
    np.testing.assert_allclose(model.training_prior_, HALF)


def test_a_fitted_classifier_can_be_corrected():
    X, y = draw(3, seed=0)
    fitted = balanced().fit(X, y)
    model = PriorCorrectedClassifier(FrozenEstimator(fitted), training_prior="uniform").fit(X, y)
    assert model.estimator_.estimator is fitted
    assert np.abs(model.predict_proba(X) - true_posterior(X, 3)).mean() < 0.005
    with pytest.raises(
        InvalidInputError, match=r"fitted with the classes \[0, 1, 2\], but y has \[0, 1\]"
    ):
        model.fit(X[y < 2], y[y < 2])


@pytest.mark.parametrize(
    ("estimator", "cause"),
    [
        (BalancedRandomForestClassifier(), "sampling_strategy='all'"),
        (GridSearchCV(balanced(), {}), "estimator__randomundersampler=RandomUnderSampler"),
        (GridSearchCV(LogisticRegression(class_weight="balanced"), {}), "estimator__class_weight="),
        (Unbalanced(is_unbalance=True), "is_unbalance=True"),
        (SVC(probability=True, class_weight="balanced"), "partly calibrated"),
        (GridSearchCV(LogisticRegression(), {"class_weight": [None, "balanced"]}), "class_weight="),
        (GridSearchCV(LogisticRegression(), [{"C": [1]}, {"class_weight": [{0: 2}]}]), "_weight="),
        (make_pipeline(GaussianNB(priors=[0.5, 0.5])), r"priors=\[0.5, 0.5\]"),
        (ConvNetClassifier(loss="logit_adjusted"), "loss='logit_adjusted'"),
        (ConvNetClassifier(resampling="balanced"), "resampling='balanced'"),
        (DGCClassifier(), "class_prior='uniform'"),
        (FrozenEstimator(LogisticRegression()), "fitted already"),
    ],
)
def test_auto_refuses_what_it_cannot_count(estimator, cause):
    with pytest.raises(InvalidParameterError, match=f"training_prior='auto'.*{cause}"):
        PriorCorrectedClassifier(estimator).fit(*draw(2, seed=0, n=100))


def test_scores_can_be_weighted_through_routing():
    X, y = draw(2, seed=0, n=400)
    weight = np.where(y == 1, 19.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = PriorCorrectedClassifier(LogisticRegression().set_fit_request(sample_weight=False))
        model.set_score_request(sample_weight=True)
        found = cross_validate(model, X, y, params={"sample_weight": weight}, cv=2)["test_score"]
    for score, (train, test) in zip(found, StratifiedKFold(2).split(X, y), strict=True):
        fitted = PriorCorrectedClassifier(LogisticRegression()).fit(X[train], y[train])
        assert score == pytest.approx(fitted.score(X[test], y[test], weight[test]))


def test_weights_do_not_pass_a_sampler():
    X, y = draw(2, seed=0, n=200)
    model = PriorCorrectedClassifier(balanced())
    with pytest.raises(InvalidInputError, match=r"shape \(200,\), but .* fitted on 20 rows"):
        model.fit(X, y, logisticregression__sample_weight=np.ones(200))


def test_class_weights_relative_to_weights_of_rows_are_refused():
    X, y = draw(2, seed=0, n=100)
    model = PriorCorrectedClassifier(LogisticRegression(class_weight="balanced"))
    with pytest.raises(InvalidParameterError, match="class_weight='balanced' with a sample_weight"):
        model.fit(X, y, sample_weight=np.ones(100))


class Untrainable(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("trained")


@pytest.mark.parametrize("name", ["training_prior", "target_prior"])
@pytest.mark.parametrize(
    "value",
    [[0.5, 0.5], [0.5, 0.5, 0.1], [1.2, -0.4, 0.2], [1, 0, 0], [np.nan, 0.5, 0.5], ["a"] * 3],
)
def test_a_prior_is_positive_for_all_classes(name, value):
    model = PriorCorrectedClassifier(Untrainable(), **{name: value})
    with pytest.raises(
        InvalidParameterError, match=rf"{name}=.*3 positive probabilities .* \[0, 1, 2\]"
    ):
        model.fit(*draw(3, seed=0, n=100))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"estimator": RidgeClassifier()}, r"RidgeClassifier\(\) has no predict_proba"),
        ({"estimator": "tree"}, "'estimator' parameter .* Got 'tree' instead"),
        ({"training_prior": "train"}, "'training_prior' parameter .* Got 'train' instead"),
        ({"target_prior": "auto"}, "'target_prior' parameter .* Got 'auto' instead"),
    ],
)
def test_impossible_parameters(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        PriorCorrectedClassifier(**{"estimator": Untrainable(), **params}).fit(*draw(2, 0, n=100))


def test_a_class_that_resampling_removed_is_an_error():
    class Drops(RandomUnderSampler):
        def fit_resample(self, X, y):
            return X[y != 2], y[y != 2]

    model = PriorCorrectedClassifier(make_pipeline(Drops(), Untrainable()))
    with pytest.raises(InvalidInputError, match="Class 2 has no row left"):
        model.fit(*draw(3, seed=0, n=100))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (
            "catboost.CatBoostClassifier",
            {"iterations": 10, "verbose": 0, "allow_writing_files": False},
        ),
        ("lightgbm.LGBMClassifier", {"n_estimators": 10, "verbose": -1}),
        ("xgboost.XGBClassifier", {"n_estimators": 10}),
    ],
)
@pytest.mark.parametrize("resampled", [False, True], ids=["alone", "in a pipeline"])
def test_libraries_of_boosted_trees_are_corrected(name, params, resampled):
    library, _, kind = name.partition(".")
    boosted = getattr(pytest.importorskip(library), kind)(**params)
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = (X[:, 0] > 1).astype(int)
    if resampled:
        boosted = make_pipeline(RandomOverSampler(random_state=0), boosted)
    corrected = PriorCorrectedClassifier(boosted, target_prior=[0.3, 0.7]).fit(X, y)
    known = np.array([0.5, 0.5]) if resampled else np.bincount(y) / len(y)
    np.testing.assert_allclose(corrected.training_prior_, known)
    expected = corrected.estimator_.predict_proba(X) * [0.3, 0.7] / known
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(corrected.predict_proba(X), expected, rtol=1e-5)


def test_a_class_in_place_of_an_estimator_is_refused():
    with pytest.raises(InvalidParameterError, match="must be a classifier"):
        PriorCorrectedClassifier(LogisticRegression).fit(np.ones((4, 1)), [0, 0, 1, 1])


def test_priors_by_class():
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.repeat(["b", "a"], [30, 10])
    by_class = {"b": 0.25, "a": 0.75}
    found = PriorCorrectedClassifier(LogisticRegression(), target_prior=by_class).fit(X, y)
    assert found.target_prior_.tolist() == [0.75, 0.25]
    with pytest.raises(InvalidParameterError, match="target_prior=.*'a', 'b'"):
        found.set_params(target_prior={"a": 1.0}).fit(X, y)
