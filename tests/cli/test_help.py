"""Help: complete, true to the estimator, readable on a narrow terminal, and fast."""

import inspect
import re
import subprocess
import sys

import pytest

from equipoise.cli.train import NOT_OPTIONS, PARAMETERS
from equipoise.dgc import DGCClassifier
from equipoise.parameters import OneOf

SIGNATURE = inspect.signature(DGCClassifier).parameters
PAGES = [
    [],
    ["demo"],
    ["datasets"],
    ["dgc"],
    ["dgc", "train"],
    ["dgc", "evaluate"],
    ["dgc", "generate"],
    ["dgc", "predict"],
]
HEAVY = {"torch", "numpy", "scipy", "sklearn", "matplotlib", "pandas", "PIL"}


@pytest.fixture
def train_help(call) -> dict[str, str]:
    """Option to its text on one line."""
    text = call("dgc", "train", "--help").out.split("Options:")[1]
    entries = re.split(r"\n  (?=-)", text)
    return {
        re.search(r"--([\w-]+)", entry)[1]: " ".join(entry.split()) for entry in entries if entry
    }


def test_every_parameter_is_an_option_or_has_a_reason():
    assert [p.name for p in PARAMETERS] == [n for n in SIGNATURE if n not in NOT_OPTIONS]
    assert set(NOT_OPTIONS) == {
        "image_shape",
        "warm_start",
        "random_state",
        "callbacks",
        "verbose",
    }


@pytest.mark.parametrize("name", [n for n in SIGNATURE if n not in NOT_OPTIONS])
def test_option_shows_default_and_meaning(train_help, name):
    text = train_help[name.replace("_", "-")]
    default = SIGNATURE[name].default
    if isinstance(default, bool):
        default = name.replace("_", "-") if default else "no-" + name.replace("_", "-")
    assert f"[default: {default}]" in text
    meaning = text.split(">", 1)[-1].split("[default")[0]
    assert len(meaning.split()) >= 3


def test_meaning_is_the_docstrings(train_help):
    assert "Peak learning rate of AdamW." in train_help["learning-rate"]
    assert "In [0, 1)." in train_help["beta-1"]


def test_choices_are_the_legal_values():
    for parameter in PARAMETERS:
        if parameter.choices:
            legal = DGCClassifier._constraints[parameter.name]
            words = next(c.values for c in legal if isinstance(c, OneOf))
            assert sorted(parameter.choices) == sorted(words)


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_help_fits_80_columns_and_cuts_no_word(call, page):
    answer = call(*page, "--help")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "…" not in answer.out
    assert "``" not in answer.out and ":meth:" not in answer.out
    assert call(*page, "-h").out == answer.out


@pytest.mark.parametrize("page", [[], ["dgc", "train"], ["demo"]], ids=" ".join)
def test_help_loads_nothing_heavy(page):
    code = (
        "import sys\nfrom equipoise.cli import main\n"
        f"try: main({[*page, '--help']})\nexcept SystemExit: pass\n"
        f"print('loaded:', *sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: equipoise" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("page", [[], ["dgc"]], ids=" ".join)
def test_a_group_alone_shows_its_help(call, page):
    answer = call(*page)
    assert "Commands:" in answer.out + answer.err


def test_version(call):
    from equipoise import __version__

    assert call("--version").out == f"equipoise {__version__}\n"


def test_module_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "equipoise", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("equipoise ")
