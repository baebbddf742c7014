"""Class weights by whatever way the classifier has; another threshold."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from equipoise.errors import InvalidParameterError
from equipoise.experiments.treatments import remedies
from equipoise.experiments.treatments.remedies import (
    REMEDIES,
    fit_threshold,
    fit_weighted,
)
from equipoise.metrics import acsa


def test_thresholds_are_tuned_on_other_groups():
    class Memory(ClassifierMixin, BaseEstimator):
        """Knows the rows that it has seen, and nothing else."""

        def fit(self, X, y):
            self.classes_, self.seen_ = np.unique(y), dict(zip(X[:, 0], y, strict=True))
            return self

        def predict_proba(self, X):
            known = [(v, self.seen_.get(v)) for v in X[:, 0]]
            rare = np.array([0.3 + v / 1000 if k is None else 0.6 + 0.3 * k for v, k in known])
            return np.column_stack([1 - rare, rare])

    groups = np.repeat(np.arange(20), 5)
    y = np.repeat(np.arange(20) % 4 == 0, 5).astype(int)
    X = groups[:, None].astype(float)
    assert fit_threshold(Memory(), X, y, 0).best_score_ > 0.8
    assert fit_threshold(Memory(), X, y, 0, groups).best_score_ < 0.7


@pytest.mark.filterwarnings("error")
def test_groups_that_cannot_be_kept_together_are_left_alone():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.repeat([0, 1], 30)
    tuned = fit_threshold(LogisticRegression(), X, y, 0, groups=y)  # one group in each class
    alone = fit_threshold(LogisticRegression(), X, y, 0)
    assert tuned.best_threshold_ == alone.best_threshold_


def test_class_weight_of_the_last_step(numeric):
    X, y = numeric()
    selection = SelectFromModel(LogisticRegression())
    model = fit_weighted(make_pipeline(selection, LogisticRegression()), X, y, 0)
    by_hand = make_pipeline(selection, LogisticRegression(class_weight="balanced")).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), by_hand.predict_proba(X))
    inner = AdaBoostClassifier(LogisticRegression(), n_estimators=2)
    assert fit_weighted(inner, X, y, 0).estimator.class_weight == "balanced"


def test_rows_are_weighted_where_classes_cannot_be(numeric):
    X, y = numeric()
    weighted = GaussianNB().fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    alone = fit_weighted(GaussianNB(), X, y, 0)
    piped = fit_weighted(make_pipeline(StandardScaler(), GaussianNB()), X, y, 0)
    np.testing.assert_allclose(alone.predict_proba(X), weighted.predict_proba(X))
    np.testing.assert_allclose(piped.predict_proba(X), weighted.predict_proba(X), atol=1e-6)
    with pytest.raises(InvalidParameterError, match="KNeighborsClassifier takes neither"):
        fit_weighted(KNeighborsClassifier(), X, y, 0)


def test_threshold_of_two_classes_serves_both(numeric):
    X, y = numeric(300, weights=(0.9,))
    words = np.array(["no", "yes"])[y]
    plain = LogisticRegression(C=0.01).fit(X, words)
    tuned = fit_threshold(LogisticRegression(C=0.01), X, words, 0)
    assert acsa(words, tuned.predict(X)) > acsa(words, plain.predict(X)) + 0.1
    np.testing.assert_array_equal(tuned.predict_proba(X), plain.predict_proba(X))


def test_one_fold_tunes_the_threshold_of_many_rows(monkeypatch):
    X, y = make_classification(600, weights=[0.9], random_state=0)
    sizes = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            sizes.append(len(y))
            return super().fit(X, y)

    fit_threshold(Counting(), X, y, 0)
    assert len(sizes) == 1 + remedies.TUNING_FOLDS
    sizes.clear()
    monkeypatch.setattr(remedies, "ENOUGH_ROWS", 599)
    assert 0 < fit_threshold(Counting(), X, y, 0).best_threshold_ < 0.5
    assert len(sizes) == 1 + 1


@pytest.mark.parametrize(
    ("remedy", "weights"),
    [("uniform prior", [0.85]), ("uniform prior", [0.7, 0.2]), ("threshold", [0.7, 0.2])],
)
def test_probabilities_are_divided_by_the_class_shares_to_decide(numeric, remedy, weights):
    n_classes = len(weights) + 1
    X, y = numeric(200, weights, n_classes)
    labels = np.array(["a", "b", "c"])[:n_classes]
    y = labels[y]
    adjusted = REMEDIES[remedy](LogisticRegression(), X, y, 0)
    probabilities = LogisticRegression().fit(X, y).predict_proba(X)
    shares = np.array([np.mean(y == label) for label in labels])
    by_hand = labels[(probabilities / shares).argmax(axis=1)]
    np.testing.assert_array_equal(adjusted.predict(X), by_hand)
    np.testing.assert_array_equal(adjusted.predict_proba(X), probabilities)
    assert (by_hand != labels[probabilities.argmax(axis=1)]).any()


def test_an_ensemble_is_weighted_as_a_whole(numeric):
    X, y = numeric()
    members = [("lines", LogisticRegression()), ("bayes", GaussianNB())]
    weighted = fit_weighted(VotingClassifier(members, voting="soft"), X, y, 0)
    weights = compute_sample_weight("balanced", y)
    for member, fitted in zip(members, weighted.estimators_, strict=True):
        by_hand = member[1].fit(X, y, sample_weight=weights)
        np.testing.assert_allclose(fitted.predict_proba(X), by_hand.predict_proba(X))
    search = fit_weighted(GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2), X, y, 0)
    np.testing.assert_allclose(search.predict_proba(X), weighted.estimators_[1].predict_proba(X))


def test_weights_need_no_request_where_metadata_are_routed(numeric):
    X, y = numeric()
    with config_context(enable_metadata_routing=True):
        model = fit_weighted(make_pipeline(GaussianNB()), X, y, 0)
    np.testing.assert_allclose(model[-1].class_prior_, 0.5)


def test_without_two_probabilities_there_is_no_threshold_to_tune(numeric):
    X, y = numeric()
    few = np.r_[np.flatnonzero(y == 0)[:16], np.flatnonzero(y)[:4]]
    trees = HistGradientBoostingClassifier()  # a leaf needs 20 rows
    model = fit_threshold(trees, X[few], y[few], 0)
    np.testing.assert_array_equal(model.predict(X), trees.fit(X[few], y[few]).predict(X))
