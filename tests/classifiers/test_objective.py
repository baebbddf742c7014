"""The losses of the plain classifier are those of their papers."""

import numpy as np
import pytest
import torch

from equipoise.classifiers.objective import (
    draw_mixing_weights,
    effective_number_weights,
    focal_loss,
    ldam_margins,
    margin_cross_entropy,
    mix,
    paste,
    remix_label_weights,
)


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def batch(request):
    """Logits, classes and weights of 20 samples of three classes."""
    rng = np.random.default_rng(0)
    weight = rng.random(20) if request.param else None
    return 3 * rng.normal(size=(20, 3)), rng.integers(0, 3, 20), weight


def tensors(*arrays):
    return [None if a is None else torch.from_numpy(a) for a in arrays]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_has_its_closed_form(batch, gamma):
    logits, y, weight = batch
    log_p = log_softmax(logits)[np.arange(20), y]
    each = -((1 - np.exp(log_p)) ** gamma) * log_p  # with gamma 0, the cross-entropy
    loss = focal_loss(*tensors(logits, y), gamma, *tensors(weight))
    assert loss.item() == pytest.approx(np.average(each, weights=weight), rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_of_what_is_certain_has_a_finite_slope(gamma):
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0, 0]), gamma).backward()
    assert logits.grad.isfinite().all()
    assert (logits.grad[0] == 0).all()
    torch.testing.assert_close(logits.grad[1], torch.tensor([-0.5, 0.5]))


def test_ldam_margins():
    counts = torch.tensor([16.0 * 81, 81.0, 1.0], dtype=torch.float64)
    expected = torch.tensor([0.5 / 6, 0.5 / 3, 0.5], dtype=torch.float64)
    torch.testing.assert_close(ldam_margins(counts), expected)
    torch.testing.assert_close(ldam_margins(7 * counts), expected)  # weights have no scale
    torch.testing.assert_close(ldam_margins(counts, largest=1.0), 2 * expected)


def test_margin_cross_entropy_has_its_closed_form(batch):
    logits, y, weight = batch
    margins = np.array([0.5, 2.0, 15.0])
    rows = np.arange(20)
    true = np.exp(logits[rows, y] - margins[y])
    others = np.exp(logits).sum(axis=1) - np.exp(logits[rows, y])
    each = -np.log(true / (true + others))
    loss = margin_cross_entropy(*tensors(logits, y, margins, weight))
    assert loss.item() == pytest.approx(np.average(each, weights=weight), rel=1e-12)


def test_effective_number_weights():
    counts = np.array([4000.0, 350.0, 40.0])
    weights = (1 - 0.9999) / (1 - 0.9999**counts)
    actual = effective_number_weights(*tensors(counts))
    np.testing.assert_allclose(actual, weights / weights.mean(), rtol=1e-9)
    # Far from β = 1 all counts are worth one sample, at β = 1 all their samples.
    np.testing.assert_allclose(effective_number_weights(*tensors(counts), beta=1e-3), 1)
    inverse = 1 / counts
    near = effective_number_weights(*tensors(counts), beta=1 - 1e-9)
    np.testing.assert_allclose(near, inverse / inverse.mean(), rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_draw_mixing_weights_have_the_moments_of_their_distribution(alpha):
    shares = draw_mixing_weights(100_000, alpha, torch.Generator().manual_seed(0))
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
    again = draw_mixing_weights(100_000, alpha, torch.Generator().manual_seed(0))
    assert torch.equal(shares, again)


@pytest.mark.parametrize("shape", [(), (2,), (1, 2, 2)], ids=["numbers", "table", "images"])
def test_mix(shape):
    x = torch.tensor([0.0, 8.0, 4.0]).view(3, *[1] * len(shape)).expand(3, *shape)
    mixed = mix(x, x[[1, 2, 2]], torch.tensor([0.25, 0.5, 0.1]))
    assert mixed.shape == x.shape
    expected = torch.tensor([6.0, 6.0, 4.0]).view(3, *[1] * len(shape)).expand(3, *shape)
    torch.testing.assert_close(mixed, expected)


def test_paste_replaces_a_box_and_counts_what_is_left():
    x, partner = torch.zeros(500, 2, 12, 20), torch.ones(500, 2, 12, 20)
    wanted = torch.linspace(0, 1, 500)
    pasted, left = paste(x, partner, wanted, torch.Generator().manual_seed(0))
    assert not x.any()
    np.testing.assert_allclose(left, 1 - pasted[:, 0].mean((1, 2)), atol=1e-6)
    torch.testing.assert_close(pasted[:, 0], pasted[:, 1])
    boxes = pasted[:, 0]
    # A box is the product of its rows and its columns, and never larger than asked for.
    product = boxes.amax(2)[:, :, None] * boxes.amax(1)[:, None, :]
    torch.testing.assert_close(boxes, product)
    assert (1 - left <= 1 - wanted + 0.15).all()
    whole = (boxes[:, [0, -1]].sum((1, 2)) == 0) & (boxes[:, :, [0, -1]].sum((1, 2)) == 0)
    assert (left - wanted)[whole].abs().max() < 0.1  # within the image, up to whole pixels


def test_remix_gives_the_label_to_the_rarer_class():
    cases = torch.tensor(
        [
            # share, count, partner's count, share of the label
            [0.4, 300, 100, 0.0],  # three times as frequent, less than half: the partner's
            [0.5, 300, 100, 0.5],  # not less than half
            [0.4, 299, 100, 0.4],  # not three times
            [0.6, 100, 300, 1.0],  # the other way round
            [0.5, 100, 300, 0.5],
            [0.6, 100, 299, 0.6],
            [0.4, 100, 300, 0.4],  # rarer, but the smaller part of the input
            [0.6, 300, 100, 0.6],
        ]
    )
    share, count, partner_count, expected = cases.T
    torch.testing.assert_close(remix_label_weights(share, count, partner_count), expected)
