"""The optimiser of all methods beside that of torch."""

import subprocess
import sys
from copy import deepcopy

import torch
from torch import nn

from equipoise.training.steps import LightAdamW, adam

FIT = """
import sys
from sklearn.datasets import load_iris
from equipoise import DGCClassifier
DGCClassifier(max_epochs=1).fit(*load_iris(return_X_y=True))
sys.exit("torch._dynamo" in sys.modules)
"""


def network_after(optimizer_of, n_steps=3, state=None):
    """A network that has taken some steps, in which one layer has no gradient, and its state."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2), nn.Linear(5, 5))
    optimizer = optimizer_of(network)
    if state is not None:
        optimizer.load_state_dict(deepcopy(state))  # which would share its tensors
    for i in range(n_steps):
        optimizer.param_groups[0]["lr"] = 0.01 * (i + 1)
        optimizer.zero_grad()
        network[:2](torch.randn(6, 4)).square().sum().backward()
        optimizer.step()
    return network, optimizer


def of_torch(network):
    return torch.optim.AdamW(
        network.parameters(), 0.01, betas=(0.8, 0.999), weight_decay=0.1, fused=True
    )


def of_this_library(network):
    return adam(network, learning_rate=0.01, beta_1=0.8, weight_decay=0.1)


def test_steps_are_those_of_torch():
    own, optimizer = network_after(of_this_library)
    expected, _ = network_after(of_torch)
    assert isinstance(optimizer, LightAdamW)
    for a, b in zip(own.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)


def test_states_of_torch_are_continued():
    state = network_after(of_torch)[1].state_dict()
    own, _ = network_after(of_this_library, state=state)
    expected, _ = network_after(of_torch, state=state)
    for a, b in zip(own.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)


def test_groups_keep_their_learning_rates():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    groups = [{"params": list(a.parameters())}, {"params": list(b.parameters()), "lr": 0.5}]
    optimizer = LightAdamW(groups, 0.1, fused=True)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]


def test_a_fit_does_not_load_the_compiler_of_torch():
    assert subprocess.run([sys.executable, "-c", FIT], check=False).returncode == 0
