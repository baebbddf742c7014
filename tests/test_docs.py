"""The tables of the user guide say what the code does."""

import ast
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

import equipoise
from equipoise import IMSIC, DGCClassifier

DOCS = Path(__file__).resolve().parents[1] / "docs"


def rows(page: str) -> list[list[str]]:
    """Cells of a page's parameter table, less its heading."""
    table = (DOCS / page).read_text(encoding="utf-8").split("From symbols to parameters")[1]
    table = table.split("In brackets")[0]
    cells = [
        re.findall(r"^ {3}[* ] - (.*)$", row, re.M) for row in re.split(r"(?m)^(?= {3}\*)", table)
    ]
    return [[cell.strip("`") for cell in row] for row in cells[2:]]


@pytest.mark.parametrize("row", rows("dgc.rst"), ids=lambda row: row[2])
def test_parameter_table_of_dgc(row):
    _, _, name, default, published = row
    assert DGCClassifier().get_params()[name] == ast.literal_eval(default)
    assert DGCClassifier.paper().get_params()[name] == ast.literal_eval(published)


@pytest.mark.parametrize("row", rows("imsic.rst"), ids=lambda row: row[2])
def test_parameter_table_of_imsic(row):
    _, _, name, default = row
    assert IMSIC().get_params()[name] == ast.literal_eval(default)


def snippets(page: str) -> list[str]:
    """The Python code of a page, without what needs timm or kornia."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.finditer(
        r"^( *)\.\. code-block:: python\n((?:\1   :.*\n)*)\n((?:\1   .*\n|\n)+)", text, re.M
    )
    return [textwrap.dedent(block[3]) for block in blocks if "needs-" not in block[2]]


def test_snippets_on_backbones_run(monkeypatch, capsys):
    digits = equipoise.load_dataset("digits")
    few = replace(digits, X_train=digits.X_train[::9], y_train=digits.y_train[::9])
    monkeypatch.setattr(equipoise, "load_dataset", lambda _: few)
    exec("\n".join(snippets("backbones.rst")), {})
    _, drawn, augmented, embeddings = capsys.readouterr().out.splitlines()
    assert (drawn, embeddings) == ("(4, 8, 8)", "[400 400 400] float32")
    assert float(augmented) > 0.8


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", ["imblearn", "ctgan", "torch"])
def test_snippets_of_coming_from_run(page, capsys):
    code = "\n".join(snippets(f"coming-from-{page}.rst"))
    exec(re.sub(r"max_epochs=(20|40)", "max_epochs=2", code), {})
    assert capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_snippets_of_readme_run(monkeypatch, tmp_path):
    """As they stand, but with fewer epochs of the two that take half a minute and more."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    known: dict = {}
    exec(re.sub(r"max_epochs=(40|80)", "max_epochs=2", code), known)
    assert known["nines"].shape == (16, 8, 8)
    assert (tmp_path / "traversals.png").exists()
