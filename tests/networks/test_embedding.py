"""Piecewise linear embeddings of numbers."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from equipoise.dgc.network import DGCNetwork
from equipoise.networks.mlp import OUTERMOST, MLPTrunk, PiecewiseLinear
from equipoise.preprocessing.tables import MOST_EMBEDDED, Layout


def test_every_number_has_a_piecewise_linear_function_of_its_own():
    torch.manual_seed(0)
    embedding = PiecewiseLinear(3, n_pieces=4, size=2)
    x = np.random.default_rng(0).normal(size=(50, 3)) * 2
    ends = np.array([-OUTERMOST, *norm.ppf([0.25, 0.5, 0.75]), OUTERMOST])
    weight, bias = embedding.weight.detach().numpy(), embedding.bias.detach().numpy()
    # In column j, entry k is linear between the values that the weights add up to at the ends.
    expected = [
        np.maximum(np.interp(x[:, j], ends, np.r_[0, weight[j, :, k].cumsum()]) + bias[j, k], 0)
        for j in range(3)
        for k in range(2)
    ]
    found = embedding(torch.from_numpy(x).float()).detach().numpy()
    np.testing.assert_allclose(found, np.stack(expected, 1), atol=1e-5)


def test_a_trunk_embeds_only_the_first_columns():
    torch.manual_seed(0)
    trunk = MLPTrunk(5, n_embedded=2)
    assert trunk.embedding.weight.shape[0] == 2
    assert trunk(torch.randn(7, 5)).shape == (7, trunk.out_features)


def test_very_wide_tables_are_not_embedded():
    for n, embeds in ((MOST_EMBEDDED, True), (MOST_EMBEDDED + 1, False)):
        network = DGCNetwork((n,), 2, 4, "compact", "linear", layout=Layout(n, (), ()))
        assert (network.trunk.embedding is not None) == embeds


def test_a_step_changes_wide_layers_as_much_as_usual_ones():
    changes = []
    for n, wide in ((128, False), (1280, True)):
        trunk, rows = MLPTrunk(n, wide=wide), torch.ones(1, n)
        first = trunk.layers[0][0]
        optimizer = torch.optim.SGD(trunk.parameters(), 1)
        before = first(trunk.scale * rows)
        for parameter in trunk.parameters():  # a step of Adam in one direction
            parameter.grad = torch.full_like(parameter, -1e-3)
        optimizer.step()
        changes.append((first(trunk.scale * rows) - before).mean().item())
    assert changes[0] == pytest.approx(changes[1], rel=1e-3)
