"""Bayes by backprop keeps to its mathematics."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from equipoise.baselines import BayesCNN
from equipoise.baselines.bayes_cnn import (
    PREDICTION_SEED,
    BayesianLayer,
    gaussian_kl,
    make_bayesian,
    posterior_kl,
    sampling,
)


@pytest.fixture
def layer():
    """Two inputs to one output, with means 1 and -2, deviations 0.5 and 1, and bias 3."""
    layer = BayesianLayer(nn.Linear(2, 1)).double()
    deviations = torch.tensor([[0.5, 1.0]], dtype=torch.float64)
    with torch.no_grad():
        layer.means.weight.copy_(torch.tensor([[1.0, -2.0]]))
        layer.means.bias.fill_(3.0)
        layer.rho.copy_(torch.log(torch.expm1(deviations)))
    torch.testing.assert_close(layer.deviations(), deviations)
    return layer


def test_divergence_from_the_prior_has_its_closed_form():
    mean, deviation = torch.randn(5, dtype=torch.float64), torch.rand(5, dtype=torch.float64) + 0.1
    expected = kl_divergence(Normal(mean, deviation), Normal(torch.zeros(5).double(), 0.3)).sum()
    torch.testing.assert_close(gaussian_kl(mean, deviation, 0.3), expected)
    assert gaussian_kl(torch.zeros(5), torch.full((5,), 0.3), 0.3).abs() < 1e-6


def test_divergence_is_that_of_all_weights(layer):
    expected = gaussian_kl(layer.means.weight, layer.deviations(), 0.3)
    torch.testing.assert_close(posterior_kl(nn.Sequential(layer, nn.ReLU()), 0.3), expected)


def test_local_reparameterisation_has_the_moments_of_drawn_weights(layer):
    # One input of 2 and 3: mean 1·2 − 2·3 + 3 = −1, variance 0.25·4 + 1·9 = 10.
    x = torch.tensor([[2.0, 3.0]], dtype=torch.float64).expand(200_000, 2)
    with sampling(layer, torch.Generator().manual_seed(0)), torch.no_grad():
        drawn = layer(x)[:, 0]
    assert drawn.mean() == pytest.approx(-1, abs=0.04)
    assert drawn.var() == pytest.approx(10, abs=0.15)
    assert layer(x[:1]).item() == pytest.approx(-1)  # without noise, the means count


def test_in_evaluation_rows_share_the_noise_of_a_draw(layer):
    x = torch.tensor([[2.0, 3.0]], dtype=torch.float64).expand(3, 2)
    layer.eval()
    with sampling(layer, torch.Generator().manual_seed(0)), torch.no_grad():
        draws = torch.stack([layer(x)[:, 0] for _ in range(4000)])
    assert (draws == draws[:, :1]).all()
    assert draws[:, 0].mean() == pytest.approx(-1, abs=0.2)
    assert draws[:, 0].var() == pytest.approx(10, rel=0.1)


def test_convolutions_are_drawn_on_their_own_at_every_position():
    conv = BayesianLayer(nn.Conv2d(1, 1, 3, padding=1, bias=False))
    with sampling(conv, torch.Generator().manual_seed(0)), torch.no_grad():
        conv.rho.fill_(float(np.log(np.expm1(0.2))))
        conv.means.weight.zero_()
        drawn = conv(torch.ones(2000, 1, 5, 5))
    variance = drawn.var(0)[0]
    assert variance[2, 2] == pytest.approx(9 * 0.04, rel=0.1)  # nine weights
    assert variance[0, 0] == pytest.approx(4 * 0.04, rel=0.1)  # four of them inside
    assert abs(np.corrcoef(drawn[:, 0, 2, 2], drawn[:, 0, 2, 3])[0, 1]) < 0.1


def test_inputs_of_zero_have_finite_slopes():
    network = make_bayesian(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2, 2)))
    with sampling(network, torch.Generator()):
        network(torch.zeros(4, 1, 3, 3)).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_a_prediction_averages_over_draws(blobs):
    X, y = blobs
    model = BayesCNN(max_epochs=2, random_state=0, n_draws=5).fit(X, y)
    network = copy.deepcopy(model.network_).double()
    with sampling(network, torch.Generator().manual_seed(PREDICTION_SEED)), torch.no_grad():
        posteriors = [network(model._codec.encode(X).double()).softmax(-1) for _ in range(5)]
    posteriors = torch.stack(posteriors)
    assert posteriors.std(0).max() > 1e-3
    np.testing.assert_allclose(model.predict_proba(X), posteriors.mean(0), atol=1e-9)


def test_a_heavier_divergence_keeps_the_posterior_nearer_to_the_prior(blobs):
    X, y = blobs
    kl = [
        BayesCNN(kl_weight=w, max_epochs=8, random_state=0).fit(X, y).history_[-1]["kl"]
        for w in (0.0, 1.0)
    ]
    assert kl[1] < 0.9 * kl[0]
