"""Run folders: received from others, left behind by a kill, or damaged."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from equipoise import ConvNetClassifier
from equipoise.runs.resuming import begin, same_run
from equipoise.runs.run import Run
from equipoise.runs.training import settings_of, train

X = np.random.default_rng(0).normal(size=(30, 2))
Y = (X[:, 0] > 0).astype(int)
ABOUT = {
    "source": {"dataset": "digits", "data_dir": None, "image_size": None, "hair": "published"},
    "class_names": ["a", "b"],
    "class_counts": [15, 15],
    "fingerprint": "1",
    "test_fingerprint": "2",
}


class KilledError(BaseException):
    pass


def model():
    return ConvNetClassifier(max_epochs=3, random_state=0)


@pytest.fixture
def run(tmp_path):
    """A trained run."""
    found = begin(None, tmp_path / "run", settings_of(model(), []), ABOUT)
    train(model(), X, Y, found)
    return found


@pytest.mark.parametrize("name", ["confusion.csv", "pictures", "model/more"])
def test_a_link_that_leads_out_of_the_folder_is_refused(run, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (run.path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=f"has the link {name}, which leads out of it to .*else"):
        Run.open(run.path, "ConvNetClassifier")


def test_a_link_within_the_folder_and_to_the_folder_is_followed(run, tmp_path):
    (run.path / "newest").symlink_to("model")
    (tmp_path / "link").symlink_to(run.path)
    assert Run.open(tmp_path / "link", "ConvNetClassifier").status == "trained"


def test_a_kill_before_the_first_record_leaves_a_folder_that_can_be_used(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    (path / ".partial-0.json").touch()
    (path / ".lock").touch()
    assert Run.find(path) is None
    begun = begin(None, path, settings_of(model(), []), ABOUT)
    train(model(), X, Y, begun)
    assert not list(path.rglob(".partial-*"))


def test_other_files_are_not_taken_for_leftovers(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match="is not a run: it has no run.json"):
        Run.find(tmp_path)


@pytest.mark.parametrize("moment", range(6))
def test_a_kill_during_overwriting_leaves_what_can_be_overwritten(run, monkeypatch, moment):
    count = []

    def killed(real):
        def delete(*arguments, **keywords):
            count.append(arguments)
            if len(count) > moment:
                raise KilledError
            real(*arguments, **keywords)

        return delete

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr("os.unlink", killed(os.unlink))
        patch.setattr("os.rmdir", killed(os.rmdir))
        patch.setattr(Path, "unlink", killed(Path.unlink))
        patch.setattr("equipoise.runs.run.shutil.rmtree", killed(lambda *_, **__: None))
        run.clear()
    settings = settings_of(model(), [])
    assert same_run(run.path, settings, overwrite=False) is None
    again = begin(None, run.path, settings, ABOUT)
    assert again.status == "running" and not again.model.exists()


def test_the_last_line_of_the_history_survives_a_kill_after_the_checkpoint(run):
    whole = run.history.read_text()
    run.history.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    train(model(), X, Y, run)
    assert run.history.read_text() == whole


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda record: [record], "the content is"),
        (lambda record: record | {"status": 3}, "status is 3, not a text"),
        (lambda record: record | {"settings": None}, "settings is None, not a table"),
        (lambda record: record | {"format": True}, "format is True, not a whole number"),
        (lambda record: {k: v for k, v in record.items() if k != "data"}, "data is missing"),
        (
            lambda record: record | {"data": ABOUT | {"class_names": ["a", 1]}},
            r"data.class_names\[1\] is 1, not a text",
        ),
    ],
)
def test_a_damaged_record_is_named(run, change, complaint):
    (run.path / "run.json").write_text(json.dumps(change(run.record)))
    with pytest.raises(ValueError, match=f"run.json is damaged .*{complaint}"):
        Run.find(run.path)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"format": 1', "\ud800"])
def test_a_record_that_is_no_json_is_named(run, text):
    (run.path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match="run.json is damaged"):
        Run.find(run.path)
