"""One step of the GAN, and a training that was cut off."""

import numpy as np
import pandas as pd
import pytest
import torch

from equipoise import IMSIC
from equipoise.training import Callback, Checkpoint

TINY = {"max_epochs": 4, "batch_size": 32, "random_state": 0}


class PowerCut(Callback):
    def on_epoch_end(self, progress):
        if progress.epoch == 2:
            raise RuntimeError


@pytest.mark.parametrize("architecture", ["compact", "paper"])
def test_a_resumed_training_equals_an_uninterrupted_one(few_digits, tmp_path, architecture):
    whole = IMSIC(architecture=architecture, **TINY).fit(*few_digits)
    resumed = IMSIC(architecture=architecture, **TINY)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    with pytest.raises(RuntimeError):
        resumed.set_params(callbacks=[checkpoint, PowerCut()]).fit(*few_digits)
    resumed.set_params(callbacks=[checkpoint]).fit(*few_digits)
    expected = whole.network_.state_dict()
    for name, value in resumed.network_.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_the_average_follows_the_generator(few_digits):
    network = IMSIC(**TINY).fit(*few_digits).network_
    average, last = network.average.state_dict(), network.generator.state_dict()
    weights = [n for n, v in last.items() if v.is_floating_point()]
    assert any(not torch.equal(average[n], last[n]) for n in weights)
    name = "body.expand.weight"
    assert (average[name] - last[name]).norm() < 0.5 * last[name].norm()


def test_history_names_every_part(few_digits):
    record = IMSIC(**TINY).fit(*few_digits).history_[-1]
    assert {"loss", "generator", "discriminator", "category", "structure_nodes"} <= set(record)


class Plan(Callback):
    def __deepcopy__(self, memo):
        return self

    def on_fit_start(self, progress):
        self.plan = progress.plan


def test_rows_of_a_table_are_judged_with_noise_on_their_numbers_alone():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=400), "b": rng.choice(["x", "y"], 400), "c": 1.0})
    keeper, seen = Plan(), []
    IMSIC(max_epochs=1, random_state=0, callbacks=[keeper]).fit(X, np.arange(400) % 2)
    x, y, _ = keeper.plan.data.batch(np.arange(400))
    keeper.plan.modules.discriminator.register_forward_pre_hook(lambda _, given: seen.append(given))
    before = x.clone()
    keeper.plan._judge(x, y, len(y))
    assert torch.equal(x, before)
    moved = seen[0][0] - x
    assert moved[:, :2].std().item() == pytest.approx(0.15, rel=0.1)
    assert (moved[:, 2:] == 0).all()


@pytest.mark.parametrize(
    ("kind", "balance", "exponent"),
    [("images", "auto", 0), ("table", "auto", 0.5), ("images", 0.5, 0.5), ("table", 0.0, 1)],
)
def test_classes_are_drawn_by_class_balance(kind, balance, exponent):
    rng, y = np.random.default_rng(0), np.repeat([0, 1, 2], [90, 40, 10])
    X = rng.random((140, 8, 8) if kind == "images" else (140, 3))
    keeper = Plan()
    IMSIC(class_balance=balance, max_epochs=1, random_state=0, callbacks=[keeper]).fit(X, y)
    drawn = np.bincount(y, keeper.plan.sampling_weights.numpy())
    wanted = np.array([90, 40, 10.0]) ** exponent
    np.testing.assert_allclose(drawn, wanted / wanted.sum(), rtol=1e-5)
