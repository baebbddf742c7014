"""Initial weights by a seed, while other threads draw from the global generator."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
from equipoise.baselines import GAMO
from equipoise.networks.seeding import Seeded


def drawn():
    """Every kind of draw by which layers begin."""
    layers = [
        nn.Linear(3, 2),
        nn.Conv2d(1, 2, 3),
        nn.Embedding(3, 2),
        spectral_norm(nn.Linear(2, 2)),
    ]
    weights = [weight for layer in layers for weight in layer.state_dict().values()]
    orthogonal = nn.init.orthogonal_(torch.empty(3, 3))
    truncated = nn.init.trunc_normal_(torch.empty(5))
    others = [torch.randn(3), torch.rand(3), torch.randperm(9), torch.randint(9, (4,))]
    others += [torch.randint(5, 9, (4,)), torch.randn_like(others[0]), torch.normal(0.0, 1.0, (3,))]
    return [*weights, orthogonal, truncated, *others, nn.Dropout(0.5)(torch.ones(20))]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_numbers_are_those_of_the_global_generator_which_stays_as_it_is():
    torch.manual_seed(4)
    expected = drawn()
    before = torch.get_rng_state()
    with Seeded(4):
        assert equal(drawn(), expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_that_is_given_is_used():
    expected = torch.rand(3, generator=torch.Generator().manual_seed(1))
    with Seeded(4):
        assert torch.equal(torch.rand(3, generator=torch.Generator().manual_seed(1)), expected)


def test_another_thread_neither_disturbs_nor_is_disturbed():
    def meanwhile():
        torch.manual_seed(1)
        others.append(torch.rand(3))

    others = []
    with Seeded(4):
        expected = torch.rand(6)
    with Seeded(4):
        first = torch.rand(3)
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()
        assert torch.equal(torch.cat([first, torch.rand(3)]), expected)
    torch.manual_seed(1)
    assert torch.equal(others[0], torch.rand(3))


@pytest.mark.parametrize("method", [DGCClassifier, ConvNetClassifier, IMSIC, GAMO])
def test_fits_in_threads_are_those_of_one_after_the_other(method):
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0.5).astype(int)

    def weights(seed):
        model = method(max_epochs=1, random_state=seed).fit(X, y)
        return list(model.network_.state_dict().values())

    seeds = [0, 1, 2, 3] * 4
    alone = {seed: weights(seed) for seed in set(seeds)}
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(weights, seeds))
    assert all(equal(found, alone[seed]) for seed, found in zip(seeds, beside, strict=True))
