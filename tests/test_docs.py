"""The tables of the user guide say what the code does."""

import ast
import re
from pathlib import Path

import pytest

from equipoise import DGCClassifier

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "dgc.rst"


def rows() -> list[list[str]]:
    """Cells of the parameter table, less its heading."""
    table = GUIDE.read_text(encoding="utf-8").split("From symbols to parameters")[1]
    table = table.split("In brackets")[0]
    cells = [
        re.findall(r"^ {3}[* ] - (.*)$", row, re.M) for row in re.split(r"(?m)^(?= {3}\*)", table)
    ]
    return cells[2:]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2].strip("`"))
def test_parameter_table_of_dgc(row):
    _, _, name, default, published = (cell.strip("`") for cell in row)
    assert DGCClassifier().get_params()[name] == ast.literal_eval(default)
    assert DGCClassifier.paper().get_params()[name] == ast.literal_eval(published)
