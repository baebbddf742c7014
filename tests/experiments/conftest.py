"""Small tables and estimators that watch what they are given; experiment files of tiny jobs."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from equipoise import evaluate_resampling
from equipoise.experiments import load_experiment, processes, read_predictions, store
from equipoise.experiments.treatments import remedies

HERE = str(Path(__file__).parent)
LOGISTIC = """
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 20 }
"""
START = """
datasets = ["digits"]
seeds = [1, 2]
reference = "{reference}"
[protocol]
sizes = "published"
"""


@pytest.fixture(autouse=True)
def fakes_are_found(monkeypatch):
    """Here and in the processes of jobs."""
    monkeypatch.syspath_prepend(HERE)
    paths = [HERE, *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Write an experiment file of these methods and load it."""
    monkeypatch.chdir(tmp_path)

    def write(methods=LOGISTIC, reference="logistic", start=START):
        path = tmp_path / "tiny.toml"
        path.write_text(start.format(reference=reference) + methods)
        return load_experiment(path)

    return write


@pytest.fixture
def at_once(monkeypatch):
    """Jobs in this process; gives the names of those that were run."""
    from equipoise.experiments.job import carry_out

    ran = []

    def here(job, children):
        ran.append(f"{store.name_of(job)} {job['seed']}")
        with TemporaryDirectory() as name:
            said = ""
            try:
                carry_out(job, Path(name))
            except Exception as error:
                said = repr(error)
            return processes.outcome_in(Path(name), job, said)

    monkeypatch.setattr(processes, "perform", here)
    return ran


@pytest.fixture
def predictions(tmp_path):
    """Arrays that are stored beside a record."""

    def load(record, folder="results/tiny"):
        return read_predictions(tmp_path / folder, record)

    return load


def make_numeric(n=150, weights=(0.85,), n_classes=2):
    X, y = make_classification(
        n,
        n_features=5,
        n_informative=4,
        n_redundant=0,
        n_classes=n_classes,
        n_clusters_per_class=1,
        weights=list(weights),
        random_state=0,
    )
    X.flags.writeable = y.flags.writeable = False
    return X, y


@pytest.fixture(scope="package", autouse=True)
def tuned_in_a_hurry():
    """The thresholds take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remedies, "TUNING_FOLDS", 2)
        patch.setattr(remedies, "TUNING_THRESHOLDS", 20)
        yield


@pytest.fixture(scope="session")
def numeric():
    """Makes an array and labels 0, 1, …"""
    return make_numeric


@pytest.fixture
def mixed():
    """Every kind of column, some with gaps, and labels of words."""
    n = 150
    X, y = make_numeric(n)
    rng = np.random.default_rng(1)
    days = pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"]).assign(
        count=rng.integers(0, 9, n),
        nullable=pd.array(rng.integers(0, 9, n), dtype="Int64"),
        day=pd.Timestamp("2024-01-01") + days,
        here=pd.Timestamp("2024-01-01", tz="Europe/Berlin") + days,
        took=days,
        flag=rng.random(n) < 0.5,
        town=rng.choice(["Rome", "Oslo"], n),
        size=pd.Categorical(rng.choice(["S", "M", "L"], n)),
    )
    for name in ("a", "nullable", "day", "took", "town", "size"):
        frame.loc[rng.random(n) < 0.1, name] = None
    frame.index = rng.permutation(n) + 7  # no one may rely on it
    return frame, np.array(["no", "yes"])[y]


class SpySampler(BaseEstimator):
    """Oversamples at random and notes what it is given."""

    seen: list = []  # of all clones

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit_resample(self, X, y):
        self.seen.append((X.copy(), y.copy(), self.random_state))
        return RandomOverSampler(random_state=self.random_state).fit_resample(X, y)


class SpyClassifier(DummyClassifier):
    """Guesses by the sum of the numbers and notes what it is given."""

    fitted: list = []
    predicted: list = []

    def fit(self, X, y, sample_weight=None):
        self.fitted.append(X.copy())
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self.predicted.append(X.copy())
        p = 1 / (1 + np.exp(-X[["a", "b"]].fillna(0).sum(axis=1).to_numpy()))
        return np.column_stack([1 - p, p])


@pytest.fixture
def spy_sampler(monkeypatch):
    monkeypatch.setattr(SpySampler, "seen", [])
    return SpySampler()


@pytest.fixture
def spy_classifier(monkeypatch):
    monkeypatch.setattr(SpyClassifier, "fitted", [])
    monkeypatch.setattr(SpyClassifier, "predicted", [])
    return SpyClassifier()


@pytest.fixture(scope="package")
def evaluation(tuned_in_a_hurry):
    """Two classifiers, random and SMOTE, 2 x 2 folds of a numeric table."""
    classifiers = {"lr": LogisticRegression(), "weak": LogisticRegression(C=1e-3)}
    return evaluate_resampling(
        *make_numeric(), None, classifiers, cv=2, n_repeats=2, random_state=0
    )
