"""The mixture model keeps to its mathematics, and its mixture learns."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch.distributions import Normal, kl_divergence

from equipoise.baselines import DGCMM
from equipoise.baselines.dgcmm import DGCMMNetwork, gaussian_kl, mixture_kl
from equipoise.training.steps import repeated_indices


@pytest.fixture
def network():
    """A table of two features, three components, codes of two numbers; all of its prior random."""
    torch.manual_seed(0)
    network = DGCMMNetwork((2,), 3, 2, "compact").double()
    with torch.no_grad():
        network.prior_logits.normal_()
        network.prior_log_variance.normal_()
    return network


def prior(network):
    """Shares, means and variances of the components, in NumPy."""
    logits = network.prior_logits.detach().numpy()
    shares = np.exp(logits) / np.exp(logits).sum()
    mean, log_variance = network.prior_mean.detach(), network.prior_log_variance.detach()
    return shares, mean.numpy(), np.exp(log_variance.numpy())


def test_joint_density_of_codes_and_components(network):
    shares, means, variances = prior(network)
    z = torch.randn(4, 5, 2, dtype=torch.float64)
    expected = [
        np.log(share) + multivariate_normal(mean, np.diag(variance)).logpdf(z)
        for share, mean, variance in zip(shares, means, variances, strict=True)
    ]
    actual = network.log_joint(z).detach()
    np.testing.assert_allclose(actual, np.stack(expected, -1), rtol=1e-10)


def test_divergence_of_gaussians_has_its_closed_form():
    means, log_variances = torch.randn(2, 2, 4, 3, dtype=torch.float64)
    one, other = (
        Normal(mean, torch.exp(log_variance / 2))
        for mean, log_variance in zip(means, log_variances, strict=True)
    )
    actual = gaussian_kl(means[0], log_variances[0], means[1], log_variances[1])
    torch.testing.assert_close(actual, kl_divergence(one, other).sum(-1))


def test_divergence_from_the_mixture_has_its_closed_form(network):
    shares, means, variances = prior(network)
    mean, log_variance, z = torch.randn(3, 2, dtype=torch.float64)
    log_density = [
        np.log(s) + multivariate_normal(m, np.diag(v)).logpdf(z)
        for s, m, v in zip(shares, means, variances, strict=True)
    ]
    gamma = np.exp(log_density) / np.exp(log_density).sum()
    v = np.exp(log_variance.numpy())
    to_each = (np.log(variances / v) + (v + (mean.numpy() - means) ** 2) / variances - 1).sum(1) / 2
    expected = gamma @ to_each + gamma @ np.log(gamma / shares)
    actual = mixture_kl(network, mean[None], log_variance[None], z[None])
    assert actual.item() == pytest.approx(expected, rel=1e-10)


def test_divergence_bounds_that_from_the_whole_mixture(network):
    # In expectation over codes, E_q[log q(z|x) − log p(z)] is the least that any q(k|x) reaches.
    mean, log_variance = torch.zeros(1, 2).double(), torch.zeros(1, 2).double()
    z = torch.randn(20_000, 2, dtype=torch.float64)
    with torch.no_grad():
        bound = mixture_kl(network, mean, log_variance, z).mean()
        log_q = multivariate_normal(np.zeros(2)).logpdf(z)
        exact = (torch.from_numpy(log_q) - network.log_joint(z).logsumexp(-1)).mean()
    assert bound > exact - 0.02


def test_the_mixture_is_trained(blobs):
    X, y = blobs
    model = DGCMM(max_epochs=8, latent_dim=4, mixture_weight=1.0, random_state=0).fit(X, y)
    network = model.network_.double()
    fresh = DGCMMNetwork((3,), 3, 4, "compact").double()  # its mixture is as at the start
    with torch.no_grad():
        mean, log_variance = network.moments(network.trunk(model._codec.encode(X).double()))
        after, before = (
            mixture_kl(prior, mean, log_variance, mean).mean() for prior in (network, fresh)
        )
    assert after < before - 1


def test_oversampling_gives_every_class_as_many_codes_as_the_largest(blobs):
    X, y = blobs
    plan = planned(DGCMM(max_epochs=1, latent_dim=4, random_state=0), X, y)
    wanted = plan.repeats[torch.tensor(y)]
    drawn = [repeated_indices(wanted, plan.generator) for _ in range(50)]
    counts = sum(np.bincount(y[rows], minlength=3) for rows in drawn)
    np.testing.assert_allclose(counts / 50, 30, rtol=0.03)  # of 30, 20 and 10 rows


def planned(model, X, y):
    """The plan with which the model was fitted."""
    plans = []
    make = model._plan
    model._plan = lambda *arguments: plans.append(make(*arguments)) or plans[0]
    model.fit(X, y)
    return plans[0]


def test_oversampling_raises_the_recall_of_rare_classes():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 20])
    X = rng.normal(size=(420, 2)) + 1.2 * y[:, None]
    recall = [
        DGCMM(oversampling_rate=r, max_epochs=8, random_state=0).fit(X, y).predict(X)[400:].mean()
        for r in (0.0, 1.0)
    ]
    assert recall[1] > recall[0] + 0.2


def test_prediction_weighs_codes_by_the_objective(blobs):
    X, y = blobs
    options = {"max_epochs": 2, "latent_dim": 2, "n_importance_samples": 3, "mixture_weight": 2.0}
    model = DGCMM(**options, random_state=0).fit(X, y)
    network = model.network_.double()
    noise = torch.randn(3, 2, generator=torch.Generator().manual_seed(0)).double()
    x = model._codec.encode(X[:1]).double()
    with torch.no_grad():
        mean, log_variance = network.moments(network.trunk(x))
        q = Normal(mean, torch.exp(log_variance / 2))
        z = mean + q.stddev * noise
        log_ratio = network.log_joint(z).logsumexp(-1) - q.log_prob(z).sum(-1)
        error = (network.decoder(z) - x).square().mean(1)
        weight = ((2 * log_ratio - error) / 10).softmax(0)
        expected = weight @ network.head(z).softmax(-1)
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], expected, atol=1e-5)
