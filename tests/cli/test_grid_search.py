"""``imsic grid-search``: its trials, their processes, the table at the end."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from equipoise import IMSIC, ConvNetClassifier
from equipoise.cli import grid
from equipoise.cli import grid_search as module
from equipoise.cli.trial import run_trial
from equipoise.datasets import imbalance, load_dataset
from equipoise.inputs import stratified_holdout
from equipoise.metrics import acsa
from equipoise.runs.data import DataChoice

SEARCH = ("imsic", "grid-search", "--dataset", "digits", "--max-epochs", 1, "--batch-size", 150)
SEARCH += ("--classifier-epochs", 1)


@pytest.fixture
def at_once(little_to_judge, monkeypatch):
    """Trials in this process, with few images to judge; gives the names of those that were run."""
    ran = []

    def here(trials, n_jobs):
        for trial in trials:
            ran.append(trial.path.name)
            run_trial(trial)
            yield trial, ""

    monkeypatch.setattr(module, "in_processes", here)
    return ran


def table(out):
    return list(csv.DictReader((out / "grid.csv").open(encoding="utf-8")))


def test_a_killed_search_goes_on_with_what_is_left(call, at_once, tmp_path):
    """The parent is killed once the first trial, in a process of its own, is done."""
    out = tmp_path / "grid"
    words = (*SEARCH, "--grid", "structure_weight=.1,.2", "--jobs", 1, "--out", out)
    code = (
        "import os, sys\nfrom equipoise.cli import grid_search, main\n"
        "run = grid_search.in_processes\n"
        "def die(*given):\n"
        "    for one in run(*given):\n        os.kill(os.getpid(), 9)\n"
        "grid_search.in_processes = die\n"
        "if __name__ == '__main__':\n    main(sys.argv[1:])"
    )
    (tmp_path / "killed.py").write_text(code)
    killed = subprocess.run([sys.executable, tmp_path / "killed.py", *map(str, words)])
    assert killed.returncode == -signal.SIGKILL
    first, second = out / "structure_weight=0.1", out / "structure_weight=0.2"
    assert json.loads((first / "run.json").read_text())["status"] == "finished"
    assert not (out / "grid.csv").exists() and not second.exists()
    before = {p: p.stat().st_mtime_ns for p in first.rglob("*")}

    assert call(*words).code == 0
    assert at_once == ["structure_weight=0.2"]
    assert {p: p.stat().st_mtime_ns for p in first.rglob("*")} == before
    assert {row["structure_weight"] for row in table(out)} == {"0.1", "0.2"}
    record = json.loads((second / "run.json").read_text())
    assert record["status"] == "finished"


def test_table_is_ranked_and_every_trial_has_its_folder(call, at_once, tmp_path):
    grid = ("--grid", "n_codes=3,4", "--grid", "structure=independent|0>1,0>2", "--out", tmp_path)
    answer = call(*SEARCH, *grid)
    assert answer.code == 0
    rows = table(tmp_path)
    assert {(row["n_codes"], row["structure"]) for row in rows} == {
        (m, structure) for m in "34" for structure in ("independent", "0>1,0>2")
    }
    scores = [float(row["val_acsa"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert [row["rank"] for row in rows] == list("1234")
    for row in rows:
        stored = json.loads((tmp_path / row["run"] / "metrics.json").read_text())
        assert float(row["recovery"]) == stored["recovery"]
        assert (row["edges"] == "") == (row["structure"] == "independent")
        assert Image.open(tmp_path / row["run"] / "pictures" / "traversals.png").width > 300
    shown = [line.split()[:3] for line in answer.out.splitlines() if "independent" in line]
    assert sorted(m for _, m, _ in shown) == ["3", "4"]
    assert max(map(len, answer.out.splitlines())) <= 80

    ran = list(at_once)
    answer = call(*SEARCH, *grid, "--rank-by", "recovery")  # nothing is trained for that
    assert answer.code == 0 and at_once == ran
    recovery = [float(row["recovery"]) for row in table(tmp_path)]
    assert recovery == sorted(recovery, reverse=True)


def test_scores_are_those_of_the_library_without_the_test_set(call, at_once, tmp_path):
    assert call(*SEARCH, "--grid", "noise_dim=8", "--seed", 5, "--out", tmp_path).code == 0
    digits = load_dataset("digits")
    X, y = imbalance.subset(
        digits.X_train, digits.y_train, imbalance.published("digits"), random_state=5
    )
    train, held_out = stratified_holdout(y, 0.2, 5, np.arange(10))
    model = IMSIC(noise_dim=8, max_epochs=1, batch_size=150, random_state=5)
    model.fit(X[train], y[train])
    with pytest.warns(UserWarning, match="interpolated"):
        more = model.resample(X[train], y[train])
    classifier = ConvNetClassifier(max_epochs=1, random_state=5).fit(*more)
    (row,) = table(tmp_path)
    assert float(row["val_acsa"]) == acsa(y[held_out], classifier.predict(X[held_out]))
    stored = IMSIC.load(tmp_path / row["run"] / "model")
    np.testing.assert_array_equal(stored.sample(2), model.sample(2))
    assert call("imsic", "evaluate", tmp_path / row["run"]).code == 0


def test_default_grid_is_the_published_one():
    points = list(grid.product(grid.axes_of([module.PUBLISHED], module.IMSIC_PARAMETERS)))
    assert points == [{"structure_weight": pytest.approx(i / 10)} for i in range(1, 11)]


def test_values_are_those_of_the_options():
    texts = ["label-use=unsupervised", "batch_size=auto,32", "code_names=a,b|c,d"]
    assert list(grid.product(grid.axes_of(texts, module.IMSIC_PARAMETERS)))[1:3] == [
        {"label_use": "unsupervised", "batch_size": "auto", "code_names": ["c", "d"]},
        {"label_use": "unsupervised", "batch_size": 32, "code_names": ["a", "b"]},
    ]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--grid", "weight=1"), "weight=1"),
        (("--grid", "structure_weight"), "structure_weight"),
        (("--grid", "structure_weight=.1,much"), "'much'"),
        (("--grid", "structure_weight=.1,0.1"), "0.1 is given twice"),
        (("--grid", "n_codes=1", "--grid", "n_codes=2"), "Name it once"),
        (("--grid", "structure_weight=.1,-1"), "Got -1.0"),
        (("--grid", "label_use=none"), "supervised"),
        (("--grid", "structure=0>1|0>1,1>0"), "code_1 → code_2 → code_1"),
        (("--grid", "n_codes=2", "--jobs", "0"), "jobs"),
        (("--grid", "n_codes=2:4"), "Add --trials"),
        (("--grid", "n_codes=4:2", "--trials", "2"), "LOW:HIGH"),
        (("--grid", "structure_weight=0:1:log", "--trials", "2"), "LOW:HIGH"),
        (("--grid", "structure_weight=-1:1", "--trials", "2"), "Got -1.0"),
    ],
)
def test_mistakes_are_found_before_anything_is_done(call, tmp_path, monkeypatch, words, named):
    monkeypatch.setattr(DataChoice, "load", None)
    answer = call(*SEARCH, *words, "--out", tmp_path / "grid")
    assert (answer.code, answer.out) == (2, "")
    assert named in " ".join(answer.err.split())
    assert not (tmp_path / "grid").exists()


def test_trials_go_on_where_they_were(call, at_once, tmp_path):
    pytest.importorskip("optuna")
    grid = ("--grid", "structure_weight=.1:2:log", "--grid", "structure=independent|0>1,0>2")
    words = (*SEARCH, *grid, "--jobs", 1, "--out", tmp_path)
    assert call(*words, "--trials", 2).code == 0
    assert len(table(tmp_path)) == len(at_once) == 2
    first = list(at_once)
    assert call(*words, "--trials", 3).code == 0
    assert at_once[:2] == first and len(at_once) == 3  # the first two were not run again
    rows = table(tmp_path)
    assert len(rows) == 3
    assert all(0.1 <= float(row["structure_weight"]) <= 2 for row in rows)
    assert len({row["structure_weight"] for row in rows}) == 3


def test_trials_of_other_settings_are_not_mixed_in(call, at_once, tmp_path):
    grid = ("--grid", "noise_dim=8", "--out", tmp_path)
    assert call(*SEARCH, *grid).code == 0
    answer = call(*SEARCH, *grid, "--class-balance", "1")
    assert answer.code == 2
    assert "class_balance is 'auto' there and 1 here" in answer.err
    record = tmp_path / "noise_dim=8" / "run.json"
    changed = json.loads(record.read_text())
    changed["data"]["fingerprint"] = "of other images"
    record.write_text(json.dumps(changed))
    answer = call(*SEARCH, *grid)
    assert answer.code == 2
    assert "no longer those" in answer.err
    assert call(*SEARCH, *grid, "--class-balance", "1", "--overwrite").code == 0
    assert at_once == ["noise_dim=8", "noise_dim=8"]


def test_a_trial_that_fails_does_not_stop_the_others(call, little_to_judge, tmp_path, monkeypatch):
    def some(trials, n_jobs):
        for trial in trials:
            if trial.settings["parameters"]["noise_dim"] == 4:
                yield trial, "error: noise_dim=4: no memory"
            else:
                run_trial(trial)
                yield trial, ""

    monkeypatch.setattr(module, "in_processes", some)
    answer = call(*SEARCH, "--grid", "noise_dim=4,8", "--out", tmp_path)
    assert answer.code == 1
    assert "noise_dim=4: failed" in answer.err and "1 of 2 trials failed" in answer.err
    assert "noise_dim=4: no memory" in answer.err
    assert [row["noise_dim"] for row in table(tmp_path)] == ["8"]


def test_ctrl_c_ends_the_processes(tmp_path):
    words = (*SEARCH, "--max-epochs", 5000, "--grid", "noise_dim=4,8", "--jobs", 2)
    command = [sys.executable, "-m", "equipoise", *map(str, words), "--out", str(tmp_path / "grid")]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while len(list(tmp_path.glob("grid/*/history.jsonl"))) < 2:
            assert started.poll() is None
            time.sleep(0.05)
        os.kill(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=60)
    finally:
        started.kill()
    assert started.returncode == 130
    assert "interrupted" in said and "Traceback" not in said
    histories = {path: path.read_text() for path in tmp_path.glob("grid/*/history.jsonl")}
    time.sleep(1)
    assert all(path.read_text() == text for path, text in histories.items())  # they have ended
