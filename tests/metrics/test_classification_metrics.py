"""The five metrics against hand-computed numbers, against plain NumPy, and their properties."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, make_scorer

from equipoise.metrics import (
    acsa,
    f_macro,
    g_macro,
    largest_class_precision,
    smallest_class_recall,
    summary,
)

# Confusion matrix (rows true):  a: 4 1 0   recall .8  precision 4/6  specificity 3/5
#                                b: 2 1 0   recall 1/3 precision 1/2  specificity 6/7
#                                c: 0 0 2   recall 1   precision 1    specificity 1
TRUE = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
PREDICTED = ["a"] * 4 + ["b"] + ["a"] * 2 + ["b"] + ["c"] * 2
TRAIN = ["a"] * 50 + ["b"] * 5 + ["c"] * 10
BY_HAND = {
    "acsa": (4 / 5 + 1 / 3 + 1) / 3,
    "f_macro": (8 / 11 + 2 / 5 + 1) / 3,
    "g_macro": (np.sqrt(4 / 5 * 3 / 5) + np.sqrt(1 / 3 * 6 / 7) + 1) / 3,
    "smallest_class_recall": 1 / 3,
    "largest_class_precision": 4 / 6,
}
FUNCTIONS = {
    "acsa": acsa,
    "f_macro": f_macro,
    "g_macro": g_macro,
    "smallest_class_recall": smallest_class_recall,
    "largest_class_precision": largest_class_precision,
}
SIZED = ("smallest_class_recall", "largest_class_precision")


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def by_numpy(true, predicted, train):
    """The definitions once more, class by class and without a library."""
    true, predicted, train = map(np.asarray, (true, predicted, train))
    recall, precision, f1, g = {}, {}, {}, {}
    for c in set(true.tolist()):
        hits = np.sum((true == c) & (predicted == c))
        named, others = np.sum(predicted == c), np.sum(true != c)
        recall[c] = hits / np.sum(true == c)
        precision[c] = hits / named if named else 0.0
        f1[c] = 2 * hits / (named + np.sum(true == c))
        false_alarms = np.sum((true != c) & (predicted == c))
        g[c] = np.sqrt(recall[c] * (1 - false_alarms / others if others else 1.0))
    sizes = {c: np.sum(train == c) for c in train.tolist()}
    smallest = [recall[c] for c in recall if sizes.get(c) == min(sizes.values())]
    largest = [precision[c] for c in recall if sizes.get(c) == max(sizes.values())]
    return {
        "acsa": np.mean(list(recall.values())),
        "f_macro": np.mean(list(f1.values())),
        "g_macro": np.mean(list(g.values())),
        "smallest_class_recall": np.mean(smallest) if smallest else np.nan,
        "largest_class_precision": np.mean(largest) if largest else np.nan,
    }


def pairs(n_classes=5):
    draw_from = st.integers(0, n_classes - 1)
    rows = st.lists(st.tuples(draw_from, draw_from), min_size=1, max_size=30)
    return st.tuples(rows, st.lists(draw_from, min_size=1, max_size=20))


def unpack(case):
    rows, train = case
    true, predicted = map(list, zip(*rows, strict=True))
    return true, predicted, [*train, true[0]]  # at least one class in common


@pytest.mark.parametrize("name", FUNCTIONS)
def test_by_hand(name):
    args = (TRAIN,) if name in SIZED else ()
    value = FUNCTIONS[name](TRUE, PREDICTED, *args)
    assert type(value) is float
    assert value == pytest.approx(BY_HAND[name])


def test_summary_has_the_five_in_order():
    result = summary(TRUE, PREDICTED, TRAIN)
    assert list(result) == list(BY_HAND)
    assert result == pytest.approx(BY_HAND)


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_agrees_with_numpy(case):
    true, predicted, train = unpack(case)
    expected = by_numpy(true, predicted, train)
    assert summary(true, predicted, train) == pytest.approx(expected, nan_ok=True)
    for name, function in FUNCTIONS.items():
        args = (train,) if name in SIZED else ()
        assert function(true, predicted, *args) == pytest.approx(expected[name], nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(pairs(3))
def test_agrees_with_scikit_learn(case):
    true, predicted, _ = unpack(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert acsa(true, predicted) == pytest.approx(balanced_accuracy_score(true, predicted))
    if set(predicted) <= set(true):
        assert f_macro(true, predicted) == pytest.approx(f1_score(true, predicted, average="macro"))


@settings(max_examples=30, deadline=None)
@given(pairs(), st.randoms(use_true_random=False))
def test_order_of_rows_is_irrelevant(case, random):
    true, predicted, train = unpack(case)
    rows = list(zip(true, predicted, strict=True))
    random.shuffle(rows)
    shuffled_true, shuffled_predicted = zip(*rows, strict=True)
    shuffled_train = random.sample(train, len(train))
    assert summary(shuffled_true, shuffled_predicted, shuffled_train) == pytest.approx(
        summary(true, predicted, train), nan_ok=True
    )


@settings(max_examples=30, deadline=None)
@given(pairs(), st.permutations(["q", "zz", "b", "long name", "ä"]))
def test_names_of_classes_are_irrelevant(case, names):
    true, predicted, train = unpack(case)
    renamed = [[names[c] for c in y] for y in (true, predicted, train)]
    assert summary(*renamed) == pytest.approx(summary(true, predicted, train), nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(pairs())
def test_perfect_prediction_is_one(case):
    true, _, train = unpack(case)
    values = np.array(list(summary(true, true, train).values()))
    assert np.all((values == 1) | np.isnan(values))
    assert set(summary(true, true, true).values()) == {1.0}


def test_class_only_in_predictions_is_not_averaged():
    true, predicted = [0, 0, 1, 1], [0, 7, 1, 1]
    assert acsa(true, predicted) == pytest.approx((1 / 2 + 1) / 2)
    assert f_macro(true, predicted) == pytest.approx((2 / 3 + 1) / 2)
    assert g_macro(true, predicted) == pytest.approx((np.sqrt(1 / 2) + 1) / 2)


def test_class_never_predicted_scores_zero():
    expected = dict.fromkeys(FUNCTIONS, 0.0) | {"smallest_class_recall": 0.5}
    expected |= {"acsa": 0.25, "f_macro": 0.2, "g_macro": 0.0}
    assert summary([0, 0, 1, 1], [1, 9, 1, 9], [0, 0, 1])["largest_class_precision"] == 0.0
    assert summary([0, 0, 1, 1], [1, 1, 1, 9], [0, 0, 1]) == pytest.approx(expected)


def test_extreme_class_absent_from_the_test_set_is_nan():
    assert np.isnan(smallest_class_recall([0, 1], [0, 1], [0, 0, 1, 1, 2]))
    assert np.isnan(largest_class_precision([0, 1], [0, 2], [0, 1, 2, 2]))


def test_ties_are_averaged():
    true, predicted = [0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 0, 0]
    assert smallest_class_recall(true, predicted, [0, 0, 1, 2]) == pytest.approx((1 / 2 + 0) / 2)
    assert largest_class_precision(true, predicted, [0, 0, 1, 1, 2]) == pytest.approx(
        (2 / 5 + 1) / 2
    )
    assert smallest_class_recall(true, predicted, [0, 1, 2]) == acsa(true, predicted)


def test_class_without_training_rows_is_not_the_smallest():
    assert smallest_class_recall([0, 1, 2], [0, 1, 0], [0, 0, 1]) == 1.0


@pytest.mark.parametrize(
    "convert",
    [
        np.array,
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: np.array(y, dtype=object),
        lambda y: np.array(y)[:, None],
        lambda y: pd.DataFrame({"label": y}),
    ],
)
@pytest.mark.parametrize("coding", [None, int, float, np.uint64])
def test_containers_and_codings(convert, coding):
    arrays = [TRUE, PREDICTED, TRAIN]
    if coding is not None:
        arrays = [np.searchsorted(["a", "b", "c"], y).astype(coding).tolist() for y in arrays]
    assert summary(*map(convert, arrays)) == pytest.approx(BY_HAND)


def test_mixed_number_types_compare():
    assert acsa(np.array([0, 1], np.uint64), np.array([0.0, 1.0])) == 1.0
    assert acsa([False, True], [0, 1]) == 1.0


def test_as_scikit_learn_scorer():
    X, y = np.array([[0.0], [0.1], [0.9], [1.0], [1.1]]), np.array([0, 0, 1, 1, 1])
    scorer = make_scorer(smallest_class_recall, y_train=y)
    assert scorer(LogisticRegression(C=100).fit(X, y), X, y) == 1.0


def test_inputs_are_not_written_to():
    arrays = [np.array(y) for y in (TRUE, PREDICTED, TRAIN)]
    for array in arrays:
        array.flags.writeable = False
    summary(*arrays)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([], [], [1]), "y_true is empty"),
        (([0, 1], [0], [0, 1]), "y_pred has 1 label but y_true has 2"),
        (([0, 1], ["0", "1"], [0, 1]), "y_pred has dtype .* strings never equal"),
        ((["0", "1"], ["0", "1"], [0, 1]), "y_train has dtype"),
        (([0, 1], [0, 1], [5, 6]), "y_train has no class of y_true"),
        (([0, 1], [0, 1], []), "y_train is empty"),
        (([0, 1], [0, 1], None), "y_train is None"),
        (([0, 1], [0.2, 0.8], [0, 1]), "y_pred must hold class labels, got the number 0.2"),
        (([0, 1], [0, np.inf], [0, 1]), "y_pred must hold class labels, got the number inf"),
        (([0, 1], [[0.2, 0.8], [0.3, 0.7]], [0, 1]), r"y_pred .* shape \(2, 2\).*argmax"),
        ((0, [0], [0]), r"y_true must hold one label per row, got shape \(\)"),
        (([0, np.nan], [0, 1], [0, 1]), "y_true has missing labels"),
        ((["a", None], ["a", "b"], ["a"]), "y_true has missing labels"),
        ((pd.Series([1, None], dtype="Int64"), [0, 1], [1]), "y_true has missing labels"),
        ((np.array(["a", 1], dtype=object), ["a", "b"], ["a"]), "y_true mixes strings"),
        (([1j, 0], [0, 1], [0]), "y_true must hold strings or integers, got dtype complex"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=message):
        summary(*args)
