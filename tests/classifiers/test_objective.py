"""The losses of the plain classifier are those of their papers."""

import numpy as np
import pytest
import torch

from equipoise.classifiers.objective import focal_loss, ldam_margins, margin_cross_entropy


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
