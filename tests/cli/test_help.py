"""Help: complete, true to the estimator, readable on a narrow terminal, and fast."""

import inspect
import re
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
from equipoise.cli import train, train_classifier
from equipoise.cli.app import app
from equipoise.cli.examples import EXAMPLES, GROUPS
from equipoise.parameters import OneOf

PAGES = [
    [],
    ["demo"],
    ["datasets"],
    ["evaluate"],
    ["predict"],
    ["resample"],
    ["studio"],
    ["dgc"],
    ["dgc", "train"],
    ["dgc", "evaluate"],
    ["dgc", "generate"],
    ["dgc", "predict"],
    ["imsic"],
    ["imsic", "train-gan"],
    ["imsic", "train-classifier"],
    ["imsic", "evaluate"],
    ["imsic", "sample"],
    ["imsic", "traverse"],
    ["imsic", "predict"],
    ["imsic", "grid-search"],
    ["bench"],
    ["bench", "run"],
    ["bench", "list"],
    ["bench", "show"],
    ["bench", "report"],
]
# Commands whose options are the parameters of an estimator.
TRAINING = {
    ("dgc", "train"): (DGCClassifier, train.DGC_PARAMETERS),
    ("imsic", "train-gan"): (IMSIC, train.IMSIC_PARAMETERS),
    ("imsic", "train-classifier"): (ConvNetClassifier, train_classifier.PARAMETERS),
    ("imsic", "grid-search"): (IMSIC, train.IMSIC_PARAMETERS),
}
NOT_OPTIONS = train.NOT_OPTIONS
HEAVY = {"torch", "numpy", "scipy", "sklearn", "matplotlib", "pandas", "PIL"}


def options_of(call, command) -> dict[str, str]:
    """Option to its text on one line."""
    text = call(*command, "--help").out.split("Options:")[1]
    entries = re.split(r"\n  (?=-)", text)
    return {
        re.search(r"--([\w-]+)", entry)[1]: " ".join(entry.split()) for entry in entries if entry
    }


@pytest.mark.parametrize("command", TRAINING, ids=" ".join)
def test_every_parameter_is_an_option_or_has_a_reason(command):
    estimator, parameters = TRAINING[command]
    names = inspect.signature(estimator).parameters
    assert [p.name for p in parameters] == [n for n in names if n not in NOT_OPTIONS]
    assert set(NOT_OPTIONS) == {
        "sampling_strategy",
        "image_shape",
        "categorical_features",
        "allow_missing",
        "warm_start",
        "random_state",
        "callbacks",
        "verbose",
    }


@pytest.mark.parametrize("command", TRAINING, ids=" ".join)
def test_options_show_default_and_meaning(call, command):
    estimator, parameters = TRAINING[command]
    shown = options_of(call, command)
    for parameter in parameters:
        name = parameter.name.replace("_", "-")
        text, default = shown[name], inspect.signature(estimator).parameters[parameter.name].default
        if isinstance(default, bool):
            default = name if default else f"no-{name}"
        default = "(none)" if default is None else default
        assert f"[default: {default}]" in text.replace("- ", "-")  # lines break after hyphens
        meaning = text.split(">", 1)[-1].split("[default")[0]
        assert parameter.choices or len(meaning.split()) >= 3, name  # words may say it all


def commands_in(group):
    for command in group.commands.values():
        yield from commands_in(command) if hasattr(command, "commands") else [command]


def test_every_argument_and_option_is_explained():
    parameters = [(c.name, p) for c in commands_in(get_command(app)) for p in c.params]
    assert len(parameters) > 150
    # The choices of --lr-schedule say it all.
    assert {n for n, p in parameters if not p.help and p.name != "lr_schedule"} == set()


def test_meaning_is_the_docstrings(call):
    shown = options_of(call, ("dgc", "train"))
    assert "Peak learning rate of AdamW." in shown["learning-rate"]
    assert "In [0, 1)." in shown["beta-1"]


@pytest.mark.parametrize("command", TRAINING, ids=" ".join)
def test_choices_are_the_legal_values(command):
    estimator, parameters = TRAINING[command]
    for parameter in parameters:
        if parameter.choices:
            legal = estimator._constraints[parameter.name]
            options = next(c.values for c in legal if isinstance(c, OneOf))
            assert sorted(parameter.choices) == sorted(v for v in options if v is not None)


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_help_fits_80_columns_and_cuts_no_word(call, page):
    answer = call(*page, "--help")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "…" not in answer.out
    assert "``" not in answer.out and ":meth:" not in answer.out
    assert call(*page, "-h").out == answer.out


@pytest.mark.parametrize(
    "page",
    [[], ["dgc", "train"], ["imsic", "grid-search"], ["demo"], ["evaluate"], ["resample"]],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(page):
    code = (
        "import sys\nfrom equipoise.cli import main\n"
        f"try: main({[*page, '--help']})\nexcept SystemExit: pass\n"
        f"print('loaded:', *sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: equipoise" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_all_commands_are_in_groups(call):
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(get_command(app).commands)
    shown = call("--help").out
    assert shown.index("Tables:\n  evaluate") < shown.index("Methods:\n  dgc")


def test_examples_are_commands_that_exist(call):
    program = get_command(app)
    pages = {" ".join(page) for page in PAGES} - {"", "dgc", "imsic", "bench"}
    assert pages <= set(EXAMPLES)
    for name, lines in EXAMPLES.items():
        shown = call(*name.split(), "--help").out
        for line in lines:
            words, command = shlex.split(line), program
            for word in name.split():
                assert words.pop(0) == word
                command = command.commands[word]
            command.make_context(name, words)  # raises for an option that does not exist
            assert f"  equipoise {line}\n" in shown


@pytest.mark.parametrize("page", [["dgc"], ["imsic"]], ids=" ".join)
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
