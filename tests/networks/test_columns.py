"""Likelihoods and hard outputs of mixed rows, against NumPy."""

import numpy as np
import pytest
import torch

from equipoise.networks.columns import ColumnBlocks

SHARES = ((0.5, 0.25, 0.25), (0.9, 0.1))  # the second says whether number 1 is missing


@pytest.fixture
def blocks():
    return ColumnBlocks(2, SHARES, (1,))


ROWS = torch.tensor([[1.0, -2, 0, 1, 0, 1, 0], [0.5, 0, 1, 0, 0, 0, 1]])


def test_cross_entropy_is_that_of_numpy_scaled_by_the_entropies(blocks):
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 7)))
    found = blocks.cross_entropy(ROWS.double(), logits)
    expected = np.zeros(2)
    for at, shares in ((slice(2, 5), SHARES[0]), (slice(5, 7), SHARES[1])):
        weights = np.exp(logits[:, at].numpy())
        log_p = np.log(weights / weights.sum(1, keepdims=True))
        entropy = -(np.array(shares) * np.log(shares)).sum()
        expected -= (ROWS[:, at].numpy() * log_p).sum(1) / (2 * entropy)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_best_constant_costs_a_half(blocks):
    n = 40
    rows = torch.zeros(n, 7)
    for at, shares in ((2, SHARES[0]), (5, SHARES[1])):
        for i, c in enumerate(np.repeat(range(len(shares)), np.multiply(shares, n).astype(int))):
            rows[i, at + c] = 1
    constant = torch.tensor([0, 0, *np.log(SHARES[0]), *np.log(SHARES[1])]).float()
    assert blocks.cross_entropy(rows, constant).mean() == pytest.approx(1.0, rel=1e-5)


def test_numbers_that_are_missing_differ_by_nothing(blocks):
    made = torch.full((2, 3, 7), 3.0)
    difference = blocks.difference(ROWS[:, None], made)
    assert difference[0, 2].tolist() == [-2, -5]
    assert difference[1, 2].tolist() == [-2.5, 0]


def test_hard_rows_are_like_data_and_gradients_pass_like_those_of_a_softmax(blocks):
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(50, 7))).requires_grad_()
    row = blocks.one_hot(logits, torch.zeros(50, 5))
    for at in (slice(2, 5), slice(5, 7)):
        np.testing.assert_allclose(row[:, at].detach().sort(1).values[:, -1], 1)
        np.testing.assert_allclose(row[:, at].detach().sum(1), 1)
    missing = row[:, 6] > 0.5
    assert 0 < missing.sum() < 50
    np.testing.assert_allclose(row[:, 1].detach(), logits[:, 1].detach() * ~missing, atol=1e-6)
    (gradient,) = torch.autograd.grad(row[:, 2].sum(), logits)
    (expected,) = torch.autograd.grad(logits[:, 2:5].softmax(1)[:, 0].sum(), logits)
    np.testing.assert_allclose(gradient, expected)


def test_hard_categories_are_drawn_with_the_shares_of_the_softmax(blocks):
    n = 20000
    logits = torch.tensor([[0.0, 0, *np.log(SHARES[0]), *np.log(SHARES[1])]]).float()
    noise = torch.randn(n, 5, generator=torch.Generator().manual_seed(0))
    row = blocks.one_hot(logits.expand(n, -1), noise)
    np.testing.assert_allclose(row[:, 2:].mean(0), [*SHARES[0], *SHARES[1]], atol=0.015)
    assert (blocks.one_hot(logits, torch.zeros(1, 5))[:, 2:] > 0.5).tolist() == [
        [True, False, False, True, False]
    ]


def test_draws_have_the_shares_and_the_spread(blocks):
    logits = torch.tensor([[5.0, 1, *np.log(SHARES[0]), *np.log(SHARES[1])]]).float()
    spread = torch.tensor([0.1, 2])
    drawn = blocks.draw(logits.expand(20000, -1), spread, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn[:, 2:5].argmax(1)) / 20000
    np.testing.assert_allclose(shares, SHARES[0], atol=0.02)
    np.testing.assert_allclose(drawn[:, :2].std(0), spread, rtol=0.03)


def test_a_table_of_numbers_has_no_blocks():
    blocks = ColumnBlocks(3, (), ())
    rows = torch.rand(4, 3)
    assert torch.equal(blocks.one_hot(rows, torch.zeros(4, 0)), rows)
    assert torch.equal(blocks.cross_entropy(rows, rows), torch.zeros(4))
