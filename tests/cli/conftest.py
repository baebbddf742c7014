"""The command line called in this process, and one finished run for all who only read it."""

import logging
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from equipoise.cli import main

# One epoch of three steps: enough to have every file, far too little to learn.
TINY = ("--dataset", "digits", "--max-epochs", "1", "--batch-size", "150")


@dataclass
class Answer:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


def _call(capfd, *arguments) -> Answer:
    capfd.readouterr()
    with warnings.catch_warnings():
        shown = warnings.showwarning
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
        finally:
            warnings.showwarning = shown
            logging.disable(logging.NOTSET)
            os.environ.pop("TQDM_DISABLE", None)
    out, err = capfd.readouterr()
    return Answer(code, out, err)


@pytest.fixture
def call(capfd):
    """Run ``equipoise`` with these arguments."""
    return lambda *arguments: _call(capfd, *arguments)


@pytest.fixture
def train(call, monkeypatch):
    """Run a small ``dgc train`` without drawing."""
    from equipoise.cli import pictures

    for name in ("draw_samples", "draw_confusion", "draw_recall", "draw_curves"):
        monkeypatch.setattr(pictures, name, lambda *_: None)
    return lambda *arguments: call("dgc", "train", *TINY, *arguments)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Path:
    """A finished run, not to be changed."""
    path = tmp_path_factory.mktemp("cli") / "run"
    with pytest.raises(SystemExit) as exit, warnings.catch_warnings():
        main(["dgc", "train", *TINY, "--max-epochs", "2", "--seed", "3", "--out", str(path)])
    assert not exit.value.code
    return path


@pytest.fixture
def own_run(finished_run, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished_run, tmp_path / "copied-run"))


def judge_little(patch: pytest.MonkeyPatch) -> None:
    """Few images for the scores of a GAN, and no two-sample tests, which take seconds."""
    from equipoise.cli import quality
    from equipoise.metrics import synthesis_table

    patch.setattr(quality, "PER_CLASS", 10)
    patch.setattr(synthesis_table, "c2st", lambda *_, **__: 0.5)


@pytest.fixture
def little_to_judge(monkeypatch):
    """As it was for ``gan_run``."""
    judge_little(monkeypatch)


@pytest.fixture(scope="session")
def gan_run(tmp_path_factory) -> Path:
    """A finished run of ``imsic train-gan``, not to be changed."""
    path = tmp_path_factory.mktemp("cli") / "gan"
    words = ("--code-names", "a,b,c", "--n-codes", "3", "--structure", "a>b,a>2")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        judge_little(patch)
        with pytest.raises(SystemExit) as exit:
            main(["imsic", "train-gan", *TINY, *words, "--seed", "3", "--out", str(path)])
    assert not exit.value.code
    return path


@pytest.fixture(scope="session")
def classifier_run(gan_run, tmp_path_factory) -> Path:
    """A finished run of ``imsic train-classifier``, not to be changed."""
    path = tmp_path_factory.mktemp("cli") / "classifier"
    words = ("--gan", gan_run, "--max-epochs", 1, "--sampling-strategy", 40, "--out", path)
    with pytest.raises(SystemExit) as exit, warnings.catch_warnings():
        main(["imsic", "train-classifier", *map(str, words)])
    assert not exit.value.code
    return path
