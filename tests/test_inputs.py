"""What users hand to fit and predict: layouts, dtypes, labels, weights, and what is refused."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.frozen import FrozenEstimator

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier, GenerativeOverSampler
from equipoise.errors import InvalidInputError
from equipoise.inputs import stratified_holdout
from equipoise.training import Callback, EarlyStopping, JSONLines


def refused(what, *arguments, match, **parameters):
    """Assert that ``what`` raises a ValueError with a message of this kind."""
    with pytest.raises(ValueError, match=re.compile(match, re.DOTALL)):
        what(*arguments, **parameters)


class NoTraining(Callback):
    """Fails the test as soon as a training starts."""

    def on_fit_start(self, progress):
        raise AssertionError("the training has started")


def early():
    """Classifier whose errors have to come before any training."""
    return ConvNetClassifier(callbacks=[NoTraining()])


# Layouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "image_shape", "input_shape"),
    [
        ((20, 6), None, (6,)),
        ((20, 1), None, (1,)),
        ((20, 12), (4, 3), (4, 3, 1)),
        ((20, 12), [2, 2, 3], (2, 2, 3)),
        ((20, 12), np.array([4, 3]).tolist(), (4, 3, 1)),
        ((20, 4, 3), None, (4, 3, 1)),
        ((20, 4, 3), (4, 3), (4, 3, 1)),
        ((20, 4, 3, 1), None, (4, 3, 1)),
        ((20, 4, 3, 3), None, (4, 3, 3)),
        ((20, 4, 3, 3), (4, 3, 3), (4, 3, 3)),
        ((20, 1, 1), None, (1, 1, 1)),
    ],
)
def test_accepts_tables_and_images(build, shape, image_shape, input_shape):
    X = np.random.default_rng(0).random(shape)
    model = build(image_shape=image_shape).fit(X, np.arange(20) % 2)
    assert model.input_shape_ == input_shape
    assert model.n_features_in_ == np.prod(shape[1:])
    posterior = model.predict_proba(X)
    assert posterior.shape == (20, 2)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


def test_layouts_of_the_same_images_give_the_same_model(build, pictures):
    X, y = pictures
    flat = X.reshape(len(X), -1)
    expected = build().fit(X, y).predict_proba(X)
    channels = build().fit(X[..., None], y).predict_proba(X[..., None])
    rows = build(image_shape=(8, 8)).fit(flat, y).predict_proba(flat)
    frame = pd.DataFrame(flat)
    framed = build(image_shape=(8, 8)).fit(frame, y).predict_proba(frame)
    for other in (channels, rows, framed):
        assert_array_equal(other, expected)


@pytest.mark.parametrize("convert", [np.ndarray.tolist, torch.tensor, pd.DataFrame])
def test_containers_of_the_same_table_give_the_same_model(build, blobs, convert):
    X, y = blobs
    expected = build().fit(X, y).predict_proba(X)
    assert_array_equal(build().fit(convert(X), y).predict_proba(convert(X)), expected)


def test_frame_columns_are_kept_and_checked(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = ConvNetClassifier(max_epochs=1).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    refused(model.predict, frame[["c", "b", "a"]], match="feature names")
    assert not hasattr(model.fit(X.reshape(60, 3, 1), y), "feature_names_in_")


OTHER_NAMES = {
    "numbers": [0, 1, 2],
    "tuples": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
    "dates": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"]),
}


@pytest.mark.parametrize("names", OTHER_NAMES.values(), ids=OTHER_NAMES)
@pytest.mark.parametrize("image_shape", [None, (3, 1)])
def test_column_names_that_are_no_strings_are_checked(blobs, names, image_shape, tmp_path):
    frame, y = pd.DataFrame(blobs[0]).set_axis(names, axis=1), blobs[1]
    swapped, fewer = frame[frame.columns[::-1]], frame.set_axis([7, *names[1:]], axis=1)
    model = ConvNetClassifier(max_epochs=1, image_shape=image_shape).fit(frame, y)
    model.save(tmp_path / "model")
    for fitted in (model, ConvNetClassifier.load(tmp_path / "model")):
        fitted.predict(frame)
        refused(fitted.predict, swapped, match="feature names.*same order")
        refused(fitted.predict_proba, fewer, match="feature names.*unseen in fit: 7; now missing: ")
    sampler = IMSIC(max_epochs=1, image_shape=image_shape).fit(frame, y)
    for method in (sampler.resample, sampler.class_confidence):
        refused(method, swapped, y, match="feature names.*same order")
    generator = FrozenEstimator(DGCClassifier(max_epochs=1).fit(frame, y))
    more = GenerativeOverSampler(generator, sampling_strategy={0: 40, 1: 40})
    refused(more.fit_resample, swapped, y, match="same order")


def test_a_column_without_a_known_category_is_warned_of():
    rng = np.random.default_rng(0)
    zips = rng.integers(94110, 94116, 60)
    frame = pd.DataFrame({"zip": zips.astype(str), "v": rng.normal(size=60)})
    model = ConvNetClassifier(max_epochs=1).fit(frame, zips > 94112)
    for now, kind in ((zips, "int"), (zips.astype(float), "float"), (frame["zip"] + " ", "str")):
        with pytest.warns(UserWarning, match=f"'zip'.* were str.* now are {kind}.*say the same"):
            model.predict(frame.assign(zip=now))
    with pytest.warns(UserWarning, match="'zip'.*such as 'Rome'.*not known"):
        model.predict(frame.assign(zip="Rome"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(frame.assign(zip=["Rome", *frame["zip"][1:]]))
        model.predict(frame.assign(zip=pd.Series([None] * 60, dtype=object)))


# Memory and dtypes --------------------------------------------------------------------------


def swapped(array):
    return array.astype(array.dtype.newbyteorder())


def strided(array):
    return np.repeat(array, 2, axis=0)[::2]


def mapped(array, folder):
    np.save(folder / "X.npy", array)
    return np.load(folder / "X.npy", mmap_mode="r")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("arrange", [np.asfortranarray, strided, swapped, mapped])
def test_memory_layout_does_not_matter(build, pictures, arrange, dtype, tmp_path):
    X, y = pictures[0].astype(dtype), pictures[1]
    arranged = mapped(X, tmp_path) if arrange is mapped else arrange(X)
    expected = build().fit(X, y).predict_proba(X)
    assert_array_equal(build().fit(arranged, y).predict_proba(arranged), expected)


NUMBERS = ["bool", "int8", "uint8", "int32", "uint16", "int64", "float16", "float32", "float64"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(24, 6), (24, 3, 2)])
def test_inputs_are_bit_identical_afterwards(build, dtype, shape):
    X = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    y = np.arange(24) % 2
    weight = np.ones(24)
    before = X.copy(), y.copy(), weight.copy()
    model = build().fit(X, y, sample_weight=weight)
    model.predict(X)
    model.predict_proba(X)
    for now, then in zip((X, y, weight), before, strict=True):
        assert now.dtype == then.dtype
        assert now.tobytes() == then.tobytes()


# Refused rows -------------------------------------------------------------------------------

Y = np.arange(20) % 2
WRONG_ROWS = {
    "no value": (np.full((20, 3), np.nan), "X has only missing values"),
    "infinity": (np.full((20, 3), np.inf), "X contains infinity"),
    "NaN in an image": (np.full((20, 3, 3), np.nan), "X contains NaN"),
    "infinity in an image": (np.full((20, 3, 3, 1), np.inf), "X contains infinity"),
    "no rows": (np.empty((0, 3)), "0 sample"),
    "no images": (np.empty((0, 3, 3)), "0 sample"),
    "no columns": (np.empty((20, 0)), "0 feature"),
    "no pixels": (np.empty((20, 0, 3)), "does not fit X of shape"),
    "1-D": (np.ones(20), "Expected 2D array.*reshape"),
    "5-D": (np.ones((20, 2, 2, 2, 2)), r"X has 5 dimensions. Pass \(n, n_features\)"),
    "complex": (np.ones((20, 3), complex), "Complex data not supported"),
    "complex images": (np.ones((20, 3, 3), complex), "Complex data not supported"),
    "strings": (np.full((20, 3), "a"), "could not convert string"),
    "channels first": (np.ones((20, 3, 8, 8)), r"channels last. Pass X.transpose\(0, 2, 3, 1\)"),
    "grey channel first": (np.ones((20, 1, 8, 8)), r"channels last"),
    "huge": (np.tile([1e300, -1e300], (20, 1)).T.repeat(10, 0), "column 0, too large.*Divide"),
}


@pytest.mark.parametrize(("X", "message"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_fit_refuses(X, message):
    refused(early().fit, X, Y, match=message)


def test_some_columns_may_be_sparse():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=40), "b": rng.choice(["x", "y"], 40)})
    X["s"] = pd.arrays.SparseArray((np.arange(40) % 5 == 0).astype(int))
    y = np.arange(40) % 2
    expected = DGCClassifier(max_epochs=1, random_state=0).fit(X.assign(s=np.asarray(X["s"])), y)
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert (model.predict_proba(X) == expected.predict_proba(X)).all()


def test_sparse_matrix_is_refused():
    with pytest.raises(TypeError, match="dense data is required"):
        early().fit(sparse.eye(20).tocsr(), Y)


def test_channels_first_images_can_be_transposed_or_named(pictures):
    X, y = pictures
    first = np.repeat(X[:, None], 3, axis=1)
    model = ConvNetClassifier(max_epochs=1)
    assert model.fit(first.transpose(0, 2, 3, 1), y).input_shape_ == (8, 8, 3)
    # Three rows of eight pixels with eight channels: possible, but only when asked for.
    assert model.set_params(image_shape=(3, 8, 8)).fit(first, y).input_shape_ == (3, 8, 8)


@pytest.mark.parametrize(
    "image_shape",
    [(63,), (7, 8), (8, 8, 3), (8,), (2, 2, 4, 4), (-8, -8), (0, 8), (8.0, 8.0), ("8", "8")],
)
def test_wrong_image_shape_is_refused(pictures, image_shape):
    X, y = pictures
    message = "image_shape=.*does not fit.*multiply to the number of values in a row, 64"
    refused(early().set_params(image_shape=image_shape).fit, X.reshape(48, 64), y, match=message)


def test_image_shape_does_not_reshape_images(pictures):
    refused(early().set_params(image_shape=(4, 16)).fit, *pictures, match="does not fit X")


@pytest.mark.parametrize(
    ("fitted", "given", "message"),
    [
        (
            (20, 8, 8),
            (20, 8, 9),
            r"rows of shape \(8, 9\), but .* fitted on rows of shape \(8, 8\)",
        ),
        ((20, 8, 8, 3), (20, 8, 8, 1), r"rows of shape \(8, 8, 1\)"),
        ((20, 8, 8, 3), (20, 8, 8, 4), r"rows of shape \(8, 8, 4\)"),
        ((20, 8, 8), (20, 64), r"rows of shape \(64,\)"),
        ((20, 64), (20, 8, 8), "64 features. Pass the same columns"),
        ((20, 64), (20, 63), "63 features, but .* expecting 64"),
        ((20, 64), (64,), "Expected 2D array"),
        ((20, 8, 8), (0, 8, 8), "0 sample"),
    ],
)
def test_predict_refuses_other_shapes(fitted, given, message):
    model = ConvNetClassifier(max_epochs=1).fit(np.random.default_rng(0).random(fitted), Y)
    refused(model.predict, np.ones(given), match=message)


def test_missing_values_are_refused_where_they_are_not_allowed(blobs):
    X, y = blobs
    model = ConvNetClassifier(max_epochs=1, allow_missing=False).fit(X, y)
    refused(model.predict, np.full((1, 3), np.nan), match="X contains NaN")
    X = X.copy()
    X[3, 1] = np.nan
    refused(model.fit, X, y, match="X contains NaN: column 1 lacks 1 values")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    refused(model.fit, frame, y, match="NaN: column 'b' lacks 1 values.*allow_missing=True")


def test_predict_refuses_images_of_another_brightness(pictures):
    X, y = pictures
    message = "fitted on .* images of values from .* Bring X to the same scale"
    bytes_ = ConvNetClassifier(max_epochs=1).fit(X, y)
    shares = ConvNetClassifier(max_epochs=1).fit(X / 255, y)
    refused(bytes_.predict, X / 255, match=message)
    refused(shares.predict, X, match=message)
    refused(shares.predict, X.astype(float), match=message)
    refused(bytes_.predict, (X - 127.5) / 127.5, match=message)
    # The same numbers in another dtype are the same images, and so is a black one.
    assert_array_equal(bytes_.predict_proba(X.astype(float)), bytes_.predict_proba(X))
    assert_array_equal(bytes_.predict(np.zeros((1, 8, 8))), bytes_.predict(0 * X[:1]))


def test_channels_first_are_named(pictures):
    flat = np.zeros((20, 3 * 8 * 8), dtype=np.uint8)
    model = ConvNetClassifier(max_epochs=1, image_shape=(3, 8, 8))
    refused(model.fit, flat, np.arange(20) % 2, match=r"channels last.*reshape\(-1, 3, 8, 8\)")


# Labels -------------------------------------------------------------------------------------

LABELS = {
    "strings": ["cat", "dog"],
    "strings of unlike length": ["b", "aardvark"],
    "ints with gaps": [-7, 1000],
    "bools": [False, True],
    "whole floats": [2.0, 4.0],
}


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("container", [np.array, lambda y: np.array(y, object), pd.Series, list])
def test_labels_come_back_as_they_are(build, blobs, names, container):
    X, codes = blobs[0][:50], blobs[1][:50]
    y = container([names[c] for c in codes])
    model = build(max_epochs=10, learning_rate=1e-2).fit(X, y)
    assert model.classes_.tolist() == sorted(names)
    predicted = model.predict(X)
    assert predicted.dtype.kind in np.array(names).dtype.kind + "O" * isinstance(names[0], str)
    assert np.mean(predicted == np.asarray(y)) > 0.9


WRONG_LABELS = {
    "none": ([], "y is empty.*one class label per row"),
    "one class": (np.zeros(20), "only one class, 0.0.*at least two classes"),
    "one name": (["only"] * 20, "only one class, 'only'"),
    "continuous": (np.linspace(0, 1, 20), "Unknown label type: continuous"),
    "too few": (Y[:-1], "20 rows but y has 19 labels. Pass one label per row"),
    "None": (None, "requires y to be passed, but the target y is None"),
    "NaN": (np.where(Y, np.nan, 1), "y contains NaN or None: no label in 10 rows"),
    "no name": (
        ["a", "b", None, np.nan] * 5,
        "y contains NaN or None: no label in 10 rows.*Remove such rows",
    ),
    "two columns": (np.ones((20, 2)), r"not supported: y has shape \(20, 2\)"),
    "names and numbers": (
        ["a", 1] * 10,
        "y contains labels of several types.*Convert them to one type",
    ),
}


@pytest.mark.parametrize(("y", "message"), WRONG_LABELS.values(), ids=WRONG_LABELS)
def test_fit_refuses_labels(y, message):
    y = np.array(y, dtype=object) if isinstance(y, list) else y
    refused(early().fit, np.ones((20, 3)), y, match=message)


@pytest.mark.parametrize("size", [1, 2])
def test_classes_of_one_or_two_rows_can_be_learnt(build, size):
    X = np.random.default_rng(0).normal(size=(20 + size, 3))
    y = np.repeat(["common", "rare"], [20, size])
    model = build().fit(X, y)
    assert model.class_counts_.tolist() == [20, size]
    assert np.isfinite(model.predict_log_proba(X)).all()


# Sample weights -----------------------------------------------------------------------------

WRONG_WEIGHTS = {
    "too few": (np.ones(19), r"sample_weight has shape \(19,\), expected \(20,\)"),
    "two columns": (np.ones((20, 2)), r"sample_weight has shape \(20, 2\)"),
    "a number": (2.0, r"sample_weight has shape \(1,\)"),
    "negative": (np.linspace(-0.5, 1, 20), "sample_weight contains -0.5. .*at least 0"),
    "NaN": (np.full(20, np.nan), "sample_weight contains NaN"),
    "a class without": (
        Y,
        "sample_weight is zero for every row of class 0. .*give some of its rows a positive weight",
    ),
    "all zero": (np.zeros(20), "sample_weight is zero for every row of class 0"),
}


@pytest.mark.parametrize(("weight", "message"), WRONG_WEIGHTS.values(), ids=WRONG_WEIGHTS)
def test_fit_refuses_weights(weight, message):
    refused(early().fit, np.ones((20, 3)), Y, weight, match=message)


def test_rows_of_weight_zero_are_left_out(build, blobs):
    X, y = blobs
    kept = np.arange(60) % 3 > 0
    expected = build().fit(X[kept], y[kept], np.ones(kept.sum())).predict_proba(X)
    model = build().fit(X, y, kept.astype(float))
    assert_array_equal(model.predict_proba(X), expected)
    assert_array_equal(model.class_counts_, np.bincount(y[kept]))


# The validation split -----------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 30), min_size=2, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**31),
)
def test_holdout_keeps_every_class_on_both_sides(sizes, fraction, seed):
    target = np.repeat(np.arange(len(sizes)), sizes)
    train, held_out = stratified_holdout(target, fraction, seed, np.arange(len(sizes)))
    assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(len(target)))
    for part in (train, held_out):
        assert set(target[part]) == set(target)
    counts = np.bincount(target[held_out])
    # At least one and not all; otherwise the nearest whole number of rows.
    expected = np.clip(fraction * np.array(sizes), 1, np.array(sizes) - 1)
    assert (np.abs(counts - expected) <= 0.5).all()


def test_holdout_follows_its_seed():
    target = np.repeat([0, 1], 50)
    one, same, other = (stratified_holdout(target, 0.2, s, np.arange(2))[1] for s in (1, 1, 2))
    assert_array_equal(one, same)
    assert one.tolist() != other.tolist()


def test_early_stopping_refuses_a_class_of_one_row():
    y = np.array(["common"] * 19 + ["rare"])
    model = early().set_params(early_stopping=True)
    refused(model.fit, np.ones((20, 3)), y, match="Class 'rare' has one row.*early_stopping=False")


def test_early_stopping_trains_on_the_rest(build, blobs):
    model = build(early_stopping=True, validation_fraction=0.5).fit(*blobs)
    assert model.class_counts_.tolist() == [15, 10, 5]
    assert 0 <= model.history_[0]["val_acsa"] <= 1


# Callbacks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("callback", ["a word", JSONLines])
def test_callbacks_are_instances(callback):
    refused(
        ConvNetClassifier(callbacks=[callback]).fit, np.ones((20, 3)), Y, match="is no instance"
    )


@pytest.mark.parametrize("estimator", [ConvNetClassifier, IMSIC])
def test_early_stopping_is_a_parameter(estimator):
    model = estimator(callbacks=[EarlyStopping(2)])
    refused(model.fit, np.ones((20, 3)), Y, match="no validation score without early_stopping=True")


@pytest.mark.parametrize("sampler", [IMSIC(), GenerativeOverSampler(DGCClassifier())])
@pytest.mark.parametrize("kind", [int, bool])
def test_samplers_refuse_numbers_as_objects_before_they_train(sampler, kind):
    y = pd.Series(Y.astype(kind), dtype=object)
    for method in (sampler.fit, sampler.fit_resample):
        refused(method, np.ones((20, 3)), y, match="labels, but dtype object. Convert y")


@pytest.mark.parametrize("where", ["X", "y", "later rows"])
def test_masked_values_are_refused_and_a_mask_of_nothing_is_not(where):
    rng = np.random.default_rng(0)
    X, y = np.ma.masked_array(rng.normal(size=(40, 2))), np.ma.masked_array(np.arange(40) % 2)
    later = X.copy()
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y)
    {"X": X, "y": y, "later rows": later}[where][3] = np.ma.masked
    with pytest.raises(InvalidInputError, match=r"of a masked array are masked.*filled"):
        model.predict(later) if where == "later rows" else model.fit(X, y)
