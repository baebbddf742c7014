"""The one loop: batches, history, schedules, hooks, and what happens when it is cut short."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from equipoise.errors import TrainingDivergedError
from equipoise.training import Callback, fit_loop
from equipoise.training.batches import Batches
from equipoise.training.schedules import SCHEDULES, learning_rate_factor


class Stop(Callback):
    """Stops, interrupts or fails after so many epochs."""

    def __init__(self, epoch, error=None):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, progress):
        if progress.epoch == self.epoch:
            progress.stop = True
            if self.error:
                raise self.error


class Diary(Callback):
    """Writes down which hook was called where."""

    def __init__(self):
        self.entries = []

    def on_fit_start(self, progress):
        self.entries.append(("start", progress.epoch))

    def on_batch_end(self, progress):
        self.entries.append(("batch", progress.epoch, progress.batch, progress.losses["loss"]))

    def on_epoch_end(self, progress):
        self.entries.append(("epoch", progress.epoch, progress.history[-1]["loss"]))

    def on_fit_end(self, progress):
        self.entries.append(("end", progress.epoch))


# Batches ------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 200), batch_size=st.integers(1, 64))
def test_batches_cover_every_row_once_in_nearly_equal_parts(n, batch_size):
    blocks = list(Batches(n, batch_size, Generator().manual_seed(0)))
    sizes = [len(block) for block in blocks]
    assert sorted(np.concatenate(blocks)) == list(range(n))
    assert len(blocks) == math.ceil(n / batch_size) == len(Batches(n, batch_size, Generator()))
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_every_epoch_has_an_order_of_its_own(line):
    plan = line(n_rows=10)
    fit_loop(plan, 10, max_epochs=3, batch_size=4)
    assert [len(rows) for rows in plan.rows] == [4, 3, 3] * 3
    epochs = [sum(plan.rows[i : i + 3], []) for i in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


# History ------------------------------------------------------------------------------------


def test_history_has_one_record_per_epoch_with_the_mean_of_every_loss(line):
    scores = iter([0.5, 0.25])
    plan = line(losses=[1.0, 2.0, 6.0, 0.0, 0.0, 3.0])
    history = fit_loop(plan, 10, max_epochs=2, batch_size=4, score=lambda: next(scores))
    assert all(record.pop("seconds") >= 0 for record in history)
    assert history == [
        {"epoch": 1, "learning_rate": 0.1, "loss": 3.0, "half": 1.5, "val_acsa": 0.5},
        {"epoch": 2, "learning_rate": 0.1, "loss": 1.0, "half": 0.5, "val_acsa": 0.25},
    ]


def test_without_a_score_there_is_none_in_the_history(line):
    assert "val_acsa" not in fit_loop(line(), 10, max_epochs=1, batch_size=4)[0]


def test_training_reduces_the_loss(line):
    history = fit_loop(line(), 10, max_epochs=30, batch_size=5)
    assert history[-1]["loss"] < history[0]["loss"] / 100


def test_modules_train_in_steps_and_evaluate_otherwise(line):
    plan = line()
    scored = []

    def score():
        scored.append(plan.modules.training)
        return 0.0

    fit_loop(plan, 10, max_epochs=2, batch_size=5, score=score)
    assert plan.modes == [True] * 4
    assert scored == [False] * 2
    assert not plan.modules.training


# Schedules ----------------------------------------------------------------------------------

KNOWN = {
    "constant": {0: 1, 0.5: 1, 1: 1},
    "one_cycle": {0: 1 / 25, 0.125: 0.52, 0.25: 1, 0.625: 0.5, 1: 0},
    "cosine": {0: 1, 0.5: 0.5, 1: 0},
    "step": {0: 1, 0.59: 1, 0.6: 0.5, 1: 0.5},
    "exponential": {0: 1, 0.5: 0.1, 1: 0.01},
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedule_at_known_points(schedule):
    for progress, factor in KNOWN[schedule].items():
        assert learning_rate_factor(schedule, progress) == pytest.approx(factor, abs=1e-12)


def test_steps_follow_the_schedule_and_the_peak_comes_back(line):
    plan = line(learning_rate=0.2)
    history = fit_loop(plan, 10, max_epochs=2, batch_size=5, schedule="cosine")
    expected = [0.2 * learning_rate_factor("cosine", i / 4) for i in range(4)]
    assert plan.rates == pytest.approx(expected)
    assert [r["learning_rate"] for r in history] == pytest.approx(expected[1::2])
    assert plan.optimizers[0].param_groups[0]["lr"] == 0.2


# Hooks --------------------------------------------------------------------------------------


def test_hooks_are_called_in_order(line):
    diary = Diary()
    fit_loop(line(losses=[1.0, 3.0, 5.0, 7.0]), 10, max_epochs=2, batch_size=5, callbacks=[diary])
    assert diary.entries == [
        ("start", 0),
        ("batch", 0, 1, 1.0),
        ("batch", 0, 2, 3.0),
        ("epoch", 1, 2.0),
        ("batch", 1, 1, 5.0),
        ("batch", 1, 2, 7.0),
        ("epoch", 2, 6.0),
        ("end", 2),
    ]


def test_a_callback_stops_after_its_epoch(line):
    assert len(fit_loop(line(), 10, max_epochs=9, batch_size=5, callbacks=[Stop(3)])) == 3


def test_an_error_passes_through_and_every_callback_hears_of_the_end(line):
    diary = Diary()
    with pytest.raises(OSError, match="disk"):
        callbacks = [Stop(2, OSError("disk")), diary]
        fit_loop(line(), 10, max_epochs=9, batch_size=5, callbacks=callbacks)
    assert diary.entries[-1] == ("end", 2)


def test_interruption_is_a_warning_and_ends_the_training(line):
    diary = Diary()
    callbacks = [Stop(2, KeyboardInterrupt()), diary]
    with pytest.warns(UserWarning, match="interrupted in epoch 3 of 9; the model is kept"):
        history = fit_loop(line(), 10, max_epochs=9, batch_size=5, callbacks=callbacks)
    assert [record["epoch"] for record in history] == [1, 2]
    assert diary.entries[-1] == ("end", 2)


# Divergence ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_names_its_step(line, value):
    plan = line(losses=[1.0, 1.0, 1.0, value], learning_rate=0.5)
    with pytest.raises(TrainingDivergedError) as error:
        fit_loop(plan, 10, max_epochs=9, batch_size=5)
    message = str(error.value)
    assert "step 4 (epoch 2, batch 2)" in message
    assert f"loss {value:.4g}, half {value:.4g}" in message
    assert "smaller learning_rate (now 0.5)" in message
    assert len(plan.rows) == 4
    assert not plan.modules.training
