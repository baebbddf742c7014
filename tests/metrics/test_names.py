"""Every score that is stored or returned has a name."""

import numpy as np
import pytest

from equipoise.metrics import brier_score, summary
from equipoise.metrics.names import METRICS


def test_every_metric_of_the_summary_has_a_name():
    assert set(summary([0, 0, 1], [0, 1, 1], [0, 0, 1])) <= set(METRICS)
    for name in METRICS.values():
        assert name.words and name.symbol and name.description


def test_a_better_classifier_has_the_lower_brier_score_and_the_higher_others():
    y, good, bad = [0, 0, 1], np.eye(2)[[0, 0, 1]], np.eye(2)[[0, 1, 0]]
    assert METRICS["brier"].lower_is_better
    assert brier_score(y, good, labels=[0, 1]) < brier_score(y, bad, labels=[0, 1])
    better, worse = summary(y, [0, 0, 1], y), summary(y, [0, 1, 0], y)
    for name, value in better.items():
        assert (value < worse[name]) == METRICS[name].lower_is_better


@pytest.mark.parametrize("pair", [("acsa", "balanced_accuracy"), ("f_macro", "f1_macro")])
def test_two_keys_of_one_metric_say_the_same_of_it(pair):
    one, other = (METRICS[key] for key in pair)
    assert one.description == other.description
