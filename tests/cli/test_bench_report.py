"""``bench report``: from an experiment file and stored records to a page and tables."""

import re

import pytest
import typer

from equipoise.cli.bench_report import bench_report
from equipoise.experiments import provenance

FILE = """
title = "A guess"
datasets = ["digits"]
seeds = [1, 2]
reference = "constant"
[protocol]
sizes = "published"
[methods.guess]
class = "sklearn.dummy.DummyClassifier"
params = { strategy = "uniform" }
label = "a guess"
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
[published.digits]
"a paper" = [0.5, 0.4, 0.3, 0.2, 0.1]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """An experiment with stored records, one of a method that the file no longer has."""
    from equipoise.experiments import load_experiment, plan
    from equipoise.experiments import store as results

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "guess.toml"
    path.write_text(FILE)
    for job in plan.jobs_of(load_experiment(path)):
        results.append(tmp_path / "results/guess", record_of(job), None)
        if job["treatment"] == "guess":
            forgotten = record_of(job) | {"treatment": "forgotten"}
            results.append(tmp_path / "results/guess", forgotten, None)
    return path


def record_of(job):
    names = ("acsa", "f_macro", "g_macro", "smallest_class_recall", "largest_class_precision")
    score = 0.1 * job["seed"] + 0.2 * (job["treatment"] == "guess")
    return provenance.blank_record(job) | {
        **{"status": "done", "classes": list("0123456789")},
        **{"metrics": dict.fromkeys(names, score), "recall": [score] * 10},
        **{"class_counts": list(range(10, 0, -1)), "n_test": [5] * 10},
        **{"fit_seconds": 1.5, "predict_seconds": 0.5, "peak_mib": 90, "threads": 1},
        **{"versions": {"python": "3.12"}, "finished": "2026-01-01T00:00:00+00:00"},
    }


def report(*words):
    app = typer.Typer()
    app.command()(bench_report)
    app([str(word) for word in words], standalone_mode=False)


def test_all_files_at_once(file, tmp_path, capsys):
    (tmp_path / "README.md").write_text(
        "# a\n<!-- results:guess:start --><!-- results:guess:end -->\nend\n"
    )
    report(
        file,
        *("--out", "p.html", "--markdown", "t.md"),
        *("--latex", "t.tex", "--readme", "README.md"),
    )
    assert capsys.readouterr().out.split() == ["p.html", "t.md", "t.tex", "README.md"]
    table = (tmp_path / "t.md").read_text()
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")]
    assert rows == ["| method", "| a paper", "| a guess", "| constant"]  # the order of the file
    assert "0.3500 ± 0.0707" in table
    before, short, after = re.split(
        r"<!-- results:guess:\w+ -->", (tmp_path / "README.md").read_text()
    )
    assert (before, after) == ("# a\n", "\nend\n")
    assert "a paper" not in short and "| a guess | 2 | .3500 ± .0707 |" in short
    assert r"\toprule" in (tmp_path / "t.tex").read_text()
    page = (tmp_path / "p.html").read_text()
    assert "<h1>A guess</h1>" in page and "equipoise bench run" in page
    assert "forgotten" not in page + table


def test_without_targets_the_table_is_printed_and_other_parameters_are_named(file, capsys):
    file.write_text(file.read_text().replace("uniform", "stratified"))
    report(file)
    shown = capsys.readouterr()
    assert "| a guess |" in shown.out
    assert "run with other parameters" in shown.err


def test_mistakes_come_before_any_file(file, tmp_path):
    (tmp_path / "README.md").write_text("no marks")
    before = sorted(tmp_path.iterdir())
    for words, message in (
        (["--markdown", "t.md", "--readme", "README.md"], "results:guess:start"),
        (["--images", "."], "--images is for the page"),
        (["--out", "p.html", "--images", "results"], "no PNG files"),
        (["--out", "nowhere/p.html"], "no folder nowhere"),
        (["--held-out"], "has no results"),
    ):
        with pytest.raises(ValueError, match=message):
            report(file, *words)
    assert sorted(tmp_path.iterdir()) == before
