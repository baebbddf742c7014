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
