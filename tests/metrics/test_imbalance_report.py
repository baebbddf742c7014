"""The report says the same as the metrics, in a table that lines up."""

import json
import warnings

import numpy as np
import pytest

from equipoise.metrics import imbalance_report, summary

TRUE = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
PREDICTED = ["a"] * 4 + ["b"] + ["a"] * 2 + ["b"] + ["c"] * 2
TRAIN = ["a"] * 50 + ["b"] * 5 + ["c"] * 10


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_dict_by_hand():
    report = imbalance_report(TRUE, PREDICTED, TRAIN, output_dict=True)
    classes = report.pop("classes")
    assert report == summary(TRUE, PREDICTED, TRAIN)
    assert list(classes) == ["a", "b", "c"]
    assert classes["a"] == pytest.approx(
        {
            "training_size": 50,
            "support": 5,
            "recall": 4 / 5,
            "precision": 4 / 6,
            "f1": 8 / 11,
            "specificity": 3 / 5,
            "g": np.sqrt(4 / 5 * 3 / 5),
        }
    )
    assert classes["b"]["specificity"] == pytest.approx(6 / 7)
    json.dumps(report | classes)  # plain Python numbers only


def test_text_has_the_numbers_of_the_dict():
    lines = imbalance_report(TRUE, PREDICTED, TRAIN).splitlines()
    heading = lines[0].split()
    assert heading == ["train", "test", "recall", "precision", "F1", "specificity", "G"]
    assert lines[1].split() == "a 50 5 0.8000 0.6667 0.7273 0.6000 0.6928".split()
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[-2].split()[-2:] == ["0.3333", "(b)"]
    assert lines[-1].split()[-2:] == ["0.6667", "(a)"]


def test_without_training_labels():
    report = imbalance_report(TRUE, PREDICTED, output_dict=True)
    assert report["classes"]["a"]["training_size"] is None
    assert np.isnan(report["smallest_class_recall"])
    assert np.isnan(report["largest_class_precision"])
    text = imbalance_report(TRUE, PREDICTED)
    assert "train" not in text and "smallest" not in text


def test_labels_order_and_subset_leave_the_summary_alone():
    report = imbalance_report(TRUE, PREDICTED, TRAIN, labels=["c", "a"], output_dict=True)
    assert list(report["classes"]) == ["c", "a"]
    assert report["acsa"] == summary(TRUE, PREDICTED, TRAIN)["acsa"]
    text = imbalance_report(TRUE, PREDICTED, TRAIN, labels=["c", "a"])
    assert [line.split()[0] for line in text.splitlines()[1:3]] == ["c", "a"]
    assert "(b)" in text  # smallest, though not listed


def test_target_names_follow_labels():
    report = imbalance_report(
        TRUE, PREDICTED, TRAIN, labels=["b", "a"], target_names=["bee", "ant"], output_dict=True
    )
    assert report["classes"]["bee"]["training_size"] == 5
    text = imbalance_report(TRUE, PREDICTED, TRAIN, target_names=["ant", "bee", "a cicada"])
    assert "(bee)" in text and "(ant)" in text


def test_absent_classes_are_listed_without_scores():
    report = imbalance_report(
        [0, 0, 1], [0, 3, 1], [0, 0, 0, 1, 1, 2], labels=range(5), output_dict=True
    )
    for absent in ("2", "3", "4"):
        row = report["classes"][absent]
        assert row["support"] == 0
        assert np.isnan([row["recall"], row["precision"], row["f1"], row["g"]]).all()
    assert report["classes"]["3"]["specificity"] == pytest.approx(2 / 3)
    assert report["classes"]["2"]["training_size"] == 1
    assert report["classes"]["4"]["training_size"] == 0
    text = imbalance_report([0, 0, 1], [0, 3, 1], [0, 0, 0, 1, 1, 2], labels=range(5))
    assert text.splitlines()[3].split() == ["2", "1", "0", "-", "-", "-", "1.0000", "-"]
    assert text.splitlines()[-2].split()[-2:] == ["-", "(2)"]


def test_many_tied_classes_are_abbreviated():
    y = list(range(6))
    assert "(0, 1, 2 and 3 more)" in imbalance_report(y, y, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a", "a"]}, "labels repeats a class"),
        ({"labels": [0, 1]}, "labels has dtype"),
        ({"target_names": ["x", "y"]}, "target_names has 2 names for 3 classes"),
        ({"target_names": ["x", "y", "x"]}, "target_names repeats a name"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        imbalance_report(TRUE, PREDICTED, TRAIN, **options)


def test_report_as_a_frame():
    labels = [0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0, 1]
    frame = imbalance_report(*labels, target_names=["common", "rare"], as_frame=True)
    found = imbalance_report(*labels, target_names=["common", "rare"], output_dict=True)
    classes = found.pop("classes")
    assert frame.to_dict("index") == classes and frame.attrs == found
    assert "training_size" not in imbalance_report(*labels[:2], as_frame=True)
    with pytest.raises(ValueError, match="as_frame=True exclude each other"):
        imbalance_report(*labels, output_dict=True, as_frame=True)
