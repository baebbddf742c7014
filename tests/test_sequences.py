"""Lazy rows: the same results as with an array, and never all rows in memory."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from PIL import Image
from sklearn.model_selection import cross_val_score

from equipoise import (
    IMSIC,
    ConvNetClassifier,
    DGCClassifier,
    GenerativeOverSampler,
    SyntheticPretrainingClassifier,
    balanced_dataloader,
)
from equipoise.baselines import DeepSMOTE
from equipoise.datasets import ImageFiles, LazyImages, imbalance
from equipoise.errors import InvalidInputError
from equipoise.sequences import Concatenation, RowSequence, at_most_of_each, extremes, is_lazy

ONE = {"max_epochs": 1, "batch_size": 16, "random_state": 0}


class Lazy:
    """The least that a lazy sequence has; counts what is read."""

    def __init__(self, rows):
        self.rows, self.shape, self.dtype = rows, rows.shape, rows.dtype
        self.n_read = 0

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        if not isinstance(i, int):
            raise TypeError("only ints")
        self.n_read += 1
        return self.rows[i]


class Ascending(Lazy):
    """Takes arrays of ascending positions only, as HDF5 does; remembers how many at once."""

    most = 0

    def __getitem__(self, index):
        if np.ndim(index):
            assert (np.diff(index) > 0).all()
            self.most = max(self.most, len(index))
        return self.rows[index]


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [40, 12])
    X = random.integers(0, 90, (52, 8, 8, 3), dtype=np.uint8)
    X[y == 1] += 100
    return X, y


@pytest.fixture
def mapped(images, tmp_path):
    np.save(tmp_path / "X.npy", images[0])
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("kind", [np.asarray, Lazy, Ascending])
def test_any_index_gives_the_rows_of_the_array(images, kind):
    X = images[0]
    index = np.array([5, 3, 3, 40])
    for rows, expected in (
        (RowSequence(kind(X)), X),
        (RowSequence(RowSequence(kind(X), index), np.array([3, 0])), X[[40, 5]]),
        (RowSequence(kind(X), np.arange(52) > 49), X[50:]),
    ):
        assert rows.shape == expected.shape and rows.dtype == X.dtype and len(rows) == len(expected)
        mask = np.arange(len(expected)) % 2 == 0
        for key in (0, -1, slice(None), slice(1, None), slice(None, None, 2), mask, [1, 0, 1]):
            np.testing.assert_array_equal(rows[key], expected[key])
        np.testing.assert_array_equal(np.asarray(rows), expected)
        np.testing.assert_array_equal(np.concatenate(list(rows.blocks())), expected)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(rows))[:], expected)
        assert rows[:0].shape == (0, 8, 8, 3)


def test_rows_of_a_memory_map_are_not_kept(images, mapped):
    rows = RowSequence(mapped[2:])
    index = np.random.default_rng(0).permutation(50)
    np.testing.assert_array_equal(rows[index], images[0][2:][index])
    np.testing.assert_array_equal(rows[::7], images[0][2::7])
    least, most = extremes(rows)
    np.testing.assert_array_equal(least, images[0][2:].min((1, 2, 3)))
    np.testing.assert_array_equal(most, images[0][2:].max((1, 2, 3)))


def test_changes_of_a_memory_map_that_are_not_in_the_file_are_kept(images, tmp_path):
    np.save(tmp_path / "X.npy", images[0])
    for mode in "c", "r+":
        X = np.load(tmp_path / "X.npy", mmap_mode=mode)
        X[7] = 9
        rows = RowSequence(X)
        for _ in range(3):
            assert (rows[np.array([7, 1])][0] == 9).all()


def test_what_is_lazy():
    array = np.zeros((3, 2, 2))
    assert is_lazy(Lazy(array)) and is_lazy(RowSequence(array))
    others = [array, [1, 2], "text", {"a": 1}, scipy.sparse.eye(3), torch.zeros(3, 2), None, 1.5]
    others += [pd.DataFrame(array[0]), pd.Series([1, 2]), pd.Index([1, 2]), pd.Categorical(["a"])]
    assert not any(map(is_lazy, others))


def test_a_row_unlike_the_others_is_named(images):
    X = list(images[0])
    X[30] = X[30][:4]
    lazy = Lazy(images[0])
    lazy.rows = X
    with pytest.raises(InvalidInputError, match=r"X\[30\] has shape \(4, 8, 3\).*\(8, 8, 3\)"):
        ConvNetClassifier(**ONE).fit(lazy, images[1])


@pytest.mark.parametrize(
    ("estimator", "early_stopping", "kind"),
    [
        (ConvNetClassifier, False, Lazy),
        (ConvNetClassifier, True, Ascending),
        (DGCClassifier, True, "mapped"),
    ],
)
def test_classifiers_do_not_care_where_rows_are(images, mapped, estimator, early_stopping, kind):
    X, y = images
    weight = np.ones(len(y))
    weight[:5] = 0
    rows = mapped if kind == "mapped" else kind(X)
    model = estimator(**ONE, early_stopping=early_stopping)
    expected = model.fit(X, y, weight).predict_proba(X)
    np.testing.assert_array_equal(model.fit(rows, y, weight).predict_proba(rows), expected)


def test_flat_images_may_be_lazy(images):
    X, y = images
    flat = X.reshape(len(X), -1)
    model = ConvNetClassifier(**ONE, image_shape=(8, 8, 3))
    expected = model.fit(flat, y).predict_proba(flat)
    np.testing.assert_array_equal(model.fit(Lazy(flat), y).predict_proba(Lazy(flat)), expected)
    with pytest.raises(ValueError, match="features"):
        model.predict(Lazy(flat[:, :-1]))


def test_a_lazy_table_is_a_table(images):
    X, y = images
    table = X[:, 0, :, 0].astype(np.float64)
    model = ConvNetClassifier(**ONE)
    expected = model.fit(table, y).predict_proba(table)
    np.testing.assert_array_equal(model.fit(Lazy(table), y).predict_proba(Lazy(table)), expected)


def test_bytes_are_read_only_for_the_training(images):
    X, y = images
    lazy = Lazy(X)
    model = ConvNetClassifier(**ONE).fit(lazy, y)
    assert lazy.n_read == len(X)
    lazy.n_read = 0
    model.predict(lazy)
    assert lazy.n_read == len(X)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, Lazy])
def test_values_that_are_not_finite_are_refused(images, bad, kind):
    X = images[0] / np.float32(255)
    model = ConvNetClassifier(**ONE).fit(kind(X), images[1])
    X = X.copy()
    X[3, 1, 1, 0] = bad
    found = "NaN" if np.isnan(bad) else "infinity"
    with pytest.raises(ValueError, match=f"X contains {found}"):
        model.predict(kind(X))
    with pytest.raises(ValueError, match=f"X contains {found}"):
        ConvNetClassifier(**ONE).fit(kind(X), images[1])


@pytest.mark.parametrize(
    ("dtype", "n"), [("U3", 5), ("datetime64[s]", 5), (np.uint8, 0), (object, 5)]
)
def test_rows_that_are_no_images_are_refused(dtype, n):
    with pytest.raises(ValueError, match=f"X has {n} rows and dtype"):
        ConvNetClassifier(**ONE).fit(Lazy(np.empty((n, 8, 8), dtype=dtype)), np.arange(n) % 2)


@pytest.mark.parametrize(
    "sampler", [IMSIC, DeepSMOTE, lambda **o: GenerativeOverSampler(DGCClassifier(**o))]
)
def test_resampled_rows_stay_lazy(images, sampler):
    X, y = images
    sampler = sampler(**ONE)
    expected, y_expected = sampler.fit_resample(X, y)
    lazy = Lazy(X)
    found, y_found = sampler.fit_resample(lazy, y)
    assert isinstance(found, RowSequence) and found.shape == expected.shape
    np.testing.assert_array_equal(found[:], expected)
    np.testing.assert_array_equal(y_found, y_expected)
    np.testing.assert_array_equal(found[np.array([70, 2])], expected[[70, 2]])
    assert isinstance(expected, np.ndarray)


def test_imsic_compares_lazy_rows_as_those_of_an_array(images):
    X, y = images
    samplers = [IMSIC(**ONE).fit(rows, y) for rows in (X, Lazy(X))]
    made = samplers[0].sample(3)
    labels = np.repeat([0, 1], 3)
    nearest = [sampler.nearest_real(made) for sampler in samplers]
    np.testing.assert_array_equal(nearest[0], nearest[1])
    pd.testing.assert_frame_equal(*(sampler.inspect(made, labels) for sampler in samplers))
    groups = np.arange(52) // 4
    for sampler, rows in zip(samplers, (X, Lazy(X)), strict=True):
        sampler.resample(rows, y, groups=groups)
    np.testing.assert_array_equal(samplers[0].groups_, samplers[1].groups_)


def test_pretraining_and_batches_take_lazy_rows(images):
    X, y = images
    model = SyntheticPretrainingClassifier(ConvNetClassifier(**ONE), IMSIC(**ONE))
    expected = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.fit(Lazy(X), y).predict_proba(Lazy(X)), expected)
    for sampler in None, IMSIC(**ONE):
        options = {"sampler": sampler, "batch_size": 8, "random_state": 0}
        batches = [next(iter(balanced_dataloader(rows, y, **options))) for rows in (X, Lazy(X))]
        assert all(map(torch.equal, *batches))


def test_a_subset_of_lazy_rows(images):
    X, y = images
    sizes = {0: 10, 1: 5}
    found = imbalance.subset(RowSequence(Lazy(X)), y, sizes, random_state=0)[0]
    np.testing.assert_array_equal(found, imbalance.subset(X, y, sizes, random_state=0)[0])


def test_folds_of_scikit_learn(images):
    X, y = images
    model = ConvNetClassifier(**ONE)
    expected, found = (cross_val_score(model, x, y, cv=2) for x in (X, RowSequence(Lazy(X))))
    np.testing.assert_array_equal(found, expected)


def test_two_sequences_as_one():
    rows = RowSequence(Concatenation(RowSequence(Lazy(np.eye(3))), RowSequence(np.ones((2, 3)))))
    assert rows.shape == (5, 3)
    np.testing.assert_array_equal(rows[:], np.concatenate([np.eye(3), np.ones((2, 3))]))


def test_other_sequences_are_told_to_become_lazy_images(images):
    pairs = {"image": list(images[0])}
    with pytest.raises(InvalidInputError, match=r"X is a dict.*LazyImages"):
        ConvNetClassifier(**ONE).fit(pairs, images[1])


class Pairs(torch.utils.data.Dataset):
    """A data set of torch: tensors with the channels first, and labels."""

    def __init__(self, X, y):
        self.X, self.y = X, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        if i >= len(self.y):
            raise IndexError
        return torch.from_numpy(self.X[i]).permute(2, 0, 1), int(self.y[i])


def test_a_data_set_of_torch(images):
    X, y = images
    dataset = Pairs(X, y)
    rows = LazyImages(dataset)
    np.testing.assert_array_equal(rows.labels(), y)
    expected = ConvNetClassifier(**ONE).fit(X, y).predict_proba(X)
    found = ConvNetClassifier(**ONE).fit(rows, rows.labels()).predict_proba(rows)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(InvalidInputError, match=r"X is a Pairs.*LazyImages"):
        ConvNetClassifier(**ONE).fit(dataset, y)


def test_files_that_are_decoded_on_the_fly(images, tmp_path):
    X, y = images
    for i, image in enumerate(X):
        Image.fromarray(image).save(tmp_path / f"{i:02}.png")
    files = ImageFiles(sorted(tmp_path.iterdir()))
    expected = ConvNetClassifier(**ONE).fit(X, y).predict_proba(X)
    found = ConvNetClassifier(**ONE).fit(files, y).predict_proba(files)
    np.testing.assert_array_equal(found, expected)


def test_all_rows_of_rare_classes_and_some_of_large_ones():
    target = np.repeat([1, 0], [5, 4000])
    chosen = at_most_of_each(target, 2, 1000)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert np.bincount(target[chosen]).tolist() == [1000, 5]
