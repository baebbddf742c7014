"""What training leaves behind in an estimator, and what it must not touch."""

import copy
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.errors import InvalidInputError, TrainingDivergedError
from equipoise.training import Callback


class Interrupt(Callback):
    """Ctrl-C in the second step of an epoch (from 0)."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, progress):
        if (progress.epoch, progress.batch) == (self.epoch, 2):
            raise KeyboardInterrupt


class Fail(Callback):
    def on_epoch_end(self, progress):
        raise RuntimeError("out of luck")


def weights(model):
    return copy.deepcopy(model.network_.state_dict())


def assert_same(one, other):
    assert all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))


# Randomness ---------------------------------------------------------------------------------


@pytest.fixture
def global_state():
    """Assert that nothing was drawn from the global generators during the test."""
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), copy.deepcopy(np.random.get_state())
    yield
    assert torch.equal(torch.get_rng_state(), before[0])
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), before[1], strict=True))


@pytest.mark.usefixtures("global_state")
@pytest.mark.parametrize("extra", [{}, {"early_stopping": True}])
def test_global_generators_are_left_alone(build, pictures, extra, tmp_path):
    X, y = pictures
    model = build(**extra).fit(X, y)
    model.predict(X)
    model.predict_proba(X)
    model.save(tmp_path / "model")
    type(model).load(tmp_path / "model").predict(X)


@pytest.mark.parametrize("extra", [{}, {"early_stopping": True}])
def test_same_seed_same_result(build, pictures, extra):
    X, y = pictures
    torch.manual_seed(1)
    one = build(random_state=7, **extra).fit(X, y)
    torch.manual_seed(2)
    same = build(random_state=7, **extra).fit(X, y)
    other = build(random_state=8, **extra).fit(X, y)
    assert_same(weights(one), weights(same))
    assert_array_equal(one.predict_proba(X), same.predict_proba(X))
    assert (one.predict_proba(X) != other.predict_proba(X)).any()


def test_random_state_may_be_a_generator(build, blobs):
    def fits(seed):
        model = build(random_state=np.random.RandomState(seed))
        return [model.fit(*blobs).predict_proba(blobs[0]) for _ in range(2)]

    assert_array_equal(fits(0), fits(0))
    assert (fits(0)[0] != fits(0)[1]).any()  # a generator goes on


def test_prediction_can_be_repeated_and_does_not_feel_its_neighbours(build, blobs):
    X, y = blobs
    model = build().fit(X, y)
    whole = model.predict_log_proba(X)
    assert_array_equal(model.predict_log_proba(X), whole)
    alone = np.concatenate([model.predict_log_proba(row) for row in np.split(X, len(X))])
    np.testing.assert_allclose(alone, whole, atol=1e-9)
    many = np.tile(X, (20, 1))  # more than one block
    np.testing.assert_allclose(model.predict_log_proba(many), np.tile(whole, (20, 1)), atol=1e-9)


def test_image_prediction_hardly_feels_its_neighbours(build, pictures):
    X, y = pictures
    model = build().fit(X, y)
    alone = np.concatenate([model.predict_proba(image) for image in np.split(X, len(X))])
    np.testing.assert_allclose(alone, model.predict_proba(X), atol=1e-4)


# Interruption and failure -------------------------------------------------------------------


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("extra", [{}, {"early_stopping": True}])
def test_interrupted_fit_leaves_a_usable_estimator(build, blobs, epoch, extra, tmp_path):
    X, y = blobs
    model = build(max_epochs=5, callbacks=[Interrupt(epoch)], **extra)
    with pytest.warns(UserWarning, match=f"interrupted in epoch {epoch + 1} of 5"):
        model.fit(X, y)
    assert len(model.history_) == epoch
    posterior = model.predict_proba(X)
    assert np.isfinite(posterior).all()
    model.save(tmp_path / "model")
    assert_array_equal(type(model).load(tmp_path / "model").predict_proba(X), posterior)


def test_divergence_names_the_step(build, blobs):
    model = build(learning_rate=1e30, lr_schedule="constant")
    with pytest.raises(
        TrainingDivergedError, match=r"step \d+ \(epoch 1, batch \d\).*learning_rate"
    ):
        model.set_params(max_epochs=9).fit(1e3 * blobs[0], blobs[1])


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("problem", ["error", "labels", "parameter"])
def test_failed_fit_leaves_the_estimator_as_it_was(build, blobs, warm_start, problem):
    X, y = blobs
    model = build(warm_start=warm_start).fit(X, y)
    before, expected = vars(model).copy(), model.predict_proba(X)
    if problem == "error":
        model.set_params(callbacks=[Fail()])
    if problem == "parameter":
        model.set_params(max_epochs=0)
    with pytest.raises((RuntimeError, ValueError)):
        model.fit(-5 * X[:, ::-1], y[:3] if problem == "labels" else y[::-1])
    for name, value in before.items():
        assert name in ("callbacks", "max_epochs") or getattr(model, name) is value, name
    assert vars(model).keys() == before.keys()
    assert_array_equal(model.predict_proba(X), expected)


def test_failed_first_fit_leaves_an_unfitted_estimator(build, blobs):
    model = build(callbacks=[Fail()])
    with pytest.raises(RuntimeError, match="out of luck"):
        model.fit(*blobs)
    assert not [name for name in vars(model) if name.endswith("_")]


# Warm start ---------------------------------------------------------------------------------


def test_warm_start_goes_on_from_the_last_network(build, blobs):
    # With a learning rate that moves nothing, the second fit starts where the first one ended.
    X, y = blobs
    model = build(max_epochs=3, learning_rate=1e-2, warm_start=True).fit(X, y)
    first = weights(model)
    model.set_params(learning_rate=1e-12, max_epochs=2).fit(X, y)
    parameters = dict(model.network_.named_parameters())
    assert all(torch.allclose(first[name], p, atol=1e-6) for name, p in parameters.items())
    assert [record["epoch"] for record in model.history_] == [1, 2, 3, 1, 2]


def test_without_warm_start_a_fit_starts_anew(build, blobs):
    X, y = blobs
    model = build().fit(X, y)
    first = weights(model)
    assert_same(weights(model.fit(X, y)), first)
    assert len(model.history_) == 1


@pytest.mark.parametrize("change", ["classes", "shape"])
def test_warm_start_refuses_other_data(build, blobs, change):
    X, y = blobs
    model = build(warm_start=True).fit(X, y)
    X, y = (X, y + 1) if change == "classes" else (X[:, :2], y)
    with pytest.raises(InvalidInputError, match="warm_start=True needs.*Set warm_start=False"):
        model.fit(X, y)


def test_warm_start_refuses_columns_in_another_order(build, blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=list("abc"))
    model = build(warm_start=True).fit(frame, y).fit(frame, y)
    message = "warm_start=True continues the earlier fit.*in the same order as in fit"
    with pytest.raises(InvalidInputError, match=message):
        model.fit(frame[["b", "a", "c"]], y)
    assert model.fit(X, y).predict(X).shape == y.shape


def test_warm_start_refuses_another_network(blobs):
    model = DGCClassifier(max_epochs=1, latent_dim=4, warm_start=True).fit(*blobs)
    with pytest.raises(InvalidInputError, match="other layers. Set warm_start=False"):
        model.set_params(latent_dim=5).fit(*blobs)


# Callbacks and precision --------------------------------------------------------------------


def test_callbacks_are_not_changed_by_fit(build, blobs):
    class Count(Callback):
        epochs = 0

        def on_epoch_end(self, progress):
            self.epochs += 1

    callback = Count()
    callbacks = [callback]
    model = build(callbacks=callbacks).fit(*blobs)
    assert model.callbacks is callbacks
    assert callback.epochs == 0
    assert [c.epochs for c in model.callbacks_] == [1]


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_precision_is_of_the_training_only(build, pictures, precision):
    X, y = pictures
    model = build(precision=precision).fit(X, y)
    assert {p.dtype for p in model.network_.parameters()} == {torch.float32}
    assert np.isfinite(model.predict_log_proba(X)).all()


@pytest.mark.parametrize("batch_size", [1, 7, 1000, "auto"])
def test_batch_size_may_be_anything(build, blobs, batch_size):
    assert len(build(batch_size=batch_size).fit(*blobs).history_) == 1


@pytest.mark.parametrize(
    ("n", "n_batches"), [(60, 4), (1000, 50), (10_000, 157), (30_000, 200), (200_000, None)]
)
def test_automatic_batch_size_grows_with_a_table_within_limits(n, n_batches):
    class Count(Callback):
        def on_fit_start(self, progress):
            seen.append(progress.n_batches)
            progress.stop = True

    seen = []
    X, y = np.zeros((n, 1)), np.arange(n) % 2
    model = ConvNetClassifier(callbacks=[Count()]).fit(X, y)
    text = " ".join(model.__doc__.split())
    limit = int(re.search(r"large table it is 1/200 of the rows, up to (\d+)", text)[1])
    assert seen == [n_batches or math.ceil(n / limit)]
