"""``bench``: what its commands print, and their exit codes."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

FILE = """
title = "A guess"
datasets = ["digits"]
seeds = [1, 2]
reference = "constant"
[protocol]
sizes = "published"
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
params = { strategy = "prior" }
[methods.guess]
class = "sklearn.dummy.DummyClassifier"
params = { strategy = "uniform" }
label = "a guess"
[published.digits]
"a paper" = [0.5, 0.4, 0.3, 0.2, 0.1]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """An experiment whose jobs run in this process."""
    from equipoise.experiments import processes
    from equipoise.experiments.job import carry_out

    def here(job, children):
        with TemporaryDirectory() as name:
            carry_out(job, Path(name))
            return processes.outcome_in(Path(name), job, "")

    monkeypatch.setattr(processes, "perform", here)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "benchmarks").mkdir()
    path = tmp_path / "benchmarks" / "guess.toml"
    path.write_text(FILE)
    return path


def test_from_nothing_to_a_table(call, file):
    assert "0 of 4 jobs done   A guess" in call("bench", "list").out
    assert "no results yet" in call("bench", "show", file).err

    answer = call("bench", "run", file)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert [line[:11] for line in lines] == [f"done {i} of 4" for i in range(1, 5)]
    assert re.search(r"digits constant seed 1: ACSA 0\.1000 .* fit \d+\.\d s  predict", lines[0])
    assert "4 of 4 jobs done" in call("bench", "list").out
    assert "No job is left to run" in call("bench", "run", file).err

    answer = call("bench", "show", file)
    assert answer.code == 0
    heading, paper, constant, guess = answer.out.splitlines()[2:6]
    assert heading.split()[:3] == ["method", "seeds", "ACSA"]
    assert paper.split()[:5] == ["a", "paper,", "published", "0.5000", "0.4000"]
    assert constant.split()[:5] == ["constant", "2", "0.1000", "±", "0.0000"]
    records = sorted((file.parent / "results/guess/digits/guess").glob("*.json"))
    scores = [json.loads(path.read_text())["metrics"]["acsa"] for path in records]
    mean, sd = sum(scores) / 2, abs(scores[0] - scores[1]) / 2**0.5
    assert guess.startswith("a guess ") and f" 2  {mean:.4f} ± {sd:.4f} " in guess
    assert "other parameters" not in answer.out


def test_a_result_without_its_memory(call, file):
    assert call("bench", "run", file, "--methods", "guess").code == 0
    first, second = sorted((file.parent / "results/guess/digits/guess").glob("*.json"))
    first.write_text(json.dumps({**json.loads(first.read_text()), "peak_mib": None}))
    second.write_text(json.dumps({**json.loads(second.read_text()), "peak_mib": 12345}))
    assert call("bench", "show", file).out.rstrip().endswith(" 12,345")


def test_other_parameters_are_told_and_not_run_again(call, file):
    assert call("bench", "run", file, "--seeds", "1").code == 0
    changed = FILE.replace('"uniform"', '"stratified"').replace(
        'sizes = "published"', 'sizes = "exponential"\nratio = 5'
    )
    file.write_text(changed)
    answer = call("bench", "show", file)
    assert "guess seed 1: run with other parameters: strategy 'uniform', now 'strat" in answer.out
    assert "sizes 'published', now 'exponential'; ratio None, now 5" in answer.out
    assert call("bench", "run", file, "--seeds", "1").out == ""
    again = call("bench", "run", file, "--seeds", "1", "--methods", "guess", "--again")
    assert "done 1 of 1" in again.out
    shown = call("bench", "show", file).out
    assert "constant seed 1: run with other" in shown and "guess seed 1: run" not in shown


def test_held_out_results_have_their_own_table(call, file):
    assert call("bench", "run", file, "--seeds", "1", "--held-out").code == 0
    assert "no results yet" in call("bench", "show", file).err
    answer = call("bench", "show", file, "--held-out")
    assert "held-out training images" in answer.out and "a paper" not in answer.out


def test_failures_are_told(call, file):
    from equipoise.experiments import processes

    processes.perform = lambda *_: 1 / 0  # put back with the fixture's patch
    answer = call("bench", "run", file, "--seeds", "1")
    assert answer.code == 1
    assert "constant seed 1: failed: ZeroDivisionError" in answer.out
    assert "2 of 2 jobs failed" in answer.err
    assert "constant seed 1: failed" in call("bench", "show", file).out


def test_mistakes(call, file):
    for words in (
        ("run", "nothing.toml"),
        ("run", file, "--seeds", "5-1"),
        ("run", file, "--methods", "magic"),
        ("run", file, "--datasets", "mnist"),
        ("run", file, "--jobs", "0"),
        ("show", "nothing.toml"),
        ("list", "--folder", "nowhere"),
    ):
        answer = call("bench", *words)
        assert answer.code == 2 and "Traceback" not in answer.err, words
    file.write_text(FILE.replace("uniform", "uniform").replace("datasets", "data_sets"))
    answer = call("bench", "list")  # one bad file does not hide the others
    assert answer.code == 0 and "data_sets" in answer.out
    assert not (file.parent / "results").exists()


@pytest.mark.parametrize("page", [[], ["run"], ["list"], ["show"]], ids=" ".join)
def test_help_fits_80_columns(call, page):
    answer = call("bench", *page, "--help")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80


def test_commands_that_read_import_nothing(call, file, monkeypatch):
    (file.parent / "trap.py").write_text(
        "from pathlib import Path\nfrom sklearn.dummy import DummyClassifier as Trap\n"
        "Path(__file__).with_name('sprung').touch()\n"
    )
    assert call("bench", "run", file, "--seeds", "1").code == 0
    monkeypatch.syspath_prepend(file.parent)
    file.write_text(FILE.replace("sklearn.dummy.DummyClassifier", "trap.Trap"))
    assert "2 of 4 jobs done" in call("bench", "list").out
    for command in ("show", "report", "pack"):
        assert call("bench", command, file).code == 0
    assert not (file.parent / "sprung").exists()
    assert call("bench", "run", file).code == 0
    assert (file.parent / "sprung").exists()


def test_list_outside_of_a_folder_of_experiments_says_where_to_look(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = call("bench", "list")
    assert answer.code == 0 and answer.out == "" and "--folder" in answer.err
    answer = call("bench", "list", "--folder", "elsewhere")
    assert answer.code == 2 and "--folder elsewhere is no folder" in answer.err
