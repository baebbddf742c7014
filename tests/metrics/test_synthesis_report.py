"""The report says the same as the functions, class by class, and warns where it should."""

import json
import warnings

import numpy as np
import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import (
    c2st,
    density_coverage,
    diversity,
    memorised_share,
    precision_recall,
    synthesis_report,
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(n, seed, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, 4))


def labels(*counts):
    return np.repeat(["bag", "coat", "shoe"][: len(counts)], counts)


TRAIN, Y_TRAIN = normal(180, 0), labels(60, 60, 60)
REAL, Y_REAL = normal(120, 1), labels(40, 40, 40)
GOOD, Y_GOOD = normal(150, 2), labels(50, 50, 50)


def report(synthetic=GOOD, y_synthetic=Y_GOOD, **options):
    options = {"train": TRAIN, "y_train": Y_TRAIN, "random_state": 0} | options
    return synthesis_report(REAL, Y_REAL, synthetic, y_synthetic, **options)


def test_rows_of_few_values_are_no_copies():
    rng = np.random.default_rng(0)
    X = np.eye(3)[rng.integers(0, 3, (600, 3))].reshape(600, 9)
    y = np.repeat([0, 1], 300)
    fresh, real, train = X[::3], X[1::3], X[2::3]
    found = synthesis_report(real, y[1::3], fresh, y[::3], train=train, y_train=y[2::3])
    assert not any("near copies" in warning for warning in found.warnings)


def test_numbers_are_those_of_the_functions():
    found = report(y_predicted=["coat"] + ["bag"] * 49 + ["coat"] * 50 + ["shoe"] * 50).to_dict()
    real, synthetic = REAL[:40], GOOD[:50]
    assert list(found["classes"]) == ["bag", "coat", "shoe"]
    assert found["classes"]["bag"] == {
        "n": 50,
        "n_real": 40,
        "fidelity": 0.98,
        **dict(zip(["precision", "recall"], precision_recall(real, synthetic), strict=True)),
        **dict(zip(["density", "coverage"], density_coverage(real, synthetic), strict=True)),
        "memorised": memorised_share(synthetic, TRAIN[:60]),
        "diversity": diversity(synthetic, real),
        "c2st": c2st(real, synthetic, random_state=0),
    }
    for name, value in found["mean"].items():
        assert value == pytest.approx(np.mean([row[name] for row in found["classes"].values()]))
    assert found["warnings"] == []  # fresh rows of the right distribution
    json.dumps(found)  # plain Python numbers only


def test_text_has_the_numbers_of_the_dict():
    found = report()
    lines = str(found).splitlines()
    columns = [name for name in found.to_dict()["classes"]["bag"] if name[0] != "n"]
    assert lines[0].split() == ["n", "real", *columns]
    bag = found.to_dict()["classes"]["bag"]
    shown = ["-", *(f"{bag[name]:.4f}" for name in columns[1:])]  # no predictions, no fidelity
    assert lines[1].split() == ["bag", "50", "40", *shown]
    assert lines[4] == ""
    assert lines[5].split()[0] == "mean"
    assert len({len(line) for line in lines if line}) == 1


def test_warnings_name_the_class_and_the_share():
    synthetic = np.vstack([REAL[:40] * 0.1, TRAIN[60:90], normal(10, 3), GOOD[100:]])
    y = labels(40, 40, 50)
    predicted = np.concatenate([y[:80], ["shoe"] * 20, ["bag"] * 30])
    found = report(synthetic, y, y_predicted=predicted)
    collapse, copies, fidelity = found.warnings
    share = 100 * diversity(synthetic[:40], REAL[:40])
    assert (
        collapse
        == f"class 'bag': collapse: its samples are {share:.0f} % as varied as the real ones"
    )
    assert copies.startswith("class 'coat': 75 % of its samples are near copies of training rows")
    assert fidelity == "class 'shoe': only 40 % of its samples are recognised as such"
    assert str(found).endswith("\n".join(["", "", *found.warnings]))


def test_few_training_rows_are_near_anything():
    # Of 3 rows, each fresh one is as near as they are to one another half of the time.
    few = synthesis_report(
        REAL, Y_REAL, GOOD, Y_GOOD, train=TRAIN[[0, 1, 2]], y_train=["bag"] * 3, random_state=0
    )
    assert few.scores["memorised"][0] > 0.25
    assert few.warnings == []


def test_without_training_rows_the_real_ones_count():
    found = synthesis_report(REAL, Y_REAL, REAL, Y_REAL, random_state=0)
    assert found.mean["memorised"] == 1
    assert len(found.warnings) == 3


def test_classes_that_lack_rows_do_not_break_the_others():
    y_real, y_synthetic = np.repeat([0, 1, 2, 4], 30), np.repeat([0, 1, 2, 3], [30, 30, 1, 29])
    y_real[31:60] = 0  # a single real 1
    y_train = np.repeat([0, 1, 2, 9], 45)
    found = synthesis_report(
        REAL, y_real, GOOD[:90], y_synthetic, train=TRAIN, y_train=y_train, random_state=0
    )
    assert found.classes.tolist() == [0, 1, 2, 3, 4]
    assert found.n.tolist() == [30, 30, 1, 29, 0]
    assert found.n_real.tolist() == [59, 1, 30, 0, 30]
    for name in ("precision", "recall", "density", "coverage", "diversity", "c2st"):
        assert np.isnan(found.scores[name]).tolist() == [False, True, True, True, True], name
        assert found.mean[name] == found.scores[name][0]
    assert np.isnan(found.scores["memorised"]).tolist() == [False, False, False, True, True]
    assert np.isnan(found.mean["fidelity"])
    assert str(found).splitlines()[5].split() == ["4", "0", "30", *"--------"]


def test_real_rows_without_spread_do_not_break_it():
    found = synthesis_report(np.ones((3, 2)), [0] * 3, np.eye(2), [0] * 2, random_state=0)
    assert np.isnan(found.scores["diversity"][0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"y_train": None}, InvalidParameterError, "y_train=None, but train is given"),
        ({"train": None}, InvalidParameterError, "train=None, but y_train is given"),
        ({"train": TRAIN[:, :2]}, InvalidInputError, "train has 2 features but real has 4"),
        ({"train": TRAIN[:9]}, InvalidInputError, "y_train has 180 labels but train has 9 rows"),
        ({"y_synthetic": np.zeros(150)}, ValueError, "y_synthetic has dtype"),
        ({"synthetic": GOOD * np.nan}, InvalidInputError, "synthetic has NaN"),
        ({"synthetic": GOOD[:0]}, InvalidInputError, "synthetic has 0 rows"),
        ({"y_predicted": Y_GOOD[1:]}, ValueError, "149 labels"),
    ],
)
def test_bad_input(options, error, message):
    with pytest.raises(error, match=message):
        report(**options)


def test_a_class_without_real_rows_has_no_fidelity():
    rows = np.random.default_rng(0).normal(size=(30, 2))
    made = np.repeat(["a", "b", "c"], 10)
    report = synthesis_report(rows[:20], made[:20], rows, made, y_predicted=["a"] * 10 + ["b"] * 20)
    assert report.scores["fidelity"][:2].tolist() == [1, 1]
    assert np.isnan(report.scores["fidelity"][2]) and report.mean["fidelity"] == 1
    assert not any("'c': only" in warning for warning in report.warnings)
