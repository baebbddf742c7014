"""Do added rows help: they do, they do not, and they do harm."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from equipoise.experiments.added_rows import judge_added_rows


def rows(n, shift, seed):
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1], n)
    return random.normal(size=(sum(n), 2)) + shift * y[:, None], y


@pytest.mark.parametrize(
    ("shift", "words"),
    [(1.5, "These rows help"), (-3.0, "These rows do harm"), (None, "do not help beyond chance")],
)
def test_verdict(shift, words):
    X, y = rows([200, 4], 1.5, seed=0)
    test = rows([300, 300], 1.5, seed=1)
    more = np.empty((0, 2)) if shift is None else rows([0, 196], shift, seed=2)[0]
    added = np.concatenate([X, more]), np.concatenate([y, np.ones(len(more), dtype=int)])
    model = LogisticRegression()
    found = judge_added_rows(model, (X, y), added, test)
    assert words in found.verdict()
    low, high = found.interval
    assert low <= found.difference <= high
    assert found.recalls["n_test"].tolist() == [300, 300]
    assert not hasattr(model, "coef_")


def test_networks_take_as_many_steps_with_the_rows(monkeypatch):
    from equipoise import ConvNetClassifier

    taken = []
    fit = ConvNetClassifier.fit

    def counted(self, X, y):
        taken.append(self.max_epochs * len(y))
        return fit(self, X, y)

    monkeypatch.setattr(ConvNetClassifier, "fit", counted)
    X, y = rows([30, 10], 3, seed=0)
    added = np.concatenate([X, X]), np.concatenate([y, y])
    judge_added_rows(ConvNetClassifier(max_epochs=2, batch_size=20), (X, y), added, (X, y))
    assert taken == [80, 80]


def test_classes_without_test_rows_are_named():
    X, y = rows(
        [
            30,
            10,
        ],
        3,
        seed=0,
    )
    y = np.where(np.arange(40) < 5, 7, y)
    known = y != 7
    found = judge_added_rows(LogisticRegression(), (X, y), (X, y), (X[known], y[known]))
    assert found.verdict().endswith("It says nothing of classes without test rows: 7.")
