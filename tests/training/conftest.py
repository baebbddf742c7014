"""A training small enough to follow by hand."""

import numpy as np
import pytest
import torch
from torch import nn


class LinePlan:
    """y = w x + b by gradient descent; remembers the rows and learning rates of its steps."""

    def __init__(self, n_rows=10, learning_rate=0.1, losses=()):
        self.modules = nn.Linear(1, 1)
        nn.init.constant_(self.modules.weight, 0.0)
        nn.init.constant_(self.modules.bias, 0.0)
        self.optimizers = [torch.optim.SGD(self.modules.parameters(), learning_rate)]
        self.generator = torch.Generator().manual_seed(0)
        self.x = torch.linspace(-1, 1, n_rows)[:, None]
        self.losses = list(losses)  # to report instead of the real ones
        self.rows, self.rates, self.modes = [], [], []

    def step(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        self.rows.append(rows.tolist())
        self.rates.append(self.optimizers[0].param_groups[0]["lr"])
        self.modes.append(self.modules.training)
        x = self.x[torch.from_numpy(rows)]
        loss = (self.modules(x) - 2 * x - 1).square().mean()
        self.optimizers[0].zero_grad()
        loss.backward()
        self.optimizers[0].step()
        if self.losses:
            loss = torch.tensor(self.losses.pop(0))
        return {"loss": loss.detach(), "half": loss.detach() / 2}

    @property
    def weights(self) -> list[float]:
        return [p.item() for p in self.modules.parameters()]


@pytest.fixture
def line():
    """Constructor of the plan above."""
    return LinePlan
