"""The words of the library, as the page says them."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import equipoise
from equipoise import IMSIC
from equipoise.studio.words import COLUMNS, on_the_page

PACKAGE = Path(equipoise.__file__).parent
# Texts that no page can meet: of the terminal, of downloads, and of options that it has not.
ELSEWHERE = {
    "experiments/provenance.py",  # options of git
    "datasets/fetch.py",
    "datasets/loading.py",
    "studio/server.py",  # before there is a page
    "studio/words.py",
    "runs/run.py",
}
TEXTS_ELSEWHERE = ("--protocol", ": --missing-values is for a CSV")


def texts(path):
    """Texts of a module but docstrings, and its formatted texts as a whole."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node not in documented:
                yield node.value


def test_no_message_that_a_page_can_show_names_an_option():
    found = []
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name in ELSEWHERE or name.startswith("cli/"):
            continue
        found += [
            (name, text)
            for text in map(on_the_page, texts(path))
            if re.search(r"--[a-z]", text) and not any(one in text for one in TEXTS_ELSEWHERE)
        ]
    assert found == []


def test_the_page_has_every_field_that_its_words_name():
    page = " ".join(path.read_text("utf-8") for path in (PACKAGE / "studio/static").glob("*.js"))
    said = " ".join(map(on_the_page, ["; ".join(COLUMNS), "max_epochs n_codes structure_weight"]))
    said += on_the_page("min_class_size=8; pass skip_damaged (--skip-damaged)")
    named = re.findall("“([^”]+)”", said)
    assert len(named) > 8
    assert [one for one in named if f'"{one}"' not in page] == []


def test_the_fields_of_the_page_are_named():
    with pytest.raises(ValueError) as refused:
        IMSIC(n_codes=0).fit(np.zeros((4, 2)), [0, 0, 1, 1])
    assert "The “Codes” parameter of IMSIC" in on_the_page(str(refused.value))


def test_where_the_fields_are():
    assert on_the_page("Mark it with --dates.").endswith("It is under “How to read the columns”.")
    assert on_the_page("--dates or --ignore.").endswith("They are under “How to read the columns”.")
    assert on_the_page("less than max_epochs='auto', which") == "less than “How long” (auto), which"
