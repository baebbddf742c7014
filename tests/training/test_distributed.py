"""Two processes get the result of one, and neither waits for another that has ended.

They run this file as a script, whose first process stores what the tests look at.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from equipoise import IMSIC, DGCClassifier
from equipoise.errors import InvalidParameterError, LostProcessError
from equipoise.training import Callback, Checkpoint
from equipoise.training import distributed as shared


class Double:
    """Training in double precision: what remains is more than rounding."""

    def _plan(self, network, data, fit):
        network.double()
        data.class_counts, load = data.class_counts.double(), data.load
        data.load = lambda rows: load(rows).double()
        return super()._plan(network, data, fit)

    def _log_posterior(self, network, x, spec):
        return super()._log_posterior(network, x.double(), spec)

    def _after_training(self, network, fit):
        return super()._after_training(network.float(), fit)


class DoubleDGC(Double, DGCClassifier):
    """DGC in double precision."""


class DoubleIMSIC(Double, IMSIC):
    """IMSIC in double precision."""


def rows(name):
    """Rows whose batches cannot be divided by two."""
    random = np.random.default_rng(0)
    y = np.arange(27) % 3
    if "table" in name:
        numbers = random.normal(size=(27, 2))
        numbers[::5, 0] = np.nan
        table = pd.DataFrame(numbers, columns=["age", "weight"])
        return table.assign(colour=random.choice(["red", "green", "blue"], 27)), y
    return random.integers(0, 256, (27, 8, 8, 3), dtype=np.uint8), y


MODELS = {
    "DGC": DoubleDGC(augmentation="flip", dropout=0.2, early_stopping=True, n_iter_no_change=9),
    "DGC, paper": DoubleDGC.paper(
        augmentation="affine", n_codes=2, latent_optimization=True, pretrain_steps=2
    ),
    "DGC, table": DoubleDGC(),
    "IMSIC": DoubleIMSIC(structure="paper"),
    "IMSIC, paper": DoubleIMSIC(architecture="paper", label_use="unsupervised"),
    "IMSIC, table": DoubleIMSIC(),
}
COMMON = {"max_epochs": 2, "batch_size": 9, "precision": "float32", "random_state": 0}
COMMON |= {"device": "cpu"}


def fit(name, **parameters):
    """The fitted model of this name."""
    return MODELS[name].set_params(**COMMON | parameters).fit(*rows(name))


def what_is_left(model):
    """History without the times, and weights."""
    history = [{k: v for k, v in record.items() if k != "seconds"} for record in model.history_]
    return {"history": history, "weights": model.network_.state_dict()}


def normalise():
    """Batch normalisation of rows, of which each process has a part, and its gradients."""
    torch.manual_seed(0)
    x = 100 + torch.randn(7, 3, 2, 2, dtype=torch.float64)
    scale = torch.rand(7, 3, 2, 2, dtype=torch.float64)
    layer = nn.BatchNorm2d(3, momentum=None).double()
    x.requires_grad_()
    with shared.whole_batch_statistics(layer):
        for _ in range(2):
            y = shared.all_rows(layer(shared.own_rows(x, 7)), 7)
    optimizer = torch.optim.SGD([x, *layer.parameters()])
    (y * scale).square().sum().backward()
    shared.average_gradients(optimizer)
    gradients = [p.grad for p in (x, *layer.parameters())]
    return [y.detach(), *gradients, *layer.buffers(), type(layer) is nn.BatchNorm2d]


class Kill(Callback):
    """End the second process as the system would, in the middle of the second epoch."""

    def on_batch_end(self, progress):
        if shared.rank() == 1 and progress.epoch == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder):
    """Everything that the tests look at; the first process stores it."""
    results = {}
    with shared.joined():
        two = torch.arange(14).view(14, 1)  # two batches of seven rows
        results["parts"] = shared.all_rows(shared.own_rows(two, 7), 7)
        results["own"] = shared.own_rows(two, 7)
        results["asked"] = shared.from_first(os.getpid) == os.getpid()
        results["normalised"] = normalise()
        for name in MODELS:
            results[name] = what_is_left(fit(name))
        try:
            fit("DGC", batch_size=1)
        except InvalidParameterError as error:
            results["small"] = str(error)
        started = time.monotonic()
        try:
            fit("IMSIC", callbacks=[Checkpoint(folder / "checkpoint.pt"), Kill()])
        except LostProcessError as error:
            results["lost"] = str(error)
        results["seconds"] = time.monotonic() - started
        torch.save(results, folder / "results.pt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the first of two processes has stored; the second one was killed."""
    folder = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = {"TORCHELASTIC_RUN_ID": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, folder],
            env=os.environ | known | {"RANK": str(rank), "WORLD_SIZE": "2"},
        )
        for rank in range(2)
    ]
    assert [process.wait(300) for process in processes] == [0, -signal.SIGKILL]
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """The stored results."""
    return torch.load(folder / "results.pt")


def test_rows_are_divided_and_gathered_in_their_order(results):
    assert results["own"].ravel().tolist() == [0, 1, 2, 7, 8, 9]
    assert results["parts"].ravel().tolist() == list(range(14))
    assert results["asked"]


def test_batch_normalisation_is_that_of_all_rows(results):
    torch.testing.assert_close(results["normalised"][:-1], normalise()[:-1])
    assert results["normalised"][-1]  # the layer is again what it was


@pytest.mark.parametrize("name", MODELS)
def test_two_processes_train_the_network_of_one(name, results):
    expected = what_is_left(fit(name))
    torch.testing.assert_close(results[name], expected, rtol=1e-6, atol=1e-8)


def test_batches_have_to_have_a_row_for_every_process(results):
    assert "batch_size=1 gives batches of 1 row, too few for 2 processes" in results["small"]


def test_a_killed_process_ends_the_others_and_one_alone_goes_on(results, folder):
    assert "The same command continues" in results["lost"]
    assert results["seconds"] < 10
    path = folder / "checkpoint.pt"
    assert torch.load(path)["epoch"] == 1
    resumed = what_is_left(fit("IMSIC", callbacks=[Checkpoint(path)]))
    torch.testing.assert_close(resumed, results["IMSIC"], rtol=1e-6, atol=1e-8)


def test_one_process_is_left_alone():
    x = torch.zeros(3)
    with shared.joined():
        assert shared.own_rows(x, 3) is shared.all_rows(x, 3) is x
    assert not torch.distributed.is_initialized()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
