"""Balanced batches: what is in them, where it comes from, and that a seed repeats them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler
from sklearn.preprocessing import StandardScaler

from equipoise import IMSIC, balanced_dataloader
from equipoise.errors import InvalidInputError, InvalidParameterError


def rows_and_labels(loader):
    """Everything in an epoch."""
    batches = list(loader)
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


def keys(x):
    """Rows as hashable values."""
    return [tuple(row.flatten().tolist()) for row in x]


@pytest.mark.parametrize("batch_size", [12, 16, 2])
def test_every_batch_and_the_epoch_are_balanced(blobs, batch_size):
    X, y = blobs  # 30, 20 and 10 rows
    loader = balanced_dataloader(X, y, batch_size=batch_size, random_state=0)
    n_batches = -(-60 // batch_size)
    assert len(loader) == n_batches == len(list(loader))
    for _, target in loader:
        counts = target.bincount(minlength=3)
        assert counts.sum() == batch_size and counts.max() - counts.min() <= 1
    totals = rows_and_labels(loader)[1].bincount(minlength=3)
    assert totals.sum() == n_batches * batch_size and totals.max() - totals.min() <= 1


def test_rows_are_real_with_their_labels_and_equally_used(blobs):
    X, y = blobs
    loader = balanced_dataloader(X, y, batch_size=12, random_state=0)
    x, target = rows_and_labels(loader)
    real = dict(zip(keys(torch.from_numpy(X.astype(np.float32))), y, strict=True))
    assert [real[key] for key in keys(x)] == target.tolist()
    uses = [len(set(keys(x[target == c]))) for c in range(3)]
    assert uses == [20, 20, 10]  # 20 places: a part, all, and all of them twice
    assert x.dtype == torch.float32 and target.dtype == torch.int64


def test_an_epoch_is_shuffled_and_the_next_is_another(blobs):
    loader = balanced_dataloader(*blobs, batch_size=60, random_state=0)
    (x, target), (x_next, target_next) = (rows_and_labels(loader) for _ in range(2))
    assert not torch.equal(target, target[:3].repeat(20))  # nor are the classes in a fixed turn
    # 20 places for the 30 rows of class 0
    assert set(keys(x[target == 0])) != set(keys(x_next[target_next == 0]))


def test_the_place_that_is_over_goes_to_every_class(blobs):
    loader = balanced_dataloader(*blobs, batch_size=64, random_state=0)
    totals = [rows_and_labels(loader)[1].bincount() for _ in range(20)]
    assert {total.argmax().item() for total in totals} == {0, 1, 2}


def test_a_seed_repeats_all_epochs_with_and_without_workers(blobs):
    before = torch.get_rng_state()
    loaders = [
        balanced_dataloader(*blobs, batch_size=16, random_state=7, num_workers=n) for n in (0, 2)
    ]
    for _ in range(2):
        alone, helped = map(rows_and_labels, loaders)
        assert torch.equal(alone[0], helped[0]) and torch.equal(alone[1], helped[1])
    assert torch.equal(torch.get_rng_state(), before)
    other = rows_and_labels(balanced_dataloader(*blobs, batch_size=16, random_state=8))
    assert not torch.equal(alone[0], other[0])


def test_images_are_channels_first_in_the_unit_range(pictures):
    X, y = pictures
    x, target = next(iter(balanced_dataloader(X, y, batch_size=10, random_state=0)))
    assert x.shape == (10, 1, 8, 8) and x.dtype == torch.float32
    assert set(keys(x)) <= set(keys(torch.tensor(X) / 255))
    colour = np.repeat(X[..., None], 3, axis=3) // np.array([1, 2, 3], dtype=np.uint8)
    loader = balanced_dataloader(colour, y, batch_size=10, random_state=0)
    pixels, again = next(iter(loader))
    assert pixels.shape == (10, 3, 8, 8) and torch.equal(again, target)
    torch.testing.assert_close(pixels[:, 0], x[:, 0])
    torch.testing.assert_close(
        loader.dataset[3][0], torch.from_numpy(colour[3]).permute(2, 0, 1) / 255
    )
    floats = next(iter(balanced_dataloader(X * 2.0, y, batch_size=10, random_state=0)))[0]
    torch.testing.assert_close(floats, x * 510)  # as they are


def test_labels_are_positions_in_classes(blobs):
    X, y = blobs
    names = np.array(["oak", "ash", "elm"])[y]
    frame = pd.DataFrame(X, columns=list("abc"))
    loader = balanced_dataloader(frame, pd.Series(names), batch_size=30, random_state=0)
    assert loader.dataset.classes.tolist() == ["ash", "elm", "oak"]
    x, target = rows_and_labels(loader)
    label = dict(zip(keys(torch.from_numpy(X.astype(np.float32))), names, strict=True))
    assert [label[key] for key in keys(x)] == loader.dataset.classes[target].tolist()


def test_synthetic_rows_fill_up_the_small_classes(blobs):
    X, y = blobs
    loader = balanced_dataloader(X, y, sampler=SMOTE(), batch_size=90, random_state=0)
    again = balanced_dataloader(X, y, sampler=SMOTE(), batch_size=90, random_state=0)
    x, target = rows_and_labels(loader)
    real = set(keys(torch.from_numpy(X.astype(np.float32))))
    synthetic = torch.tensor([key not in real for key in keys(x)])
    assert target[synthetic].bincount().tolist() == [0, 10, 20]
    assert len(loader) == 1  # of the 60 real rows
    assert torch.equal(x, rows_and_labels(again)[0])  # a seed for SMOTE too


def test_frames_of_either_library_and_labels_in_a_column(blobs):
    X, y = blobs
    expected = balanced_dataloader(X, y, sampler=SMOTE(), random_state=0).dataset
    names = [f"x{i}" for i in range(X.shape[1])]
    for frame in (pl.DataFrame(X, schema=names), pd.DataFrame(X, columns=names)):
        found = balanced_dataloader(frame, y, sampler=SMOTE(), random_state=0).dataset
        assert all(map(torch.equal, found[:], expected[:]))
    with pytest.warns(UserWarning, match="column-vector"):
        found = balanced_dataloader(X, y[:, None], sampler=SMOTE(), random_state=0).dataset
    assert all(map(torch.equal, found[:], expected[:]))


def test_a_sampler_for_tables_resamples_images(pictures):
    loader = balanced_dataloader(*pictures, sampler=SMOTE(random_state=0), batch_size=64)
    x, target = rows_and_labels(loader)
    assert x.shape == (64, 1, 8, 8) and len(set(keys(x[target == 1]))) > 16
    assert x[target == 1, 0, :, 4:].mean() > x[target == 1, 0, :, :4].mean() + 0.3


@pytest.mark.parametrize("dtype", ["uint8", "int8", "bool"])
def test_differences_of_small_integers_do_not_wrap_around(dtype):
    X = np.random.default_rng(0).integers(0, 2, (60, 4, 4)).astype(dtype)
    if dtype != "bool":
        X += 100
    y = np.repeat([0, 1], [50, 10])
    found = balanced_dataloader(X, y, sampler=SMOTE(random_state=0)).dataset[:][0]
    found = (found * 255 if dtype == "uint8" else found).round()
    assert len(found) == 100 and found.min() == X.min() and found.max() == X.max()


def test_nor_do_those_of_a_frame():
    X = pd.DataFrame(np.random.default_rng(0).integers(100, 120, (60, 2)).astype(np.uint8))
    y = np.repeat([0, 1], [50, 10])
    before = X.copy()
    found = balanced_dataloader(X, y, sampler=SMOTE(random_state=0)).dataset[:][0]
    assert len(found) == 100 and found.min() >= 100 and found.max() < 120
    assert (found == found.round()).all()
    pd.testing.assert_frame_equal(X, before)


def test_columns_that_are_no_numbers_are_named():
    X = pd.DataFrame({"a": [1.0, 2.0] * 9, "city": ["Bern", "Oslo"] * 9})
    with pytest.raises(InvalidInputError, match="object values in column 'city'.*Encode"):
        balanced_dataloader(X, np.repeat([0, 1], 9))


def test_a_fitted_generator_is_not_trained_again(blobs, monkeypatch):
    def fit(self, X, y):
        raise AssertionError("trained")

    sampler = IMSIC(max_epochs=1, random_state=0).fit(*blobs)
    before = dict(vars(sampler))
    monkeypatch.setattr(IMSIC, "fit", fit)
    loader = balanced_dataloader(*blobs, sampler=sampler, batch_size=90, random_state=0)
    assert vars(sampler) == before
    expected = sampler.resample(*blobs)[0]
    np.testing.assert_array_equal(loader.dataset[:][0], expected.astype(np.float32))


def test_an_unfitted_generator_is_trained_as_a_clone(pictures):
    sampler = IMSIC(max_epochs=1, random_state=0)
    loader = balanced_dataloader(*pictures, sampler=sampler, batch_size=64)
    assert len(loader.dataset) == 64 and not hasattr(sampler, "network_")


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_what_is_read_shares_no_memory_with_the_input(dtype):
    X, y = np.zeros((8, 2, 2), dtype), np.repeat([0, 1], 4)
    loader = balanced_dataloader(X, y, batch_size=8)
    loader.dataset[:][0].add_(1)
    assert X.sum() == 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"shuffle": True}, "shuffle=True is not possible"),
        ({"drop_last": False}, "drop_last=False is not possible"),
        ({"batch_sampler": [[0]]}, "batch_sampler"),
        ({"sampler": StandardScaler()}, r"sampler=StandardScaler\(\) cannot resample"),
        ({"sampler": SMOTE}, "cannot resample"),
        ({"sampler": torch.utils.data.SequentialSampler([0])}, "cannot resample"),
    ],
)
def test_impossible_parameters(blobs, params, message):
    with pytest.raises(InvalidParameterError, match=message):
        balanced_dataloader(*blobs, **params)


def test_bad_data_is_refused_before_a_sampler_trains(blobs):
    class Trains(RandomUnderSampler):
        def fit_resample(self, X, y):
            raise AssertionError("trained")

    X, y = blobs
    for data, message in [
        ((X[:, 0], y), "Expected 2D array"),
        ((np.where(X > 6, np.nan, X), y), "NaN"),
        ((X.astype(str), y), "dtype"),
        ((X, y[:5]), "60 rows but y has 5 labels"),
        ((X, np.zeros(60)), "only one class"),
        ((np.zeros((60, 3, 8, 8)), y), "channels last"),
    ]:
        with pytest.raises(ValueError, match=message):
            balanced_dataloader(*data, sampler=Trains())


def test_a_sampler_that_loses_a_class_is_an_error(blobs):
    class Drops(RandomUnderSampler):
        def fit_resample(self, X, y):
            return X[y != 1], y[y != 1]

    with pytest.raises(InvalidInputError, match="sampler left no row of class 1"):
        balanced_dataloader(*blobs, sampler=Drops())


def test_dates_and_durations_become_days():
    days = pd.date_range("2026-01-01", periods=40, freq="12h")
    frame = pd.DataFrame(
        {
            "day": days,
            "zoned": days.tz_localize("Europe/Paris"),
            "since": days - days[0],
            "v": np.arange(40.0),
        }
    )
    y = np.repeat([0, 1], [30, 10])
    x, _ = next(iter(balanced_dataloader(frame, y, batch_size=8, random_state=0)))
    row = x[:, 3]
    start = pd.Timestamp("2026-01-01").to_numpy().astype("datetime64[D]").astype(int)
    np.testing.assert_allclose(x[:, 0], start + row / 2)
    np.testing.assert_allclose(x[:, 1], start + row / 2 - 1 / 24, rtol=1e-6)
    np.testing.assert_allclose(x[:, 2], row / 2)
    loader = balanced_dataloader(frame, y, sampler=IMSIC(max_epochs=1).fit(frame, y))
    assert next(iter(loader))[0].shape == (64, 4)
    with pytest.raises(ValueError, match="NaN"):
        balanced_dataloader(frame.assign(day=[pd.NaT, *days[1:]]), y)
