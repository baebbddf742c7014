"""A training that was cut off goes on as if nothing had happened."""

import errno
import io
from pathlib import Path

import numpy as np
import pytest
import torch

from equipoise.errors import DiskFullError, InvalidInputError
from equipoise.training import Callback, Checkpoint, fit_loop


class PowerCutError(RuntimeError):
    pass


class PowerCut(Callback):
    """Ends the process, as it were, after an epoch or in the middle of the next one."""

    def __init__(self, epoch, within=False):
        self.epoch, self.within = epoch, within

    def on_epoch_end(self, progress):
        if not self.within and progress.epoch == self.epoch:
            raise PowerCutError

    def on_batch_end(self, progress):
        if self.within and progress.epoch == self.epoch:
            raise PowerCutError


# Everything that has a state of its own: several optimisers, pre-training, early stopping.
VARIANTS = {
    "ConvNetClassifier": [
        {},
        {"early_stopping": True, "n_iter_no_change": 2, "validation_fraction": 0.4},
        {"architecture": "paper", "augmentation": "affine", "resampling": "balanced"},
    ],
    "DGCClassifier": [
        {},
        {"early_stopping": True, "n_iter_no_change": 2, "validation_fraction": 0.4},
        {"pretrain_steps": 3, "latent_optimization": True, "n_codes": 2, "head": "mlp"},
    ],
}


def assert_same(one, other, ignore=("seconds",)):
    """Assert bit-identical weights and equal histories."""
    for (name, a), b in zip(
        one.network_.state_dict().items(), other.network_.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b), name
    for records in zip(one.history_, other.history_, strict=True):
        a, b = ({k: v for k, v in r.items() if k not in ignore} for r in records)
        assert a == b


@pytest.mark.parametrize("variant", range(3))
@pytest.mark.parametrize("cut", [PowerCut(3), PowerCut(2, within=True)], ids=["after", "within"])
def test_resumed_run_equals_an_uninterrupted_one(build, blobs, pictures, variant, cut, tmp_path):
    parameters = {"max_epochs": 6, **VARIANTS[build.func.__name__][variant]}
    X, y = pictures if variant == 2 else blobs
    weight = np.linspace(0.5, 2, len(y))
    whole = build(**parameters).fit(X, y, weight)

    path = tmp_path / "folder" / "state.pt"
    with pytest.raises(PowerCutError):
        build(**parameters, callbacks=[Checkpoint(path), cut]).fit(X, y, weight)
    resumed = build(**parameters, callbacks=[Checkpoint(path)]).fit(X, y, weight)
    assert_same(resumed, whole)
    assert [p.name for p in path.parent.iterdir()] == ["state.pt"]  # nothing half-written

    again = build(**parameters, callbacks=[Checkpoint(path)]).fit(X, y, weight)
    assert_same(again, resumed, ignore=())  # a finished run is taken up as it is


@pytest.mark.parametrize("epoch", [1, 3])
def test_early_stopping_remembers_its_best_epoch(build, blobs, tmp_path, epoch):
    # Not to learn anything makes the first epoch the best, before the cut.
    parameters = {
        "max_epochs": 9,
        "early_stopping": True,
        "n_iter_no_change": 4,
        "learning_rate": 1e-12,
    }
    whole = build(**parameters).fit(*blobs)
    assert len(whole.history_) == 5
    checkpoint = Checkpoint(tmp_path / "state.pt")
    with pytest.raises(PowerCutError):
        build(**parameters, callbacks=[checkpoint, PowerCut(epoch)]).fit(*blobs)
    assert_same(build(**parameters, callbacks=[checkpoint]).fit(*blobs), whole)


def test_interrupted_training_can_go_on(build, blobs, tmp_path):
    class CtrlC(PowerCut):
        def on_epoch_end(self, progress):
            if progress.epoch == self.epoch:
                raise KeyboardInterrupt

    whole = build(max_epochs=3).fit(*blobs)
    checkpoint = Checkpoint(tmp_path / "state.pt")
    with pytest.warns(UserWarning, match="interrupted"):
        build(max_epochs=3, callbacks=[checkpoint, CtrlC(2)]).fit(*blobs)
    assert_same(build(max_epochs=3, callbacks=[checkpoint]).fit(*blobs), whole)


def epochs_in(path):
    return torch.load(path, weights_only=True)["epoch"]


def test_every_few_epochs_and_the_last(line, tmp_path):
    class Look(Callback):
        seen = []

        def on_epoch_end(self, progress):
            self.seen.append(epochs_in(path) if path.exists() else 0)

    path = tmp_path / "state.pt"
    fit_loop(line(), 10, max_epochs=5, batch_size=5, callbacks=[Checkpoint(path, every=2), Look()])
    assert Look.seen == [0, 2, 2, 4, 5]


def test_an_early_stop_is_written(line, tmp_path):
    class Stop(Callback):
        def on_epoch_end(self, progress):
            progress.stop = progress.epoch == 3

    path = tmp_path / "state.pt"
    fit_loop(line(), 10, max_epochs=9, batch_size=5, callbacks=[Stop(), Checkpoint(path, every=2)])
    assert epochs_in(path) == 3


def test_checkpoint_of_other_data_or_parameters_is_refused(build, blobs, tmp_path):
    X, y = blobs
    path = tmp_path / "state.pt"

    def fit(X=X, y=y, weight=None, **parameters):
        return build(callbacks=[Checkpoint(path)], **parameters).fit(X, y, weight)

    fit()
    before = path.read_bytes()
    others = [
        {"X": X + 1},
        {"y": np.roll(y, 1)},
        {"X": X[1:], "y": y[1:]},
        {"weight": np.linspace(1, 2, len(y))},
        {"learning_rate": 1e-4},
        {"random_state": 1},
        {"max_epochs": 2},
    ]
    for other in others:
        with pytest.raises(InvalidInputError, match="state.pt' is the checkpoint of another fit"):
            fit(**other)
    assert path.read_bytes() == before
    fit(verbose=1)  # what has no influence on the numbers may differ


@pytest.mark.parametrize("row", [1, 2, 511, 1022])
def test_one_changed_row_among_many_is_noticed(build, tmp_path, row):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1024, 2)), np.arange(1024) % 2
    checkpoint = Checkpoint(tmp_path / "state.pt")
    fit = build(max_epochs=1, batch_size=512, callbacks=[checkpoint]).fit
    fit(X, y)
    X[row, 0] += 0.5
    with pytest.raises(InvalidInputError, match="another fit"):
        fit(X, y)


def test_warm_start_is_no_continuation_of_its_own_checkpoint(build, blobs, tmp_path):
    model = build(warm_start=True, callbacks=[Checkpoint(tmp_path / "state.pt")]).fit(*blobs)
    with pytest.raises(InvalidInputError, match="another fit"):
        model.fit(*blobs)
    model.set_params(callbacks=[Checkpoint(tmp_path / "second.pt")]).fit(*blobs)
    assert len(model.history_) == 2


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_damaged_checkpoint_is_refused(build, blobs, tmp_path, damage):
    path = tmp_path / "state.pt"
    model = build(callbacks=[Checkpoint(path)], early_stopping=True).fit(*blobs)
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(InvalidInputError, match="state.pt' is no checkpoint, or a damaged one"):
        model.fit(*blobs)


def test_a_full_disk_is_named_and_leaves_the_earlier_checkpoint(line, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    fit_loop(line(), 10, max_epochs=1, batch_size=5, callbacks=[Checkpoint(path)])
    before = path.read_bytes()
    real = Path.open

    def full(*arguments, **keywords):
        file = real(*arguments, **keywords)
        if "partial" not in str(arguments[0]):
            return file

        class Full(io.BytesIO):
            def write(self, data):
                raise OSError(errno.ENOSPC, "No space left on device")

        file.close()
        return Full()

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFullError, match=r"checkpoint\.pt cannot be written: the disk is full"):
        fit_loop(line(), 10, max_epochs=2, batch_size=5, callbacks=[Checkpoint(path)])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
