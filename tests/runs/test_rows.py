"""Rows of a run in one form, and files that say which rows are synthetic."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from equipoise.runs import data
from equipoise.runs.data import DataChoice, fingerprint
from equipoise.runs.export import (
    folder_names,
    write_arrays,
    write_class_folders,
    write_marked_table,
)
from equipoise.runs.rows import RunRows


@pytest.fixture
def table(tmp_path):
    rows = pd.DataFrame({"x": np.arange(30.0), "kind": ["a"] * 20 + ["b"] * 10})
    rows.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_a_table_is_split_by_class(table):
    rows = RunRows.of_table(table, "kind")
    assert rows.is_table and rows.title == "t"
    assert rows.class_names == rows.labels == ["a", "b"]
    assert rows.about["class_counts"] == [16, 8] and rows.about["n_test"] == 6
    assert not {*rows.X["x"]} & {*rows.X_test["x"]}
    record = {"data": rows.about, "settings": rows.settings}
    again = RunRows.of_run(record)
    pd.testing.assert_frame_equal(again.X, rows.X)
    assert again.about == rows.about


def test_a_class_of_one_row_is_refused(table):
    with table.open("a") as file:
        file.write("99,c\n")
    with pytest.raises(ValueError, match="'c' has a single row"):
        RunRows.of_table(table, "kind")


def test_images_of_a_run_are_the_same_again():
    rows = RunRows.of_images(DataChoice("digits"))
    assert not rows.is_table and len(rows.y) == 412
    again = RunRows.of_run({"data": rows.about, "settings": rows.settings})
    np.testing.assert_array_equal(again.X, rows.X)


def test_class_folders(tmp_path):
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)
    for _ in range(2):  # over an earlier one
        marks = np.array([False, True, True])
        names = ["../x", "cat"]
        write_class_folders(tmp_path / "out", images, np.array([0, 1, 1]), marks, names)
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png"))
    assert found == [
        "out/_x/real-000000.png",
        "out/cat/synthetic-000001.png",
        "out/cat/synthetic-000002.png",
    ]
    np.testing.assert_array_equal(Image.open(tmp_path / found[2]), images[2])


@pytest.mark.parametrize("name", ["..", "/", "", "a/../b", "a\0b", "<script>", "..\\x"])
def test_folder_names_stay_where_they_are(tmp_path, name):
    [found] = folder_names([name])
    assert found and (tmp_path / found).resolve().parent == tmp_path.resolve()


def test_arrays(tmp_path):
    write_arrays(tmp_path / "a.npz", np.zeros((2, 2, 2)), np.array([0, 1]), np.array([0, 1]), "ab")
    found = np.load(tmp_path / "a.npz")
    assert found["synthetic"].tolist() == [0, 1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_marked_tables(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    X = pd.DataFrame({"x": [1, 2], "synthetic": [5, 6]})
    path = tmp_path / f"t.{ending}"
    changed = write_marked_table(path, X, ["a", "b"], "kind", np.array([False, True]))
    found = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert list(found) == ["x", "synthetic", "kind", "synthetic_"]
    assert found["synthetic_"].tolist() == [False, True] and changed == []


def test_fingerprints_do_not_depend_on_where_the_rows_are(tmp_path, monkeypatch):
    X = np.random.default_rng(0).integers(0, 256, (50, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert fingerprint(X) == fingerprint(mapped) != fingerprint(X[:-1])
    monkeypatch.setattr(data, "HASHED_BYTES", 5 * 16)  # every tenth row
    assert fingerprint(X) == fingerprint(mapped) != fingerprint(X[:-1])
    other = X.copy()
    other[10, 0, 0] ^= 1
    assert fingerprint(other) != fingerprint(X)
