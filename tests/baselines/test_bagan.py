"""BAGAN: the Gaussians of the codes, and rows of the class that is asked for."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from equipoise.baselines import BAGAN
from equipoise.baselines.bagan import BAGANNetwork, gaussian
from equipoise.errors import InvalidInputError, InvalidParameterError

TINY = {"pretrain_epochs": 1, "max_epochs": 1, "batch_size": 16, "random_state": 0}


def test_gaussian_has_the_moments_of_the_codes():
    codes = np.random.default_rng(0).normal(size=(50, 3)) @ np.array(
        [[2, 0, 0], [1, 1, 0], [0, 3, 0.1]]
    )
    mean, factor = gaussian(torch.from_numpy(codes))
    np.testing.assert_allclose(mean, codes.mean(0))
    np.testing.assert_allclose(factor @ factor.T, np.cov(codes.T), atol=1e-5)


def test_gaussian_of_fewer_codes_than_dimensions():
    mean, factor = gaussian(torch.tensor([[1.0, 2.0, 3.0]]))
    assert mean.tolist() == [1, 2, 3]
    assert (factor @ factor.T).abs().max() < 1e-5


def test_codes_come_from_the_gaussian_of_their_class():
    network = BAGANNetwork((5,), 2, 2, "compact")
    network.code_mean[1] = torch.tensor([3.0, -3.0])
    network.code_factor[1] = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
    y = torch.arange(2).repeat_interleave(20_000)
    codes = network.draw_codes(y, torch.Generator().manual_seed(0)).numpy()
    np.testing.assert_allclose(codes[20_000:].mean(0), [3, -3], atol=0.05)
    np.testing.assert_allclose(np.cov(codes[20_000:].T), [[4, 2], [2, 1.25]], atol=0.1)
    np.testing.assert_allclose(np.cov(codes[:20_000].T), np.eye(2), atol=0.05)


def test_rows_are_of_the_class_asked_for_and_depend_on_the_seed_alone(few_digits):
    X, y = few_digits
    sampler = BAGAN(pretrain_epochs=8, max_epochs=4, batch_size=32, random_state=0).fit(X, y)
    judge = KNeighborsClassifier(3).fit(X.reshape(len(X), -1), y)
    made = sampler.sample(40)
    share = (judge.predict(made.reshape(160, -1)) == np.repeat(sampler.classes_, 40)).mean()
    assert share > 0.8
    assert made.dtype == X.dtype and len(np.unique(made.reshape(160, -1), axis=0)) > 150
    again = BAGAN(pretrain_epochs=8, max_epochs=4, batch_size=32, random_state=0).fit(X, y)
    assert (again.sample(40) == made).all()
    assert not (sampler.sample(40, random_state=1) == made).all()


def test_one_fit_for_many_resamplings_and_for_a_saved_sampler(few_digits, tmp_path):
    X, y = few_digits
    sampler = BAGAN(**TINY).fit(X, y)
    expected, labels = sampler.resample(X, y, sampling_strategy={"four": 30})
    assert (expected[: len(X)] == X).all() and (labels == "four").sum() == 30
    assert (sampler.resample(X, y)[1] == "two").sum() == (y == "one").sum()
    sampler.save(tmp_path / "sampler")
    loaded = BAGAN.load(tmp_path / "sampler")
    assert (loaded.resample(X, y, sampling_strategy={"four": 30})[0] == expected).all()


def test_warm_start_keeps_the_gaussians(few_digits):
    X, y = few_digits
    sampler = BAGAN(warm_start=True, **TINY).fit(X, y)
    before = sampler.network_.code_mean.clone()
    assert before.abs().sum() > 0
    sampler.fit(X, y)
    assert torch.equal(sampler.network_.code_mean, before) and len(sampler.history_) == 2


def test_impossible_requests(few_digits):
    X, y = few_digits
    with pytest.raises(
        InvalidParameterError, match="'pretrain_epochs' parameter .* Got -1 instead"
    ):
        BAGAN(pretrain_epochs=-1).fit(X, y)
    with pytest.raises(InvalidInputError, match="'five'"):
        BAGAN(**TINY).fit(X, y).sample(2, y="five")
