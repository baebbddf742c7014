"""The tables of the user guide say what the code does."""

import ast
import re
from pathlib import Path

import pytest

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
