"""Texts in CSV files of the library: one line for each row, and no formulas."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from equipoise.cli.results import Results
from equipoise.runs.csv_cells import csv_text, without_formulas
from equipoise.runs.export import write_marked_table

HOSTILE = ["=HYPERLINK(1)", "+1+cmd|x", "-2+3", "@SUM(1)", "\t=1", "a\rb", "a\r\nb", "a\nb", 'q"=,']


def test_formulas_become_text():
    rows = pd.DataFrame({"=a": ["x", None], "b": ["=1", "@y"], "c": [-1, 2], "d": [-0.5, 1]})
    found, changed = without_formulas(rows)
    assert changed == ["=a", "b"]
    assert list(found) == ["'=a", "b", "c", "d"]
    assert found["b"].tolist() == ["'=1", "'@y"] and found["c"].tolist() == [-1, 2]
    assert list(rows) == ["=a", "b", "c", "d"] and rows["b"].tolist() == ["=1", "@y"]
    categories, _ = without_formulas(rows[["b"]].astype("category"))
    assert categories["b"].tolist() == ["'=1", "'@y"]


@pytest.mark.parametrize("text", ["-1", "+1", "-.5", "-1e-3", "+", "-", "a=b", ""])
def test_numbers_and_single_signs_stay_as_they_are(text):
    assert without_formulas(pd.DataFrame({"x": [text]}))[1] == []


def test_every_row_of_a_table_of_hostile_texts_is_one_harmless_line():
    table = pd.DataFrame({name: HOSTILE for name in HOSTILE}).assign(score=-0.5)
    text = csv_text(table, float_format="%.2f")
    assert len(text.splitlines()) == len(HOSTILE) + 1
    cells = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[-1] for row in cells[1:]] == ["-0.50"] * len(HOSTILE)
    assert cells[0][:-1] == [
        *("'=HYPERLINK(1)", "'+1+cmd|x", "'-2+3", "'@SUM(1)", "'\t=1"),
        *("a b", "a b", "a b", 'q"=,'),
    ]
    assert [row[0] for row in cells[1:]] == cells[0][:-1]


def test_a_confusion_table_of_hostile_class_names(tmp_path):
    y = np.arange(len(HOSTILE))
    Results(y, np.eye(len(y)), HOSTILE, np.ones_like(y)).save(tmp_path)
    lines = (tmp_path / "confusion.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(HOSTILE) + 1
    assert lines[0].startswith("true \\ predicted,'=HYPERLINK(1),'+1+cmd|x,")
    assert lines[3] == "'-2+3,0,0,1,0,0,0,0,0,0"


def test_marked_tables_keep_carriage_returns_in_their_cells(tmp_path):
    X = pd.DataFrame({"x": ["a\rb", "c\r\nd"], "n": [-1, 2]})
    write_marked_table(tmp_path / "t.csv", X, ["u", "v"], "y", np.array([False, True]))
    found = pd.read_csv(tmp_path / "t.csv")
    assert found["x"].tolist() == ["a\rb", "c\r\nd"] and found["n"].tolist() == [-1, 2]
