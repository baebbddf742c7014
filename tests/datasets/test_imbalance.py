"""The imbalance protocols: sizes, and the subsets that have them."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.datasets import imbalance

few = settings(max_examples=40, deadline=None)
labels = st.one_of(
    st.lists(st.integers(-2, 3), min_size=1, max_size=60),
    st.lists(st.sampled_from(["ant", "bee", "cow"]), min_size=1, max_size=60),
)


@st.composite
def protocols(draw):
    """Labels, and a size for each class that has as many."""
    y = np.array(draw(labels))
    classes, counts = np.unique(y, return_counts=True)
    sizes = {
        c: draw(st.integers(1, n)) for c, n in zip(classes.tolist(), counts.tolist(), strict=True)
    }
    return y, sizes


@few
@given(protocols(), st.integers(0, 2**32 - 1))
def test_a_subset_has_the_sizes_and_only_rows_of_the_data(protocol, seed):
    y, sizes = protocol
    X = np.arange(2 * len(y)).reshape(-1, 2)
    X_before, y_before = X.copy(), y.copy()
    X_new, y_new, indices = imbalance.subset(X, y, sizes, seed, return_indices=True)
    classes, counts = np.unique(y_new, return_counts=True)
    assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == sizes
    assert len(set(indices.tolist())) == len(indices)
    np.testing.assert_array_equal(X_new, X[indices])
    np.testing.assert_array_equal(y_new, y[indices])
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    assert not np.shares_memory(X, X_new)


@few
@given(protocols(), st.integers(0, 1000))
def test_a_seed_fixes_the_subset_and_a_larger_one_contains_it(protocol, seed):
    y, sizes = protocol
    _, _, small = imbalance.subset(y, y, sizes, seed, return_indices=True)
    _, _, again = imbalance.subset(y, y, sizes, seed, return_indices=True)
    classes, counts = np.unique(y, return_counts=True)
    whole = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    _, _, large = imbalance.subset(y, y, whole, seed, return_indices=True)
    np.testing.assert_array_equal(small, again)
    assert sorted(large) == list(range(len(y)))
    # The first n of each class of the one shuffle.
    kept = set(small.tolist())
    np.testing.assert_array_equal(small, [i for i in large if i in kept])
    for c, n in sizes.items():
        assert small[y[small] == c].tolist() == large[y[large] == c][:n].tolist()


def test_seeds_differ_and_none_is_another_each_time():
    y = np.repeat([0, 1], 500)
    draws = [
        tuple(imbalance.subset(y, y, {0: 50, 1: 5}, seed, return_indices=True)[2])
        for seed in (0, 1, 2, None, None)
    ]
    assert len(set(draws)) == 5


def test_every_row_is_as_likely():
    y = np.zeros(20, dtype=int)
    times = np.zeros(20)
    rng = np.random.default_rng(0)
    for _ in range(2000):
        times[imbalance.subset(y, y, {0: 5}, rng, return_indices=True)[2]] += 1
    # 500 expected, standard deviation 19.
    assert times.min() > 400
    assert times.max() < 600


def test_a_subset_stays_the_same_between_releases():
    y = np.arange(40) % 4
    _, _, indices = imbalance.subset(y, y, {0: 4, 1: 3, 2: 2, 3: 1}, 7, return_indices=True)
    assert indices.tolist() == [17, 37, 34, 18, 32, 1, 36, 27, 20, 24]


def test_generators_move_on():
    y = np.zeros(100, dtype=int)
    for rng in np.random.RandomState(0), np.random.default_rng(0):
        first, _ = imbalance.subset(np.arange(100), y, {0: 10}, rng)
        second, _ = imbalance.subset(np.arange(100), y, {0: 10}, rng)
        assert first.tolist() != second.tolist()


def test_a_dataframe_keeps_columns_types_and_index():
    X = pd.DataFrame(
        {"a": np.arange(6), "b": pd.Categorical(list("xyzxyz"))}, index=[9, 9, 7, 6, 5, 4]
    )
    y = pd.Series(["no", "no", "no", "yes", "yes", "yes"], index=X.index, name="target")
    before = X.copy()
    X_new, y_new, indices = imbalance.subset(X, y, {"no": 2, "yes": 1}, 0, return_indices=True)
    pd.testing.assert_frame_equal(X_new, X.iloc[indices])
    pd.testing.assert_series_equal(y_new, y.iloc[indices])
    X_new.loc[:, "a"] = -1
    pd.testing.assert_frame_equal(X, before)


def test_a_read_only_memory_map(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 3), dtype=np.uint8)
    np.save(tmp_path / "X.npy", images)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    y = np.repeat([0, 1], 10)
    X_new, _, indices = imbalance.subset(X, y, {0: 8, 1: 2}, 0, return_indices=True)
    np.testing.assert_array_equal(X_new, images[indices])
    assert X_new.flags.writeable
    assert X_new.shape == (10, 4, 4, 3)


def test_lists_and_sparse_matrices():
    X, y = imbalance.subset([[1], [2], [3]], ["a", "b", "a"], {"a": 1, "b": 1}, 0)
    assert X.shape == (2, 1)
    assert sorted(y) == ["a", "b"]
    sparse, _ = imbalance.subset(scipy.sparse.eye(3, format="csr"), [0, 1, 0], {0: 1, 1: 1}, 0)
    assert sparse.shape == (2, 3)


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ({0: 4, 1: 2}, ["4", "class 0", "3"]),
        ({0: 1, 1: 1, 7: 1}, ["7", "[0, 1]"]),
        ({0: 1}, ["leaves out", "[1]"]),
        ({0: 1, 1: 0}, ["0 rows", "class 1"]),
        ({0: 1, 1: -1}, ["-1", "class 1"]),
        ({0: 1, 1: 1.0}, ["1.0", "class 1"]),
        ({0: True, 1: 1}, ["True", "class 0"]),
        ({"0": 1, "1": 1}, ["'0'", "[0, 1]"]),
    ],
)
def test_impossible_sizes_are_refused(sizes, parts):
    with pytest.raises(ValueError, match="sizes") as caught:
        imbalance.subset(np.zeros((5, 2)), np.array([0, 0, 0, 1, 1]), sizes)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("X", "y", "complaint"),
    [
        (np.zeros((3, 1)), [0, 1], "3 rows, y has 2"),
        (np.zeros((2, 1)), [[0], [1]], r"shape \(2, 1\)"),
        (np.zeros((0, 1)), [], "shape"),
        (np.zeros((2, 1)), [0.0, np.nan], "NaN"),
        (np.zeros((2, 1)), np.array(["a", None], dtype=object), "mixes"),
    ],
)
def test_data_that_do_not_fit_are_refused(X, y, complaint):
    with pytest.raises(ValueError, match=complaint):
        imbalance.subset(X, y, {0: 1, 1: 1})


@pytest.mark.parametrize("random_state", [-1, "seed", 2**32, 1.5])
def test_a_senseless_seed_is_refused(random_state):
    with pytest.raises(ValueError, match="random_state="):
        imbalance.subset([[0]], [0], {0: 1}, random_state)


def test_published_sizes():
    digits = (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40)
    assert tuple(imbalance.published("mnist").values()) == digits
    assert imbalance.published("fashion-mnist") == imbalance.published("mnist")
    assert list(imbalance.published("mnist")) == list(range(10))
    svhn = (4500, 2000, 1000, 800, 600, 500, 400, 250, 150, 80)
    assert tuple(imbalance.published("svhn").values()) == svhn
    assert imbalance.published("celeba") == {0: 15000, 1: 1500, 2: 750, 3: 300, 4: 150}
    with pytest.raises(ValueError, match=r"'folder'.*mnist"):
        imbalance.published("folder")


def test_the_long_tails_of_cifar_10():
    y = np.repeat(np.arange(10), 5000)
    assert imbalance.class_sizes("published", "cifar-10", y) == imbalance.published("cifar-10")
    totals = {r: sum(imbalance.exponential(y, r).values()) for r in (10, 50, 100)}
    assert totals == {10: 20431, 50: 13996, 100: 12406}
    assert sum(imbalance.published("cifar-10").values()) == 12406
    # The rule also holds where some images are set apart.
    fewer = imbalance.class_sizes("published", "cifar-10", np.repeat(np.arange(10), 4000))
    assert (fewer[0], fewer[9], sum(fewer.values())) == (4000, 40, 9922)


def test_the_sizes_of_another_data_set():
    y = np.repeat(np.arange(10), 5000)
    assert imbalance.class_sizes("published:svhn", "cifar-10", y) == imbalance.published("svhn")
    for wrong in "published:", "published:cifar", "published:svhn:2":
        with pytest.raises(ValueError, match="is not one of published"):
            imbalance.class_sizes(wrong, "cifar-10", y)


def test_published_sizes_cannot_be_spoilt():
    imbalance.published("mnist")[0] = 1
    assert imbalance.published("mnist")[0] == 4000


def test_exponential_gives_the_sizes_of_long_tailed_cifar():
    y = np.repeat(np.arange(10), 5000)
    sizes = imbalance.exponential(y, 100)
    assert list(sizes.values()) == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert list(sizes) == list(range(10))


def test_whole_numbers_stay_whole():
    # 49 * 49 ** -1 falls just short of 1 in floating point.
    assert list(imbalance.exponential(np.arange(147) % 3, 49).values()) == [49, 7, 1]


balanced_enough = st.integers(2, 8).flatmap(
    lambda c: st.lists(st.integers(3, 40), min_size=c, max_size=c)
)


@few
@given(balanced_enough, st.floats(0, 1), st.booleans())
def test_rules_fall_from_first_to_last_and_can_be_met(counts, position, strings):
    classes = [f"class {i}" if strings else i for i in range(len(counts))]
    y = np.repeat(classes, counts)
    smallest = min(counts)
    ratio = 1 + position * (smallest - 1)
    for sizes in (
        imbalance.exponential(y, ratio),
        imbalance.step(y, ratio, n_minority=len(counts) - 1),
    ):
        values = list(sizes.values())
        assert list(sizes) == classes
        assert values[0] == smallest
        assert values == sorted(values, reverse=True)
        assert smallest / ratio - 1 < values[-1] <= smallest / ratio + 1e-6
        _, subset = imbalance.subset(y, y, sizes, 0)
        assert len(subset) == sum(values)


def test_step():
    y = ["a"] * 20 + ["b"] * 30 + ["c"] * 25
    assert imbalance.step(y, 10, n_minority=1) == {"a": 20, "b": 20, "c": 2}
    assert imbalance.step(y, 4, n_minority=2) == {"a": 20, "b": 5, "c": 5}


@pytest.mark.parametrize("ratio", [0, 0.9, -1, 21, np.nan, np.inf])
def test_an_impossible_ratio_is_refused(ratio):
    y = np.repeat([0, 1], [20, 30])
    with pytest.raises(ValueError, match=r"ratio=.*1 to 20"):
        imbalance.exponential(y, ratio)
    with pytest.raises(ValueError, match=r"ratio=.*1 to 20"):
        imbalance.step(y, ratio, 1)


@pytest.mark.parametrize("n_minority", [0, 2, -1, 1.5])
def test_an_impossible_number_of_rare_classes_is_refused(n_minority):
    with pytest.raises(ValueError, match="n_minority="):
        imbalance.step([0, 0, 1, 1], 2, n_minority)


def test_a_single_class_cannot_be_imbalanced():
    with pytest.raises(ValueError, match="single class"):
        imbalance.exponential([1, 1, 1], 2)
