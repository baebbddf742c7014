"""``dgc train``: what a run leaves, and that it can be repeated, stopped and taken up."""

import csv
import json
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image
from torch import nn

from equipoise.cli import pictures
from equipoise.datasets import imbalance, load_dataset
from equipoise.dgc import DGCClassifier
from equipoise.metrics import imbalance_report
from equipoise.runs.training import Recorder

FILES = {
    ".lock",
    "run.json",
    "history.jsonl",
    "checkpoint.pt",
    "model/params.json",
    "model/weights.safetensors",
    "metrics.json",
    "confusion.csv",
    "predictions.npz",
    "pictures/samples.png",
    "pictures/confusion.png",
    "pictures/recall-by-size.png",
    "pictures/curves.png",
}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def files_in(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


# What a run leaves ------------------------------------------------------------------------


def test_run_folder_is_complete(finished_run):
    assert files_in(finished_run) == FILES
    for picture in (finished_run / "pictures").iterdir():
        assert Image.open(picture).width > 400


def test_record_says_what_was_done(finished_run):
    record = read(finished_run / "run.json")
    assert record["status"] == "finished"
    assert record["epochs"] == 2
    assert record["settings"]["dataset"] == "digits"
    assert record["settings"]["protocol"] == "published"
    assert record["settings"]["seed"] == 3
    assert record["settings"]["parameters"]["max_epochs"] == 2
    assert record["data"]["class_counts"] == list(imbalance.published("digits").values())
    assert {"equipoise", "torch", "numpy", "python"} <= set(record["versions"])
    assert record["started"] <= record["finished"]


def test_model_is_the_one_that_the_library_trains(finished_run):
    digits = load_dataset("digits")
    X, y = imbalance.subset(
        digits.X_train, digits.y_train, imbalance.published("digits"), random_state=3
    )
    expected = DGCClassifier(max_epochs=2, batch_size=150, random_state=3).fit(X, y)
    stored = DGCClassifier.load(finished_run / "model")
    np.testing.assert_array_equal(
        stored.predict_proba(digits.X_test), expected.predict_proba(digits.X_test)
    )


def test_results_agree_with_each_other(finished_run):
    digits = load_dataset("digits")
    stored = np.load(finished_run / "predictions.npz")
    np.testing.assert_array_equal(stored["y_true"], digits.y_test)
    np.testing.assert_array_equal(stored["probabilities"].argmax(1), stored["y_pred"])
    y_train = np.repeat(np.arange(10), stored["class_counts"])
    report = imbalance_report(stored["y_true"], stored["y_pred"], y_train, output_dict=True)
    assert read(finished_run / "metrics.json") == report

    header, *rows = csv.reader((finished_run / "confusion.csv").open(encoding="utf-8"))
    assert header[1:] == [row[0] for row in rows] == list(stored["class_names"])
    table = np.array([row[1:] for row in rows], dtype=int)
    assert table.sum() == len(digits.y_test)
    assert table.trace() == (stored["y_true"] == stored["y_pred"]).sum()
    np.testing.assert_array_equal(table.sum(axis=1), np.bincount(digits.y_test))


def test_history_is_that_of_the_model(finished_run):
    lines = (finished_run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == DGCClassifier.load(
        finished_run / "model"
    ).history_


# Options ----------------------------------------------------------------------------------


def test_prints_progress_to_stderr_and_results_to_stdout(train, tmp_path):
    answer = train("--out", tmp_path / "run")
    assert answer.code == 0
    assert "epoch   1/1  loss" in answer.err
    assert "ACSA (mean recall)" in answer.out
    assert "epoch" not in answer.out


def test_quiet_prints_results_alone(train, tmp_path):
    answer = train("--out", tmp_path / "run", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    assert "ACSA (mean recall)" in answer.out


def test_same_seed_same_results_and_another_seed_others(train, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert train("--seed", seed, "--out", tmp_path / name).code == 0
    a, b, c = (np.load(tmp_path / name / "predictions.npz")["probabilities"] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 1e-3


def test_paper_preset_takes_the_published_values_but_for_those_given(train, tmp_path):
    answer = train(
        *("--preset", "paper", "--pretrain-steps", 1, "--latent-dim", 8, "--out", tmp_path / "run")
    )
    assert answer.code == 0
    stored = read(tmp_path / "run" / "run.json")["settings"]["parameters"]
    paper = DGCClassifier.paper(pretrain_steps=1, latent_dim=8, max_epochs=1, batch_size=150)
    assert stored == {name: getattr(paper, name) for name in stored}
    assert stored["reconstruction_weight"] != DGCClassifier().reconstruction_weight


@pytest.mark.parametrize(
    ("protocol", "counts"),
    [
        ("step:5:3", [130] * 7 + [26] * 3),
        ("exponential:13", [130, 97, 73, 55, 41, 31, 23, 17, 13, 10]),
        ("none", None),
    ],
)
def test_protocols(train, tmp_path, protocol, counts):
    assert train("--protocol", protocol, "--out", tmp_path / "run").code == 0
    found = read(tmp_path / "run" / "run.json")["data"]["class_counts"]
    assert found == (counts or np.bincount(load_dataset("digits").y_train).tolist())


def test_default_folder_names_data_preset_and_seed(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train("--seed", 4).code == 0
    assert train("--preset", "paper", "--pretrain-steps", 0).code == 0
    runs = {path.name for path in (tmp_path / "runs").iterdir()}
    assert runs == {"dgc-digits-seed4", "dgc-digits-paper-seed0"}


def test_class_prior_and_batch_size_take_words_and_numbers(train, tmp_path):
    shares = ",".join(["0.1"] * 10)
    out = tmp_path / "run"
    assert train("--class-prior", shares, "--batch-size", "auto", "--out", out).code == 0
    stored = DGCClassifier.load(out / "model")
    assert stored.class_prior == [0.1] * 10
    assert stored.batch_size == "auto"


def test_a_parameter_that_may_be_a_word_takes_fractions(train, tmp_path):
    options = ("--reconstruction-weight", "0.5", "--backbone-learning-rate", "1e-3")
    assert train(*options, "--out", tmp_path / "run").code == 0
    stored = DGCClassifier.load(tmp_path / "run" / "model")
    assert (stored.reconstruction_weight, stored.backbone_learning_rate) == (0.5, 1e-3)


def test_a_model_of_timm_can_be_the_backbone(train, call, tmp_path, monkeypatch):
    def create_model(name, pretrained, num_classes):
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())

    fake = types.ModuleType("timm")
    fake.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", fake)
    run = tmp_path / "run"
    assert train("--architecture", "timm:tiny", "--freeze-backbone", "--out", run).code == 0
    assert read(run / "run.json")["settings"]["parameters"]["architecture"] == "timm:tiny"
    assert call("dgc", "evaluate", run).code == 0
    monkeypatch.setitem(sys.modules, "timm", None)
    answer = call("dgc", "evaluate", run)
    assert answer.code == 2 and "equipoise[timm]" in answer.err
    answer = train("--architecture", "tiny", "--out", tmp_path / "other")
    assert answer.code == 2 and "'timm:NAME'" in answer.err
    assert not (tmp_path / "other").exists()


# An earlier run in the folder -------------------------------------------------------------


def test_finished_run_is_kept_unless_told_otherwise(train, own_run):
    before = (own_run / "metrics.json").read_bytes()
    (own_run / "notes.txt").write_text("mine")
    same = ("--max-epochs", 2, "--seed", 3, "--out", own_run)
    answer = train(*same)
    assert answer.code == 2
    assert "finished" in answer.err and "--overwrite" in answer.err
    assert (own_run / "metrics.json").read_bytes() == before

    assert train("--seed", 9, "--out", own_run, "--overwrite").code == 0
    assert read(own_run / "run.json")["settings"]["seed"] == 9
    assert len((own_run / "history.jsonl").read_text().splitlines()) == 1
    assert (own_run / "notes.txt").read_text() == "mine"
    assert not (own_run / "pictures").exists()  # of the old run; drawing is off here


def test_other_settings_are_not_mixed_in(train, own_run):
    answer = train("--max-epochs", 2, "--seed", 3, "--head", "mlp", "--out", own_run)
    assert answer.code == 2
    assert "head is 'linear' there and 'mlp' here" in answer.err
    assert "seed" not in answer.err


def test_a_folder_with_other_things_is_never_touched(train, tmp_path):
    (tmp_path / "thesis.txt").write_text("three years")
    answer = train("--out", tmp_path, "--overwrite")
    assert answer.code == 2
    assert files_in(tmp_path) == {"thesis.txt"}


# Stopped and taken up ---------------------------------------------------------------------

LONG = ("--max-epochs", "3", "--seed", "7", "--early-stopping")


@pytest.fixture
def uninterrupted(train, tmp_path):
    assert train(*LONG, "--out", tmp_path / "whole").code == 0
    return tmp_path / "whole"


def same_outcome(one, other):
    for name in ("predictions.npz", "metrics.json", "model/weights.safetensors"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    epochs = [
        [json.loads(line)["loss"] for line in (run / "history.jsonl").read_text().splitlines()]
        for run in (one, other)
    ]
    assert epochs[0] == epochs[1]
    return True


def test_a_killed_run_goes_on_to_the_same_result(train, uninterrupted, tmp_path):
    run = tmp_path / "killed"
    code = (
        "import os, sys\nfrom equipoise.cli import main\n"
        "from equipoise.runs.training import Recorder\n"
        "def die(self, progress):\n    if progress.epoch == 2: os.kill(os.getpid(), 9)\n"
        "Recorder.on_epoch_end = die\n"
        "main(sys.argv[1:])"
    )
    arguments = ["dgc", "train", "--dataset", "digits", "--batch-size", "150", *LONG, "--out", run]
    killed = subprocess.run([sys.executable, "-c", code, *map(str, arguments)])
    assert killed.returncode == -signal.SIGKILL
    assert files_in(run) == {"run.json", "checkpoint.pt", ".lock"}
    answer = train(*LONG, "--out", run)
    assert answer.code == 0
    assert "epoch   3/3" in answer.err and "epoch   2/3" not in answer.err
    assert same_outcome(run, uninterrupted)


def test_ctrl_c_keeps_the_model_and_the_run_can_go_on(
    train, call, uninterrupted, tmp_path, monkeypatch
):
    run = tmp_path / "stopped"

    def press(self, progress):
        if progress.epoch == 1:  # in the second epoch
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_batch_end", press)
        answer = train(*LONG, "--out", run)
    assert answer.code == 130
    assert "Traceback" not in answer.err
    assert "interrupted after 1 of 3 epochs" in answer.err
    assert read(run / "run.json")["status"] == "interrupted"
    assert not (run / "metrics.json").exists()  # the test set was not looked at
    assert call("dgc", "generate", run, tmp_path / "x.png", "--n", 1).code == 0

    assert train(*LONG, "--out", run).code == 0
    assert read(run / "run.json")["status"] == "finished"
    assert same_outcome(run, uninterrupted)


def test_a_trained_model_is_not_trained_again(train, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "draw_samples", full_disk)
        answer = train("--out", run)
    assert (answer.code, answer.err.splitlines()[-1][:6]) == (1, "error:")
    assert read(run / "run.json")["status"] == "trained"
    monkeypatch.setattr(DGCClassifier, "fit", None)
    assert train("--out", run).code == 0
    assert read(run / "run.json")["status"] == "finished"


def test_a_run_may_move_to_another_device(train, tmp_path, monkeypatch):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_batch_end", lambda *_: signal.raise_signal(signal.SIGINT))
        assert train("--out", run).code == 130
    assert train("--out", run, "--device", "cpu").code == 0


@pytest.mark.parametrize("part", ["fingerprint", "test_fingerprint", "class_names"])
def test_changed_data_are_noticed(train, tmp_path, monkeypatch, part):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_batch_end", lambda *_: signal.raise_signal(signal.SIGINT))
        assert train("--out", run).code == 130
    record = read(run / "run.json")
    record["data"][part] = ["of other images"] if part == "class_names" else "of other images"
    (run / "run.json").write_text(json.dumps(record))
    answer = train("--out", run)
    assert answer.code == 2
    assert "no longer those" in answer.err
