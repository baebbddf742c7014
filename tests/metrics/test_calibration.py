"""Calibration metrics against numbers worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from equipoise.metrics import brier_score, expected_calibration_error

# confidences 0.9, 0.7, 0.6, 0.8 and 0.5; right, right, wrong, right, right
PROBA = [[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0, 0.2, 0.8], [0.3, 0.2, 0.5]]
TRUTH = [0, 0, 2, 2, 2]


def test_hand_computed_calibration_error():
    # five bins: (0.4, 0.6] holds 0.6 and 0.5, (0.6, 0.8] holds 0.7 and 0.8, (0.8, 1] holds 0.9
    gaps = [abs(1 / 2 - 0.55), abs(1 - 0.75), abs(1 - 0.9)]
    expected = 2 / 5 * gaps[0] + 2 / 5 * gaps[1] + 1 / 5 * gaps[2]
    found = expected_calibration_error(TRUTH, PROBA, n_bins=5, labels=[0, 1, 2])
    assert found == pytest.approx(expected)
    # one bin: mean confidence 0.7 and four of five right
    found = expected_calibration_error(TRUTH, PROBA, n_bins=1, labels=[0, 1, 2])
    assert found == pytest.approx(0.1)


def test_perfect_calibration_and_its_opposite():
    sure = np.eye(3)[[0, 1, 2]]
    assert expected_calibration_error([0, 1, 2], sure) == brier_score([0, 1, 2], sure) == 0
    assert expected_calibration_error([1, 2, 0], sure) == 1
    assert brier_score([1, 2, 0], sure) == 2
    rng = np.random.default_rng(0)
    p = rng.uniform(size=100_000)
    y = (rng.uniform(size=len(p)) < p).astype(int)
    assert expected_calibration_error(y, np.column_stack([1 - p, p])) < 0.01


def test_hand_computed_brier_score():
    rows = [0.01 + 0.01, 0.09 + 0.04 + 0.01, 0.09 + 0.36 + 0.81, 0.04 + 0.04, 0.09 + 0.04 + 0.25]
    assert brier_score(TRUTH, PROBA, labels=[0, 1, 2]) == pytest.approx(np.mean(rows))
    p = np.array([0.1, 0.6, 0.8])
    two = brier_score([0, 1, 1], np.column_stack([1 - p, p]))
    assert two == pytest.approx(2 * brier_score_loss([0, 1, 1], p))


@pytest.mark.parametrize("metric", [expected_calibration_error, brier_score])
def test_columns_are_the_labels_in_any_order(metric):
    names = np.array(["x", "y", "z"])
    expected = metric(TRUTH, PROBA, labels=[0, 1, 2])
    turned = np.array(PROBA)[:, [2, 0, 1]]
    assert metric(names[TRUTH], turned, labels=["z", "x", "y"]) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [expected_calibration_error, brier_score])
@pytest.mark.parametrize(
    ("y_true", "proba", "labels", "message"),
    [
        ([0, 1], [0.2, 0.8], None, "proba must be a numeric array with 2 rows"),
        ([0, 1, 1], [[0.2, 0.8]], None, "with 3 rows"),
        ([0, 1], [[0.2, 0.7], [0.5, 0.5]], None, "a sum of 1"),
        ([0, 1], [[-0.2, 1.2], [0.5, 0.5]], None, "no negative"),
        ([0, 1], [[np.nan, 0.5], [0.5, 0.5]], None, "no negative or missing"),
        ([0, 0], [[0.2, 0.8], [0.5, 0.5]], None, r"2 columns, but the classes are \[0\]"),
        ([0, 2], [[0.2, 0.8], [0.5, 0.5]], [0, 1], "y_true has 2"),
        ([0, 1], [[0.2, 0.8], [0.5, 0.5]], ["a", "b"], "labels has dtype"),
        ([0, 1], [[0.2, 0.8], [0.5, 0.5]], [1, 1], "class of every column"),
    ],
)
def test_bad_input(metric, y_true, proba, labels, message):
    with pytest.raises(ValueError, match=message):
        metric(y_true, proba, labels=labels)


def test_a_number_of_bins():
    for n_bins in (0, 2.5, True):
        with pytest.raises(ValueError, match="n_bins"):
            expected_calibration_error(TRUTH, PROBA, n_bins, labels=[0, 1, 2])
