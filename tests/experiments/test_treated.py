"""The best combination fitted to all rows, and boosting that treats categories in its own way."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from equipoise import (
    IMSIC,
    DGCClassifier,
    GenerativeOverSampler,
    PriorCorrectedClassifier,
    evaluate_resampling,
)
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments import TreatedClassifier
from equipoise.experiments.boosting import BoostingClassifier, installed_boosting
from equipoise.experiments.classifiers import default_classifiers, prepared_if_bare
from equipoise.experiments.fold import run_fold
from equipoise.experiments.treatments.remedies import REMEDIES
from equipoise.experiments.treatments.samplers import TrainingRows

BOOSTING = {"CatBoost": "iterations", "LightGBM": "n_estimators", "XGBoost": "n_estimators"}


def small(name):
    """One of the classifiers of boosting, with few trees."""
    pytest.importorskip(name.lower())
    model = installed_boosting(one_thread=True)[name]
    return model.set_params(**{f"estimator__{BOOSTING[name]}": 9})


@pytest.mark.parametrize("name", BOOSTING)
def test_boosting_has_no_more_threads_than_torch(name, monkeypatch):
    pytest.importorskip(name.lower())
    monkeypatch.setattr("torch.get_num_threads", lambda: 3)
    for one_thread, expected in ((False, 3), (True, 1)):
        params = installed_boosting(one_thread)[name].estimator.get_params()
        assert params["thread_count" if name == "CatBoost" else "n_jobs"] == expected


@pytest.mark.parametrize("remedy", REMEDIES)
def test_the_best_predicts_as_its_remedy_does(numeric, remedy):
    X, y = numeric(300, weights=(0.8,))
    found = TreatedClassifier(LogisticRegression(), remedy=remedy, random_state=0).fit(X, y)
    expected = REMEDIES[remedy](LogisticRegression(), X, y, 0)
    if remedy != "threshold":  # whose folds depend on the seed
        np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    proba = found.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert proba.mean(axis=0) == pytest.approx([np.mean(y == 0), np.mean(y)], abs=0.02)
    is_argmax = (found.predict(X) == proba.argmax(axis=1)).all()
    assert is_argmax == (remedy == "none")


def test_probabilities_after_resampling_are_those_of_prior_correction(numeric):
    X, y = numeric(300, weights=(0.8,))
    words = np.array(["no", "yes"])[y]
    sampler = RandomUnderSampler(sampling_strategy=0.7, random_state=0)
    found = TreatedClassifier(GaussianNB(), sampler=sampler, random_state=0).fit(X, words)
    sampler.set_params(random_state=np.random.RandomState(0).randint(2**31))
    by_hand = PriorCorrectedClassifier(make_resampling_pipeline(sampler, GaussianNB()))
    by_hand.fit(X, words)
    np.testing.assert_allclose(found.predict_proba(X), by_hand.predict_proba(X))
    np.testing.assert_array_equal(found.predict(X), by_hand.estimator_.predict(X))


def test_best_of_an_evaluation_takes_new_rows_as_they_are(mixed):
    X, y = mixed
    classifiers = {"forest": RandomForestClassifier(n_estimators=20)}
    found = evaluate_resampling(X, y, None, classifiers, cv=2, random_state=0)
    means = found.summary("balanced_accuracy")["mean"]
    assert means.idxmax() == (found.best_classifier_, found.best_treatment_)
    best = pickle.loads(pickle.dumps(found.best_estimator_))
    new = X.iloc[:20].assign(more=1)[["more", *X.columns[::-1]]].astype({"town": object})
    new["size"] = new["size"].cat.add_categories("XXL")
    new.loc[new.index[:3], ["town", "size", "count"]] = ["Paris", "XXL", np.nan]
    assert set(best.predict(new)) <= {"no", "yes"}
    assert best.predict_proba(new).shape == (20, 2)
    same = X.iloc[5:40]
    np.testing.assert_array_equal(
        best.predict_proba(same), found.best_estimator_.predict_proba(same[X.columns[::-1]])
    )
    assert (best.predict(X) == y).mean() > 0.9  # of the rows that it was fitted to


def test_a_classifier_of_this_library_is_pickled_too(mixed):
    X, y = mixed
    classifier = DGCClassifier(max_epochs=1, random_state=0)
    model = TreatedClassifier(classifier, remedy="uniform prior").fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("metric", ["brier", "f1_macro", "auc"])
def test_best_by_another_score(numeric, metric):
    X, y = numeric()
    classifiers = {"lr": LogisticRegression(), "weak": LogisticRegression(C=1e-3)}
    found = evaluate_resampling(
        X, y, None, classifiers, cv=3, scoring={"auc": "roc_auc"}, refit=metric, random_state=0
    )
    means = found.summary(metric)["mean"]
    best = means.idxmin() if metric == "brier" else means.idxmax()
    assert best == (found.best_classifier_, found.best_treatment_)
    assert found.best_estimator_.sampler is None or found.best_treatment_ in found.samplers


def test_without_refit_there_is_no_best(numeric):
    X, y = numeric()
    found = evaluate_resampling(X, y, {}, {"lr": LogisticRegression()}, cv=2, refit=None)
    assert found.best_estimator_ is None


def test_scores_are_not_lost_where_the_best_cannot_be_fitted_to_all_rows(numeric):
    class Small(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            if len(X) > 100:
                raise MemoryError("too many rows")
            return super().fit(X, y, sample_weight)

    X, y = numeric()
    with pytest.warns(UserWarning, match="no best_estimator_: MemoryError: too many rows"):
        found = evaluate_resampling(X, y, {}, {"small": Small()}, cv=3)
    assert found.best_estimator_ is None and found.scores["error"].eq("").all()


def test_what_failed_on_a_test_part_is_never_the_best(numeric):
    class Moody(GaussianNB):
        def predict_proba(self, X):
            if X[:, 0].min() > 0:
                raise RuntimeError("not today")
            return super().predict_proba(X)

    X, y = numeric()
    X = np.c_[np.arange(len(y)) < 75, X]
    first, second = np.arange(75), np.arange(75, 150)
    split = [(first, second), (second, first)]
    with pytest.warns(UserWarning) as caught:
        found = evaluate_resampling(X, y, {}, {"moody": Moody(var_smoothing=1)}, cv=split)
    assert "Every combination failed on some test part" in str(caught[-1].message)
    assert found.best_estimator_ is None and "failed" in found.verdict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.drop(columns="town"), "no column 'town', which the model was fitted with"),
        (lambda X: X.assign(a="x"), "'a' of X holds text or categories, such as 'x', but numbers"),
        (lambda X: X.assign(town=1.5), "'town' of X holds numbers, such as 1.5, but text"),
        (lambda X: X.assign(day=3), "'day' of X holds numbers, such as 3, but dates"),
        (lambda X: np.zeros(X.shape), "no column 'a'"),
    ],
)
def test_columns_are_checked(mixed, change, message):
    X, y = mixed
    model = TreatedClassifier(default_classifiers()["logistic regression"]).fit(X, y)
    with pytest.raises(InvalidInputError, match=message):
        model.predict(change(X))
    assert len(model.predict(X.assign(town=None, a=np.nan))) == len(X)
    with pytest.warns(UserWarning, match=r"'town' of X has none of the values.*say the same"):
        model.predict(X.assign(town=X["town"].astype(str) + " "))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"remedy": "prayer"}, "remedy='prayer' is unknown.*uniform prior"),
        ({"remedy": "threshold", "sampler": RandomOverSampler()}, "two treatments"),
    ],
)
def test_mistakes_are_named(numeric, params, message):
    with pytest.raises(InvalidParameterError, match=message):
        TreatedClassifier(LogisticRegression(), **params).fit(*numeric())


def test_bare_classifiers_are_prepared_for_the_table(mixed, numeric):
    X, y = mixed
    classifiers = {"forest": RandomForestClassifier(n_estimators=9), "lr": LogisticRegression()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate_resampling(X, y, None, classifiers, cv=2, random_state=0)
    assert (found.scores["error"] == "").all()
    bare = RandomForestClassifier()
    assert prepared_if_bare(bare, numeric()[0]) is bare
    own = make_pipeline(bare)
    assert prepared_if_bare(own, X) is own


def test_no_sampler_is_trained_where_no_classifier_can_be_fitted(mixed, spy_sampler):
    X, y = mixed
    with pytest.raises(InvalidInputError, match="All .* fits failed"):
        evaluate_resampling(
            X, y, {"spy": spy_sampler}, {"rf": make_pipeline(RandomForestClassifier())}, cv=2
        )
    assert not spy_sampler.seen


@pytest.mark.parametrize("name", BOOSTING)
def test_boosting_takes_any_table_and_any_labels_quietly(name, mixed, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = mixed
    X["empty"], X["[odd] <name>, {x: 1}"] = np.nan, X["town"]
    model = small(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for labels in (y, np.where(X["a"] > 1, 9, np.where(y == "yes", 4, 2))):
            for remedy in REMEDIES:
                found = REMEDIES[remedy](clone(model), X, labels, 0)
                new = X.assign(town="never seen before")
                assert found.predict(new).shape == y.shape
                assert set(found.predict(X)) <= set(labels)
                proba = found.predict_proba(new)
                assert proba.shape == (len(X), len(np.unique(labels)))
    assert capfd.readouterr() == ("", "") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", BOOSTING)
def test_parameters_of_boosting_are_tuned(name, numeric):
    X, y = numeric()
    training = TrainingRows(X, y, len(y))
    values = {BOOSTING[name]: [1, 9]}
    outcome = run_fold(small(name), training, lambda: (X, y), np.unique(y), seed=0, tune=values)
    chosen = outcome.model.estimator.get_params()[BOOSTING[name]]
    assert outcome.chosen == {BOOSTING[name]: chosen} and chosen in (1, 9)


@pytest.mark.parametrize("name", BOOSTING)
def test_boosting_treats_categories_as_such(name):
    """A category with no order that codes have, which one split of such a code cannot tell."""
    rng = np.random.default_rng(0)
    towns = pd.Series(rng.choice([f"town {i:02}" for i in range(20)], 800))
    y = towns.str[-1].isin(list("02468")).to_numpy().astype(int)
    stump = {
        "CatBoost": {"iterations": 1, "depth": 1, "one_hot_max_size": 2},
        "LightGBM": {"n_estimators": 1},
    }
    params = stump.get(name, {"n_estimators": 1, "max_depth": 1})
    model = small(name)
    model.estimator.set_params(**params)
    if name == "LightGBM":
        model.estimator.set_params(num_leaves=2)
    X = pd.DataFrame({"town": towns})
    assert (model.fit(X, y).predict(X) == y).mean() > 0.95


def test_automatic_classifiers_are_those_that_are_installed(numeric, monkeypatch):
    from equipoise.experiments import boosting, evaluate

    X, y = numeric()
    monkeypatch.setattr(evaluate, "default_classifiers", dict)
    monkeypatch.setattr(boosting, "find_spec", lambda name: None)
    names = ["logistic regression", "random forest", "gradient boosting"]
    assert list(evaluate.auto_classifiers(True)) == names
    monkeypatch.undo()
    if installed_boosting(True):
        assert set(evaluate.auto_classifiers(True)) - set(names) == set(installed_boosting(True))
        assert all(isinstance(m, BoostingClassifier) for m in installed_boosting(True).values())


GENERATORS = {
    "IMSIC": lambda: IMSIC(max_epochs=1, random_state=0),
    "DGC": lambda: GenerativeOverSampler(DGCClassifier(max_epochs=1, random_state=0)),
}


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("name", BOOSTING)
def test_categories_pass_from_a_sampler_to_boosting(name, generator):
    """In a pipeline of the user's own, with the classifier's own way of taking categories."""
    library = pytest.importorskip(name.lower())
    rng = np.random.default_rng(0)
    towns = pd.Categorical(rng.choice(["Rome", "Oslo", "Bonn"], 90), ["Bonn", "Oslo", "Rome"])
    X = pd.DataFrame({"a": rng.normal(size=90), "town": towns})
    y = np.where(np.arange(90) < 70, "common", "rare")
    X_more, y_more = GENERATORS[generator]().fit_resample(X, y)
    pd.testing.assert_series_equal(X_more.dtypes, X.dtypes)
    assert len(X_more) == 140
    classifier = {
        "CatBoost": lambda: library.CatBoostClassifier(
            iterations=5, cat_features=["town"], verbose=0, allow_writing_files=False
        ),
        "LightGBM": lambda: library.LGBMClassifier(n_estimators=5, verbose=-1),
        "XGBoost": lambda: library.XGBClassifier(n_estimators=5, enable_categorical=True),
    }[name]()
    labels = y if name != "XGBoost" else (y == "rare").astype(int)
    model = make_resampling_pipeline(GENERATORS[generator](), classifier).fit(X, labels)
    assert model.predict_proba(X).shape == (90, 2)
    if name == "LightGBM":
        assert classifier.booster_.pandas_categorical == [["Bonn", "Oslo", "Rome"]]
    if name == "CatBoost":
        assert classifier.get_cat_feature_indices() == [1]
    if name == "XGBoost":
        assert classifier.get_booster().feature_types == ["float", "c"]


@pytest.mark.parametrize("categories", [["town", "floor"], [0, 2]], ids=["names", "places"])
def test_catboost_may_be_told_its_categories_in_a_list(categories):
    """scikit-learn cannot clone such a classifier; numbers among the categories stay categories."""
    catboost = pytest.importorskip("catboost")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "town": pd.Categorical(rng.choice(["Rome", "Oslo"], 90)),
            "a": rng.normal(size=90),
            "floor": rng.integers(0, 4, 90),
        }
    )
    y = np.where(rng.permutation(90) < 60, "common", "rare")
    model = catboost.CatBoostClassifier(
        3, cat_features=categories, verbose=0, allow_writing_files=False
    )
    evaluation = evaluate_resampling(X, y, {}, classifiers={"CatBoost": model}, cv=2)
    assert (evaluation.scores["error"] == "").all()
    prepared = clone(prepared_if_bare(model, X)).fit(X, y)
    assert prepared.estimator_.get_cat_feature_indices() == [0, 2]
