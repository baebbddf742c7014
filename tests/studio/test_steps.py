"""What the steps do without a browser."""

import shlex
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from equipoise import IMSIC, DGCClassifier
from equipoise.cli import main
from equipoise.imsic.decisions import Proposal
from equipoise.runs.training import train as run_training
from equipoise.studio import balance, curate, data, drawing, train
from equipoise.studio.errors import StudioError
from equipoise.studio.jobs import Job
from equipoise.studio.pictures import most_different
from equipoise.studio.project import Project


def line(index, confidence, memorised=False, decision=""):
    return {
        "index": index,
        "confidence": confidence,
        "memorised": memorised,
        "decision": decision,
    }


def test_a_threshold_decides_only_what_is_undecided():
    found = {
        "candidates": [
            line(3, 0.9),
            line(1, 0.9, memorised=True),
            line(0, 0.5, decision="accepted"),
            line(2, 0.4),
        ]
    }
    decisions = curate.by_threshold(found, 0.9)
    assert decisions == {3: "accepted", 1: "rejected", 2: "rejected"}


def test_a_decision_on_no_candidate_is_refused():
    with pytest.raises(StudioError, match="no candidate 3"):
        curate.decided(Proposal((9,), 3, seed=1), {3: "accepted"})


def test_columns_that_differ_most():
    assert most_different([0.2, 3.0, 0.0, 0.6, 9.0, 1.0]) == [4, 1, 5]
    assert most_different([0.1, 0.2]) == []


def test_an_error_in_the_background_is_told_in_words(capsys):
    def refuse(job):
        raise ValueError("Choose a smaller one.")

    def fail(job):
        raise KeyError("x")

    jobs = [Job("The training", refuse), Job("The training", fail)]
    assert all(job.end(5) for job in jobs)
    assert jobs[0].error == "Choose a smaller one."
    assert "should not (KeyError" in jobs[1].error
    assert "KeyError" in capsys.readouterr().err


def test_a_step_that_comes_too_early_says_what_to_do(tmp_path):
    project = Project([], tmp_path)
    for action, words in {
        train.start: "Open some data first",
        lambda p, _: train.resume(p): "Train a model first",
        lambda p, _: p.steered(): "There is no model yet",
    }.items():
        with pytest.raises(StudioError, match=words):
            action(project, {})


def test_parameters_are_checked_before_a_run_is_made(tmp_path):
    project = Project([], tmp_path)
    project.open("builtin", "digits", {})
    with pytest.raises(ValueError, match="n_codes"):
        train.start(project, {"n_codes": 0})
    assert project.run is None and not list(tmp_path.iterdir())


def test_a_run_goes_on_by_itself_unless_it_was_stopped_or_is_held(tmp_path):
    first = Project([], tmp_path)
    first.open("builtin", "digits", {})
    train.start(first, {"epochs": 60, "n_codes": 1})
    first.job.end(60)
    run = first.run
    assert run.status == "interrupted"

    def opened():
        project = Project([], tmp_path)
        project.open("run", f"{tmp_path.name}/{run.path.name}", {})
        return project, train.go_on(project)

    assert opened()[1] == "" and opened()[0].job is None
    run.update(status="running")  # as a process leaves it that is killed
    with run.hold():
        project, said = opened()
        assert "Another process is training" in said and project.job is None
        with pytest.raises(ValueError, match="Another process is training"):
            run_training(first.model, first.rows.X, first.rows.y, run)
    assert (run.path / "run.json").is_file()
    project, said = opened()
    assert "goes on now" in said and project.job.running
    assert project.job.end(60) and project.run.status == "interrupted"


def test_a_comparison_is_left_at_once_when_it_is_stopped(tmp_path, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(DummyClassifier):
        def fit(self, X, y):
            begun.set()
            go_on.wait(30)
            return super().fit(X, y)

    monkeypatch.setattr(balance, "classifiers", lambda is_table: {"slow": Slow()})
    project = with_dgc(tmp_path, "csv")
    balance.compare(project)
    assert begun.wait(10) and project.job.running
    assert project.job.progress["share"] == 0 and "Fit 1 of 2" in project.job.progress["words"]
    train.stop(project)
    assert not project.job.running and "stopped" in project.job.error
    go_on.set()
    project.job._thread.join(10)
    assert project.job.result is None
    balance.compare(project)
    project.job._thread.join(10)
    assert "recall" in project.job.result["verdict"]
    assert "Fit 2 of 2" in project.job.progress["words"]


def test_the_lines_for_a_dgc_on_a_table_make_the_same_rows(tmp_path, monkeypatch):
    project = with_dgc(tmp_path, "dgc")
    balance.export(project, "csv")
    project.job._thread.join(60)
    found = project.job.result
    written = pd.read_csv(found["path"])
    known = {"X": project.rows.X, "y": project.rows.y}
    exec(found["python"], known)
    pd.testing.assert_frame_equal(written[list(known["X_all"])], known["X_all"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*shlex.split(found["command"])[1:], "--n", "2"])
    assert not ended.value.code
    assert pd.read_csv("new.csv")["kind"].tolist() == ["a", "a", "b", "b"]


def test_an_export_tells_how_far_it_is_and_keeps_the_old_files_when_stopped(tmp_path, monkeypatch):
    project = with_dgc(tmp_path, "dgc")
    balance.export(project, "csv")
    project.job._thread.join(60)
    before = pd.read_csv(project.job.result["path"])
    told, go_on, judge = threading.Event(), threading.Event(), DGCClassifier.predict_proba

    def slow(self, X):
        assert len(X) <= drawing.ROWS_AT_ONCE
        if project.job.progress["share"]:  # not the first block
            told.set()
            go_on.wait(30)
        return judge(self, X)

    monkeypatch.setattr(DGCClassifier, "predict_proba", slow)
    monkeypatch.setattr(drawing, "ROWS_AT_ONCE", 16)
    project.choices["class_sizes"] = {"a": 48, "b": 60}
    balance.export(project, "csv")
    assert told.wait(30) and 0 < project.job.progress["share"] < 1
    assert "class b" in project.job.progress["words"]
    train.stop(project)
    assert not project.job.running and "wrote no files" in project.job.error
    go_on.set()
    project.job._thread.join(30)
    folder = project.run.path / "export"
    assert [path.name for path in folder.iterdir()] == ["balanced.csv"]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "balanced.csv"), before)
    balance.export(project, "csv")
    project.job._thread.join(30)
    assert project.job.result["rows"] == 108 and project.job.result["held_out"] == 16


def test_sizes_that_no_class_can_have_are_refused(tmp_path):
    project = with_dgc(tmp_path, "dgc")
    name = next(iter(balance.classifiers(True)))
    for size, words in {10: "48 real rows", 10**12: "At most 1,000,000"}.items():
        with pytest.raises(StudioError, match=words):
            balance.choose(project, {"a": size}, name)


def test_columns_are_read_as_the_page_says_also_when_the_run_is_opened_again(tmp_path):
    project = with_dgc(tmp_path, "plain")
    assert "read" in project.run.record["data"]["source"]
    n = 40
    rows = pd.DataFrame({"id": [f"P{i}" for i in range(n)], "ward": [1, 2] * 20, "size": range(n)})
    rows["seen"], rows["word"] = pd.date_range("2020-01-01", periods=n), ["NA", "x"] * 20
    rows.assign(kind=["a", "a", "a", "b"] * 10).to_csv(tmp_path / "t.csv", index=False)
    name = f"{tmp_path.name}/t.csv"
    project.open("table", name, {"target": "kind"})
    said = " ".join(data.summary(project)["said"])
    for words in ("“Ignore”", "“Date”", "“Category”", "“Missing values”", "'P0'"):
        assert words in said
    assert "--" not in said
    read = {"ignored": ["id"], "categories": ["ward", "seen"], "missing": [""]}
    project.open("table", name, {"target": "kind", **read})
    X = project.rows.X
    assert list(X) == ["ward", "size", "seen", "word"] and set(X["word"]) == {"NA", "x"}
    assert set(X["ward"]) == {"1", "2"} and "'P0'" not in str(data.summary(project)["said"])
    train.start(project, {"method": "dgc", "epochs": 1})
    project.job._thread.join(60)
    again = Project([tmp_path], tmp_path / "runs")
    again.open("run", f"runs/{project.run.path.name}", {})
    pd.testing.assert_frame_equal(again.rows.X, X)
    balance.choose(again, {"a": 24, "b": 24}, next(iter(balance.classifiers(True))))
    balance.export(again, "csv")
    again.job._thread.join(60)
    assert "Without the columns that you ignored: id." in again.job.result["notes"]


def test_of_a_wide_table_the_columns_that_count_are_shown():
    values = np.zeros(30)
    values[[20, 25]] = 5, 4
    row = pd.DataFrame([range(30)], columns=[f"c{i}" for i in range(30)])
    found = curate._beside(row, row, values)
    assert found["columns"][-2:] == ["c20", "c25"] and found["marked"] == [10, 11]
    assert found["more"] == 18 and found["row"] == found["real"] == [
        c[1:] for c in found["columns"]
    ]


def with_dgc(folder, name):
    """A project with a table and a DGC of one epoch."""
    random = np.random.default_rng(0)
    kind = np.repeat(["a", "b"], [60, 20])
    rows = pd.DataFrame({"size": random.normal(size=80) + (kind == "b"), "kind": kind})
    rows.to_csv(folder / f"{name}.csv", index=False)
    project = Project([folder], folder / "runs")
    (folder / "runs").mkdir()
    project.open("table", f"{folder.name}/{name}.csv", {"target": "kind"})
    train.start(project, {"method": "dgc", "epochs": 1, "n_codes": 2})
    assert project.run.record["settings"]["parameters"]["n_codes"] == DGCClassifier().n_codes
    project.job._thread.join(60)
    balance.choose(project, {"a": 48, "b": 48}, next(iter(balance.classifiers(True))))
    return project


def test_the_progress_of_a_training_only_grows(tmp_path):
    shares = []

    class Told:
        stop = threading.Event()
        progress = property(lambda self: {}, lambda self, told: shares.append(told["share"]))

    X = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    watch = train.Watch(Told(), ["a", "b"])
    IMSIC(max_epochs=2, n_codes=1, callbacks=[watch]).fit(X, np.repeat([0, 1], 20))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
