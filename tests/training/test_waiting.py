"""Steps run ahead of the device: on one that never gives a value back, they run all the same."""

from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
from equipoise.errors import TrainingDivergedError
from equipoise.training import loop

N_STEPS = 6


class Stop(Exception):  # noqa: N818 (it is no error)
    """The epoch is over."""


class AnyDevice(torch.Generator):
    """A generator on the CPU, whatever the device is."""

    def __new__(cls, *_):
        return super().__new__(cls)


@pytest.fixture
def train_without_values(monkeypatch):
    """Train for an epoch on the device "meta", whose tensors have a shape but no values.

    Returns a function to which an estimator, its rows and their classes are given. The result has
    the steps whose losses were read together. What waits for a value raises an error: ``item``,
    ``float``, ``bool``, ``cpu``, ``nonzero`` and indexing with a mask.
    """
    reads = []

    def read(batches):
        reads.append([batch for batch, _ in batches])
        return [(batch, {"loss": 0.0}) for batch, _ in batches]

    def stop(*_):
        raise Stop

    numbers, to_int = [], torch.Tensor.__int__

    def number(x):
        if x.device.type == "cpu":
            return to_int(x)
        numbers.append(x)  # how many steps a checkpoint has brought may be read, once
        return 0

    adamw = torch.optim.AdamW
    monkeypatch.setattr(loop, "_read", read)
    monkeypatch.setattr(loop, "STEPS_PER_READ", 3)
    # What torch does not have for this device: fused updates, precisions, and random numbers.
    monkeypatch.setattr(torch.optim, "AdamW", lambda *a, fused, **k: adamw(*a, **k))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch, "Generator", AnyDevice)

    def train(model, X, y):
        model.set_params(device="meta", random_state=0, max_epochs=1, batch_size=len(X) // N_STEPS)
        model._validation_score = lambda *_: stop  # called at the end of an epoch
        plan = model._plan

        def plan_with_values(*arguments):
            # Before the first step, values may be fetched.
            ones = lambda x: torch.ones_like(x, device="cpu")  # noqa: E731 (a method has a self)
            with patch.object(torch.Tensor, "cpu", ones):
                return plan(*arguments)

        model._plan = plan_with_values
        with patch.object(torch.Tensor, "__int__", number), pytest.raises(Stop):
            model.fit(X, y)
        assert len(numbers) <= 1
        return reads

    return train


IMAGES = {
    "dgc": DGCClassifier(
        augmentation="flip", dropout=0.2, latent_optimization=True, oversampling_rate=0.6
    ),
    "imsic": IMSIC(structure="paper"),
    "unsupervised": IMSIC(label_use="unsupervised", architecture="paper"),
    "plain": ConvNetClassifier(augmentation="affine"),
    "mixed": ConvNetClassifier(mixing="remix", loss="ldam", architecture="paper"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_no_step_on_images_waits(name, train_without_values):
    X = np.random.default_rng(0).integers(0, 256, (6 * N_STEPS, 8, 8), dtype=np.uint8)
    reads = train_without_values(IMAGES[name], X, np.arange(len(X)) % 3)
    assert [len(read) for read in reads] == [1, 3, 2]
    assert sum(reads, []) == list(range(N_STEPS))


@pytest.mark.parametrize("model", [DGCClassifier(), IMSIC(), ConvNetClassifier()])
def test_no_step_on_a_table_waits(model, train_without_values):
    random = np.random.default_rng(0)
    numbers = random.normal(size=(6 * N_STEPS, 2))
    numbers[::5, 0] = np.nan
    X = pd.DataFrame(numbers, columns=["age", "weight"])
    X["colour"] = random.choice(["red", "green", "blue"], len(X))
    assert sum(train_without_values(model, X, np.arange(len(X)) % 2), []) == list(range(N_STEPS))


class Reported:
    """A plan with a network on a device to wait for, whose steps report these losses."""

    def __init__(self, losses):
        self.modules, self.losses = torch.nn.Linear(1, 1, device="meta"), iter(losses)
        self.optimizers = [torch.optim.SGD(self.modules.parameters(), 0.1)]
        self.generator = torch.Generator().manual_seed(0)

    def step(self, rows):
        return {"loss": torch.tensor(next(self.losses))}


def test_losses_that_are_read_late_are_all_counted():
    losses = [float(i) for i in range(100)]
    history = loop.fit_loop(Reported(losses), 50, max_epochs=2, batch_size=1)
    assert [record["loss"] for record in history] == [24.5, 74.5]


def test_a_loss_that_is_not_finite_is_read_late_and_names_its_step():
    losses = [1.0] * 55 + [float("nan")] * 45
    with pytest.raises(TrainingDivergedError, match=r"step 56 \(epoch 2, batch 6\)"):
        loop.fit_loop(Reported(losses), 50, max_epochs=2, batch_size=1)
