"""``evaluate_resampling``: no leaks, known scores, any table, failures told, mistakes named."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import ADASYN, SMOTE
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from joblib import parallel_backend
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from equipoise import evaluate_resampling
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments.classifiers import default_classifiers

LOGISTIC = {"lr": LogisticRegression()}
UNPREPARED = {"lr": make_pipeline(LogisticRegression())}  # which takes no missing values
FOLDS = StratifiedKFold(3, shuffle=True, random_state=1)


def scores_of(found, treatment, metric="balanced_accuracy"):
    return found.scores.query("treatment == @treatment")[metric].to_numpy()


def test_no_row_of_a_test_part_reaches_a_sampler(numeric, spy_sampler):
    X, y = numeric()
    classifiers = LOGISTIC | {"other": LogisticRegression(C=9)}
    evaluate_resampling(X, y, {"spy": spy_sampler}, classifiers, cv=FOLDS, refit=None)
    assert len(spy_sampler.seen) == 3  # once per fold, for both classifiers
    for (seen, labels, _), (train, _) in zip(spy_sampler.seen, FOLDS.split(X, y), strict=True):
        np.testing.assert_array_equal(seen, X[train])
        np.testing.assert_array_equal(labels, y[train])


def test_test_rows_are_only_predicted_and_as_they_are(mixed, spy_sampler, spy_classifier):
    X, y = mixed
    X["row"] = np.arange(len(X))
    train, test = np.arange(0, 100), np.arange(100, 150)
    treated = {"samplers": {"spy": spy_sampler}, "classifiers": {"spy": spy_classifier}}
    evaluate_resampling(X, y, **treated, cv=[(train, test)], refit=None, random_state=0)
    assert not any(fitted["row"].isin(test).any() for fitted in spy_classifier.fitted)
    of_test = [rows for rows in spy_classifier.predicted if rows["row"].isin(test).any()]
    assert len(of_test) >= 4  # of every treatment
    for rows in of_test:
        pd.testing.assert_frame_equal(rows, X.iloc[test])


def test_another_decision_costs_no_fit(mixed, spy_classifier):
    X, y = mixed
    split = [(np.arange(0, 100), np.arange(100, 150))]
    found = evaluate_resampling(X, y, {}, {"spy": spy_classifier}, cv=split, refit=None)
    # As it is, weighted, and two inner folds and all rows for the threshold.
    assert len(spy_classifier.fitted) == 1 + 1 + 3
    seconds = found.scores.set_index("treatment")["fit_seconds"]
    assert seconds["uniform prior"] >= seconds["none"]


def test_three_classes_have_no_threshold(numeric):
    X, y = numeric(200, weights=(0.7, 0.2), n_classes=3)
    found = evaluate_resampling(X, y, {}, LOGISTIC, cv=3, random_state=0)
    assert found.treatments == ["none", "uniform prior", "class weight"]
    assert "threshold" not in found.verdict()
    better = scores_of(found, "uniform prior") - scores_of(found, "none")
    assert better.mean() > 0.02


def test_scores_are_those_of_scikit_learn(numeric):
    X, y = numeric()
    found = evaluate_resampling(
        X, y, {"SMOTE": SMOTE()}, LOGISTIC, cv=FOLDS, scoring={"auc": "roc_auc"}
    )
    smote = found.scores.query("treatment == 'SMOTE'")
    assert smote[["repeat", "fold", "n_train", "n_test"]].to_numpy().tolist() == [
        [1, i, 100, 50] for i in (1, 2, 3)
    ]
    same = {
        "none": LogisticRegression(),
        "class weight": LogisticRegression(class_weight="balanced"),
    }
    names = {
        "balanced_accuracy": "balanced_accuracy",
        "f1_macro": "f1_macro",
        "average_precision": "average_precision",
        "auc": "roc_auc",
    }
    for treatment, model in same.items():
        for ours, theirs in names.items():
            np.testing.assert_allclose(
                scores_of(found, treatment, ours),
                cross_val_score(model, X, y, scoring=theirs, cv=FOLDS),
            )
        halved = -cross_val_score(model, X, y, scoring="neg_brier_score", cv=FOLDS)
        np.testing.assert_allclose(scores_of(found, treatment, "brier"), 2 * halved)
    for metric in ("brier", "average_precision"):  # another decision, the same probabilities
        np.testing.assert_array_equal(
            scores_of(found, "threshold", metric), scores_of(found, "none", metric)
        )
    assert (scores_of(found, "threshold") != scores_of(found, "none")).any()


def test_sampler_stands_for_its_pipeline(numeric, spy_sampler):
    """All that a fold fits has the fold's seed, so imbalanced-learn's pipeline does the same."""
    X, y = numeric()
    both = {"spy": spy_sampler, "SMOTE": SMOTE()}
    found = evaluate_resampling(X, y, both, LOGISTIC, cv=FOLDS, random_state=5)
    seeds = [seed for _, _, seed in spy_sampler.seen]
    assert len(set(seeds)) == 3
    for score, seed, (train, test) in zip(
        scores_of(found, "SMOTE"), seeds, FOLDS.split(X, y), strict=True
    ):
        model = make_resampling_pipeline(SMOTE(random_state=seed), LogisticRegression())
        assert score == cross_val_score(
            model, X, y, scoring="balanced_accuracy", cv=[(train, test)]
        )


def test_same_seed_same_scores_on_any_number_of_cores(evaluation, numeric):
    X, y = numeric()
    classifiers = {"lr": LogisticRegression(), "weak": LogisticRegression(C=1e-3)}
    with parallel_backend("threading"):  # processes take seconds to start
        again = evaluate_resampling(
            X, y, None, classifiers, cv=2, n_repeats=2, random_state=0, n_jobs=2
        )
    timeless = evaluation.scores.drop(columns="fit_seconds")
    pd.testing.assert_frame_equal(again.scores.drop(columns="fit_seconds"), timeless)
    assert sorted(set(zip(timeless["repeat"], timeless["fold"], strict=True))) == [
        (r, f) for r in (1, 2) for f in (1, 2)
    ]


def test_any_kind_of_column(mixed):
    X, y = mixed
    before = X.copy()
    classifiers = {"lr": default_classifiers()["logistic regression"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate_resampling(X, y, None, classifiers, cv=2, random_state=0)
    pd.testing.assert_frame_equal(X, before)
    remedies = ["none", "uniform prior", "class weight", "threshold"]
    assert found.treatments == [*remedies, "random", "SMOTE"]
    assert found.scores.notna().all(axis=None) and (found.scores["error"] == "").all()


def test_default_smote_serves_a_class_of_few_rows(numeric):
    X, y = numeric()
    y = np.where(np.arange(len(y)) < 4, 2, y)
    found = evaluate_resampling(X, y, None, LOGISTIC, cv=3, random_state=0)
    assert (found.scores["error"] == "").all()


def test_undersampling_and_no_sampler_at_all(numeric):
    X, y = numeric()
    found = evaluate_resampling(X, y, {"under": RandomUnderSampler()}, LOGISTIC, cv=3)
    assert found.samplers == ["under"] and (found.scores["error"] == "").all()
    assert evaluate_resampling(X, y, {}, LOGISTIC, cv=3).samplers == []


def test_groups_stay_together(numeric, spy_sampler):
    X, y = numeric()
    groups = np.arange(len(y)) % 6
    X = np.column_stack([X, groups])
    splits = {"cv": GroupKFold(3), "groups": groups}
    evaluate_resampling(X, y, {"spy": spy_sampler}, LOGISTIC, **splits, refit=None, random_state=0)
    assert [len(set(rows[:, -1])) for rows, _, _ in spy_sampler.seen] == [4, 4, 4]


def test_test_parts_without_the_class_are_left_out_and_named(numeric, tmp_path):
    random = np.random.default_rng(0)
    groups = np.arange(400) % 20
    y = ((groups < 3) & (np.arange(400) < 160)).astype(int)  # 24 rows, in 3 of 20 groups
    X, never = random.normal(size=(400, 2)), {"never": DummyClassifier()}
    split = {"cv": GroupKFold(5), "groups": groups, "random_state": 0}
    said = r"In 2 of 5 test parts there is no row of class 1\. .*StratifiedGroupKFold"
    with pytest.warns(UserWarning, match=said):
        found = evaluate_resampling(X, y, {}, never, **split)
    scores = found.scores.query("treatment == 'none'")
    lacking = scores["lacks"] == "1"
    needing = ["balanced_accuracy", "f1_macro", "g_macro", "average_precision"]
    assert lacking.sum() == 2 and scores.loc[lacking, needing].isna().all(axis=None)
    assert scores["brier"].notna().all() and scores.loc[~lacking, needing].notna().all(axis=None)
    verdict = found.verdict()
    assert "mean of 3 test parts" in verdict and re.search(said, verdict)
    assert "doing nothing does best (0.500)" in verdict
    assert "does best." in verdict.splitlines()[-2]  # combinations are compared on the other parts
    assert found.best_treatment_ == "none"
    assert "no row of class" not in found.verdict("brier")
    found.plot().figure.savefig(tmp_path / "plot.png")
    with pytest.raises(InvalidInputError, match=r"No test part has a row of every.*In 9 of 9"):
        evaluate_resampling(X[:9], y[:9] * 0 + np.arange(9) % 2, {}, never, cv=LeaveOneOut())


def test_repetitions_of_a_splitter_are_counted(numeric):
    X, y = numeric()
    cv = RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0)
    scores = evaluate_resampling(X, y, {}, LOGISTIC, cv=cv).scores.query("treatment == 'none'")
    assert scores["repeat"].tolist() == [1, 1, 2, 2, 3, 3]
    assert scores["fold"].tolist() == [1, 2] * 3


def test_a_failure_is_told_and_the_others_go_on(numeric):
    X, y = numeric()
    samplers = {"impossible": SMOTE(k_neighbors=999), "SMOTE": SMOTE()}
    with pytest.warns(UserWarning, match="3 of 18 fits failed.*'impossible' with 'lr'") as caught:
        found = evaluate_resampling(X, y, samplers, LOGISTIC, cv=3)
    assert len(caught) == 1
    failed = found.scores.query("treatment == 'impossible'")
    assert failed[found.metrics].isna().all(axis=None)
    assert failed["error"].str.startswith("ValueError: Expected n_neighbors").all()
    others = found.scores.drop(failed.index)
    assert others.notna().all(axis=None) and (others["error"] == "").all()
    assert "'impossible'" not in found.verdict()
    with pytest.raises(InvalidInputError, match="All 12 fits failed.*Input X contains NaN"):
        evaluate_resampling(np.full_like(X, np.nan), y, {}, UNPREPARED, cv=3)


def test_a_sampler_without_parameters_fails_alone(numeric):
    class Bare:
        def fit_resample(self, X, y):
            return X, y

    with pytest.warns(UserWarning, match="3 of 15 fits failed.*'bare'"):
        found = evaluate_resampling(*numeric(), {"bare": Bare()}, LOGISTIC, cv=3)
    assert found.scores.query("treatment == 'bare'")["error"].str.contains("clone").all()


X, Y = np.arange(40.0).reshape(20, 2), np.repeat([0, 1], [15, 5])
MISTAKES = [
    ({"y": Y[:-1]}, InvalidInputError, "20 rows but y has 19"),
    ({"y": np.zeros(20)}, InvalidInputError, "one class"),
    ({"y": np.r_[np.nan, Y[1:]]}, ValueError, "missing labels"),
    ({"y": np.linspace(0, 1, 20)}, ValueError, "class labels"),
    ({"X": X[:, 0]}, InvalidInputError, r"shape \(20,\)"),
    ({"X": pd.DataFrame(X, columns=["a", "a"])}, InvalidInputError, "two columns 'a'"),
    ({"cv": 6}, InvalidInputError, "Class 1 has 5 rows.*cv to at most 5"),
    ({"cv": 1}, InvalidParameterError, "cv=1"),
    ({"cv": "five"}, InvalidParameterError, "cv='five'"),
    ({"cv": [(np.arange(10), np.arange(10, 20))]}, InvalidInputError, "one class only"),
    ({"cv": FOLDS, "n_repeats": 2}, InvalidParameterError, "n_repeats=2"),
    ({"cv": []}, InvalidParameterError, "has no folds"),
    ({"cv": True}, InvalidParameterError, "cv=True"),
    ({"verbose": 0.5}, InvalidParameterError, r"'verbose' .* Got 0\.5"),
    ({"n_repeats": 0}, InvalidParameterError, r"'n_repeats' .* Got 0 instead"),
    ({"groups": Y}, InvalidParameterError, "StratifiedGroupKFold"),
    ({"samplers": {"none": SMOTE()}}, InvalidParameterError, "'none'"),
    ({"samplers": {"SMOTE": SMOTE}}, InvalidParameterError, r"samplers\['SMOTE'\]"),
    ({"samplers": [ADASYN()]}, InvalidParameterError, r"samplers=\[ADASYN.* must be a dict"),
    ({"classifiers": {}}, InvalidParameterError, "classifiers is empty"),
    ({"classifiers": {"svm": LinearSVC()}}, InvalidParameterError, "without predict_proba"),
    ({"classifiers": {"rf": RandomForestClassifier}}, InvalidParameterError, "'rf'"),
    ({"classifiers": "all"}, InvalidParameterError, "classifiers='all' must .* or 'auto'"),
    ({"refit": "acc"}, InvalidParameterError, "refit='acc' is unknown.*'brier', or None"),
    ({"scoring": ["roc_auc"]}, InvalidParameterError, "must be a dict of names to scorers"),
    ({"scoring": {"brier": "roc_auc"}}, InvalidParameterError, "'brier', which is taken"),
    ({"scoring": {"cost": 3}}, InvalidParameterError, r"scoring\['cost'\]"),
]


@pytest.mark.parametrize(("changed", "error", "message"), MISTAKES)
def test_mistakes_are_named_before_any_work(changed, error, message, spy_sampler):
    given = {"X": X, "y": Y, "samplers": {"spy": spy_sampler}, "classifiers": LOGISTIC, **changed}
    with pytest.raises(error, match=message):
        evaluate_resampling(given.pop("X"), given.pop("y"), **given)
    assert not spy_sampler.seen


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_counts_combinations(numeric, capsys, n_jobs):
    X, y = numeric()
    with parallel_backend("threading"):
        evaluate_resampling(X, y, {}, LOGISTIC, cv=3, n_jobs=n_jobs, refit=None, verbose=1)
    shown = capsys.readouterr().err
    assert "12/12" in shown  # four remedies in three folds
    assert ("fold 3, threshold, lr" in shown) == (n_jobs == 1)
