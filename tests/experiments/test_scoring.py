"""Scores by hand."""

import numpy as np
import pytest

from equipoise.experiments.fold import run_fold
from equipoise.experiments.scoring import average_precision, scores
from equipoise.experiments.treatments.samplers import TrainingRows


class Fixed:
    """Predicts the most probable of the classes that it knows."""

    def __init__(self, classes, probabilities):
        self.classes_, self.probabilities = np.array(classes), np.array(probabilities)

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return self.probabilities

    def predict(self, X):
        return self.classes_[self.probabilities.argmax(axis=1)]


def score(model, y, classes, counts):
    training = TrainingRows(None, y, len(y))
    found = run_fold(model, training, lambda: (None, y), classes, seed=0)
    return scores(y, found.y_pred, found.proba, classes, counts)


def test_two_classes_by_hand():
    y = np.array(["no", "no", "no", "yes"])
    model = Fixed(["no", "yes"], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    found = score(model, y, np.unique(y), np.array([9, 3]))
    assert found["acsa"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["f_macro"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["g_macro"] == pytest.approx(np.sqrt(2 / 3))
    assert found["average_precision"] == 0.5  # "yes" is second by its probability
    assert found["brier"] == pytest.approx(2 * (0.01 + 0.04 + 0.49 + 0.16) / 4)


def test_the_rarer_class_counts_whatever_its_label():
    is_yes = np.array([0, 0, 1, 0], bool)
    p = np.array([0.1, 0.8, 0.7, 0.2])
    is_class, probabilities = np.stack([is_yes, ~is_yes], 1), np.stack([p, 1 - p], 1)
    assert average_precision(is_class, probabilities, np.array([3, 9])) == 0.5
    by_second = average_precision(is_class, probabilities, np.array([9, 3]))
    assert by_second == average_precision(is_class, probabilities, np.array([6, 6])) != 0.5


def test_a_class_that_the_model_or_the_test_part_lacks():
    y = np.array([0, 0, 2, 2])
    model = Fixed([0, 1], [[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])
    found = score(model, y, np.array([0, 1, 2]), np.array([9, 5, 3]))
    assert found["acsa"] == 0.5  # of classes 0 and 2
    # Class 0: ranks .8, .7 (wrong), .6: (1 + 2/3) / 2. Class 2: all probabilities are 0.
    assert found["average_precision"] == pytest.approx((5 / 6 + 0.5) / 2)
    errors = [0.2**2 * 2, 0.4**2 * 2, 0.7**2 + 0.3**2 + 1, 0.1**2 + 0.9**2 + 1]
    assert found["brier"] == pytest.approx(np.mean(errors))
