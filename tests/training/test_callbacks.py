"""Early stopping, the history on disk, and what is shown while a model trains."""

import io
import json
import re
import sys

import pytest

from equipoise.training import Callback, EarlyStopping, JSONLines, ProgressBar, fit_loop


class Weights(Callback):
    """Remembers the weights after every epoch."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, progress):
        self.epochs.append(progress.plan.weights)


def fit(plan, scores=None, callbacks=(), max_epochs=9):
    left = iter(scores or [])
    return fit_loop(
        plan,
        10,
        max_epochs=max_epochs,
        batch_size=5,
        score=(lambda: next(left)) if scores else None,
        callbacks=callbacks,
    )


@pytest.mark.parametrize(
    ("scores", "patience", "epochs", "best"),
    [
        ([0.1, 0.5, 0.4, 0.3], 2, 4, 2),
        ([0.1, 0.5, 0.5, 0.5], 2, 4, 2),  # as good is no better
        ([0.5, 0.4, 0.6, 0.5, 0.7, 0.6, 0.6], 2, 7, 5),
        ([0.9, 0.1], 1, 2, 1),
        ([0.1, 0.2, 0.3], 2, 3, 3),
    ],
)
def test_early_stopping_goes_back_to_the_best_weights(line, scores, patience, epochs, best):
    plan, weights = line(), Weights()
    history = fit(plan, scores, [EarlyStopping(patience), weights], max_epochs=len(scores))
    assert len(history) == epochs
    assert plan.weights == weights.epochs[best - 1]


class Interrupt(Callback):
    def __init__(self, epoch, error=KeyboardInterrupt):
        self.epoch, self.error = epoch, error

    def on_batch_end(self, progress):
        if progress.epoch == self.epoch:
            raise self.error


@pytest.mark.filterwarnings("ignore:Training was interrupted")
def test_early_stopping_keeps_the_best_weights_of_an_interrupted_training(line):
    plan, weights = line(), Weights()
    fit(plan, [0.1, 0.9, 0.3, 0.2], [EarlyStopping(9), weights, Interrupt(3)])
    assert len(weights.epochs) == 3
    assert plan.weights == weights.epochs[1]


def test_early_stopping_can_be_used_again(line):
    stopping = EarlyStopping(1)
    for _ in range(2):
        assert len(fit(line(), [0.1, 0.5, 0.4], [stopping])) == 3


def test_the_error_of_a_callback_is_not_hidden_by_early_stopping(line):
    class Broken(Callback):
        def on_fit_start(self, progress):
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fit(line(), [0.5], [Broken(), EarlyStopping(1), ProgressBar()])


def test_json_lines_append_the_history(line, tmp_path):
    path = tmp_path / "history.jsonl"
    first = fit(line(), callbacks=[JSONLines(path)], max_epochs=2)
    second = fit(line(), [0.5], callbacks=[JSONLines(str(path))], max_epochs=1)
    assert [json.loads(text) for text in path.read_text().splitlines()] == first + second


def test_progress_is_a_line_per_epoch_where_there_is_no_terminal(line, capsys):
    plan = line(losses=[1.0, 2.0, 0.5, 0.5])
    fit(plan, [0.5, 0.75], [ProgressBar()], max_epochs=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert [text[: text.rindex("  ")] for text in lines] == [
        "epoch   1/2  loss 1.5000  val ACSA 0.5000",
        "epoch   2/2  loss 0.5000  val ACSA 0.7500",
    ]
    assert re.search(r" \d+\.\d s, [\d,.]+ rows/s, 00:00 left$", lines[0])
    assert re.search(r" \d+\.\d s, [\d,.]+ rows/s$", lines[1])


def test_long_epochs_have_lines_of_their_own(line, capsys, monkeypatch):
    now = [0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    class Clock(Callback):
        def on_batch_end(self, progress):
            now[0] += 70  # seconds for every step, of which an epoch has two

    fit(line(), callbacks=[Clock(), ProgressBar("image")], max_epochs=2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r"epoch   1/2  50%  loss .*  0\.1 images/s, 03:30 left", lines[0])
    assert re.fullmatch(r"epoch   2/2  50%  loss .*  0\.1 images/s, 01:10 left", lines[2])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal(line, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit(line(), callbacks=[ProgressBar()], max_epochs=2)
    shown = terminal.getvalue()
    assert "20.0/20.0" in shown or "0.00/20.0" in shown  # tqdm redraws as often as it sees fit
    assert " rows/s" in shown
    assert "epoch   2/2  loss" in shown


def test_nothing_is_printed_unless_asked(build, blobs, capfd):
    build().fit(*blobs)
    assert capfd.readouterr() == ("", "")
    build(verbose=1, max_epochs=2).fit(*blobs)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2
