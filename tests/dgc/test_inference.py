"""Bayes' rule against a direct computation, and what the bounds may cost."""

import copy

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import logsumexp

from equipoise.dgc import inference
from equipoise.dgc.network import DGCNetwork

SHAPE, CLASSES, DIM, SAMPLES = (8, 8, 1), 4, 3, 6
SETTINGS = {"reconstruction": "l2sq", "reconstruction_weight": 0.7, "density_weight": 1.0}
RULES = [inference.shared_log_joint, inference.conditional_log_joint]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = DGCNetwork(SHAPE, CLASSES, DIM, "compact", "linear").double().eval()
    with torch.no_grad():
        network.from_label.weight.normal_(0, 0.5)
        network.from_features.weight.mul_(3)
        network.head.weight.mul_(10)
    return network


@pytest.fixture(scope="module")
def images():
    values = np.random.default_rng(1).random((20, 1, 8, 8))
    return torch.from_numpy(values ** np.linspace(0.2, 5, 20)[:, None, None, None])


@pytest.fixture(scope="module")
def noise():
    return inference.quasi_normal(SAMPLES, DIM).double()


def terms(network, image, noise, shift):
    """log-weight without the label and log p(y|z) of every code, in NumPy, one code at a time."""
    base = network.recognise(image[None])[0][0].detach().numpy() + shift
    mean, std = base[:DIM], np.exp(base[DIM:] / 2)
    weights, labels = [], []
    for e in noise.numpy():
        z = mean + std * e
        code = torch.from_numpy(z)[None]
        x_hat = network.decoder(code)[0].detach().numpy()
        logits = network.head(code)[0].detach().numpy()
        weights.append(
            -0.7 * 0.5 * ((image.numpy() - x_hat) ** 2).sum()
            + stats.norm.logpdf(z).sum()
            - stats.norm.logpdf(z, mean, std).sum()
        )
        labels.append(logits - logsumexp(logits))
    return np.array(weights), np.array(labels)


def test_shared_rule_is_self_normalised_importance_sampling(network, images, noise):
    prior = torch.tensor([0.1, -0.3, 0.0, 0.5], dtype=torch.float64)
    with torch.no_grad():
        got = inference.shared_log_joint(network, images, noise, **SETTINGS, log_prior_shift=prior)
    for i in range(5):
        weights, labels = terms(network, images[i], noise, 0.0)
        expected = logsumexp(weights[:, None] + labels, axis=0) - logsumexp(weights)
        np.testing.assert_allclose(got[i], expected + prior.numpy(), atol=1e-8)


def test_conditional_rule_is_the_papers_sum(network, images, noise):
    prior = torch.tensor([0.1, -0.3, 0.0, 0.5], dtype=torch.float64)
    with torch.no_grad():
        got = inference.conditional_log_joint(
            network, images, noise, **SETTINGS, log_prior_shift=prior, tolerance=0
        )
    shifts = network.label_shifts().detach().numpy()
    for i in range(5):
        expected = []
        for c in range(CLASSES):
            weights, labels = terms(network, images[i], noise, shifts[c])
            expected.append(logsumexp(weights + labels[:, c]) - np.log(SAMPLES))
        np.testing.assert_allclose(got[i], np.array(expected) + prior.numpy(), atol=1e-8)


@pytest.mark.parametrize("tolerance", [3e-2, 1e-3])
def test_the_bound_changes_no_posterior_by_more_than_the_tolerance(
    network, images, noise, tolerance
):
    rule = inference.conditional_log_joint
    settings = SETTINGS | {"log_prior_shift": torch.zeros(CLASSES, dtype=torch.float64)}
    with torch.no_grad():
        exact = rule(network, images, noise, **settings, tolerance=0).softmax(1)
        quick = rule(network, images, noise, **settings, tolerance=tolerance).softmax(1)
    assert float((exact - quick).abs().max()) <= tolerance * CLASSES
    clear = exact.topk(2).values.diff().abs().squeeze(1) > 2 * tolerance
    assert clear.any()
    assert torch.equal(exact[clear].argmax(1), quick[clear].argmax(1))


@pytest.mark.parametrize("rule", RULES)
def test_a_row_does_not_depend_on_the_others(network, images, noise, rule):
    settings = SETTINGS | {"log_prior_shift": torch.zeros(CLASSES, dtype=torch.float64)}
    with torch.no_grad():
        together = rule(network, images, noise, **settings)
        alone = torch.cat([rule(network, image[None], noise, **settings) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-9)


def test_the_bound_saves_decoding(network, images, noise, monkeypatch):
    network = copy.deepcopy(network)
    with torch.no_grad():
        network.head.weight.mul_(50)  # one clear class leaves no contender
    decoded = []
    original = network.decoder.forward
    monkeypatch.setattr(network.decoder, "forward", lambda z: decoded.append(len(z)) or original(z))
    settings = SETTINGS | {"log_prior_shift": torch.zeros(CLASSES, dtype=torch.float64)}
    counts = []
    with torch.no_grad():
        for tolerance in (0, 0.5):
            decoded.clear()
            inference.conditional_log_joint(network, images, noise, **settings, tolerance=tolerance)
            counts.append(sum(decoded))
    assert counts[1] < counts[0]


def test_quasi_normal_is_fixed_and_standard():
    points = inference.quasi_normal(512, 8)
    assert torch.equal(points, inference.quasi_normal(512, 8))
    np.testing.assert_allclose(points.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(points.std(0), 1, atol=0.05)
