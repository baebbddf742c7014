"""The plain classifier learns, and its losses do what they promise."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import recall_score

from equipoise import ConvNetClassifier
from equipoise.training.losses import adjusted_cross_entropy, weighted_mean


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# Losses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_adjusted_cross_entropy_has_its_closed_form(tau, weighted):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    log_prior = np.log([0.9, 0.09, 0.01])
    weight = rng.random(20) if weighted else None
    each = -log_softmax(logits + tau * log_prior)[np.arange(20), y]
    loss = adjusted_cross_entropy(
        torch.from_numpy(logits),
        torch.from_numpy(y),
        torch.from_numpy(log_prior),
        tau,
        None if weight is None else torch.from_numpy(weight),
    )
    assert loss.item() == pytest.approx(np.average(each, weights=weight), rel=1e-12)


def test_logits_of_no_information_are_optimal_when_adjusted():
    # One input, drawn from classes of shares 0.9 and 0.1: with equal sizes it would tell nothing.
    log_prior = torch.tensor([0.9, 0.1]).log()
    y = torch.tensor([0] * 9 + [1])
    logits = torch.zeros(1, 2, requires_grad=True)
    adjusted_cross_entropy(logits.expand(10, 2), y, log_prior, 1.0).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(1, 2))


def test_weighted_mean():
    values = torch.tensor([1.0, 2.0, 6.0])
    assert weighted_mean(values, None) == 3
    assert weighted_mean(values, torch.tensor([0.0, 3.0, 1.0])) == 3
    assert weighted_mean(values, torch.zeros(3)) == 0  # a batch without weight teaches nothing


# Learning -----------------------------------------------------------------------------------


def test_learns_digits():
    digits = load_digits()
    X, y = digits.images, digits.target
    model = ConvNetClassifier(max_epochs=4, random_state=0).fit(X[:500], y[:500])
    assert model.score(X[500:900], y[500:900]) > 0.8  # chance is 0.1
    posterior = model.predict_proba(X[500:900])
    assert (posterior.argmax(axis=1) == model.predict(X[500:900])).all()
    assert posterior.max(axis=1).mean() > 0.6


def test_learns_a_table(blobs):
    X, y = blobs
    model = ConvNetClassifier(max_epochs=8, learning_rate=1e-2, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


@pytest.fixture(scope="module")
def imbalanced():
    """400 rows of one class and 20 of another, which overlap."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 20])
    return rng.normal(size=(420, 2)) + 1.2 * y[:, None], y


def test_logit_adjustment_raises_the_recall_of_rare_classes(imbalanced):
    X, y = imbalanced
    recall = {}
    for loss in ("cross_entropy", "logit_adjusted"):
        model = ConvNetClassifier(loss=loss, max_epochs=8, random_state=0).fit(X, y)
        recall[loss] = recall_score(y, model.predict(X), average=None)
    common, rare = recall["logit_adjusted"] - recall["cross_entropy"]
    assert rare > 0.2
    assert common > -0.35
    assert recall["logit_adjusted"].mean() > recall["cross_entropy"].mean() + 0.1


def test_logit_adjustment_counts_weights_not_rows(imbalanced):
    # Weights that make the classes equal leave nothing to adjust.
    X, y = imbalanced
    weight = np.where(y == 0, 1.0, 20.0)
    posteriors = [
        ConvNetClassifier(loss=loss, max_epochs=1, random_state=0)
        .fit(X, y, weight)
        .predict_proba(X)
        for loss in ("cross_entropy", "logit_adjusted")
    ]
    np.testing.assert_allclose(*posteriors, atol=1e-6)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sample_weight_decides_between_contradicting_labels(blobs, early_stopping):
    X, y = np.repeat(blobs[0], 2, axis=0), np.tile([0, 1], 60)
    for favoured in (0, 1):
        weight = np.where(y == favoured, 10.0, 0.1)
        model = ConvNetClassifier(
            max_epochs=8, learning_rate=1e-2, random_state=0, early_stopping=early_stopping
        )
        assert (model.fit(X, y, weight).predict(X) == favoured).mean() > 0.95


def test_the_scale_of_the_weights_does_not_matter(blobs):
    X, y = blobs
    weight = np.linspace(1, 2, len(y))
    one, other = (
        ConvNetClassifier(max_epochs=2, random_state=0).fit(X, y, factor * weight).predict_proba(X)
        for factor in (1.0, 1024.0)
    )
    np.testing.assert_allclose(one, other, atol=1e-6)
