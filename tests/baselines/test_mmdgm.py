"""The max-margin model keeps to its mathematics."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from equipoise.baselines import MMDGM
from equipoise.baselines.mmdgm import multiclass_hinge, standard_normal_kl


def test_hinge_loss_of_hand_made_scores():
    scores = torch.tensor(
        [
            [3.0, 1.0, 2.0],  # leads by exactly 1: nothing
            [3.0, 1.0, 2.5],  # by 0.5 only: 0.5
            [0.0, 4.0, 1.0],  # behind by 4: 5
            [1.0, 1.0, 1.0],  # undecided: 1
        ]
    )
    expected = torch.tensor([0.0, 0.5, 5.0, 1.0])
    torch.testing.assert_close(multiclass_hinge(scores, torch.zeros(4, dtype=torch.long)), expected)
    # A score that all classes share is no margin.
    torch.testing.assert_close(
        multiclass_hinge(scores + 7, torch.zeros(4, dtype=torch.long)), expected
    )


def test_divergence_from_the_prior_has_its_closed_form():
    mean, log_variance = torch.randn(2, 4, 3, dtype=torch.float64)
    q = Normal(mean, torch.exp(log_variance / 2))
    expected = kl_divergence(q, Normal(torch.zeros_like(mean), 1.0)).sum(-1)
    torch.testing.assert_close(standard_normal_kl(mean, log_variance), expected)


def test_the_mean_code_decides(pictures):
    X, y = pictures
    model = MMDGM(max_epochs=1, latent_dim=4, random_state=0).fit(X, y)
    network = model.network_
    with torch.no_grad():
        mean, _ = network.moments(network.trunk(model._codec.encode(X)))
        scores = network.head(mean)
    np.testing.assert_array_equal(model.predict(X), scores.argmax(1))
    np.testing.assert_allclose(model.predict_proba(X), scores.softmax(1), atol=1e-5)


def test_the_hinge_weight_trades_the_bound_for_margins(blobs):
    X, y = blobs
    light, heavy = (
        MMDGM(hinge_weight=c, max_epochs=8, latent_dim=4, random_state=0).fit(X, y).history_[-1]
        for c in (0.1, 50.0)
    )
    assert heavy["hinge"] < light["hinge"] / 2
    assert heavy["reconstruction"] + heavy["kl"] > light["reconstruction"] + light["kl"]
    total = heavy["reconstruction"] + heavy["kl"] + 50 * heavy["hinge"]
    assert heavy["loss"] == pytest.approx(total, rel=1e-5)
