"""``evaluate`` and ``resample``: tables in files."""

import datetime
import re
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import equipoise.imsic
from equipoise.cli import oversampling
from equipoise.csv_files.text import read_csv_text
from equipoise.csv_files.values import values_of
from equipoise.runs import tables


@pytest.fixture
def table(tmp_path):
    """80 stayed and 20 left, with cells that are easily spoilt."""
    rng = np.random.default_rng(0)
    n = 100
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    frame = pd.DataFrame(
        {
            "income": [f"{v:.2f}" for v in rng.normal(3e4, 1e3, n)],  # has "30120.50"
            "churn": np.repeat(["stayed", "left"], [80, 20]),
            "postcode": [f"{v:05d}" for v in rng.integers(1, 5, n)],
            "children": rng.integers(0, 4, n).astype(str),
            "since": days.strftime("%Y-%m-%d"),
            "member": np.where(rng.random(n) < 0.5, "true", "false"),
            "note": np.where(rng.random(n) < 0.5, 'says "yes, of course"', "two\nlines"),
        }
    )
    frame.loc[3, "income"] = ""
    path = tmp_path / "in.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def numbers(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    path = tmp_path / "numbers.csv"
    frame.assign(y=np.repeat([0, 1, 2], [36, 14, 10])).to_csv(path, index=False)
    return path


def cells(path, sep=",", encoding="utf-8", **_):
    return pd.read_csv(path, dtype=str, keep_default_na=False, sep=sep, encoding=encoding)


KINDS = ("--target", "churn", "--dates", "since", "--categories", "postcode")


def test_rows_of_the_table_come_first_and_as_they_are_written(call, table, tmp_path):
    out = tmp_path / "out.csv"
    answer = call("resample", table, out, *KINDS, "--method", "smote", "--mark-column", "made")
    assert answer.code == 0
    before, after = cells(table), cells(out)
    made = after.pop("made")
    pd.testing.assert_frame_equal(after.iloc[:100], before)
    assert made.tolist() == ["False"] * 100 + ["True"] * 60
    new = after.iloc[100:]
    assert set(new["churn"]) == {"left"}
    for name in ("postcode", "member", "note"):
        assert set(new[name]) <= set(before[name])
    assert new["since"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert new["children"].str.fullmatch(r"[0-3]").all()
    assert new["income"].astype(float).between(2e4, 4e4).all()
    assert new["income"].nunique() > 30 and len(new.merge(before)) < len(new)
    counts = [line.split() for line in answer.out.splitlines()]
    assert ["stayed", "80", "0"] in counts and ["left", "20", "60"] in counts
    assert "100 rows and 60 synthetic ones" in answer.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    ("strategy", "sizes"),
    [
        ("not majority", [36, 36, 36]),
        ("20", [36, 20, 20]),
        ("1=30,2=11", [36, 30, 11]),
        ("0=36", [36, 14, 10]),
    ],
)
def test_how_many(call, numbers, tmp_path, strategy, sizes):
    out = tmp_path / "out.csv"
    words = ("--target", "y", "--method", "random", "--sampling-strategy", strategy)
    assert call("resample", numbers, out, *words, "-q").code == 0
    assert pd.read_csv(out)["y"].value_counts().sort_index().tolist() == sizes


@pytest.mark.parametrize("method", [[], ["--method", "imsic"]], ids=["dgc", "imsic"])
def test_the_seed_decides_what_deep_generators_draw(call, numbers, tmp_path, monkeypatch, method):
    monkeypatch.setattr(equipoise.imsic, "IMSIC", partial(equipoise.imsic.IMSIC, max_epochs=1))
    monkeypatch.setitem(oversampling.FOR_ROWS, "max_epochs", 1)
    made = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        out = tmp_path / f"{name}.csv"
        words = ("--target", "y", "--seed", seed, "--quiet", *method)
        answer = call("resample", numbers, out, *words)
        assert answer.code == 0 and answer.err == ""
        made.append(out.read_text())
    assert made[0] == made[1] != made[2]
    assert made[0].startswith(numbers.read_text())
    assert pd.read_csv(tmp_path / "one.csv")["y"].value_counts().tolist() == [36, 36, 36]


def test_an_existing_file_is_replaced_only_by_force(call, numbers, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("precious")
    words = ("resample", numbers, out, "--target", "y", "--method", "random")
    answer = call(*words)
    assert answer.code == 2 and "--force" in answer.err
    assert out.read_text() == "precious"
    assert call(*words, "--force").code == 0
    assert len(pd.read_csv(out)) == 3 * 36


def test_parquet(call, table, tmp_path):
    there, back = tmp_path / "out.parquet", tmp_path / "back.csv"
    assert call("resample", table, there, *KINDS, "--method", "random").code == 0
    rows = pd.read_parquet(there)
    assert rows["since"].dtype.kind == "M" and rows["member"].dtype == bool and len(rows) == 160
    words = ("--target", "churn", "--categories", "children", "--method", "smote")
    assert call("resample", there, back, *words).code == 0
    assert len(pd.read_csv(back)) == 160


def test_synthetic_cells_are_written_as_real_ones(call, tmp_path):
    rng = np.random.default_rng(0)
    n = 60
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), "min")
    gap = np.arange(n) % 7 == 0
    frame = pd.DataFrame(
        {
            "": np.arange(n) + 10**17,  # numbers of rows, as pandas writes them
            "code": [f"{i:04d}" for i in rng.integers(1, 5, n)],
            "count": np.where(gap, "NULL", rng.integers(0, 9, n).astype(str)),
            "flag": np.where(gap, "NA", np.where(rng.random(n) < 0.5, "YES", "NO")),
            "sure": np.where(gap, "NA", np.where(rng.random(n) < 0.5, "TRUE", "FALSE")),
            "at": at.strftime("%Y-%m-%dT%H:%M"),
            "utc": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "local": [f"{t:%Y-%m-%d %H:%M:%S}+0{1 + i % 2}:00" for i, t in enumerate(at)],
            "number": rng.normal(size=n).round(2).astype(str),
            "small": [*(f"{v:.5f}" for v in rng.random(n - 1)), "1e-05"],
            "price": [f"{v:.2f}" for v in rng.normal(size=n)],
            "tiny": [f"{v:.3e}" for v in rng.normal(size=n) / 1e9],
            "tick": at.strftime("%H:%M:%S.250").map("2024-01-01T{}Z".format),
            "same": "3",
            "never": "",
            "nothing": "",
            "y": np.repeat(["00", "01"], [40, 20]),
        }
    ).rename(columns={"same": "number"})
    source = tmp_path / "in.csv"
    frame.to_csv(source, index=False)
    options = (
        "--target",
        "y",
        "--dates",
        "at,utc,local,tick,never",
        "--ignore",
        "Unnamed: 0",
        "-q",
    )
    for method in ("smote", "random"):
        out = tmp_path / f"{method}.csv"
        assert call("resample", source, out, *options, "--method", method).code == 0
        lines = out.read_text().splitlines()
        assert lines[: n + 1] == source.read_text().splitlines()
        new = cells(out)[n:]
        assert len(new) == 20 and set(new["y"]) == {"01"} and set(new["Unnamed: 0"]) == {""}
        assert set(new["code"]) <= set(frame["code"])
        assert set(new["never"]) == set(new["nothing"]) == {""}
        assert new["number"].str.fullmatch(r"-?\d+\.\d{1,2}").all()
        assert new["small"].str.len().max() <= 8
        assert new["price"].str.fullmatch(r"-?\d+\.\d\d").all()
        assert new["tiny"].astype(float).abs().between(1e-13, 1e-8).all()
        assert new["tick"].str.fullmatch(r"2024-01-01T\d\d:\d\d:\d\d\.\d{3}Z").all()
        assert new["count"].str.fullmatch(r"\d|NULL").all()
        assert set(new["flag"]) <= {"YES", "NO", "NA"}
        assert set(new["sure"]) <= {"TRUE", "FALSE", "NA"}
        assert new["at"].str.fullmatch(r"2024-\d\d-\d\dT\d\d:\d\d").all()
        assert new["utc"].str.fullmatch(r"2024-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
        assert new["local"].str.fullmatch(r"202[34]-\d\d-\d\d \d\d:\d\d:\d\d\+00:00").all()
    assert "NULL" in set(new["count"]) and "NA" in set(new["sure"])  # copies have gaps


@pytest.mark.parametrize("separator", [";", "\t", ","], ids=["semicolon", "tab", "comma"])
@pytest.mark.parametrize("spreadsheet", [True, False])
def test_a_csv_is_written_like_the_one_that_was_read(call, tmp_path, separator, spreadsheet):
    rng = np.random.default_rng(0)
    decimal = "," if separator == ";" else "."
    numbers = rng.normal(size=40).round(3)
    frame = pd.DataFrame(
        {
            "größe, cm": [str(v).replace(".", decimal) for v in numbers],
            "stück": rng.integers(0, 9, 40).astype(str),
            "note": np.where(rng.random(40) < 0.5, "two\nlines", "ja, nein; tab\t"),
            "y": np.repeat(["a", "b"], [30, 10]),
        }
    )
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    written = {
        "sep": separator,
        "lineterminator": "\r\n" if spreadsheet else "\n",
        "encoding": "utf-8-sig" if spreadsheet else "utf-8",
    }
    frame.to_csv(source, index=False, **written)
    words = ("--target", "y", "--method", "smote", "--mark-column", "made", "-q")
    assert call("resample", source, out, *words).code == 0
    rows = pd.read_csv(out, sep=separator, decimal=decimal, encoding=written["encoding"])
    assert rows["größe, cm"].dtype.kind == "f" and rows["stück"].dtype.kind == "i"
    assert rows["y"].value_counts().tolist() == [30, 30] and rows["made"].sum() == 20
    assert rows["größe, cm"].between(numbers.min(), numbers.max()).all()
    before = frame.assign(made="False")
    after = pd.concat([before, cells(out, **written)[40:]])
    after.to_csv(source, index=False, **written)
    assert source.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("text", "separator", "decimal", "kinds"),
    [
        ("a;b\n1,5;x\n2;z\n", ";", ",", "fO"),
        ("a;b\n1.5;ok\n2.5;1,2\n", ";", ".", "fO"),
        ('"a";"b"\n"-1,5e3";"1"\n"";"2"\n', ";", ",", "fi"),
        ('a,b\n"1,5",2\n"2,5",3\n', ",", ",", "fi"),
        ('a,b\n"1,5",2.5\n"2,5,6",3.5\n', ",", ".", "Of"),
        ("costs, total, net;b\n1,5;x\n2;z\n", ";", ",", "fO"),
        ("a\tb;c;d\n1\tx\n2\tz\n", "\t", ".", "iO"),
    ],
)
def test_how_a_csv_is_read(tmp_path, text, separator, decimal, kinds):
    path = tmp_path / "in.csv"
    path.write_text(text)
    csv = read_csv_text(path)
    assert (csv.encoded["sep"], csv.decimal) == (separator, decimal)
    rows = values_of(path, csv, csv.text.columns[-1], [], [])
    assert "".join(rows.dtypes.map(lambda dtype: dtype.kind)) == kinds


def test_numbers_that_are_written_in_two_ways_are_refused_or_named(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a;b;y\n29,641;1.5;0\n30,7;2.5;1\n")
    with pytest.raises(ValueError, match="'a' has decimal commas, column 'b' has points"):
        tables.read_table(path, "y", None, None, None)
    read = tables.read_table(path, "y", None, ["a"], None)
    assert read.X["a"].tolist() == ["29,641", "30,7"] and read.X["b"].tolist() == [1.5, 2.5]


def test_a_carriage_return_in_a_cell_ends_no_line(call, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = "".join(f'{i / 7},"a\rb",{"m" if i < 20 else "r"}\n' for i in range(30))
    source.write_bytes(f"x,note,y\n{rows}".encode())
    words = ("--target", "y", "--method", "random", "-q")
    assert call("resample", source, out, *words).code == 0
    before, after = cells(source), cells(out)
    pd.testing.assert_frame_equal(after[:30], before)
    assert len(after) == 40 and set(after["note"]) == {"a\rb"}


def test_parquet_of_others(call, tmp_path):
    large = 2**53 + 1
    n = 40
    table = pa.table(
        {
            "id": [large + i for i in range(n)],
            "visits": [None if i % 5 == 0 else large + i % 3 for i in range(n)],
            "price": pa.array([Decimal(i) / 4 for i in range(n)], pa.decimal128(9, 2)),
            "day": [datetime.date(2024, 1, 1 + i % 28) for i in range(n)],
            "y": pa.array(["a"] * 30 + ["b"] * 10).dictionary_encode(),
        }
    )
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, source)
    words = ("resample", source, out, "--target", "y", "--ignore", "id", "--force")
    for method in ("random", "imsic"):
        assert call(*words, "--method", method, "--sampling-strategy", "b=15").code == 0
        made = pq.read_table(out)
        for name in ("id", "visits", "day"):
            assert made.schema.field(name).type == table.schema.field(name).type
            assert made[name][:n].to_pylist() == table[name].to_pylist()
        assert pa.types.is_decimal(made.schema.field("price").type)
        assert made["price"][:n].to_pylist() == table["price"].to_pylist()
        assert made["id"][n:].to_pylist() == [None] * 5
        assert made["y"].to_pylist() == table["y"].to_pylist() + ["b"] * 5


def test_levels_that_no_row_has_are_no_class(call, tmp_path):
    y = pd.Categorical(["a"] * 30 + ["b"] * 10, ["a", "b", "never"])
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=40), "y": y})
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame.to_parquet(source)
    words = ("--target", "y", "--method", "smote", "--sampling-strategy", "20")
    answer = call("resample", source, out, *words)
    assert answer.code == 0 and "never" not in answer.out
    assert pd.read_parquet(out)["y"].value_counts().to_dict() == {"a": 30, "b": 20, "never": 0}


def test_an_index_of_parquet_is_no_column(call, tmp_path):
    source = tmp_path / "in.parquet"
    index = pd.Index(["r", "s"], name="id")
    pd.DataFrame({"x": [1.0, 2], "y": [0, 1]}, index=index).to_parquet(source)
    answer = call("evaluate", source, "--target", "y")
    assert answer.code == 2 and "id is its index" in " ".join(answer.err.split())


MISTAKES = {
    "no such file": (("nowhere.csv", "--target", "y"), "no such file"),
    "no such column": (("IN", "--target", "Y"), "no column 'Y'. Its columns are a, b, y"),
    "no such date": (("IN", "--target", "y", "--dates", "when"), "no column 'when'"),
    "no date": (("WORDS", "--target", "y", "--dates", "a"), "words.csv cannot be read as a table"),
    "no table": (("EMPTY", "--target", "y"), "empty.csv cannot be read as a table"),
    "other format": (("in.xlsx", "--target", "y"), ".csv or .parquet"),
    "no engine": (("in.parquet", "--target", "y"), "Parquet needs pyarrow"),
    "missing labels": (("WORDS", "--target", "gap"), "1 missing label "),
    "one class": (("WORDS", "--target", "one"), "fewer than two classes"),
    "continuous": (("IN", "--target", "a"), "'a' holds measurements"),
    "decimal commas": (("COMMAS", "--target", "b"), "'b' holds measurements"),
    "unknown": (("IN", "--target", "y", "--ignore", "c"), "no column 'c'"),
    "nothing": (("IN", "--target", "y", "--ignore", "a,b"), "no column beside 'y' and those to"),
    "short header": (("SHORT", "--target", "y"), "more cells than its header"),
}
ONLY_RESAMPLE = {
    "method": (("--method", "smoot"), "'smoot' is no sampler"),
    "class": (("--sampling-strategy", "9=80"), "'9' is not a class. They are 0, 1, 2"),
    "endless": (("--sampling-strategy", "1=inf"), "not a whole number"),
    "half a row": (("--sampling-strategy", "1=30.5"), "not a whole number"),
    "taken": (("--mark-column", "a"), "'a' is a column already"),
}
ONLY_EVALUATE = {
    "sampler": (("--samplers", "random,smoot"), "'smoot' is no sampler"),
    "classifier": (("--classifiers", "catboots"), "'catboots' is unknown or not installed"),
    "metric": (("--metric", "accuracy"), "'accuracy' is unknown. Choose one of balanced"),
    "saved": (("--save", "numbers.csv"), "--save numbers.csv exists. Name a new folder"),
    "nowhere": (("--save", "nowhere/model"), "no folder nowhere"),
    "folds": (("--folds", "11"), "cv to at most 10"),
    "picture": (("--plot", "p.bmp"), ".png or .pdf or .svg"),
    "folder": (("--out", "nowhere/s.csv"), "no folder nowhere"),
    "the table": (("--out", "numbers.csv"), "is the table itself. Name another file"),
    "ending": (("--out", "s.parquet"), "name a file that ends in .csv"),
}


@pytest.fixture
def place(numbers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    pd.DataFrame({"a": ["x", "z"], "y": [0, 1], "gap": [None, "b"], "one": ["o", "o"]}).to_csv(
        "words.csv", index=False
    )
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "short.csv").write_text("x,y\nr1,0.5,0\nr2,0.1,1\n")
    (tmp_path / "commas.csv").write_text("a;b\n1;1,5\n2;2,0\n")
    names = {
        "COMMAS": "commas.csv",
        "IN": numbers,
        "SHORT": "short.csv",
        "WORDS": "words.csv",
        "EMPTY": "empty.csv",
    }
    return lambda words: [names.get(word, word) for word in words]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a;b;y\n1.940;2;0\n332;2;1\n8.434;3;1\n", "marks between thousands, as in '1.940'"),
        (b'a,b,y\n"2,280",1.5,0\n710,2,1\n', "'a' has decimal commas, column 'b' has points"),
        ("ä,y\n1,0\n2,1\n".encode("cp1252"), "not in UTF-8. Save it as such"),
        ("a,y\n1,0\n2,1\n".encode("utf-16"), "not in UTF-8. Save it as such"),
    ],
)
def test_files_of_spreadsheets_that_would_be_misread(tmp_path, text, message):
    path = tmp_path / "in.csv"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=message):
        tables.read_table(path, "y", None, None, None)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2024-01-01", "31.12.2024"], "'day' has '31.12.2024'. Write dates"),
        (["2024-01-01", "9999-12-31"], "'day' has '9999-12-31'. Write dates of the years 1678"),
        (["2024-01-01T10:00", "2024-01-01T10:00Z"], "'day' has times with and without a zone"),
    ],
)
def test_dates_that_are_none_are_named(tmp_path, days, message):
    path = tmp_path / "in.csv"
    pd.DataFrame({"day": days, "y": [0, 1]}).to_csv(path, index=False)
    with pytest.raises(ValueError, match=message):
        tables.read_table(path, "y", ["day"], None, None)


def test_a_header_may_be_longer_than_what_is_looked_at(tmp_path):
    path = tmp_path / "in.CSV"
    names = [f"gene_of_a_long_name_{i}" for i in range(4000)]
    path.write_text("\t".join([*names, "y"]) + "\n" + "1,5\t" * 4000 + "a\n" + "2\t" * 4000 + "b")
    read = tables.read_table(path, "y", None, None, None)
    assert read.X.shape == (2, 4000) and set(read.X.dtypes.map(str)) == {"float64"}


def test_nothing_to_add_and_ids_too_long_for_floats(call, tmp_path):
    source, out, link = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "link.csv"
    ids = 3818069110821001905 + np.arange(20)
    frame = pd.DataFrame({"id": ids, "x": np.arange(20) / 4, "y": ["a"] * 14 + ["b"] * 6})
    frame.to_csv(source, index=False)
    words = ("resample", source, "--target", "y", "--method", "random", "-q")
    assert call(*words[:2], out, *words[2:], "--sampling-strategy", "5").code == 0
    assert out.read_text() == source.read_text()
    link.symlink_to(out)
    assert call(*words[:2], link, *words[2:], "--force").code == 0
    assert link.is_symlink() and set(pd.read_csv(out)["id"]) == set(ids)


def test_categories_beside_bools_are_resampled(call, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"c": rng.choice(list("abc"), 30), "b": rng.random(30) < 0.5})
    frame.assign(y=["m"] * 20 + ["r"] * 10).to_csv(source, index=False)
    assert call("resample", source, out, "--target", "y", "--method", "smote").code == 0
    assert pd.read_csv(out)["b"].dtype == bool


def test_a_single_row_has_no_neighbours(call, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    frame = pd.DataFrame({"x": np.arange(20.0), "y": ["a"] * 12 + ["b"] * 7 + ["c"]})
    frame.to_csv(source, index=False)
    words = ("resample", source, out, "--target", "y", "--method", "smote", "-q")
    answer = call(*words)
    assert answer.code == 2 and "'c' has a single row" in " ".join(answer.err.split())
    assert call(*words, "--sampling-strategy", "b=12").code == 0


def assert_mistake(answer, message, tmp_path, before):
    assert answer.code == 2 and answer.out == ""
    assert message in " ".join(answer.err.split())
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("mistake", MISTAKES | ONLY_RESAMPLE)
def test_mistakes_of_resample(call, place, mistake, tmp_path):
    words, message = (MISTAKES | ONLY_RESAMPLE)[mistake]
    if mistake in ONLY_RESAMPLE:
        words = ("IN", "--target", "y", *words)
    if "--method" not in words:
        words = (*words, "--method", "random")
    source, *options = place(words)
    before = sorted(tmp_path.iterdir())
    assert_mistake(call("resample", source, "out.csv", *options), message, tmp_path, before)


@pytest.mark.parametrize("mistake", MISTAKES | ONLY_EVALUATE)
def test_mistakes_of_evaluate(call, place, mistake, tmp_path):
    words, message = (MISTAKES | ONLY_EVALUATE)[mistake]
    if mistake in ONLY_EVALUATE:
        words = ("IN", "--target", "y", *words)
    if "--samplers" not in words:
        words = (*words, "--samplers", "random")
    before = sorted(tmp_path.iterdir())
    assert_mistake(call("evaluate", *place(words)), message, tmp_path, before)


def test_evaluate_prints_a_table_and_a_verdict(call, numbers, tmp_path):
    out, plot = tmp_path / "scores.csv", tmp_path / "plot.png"
    words = ("--samplers", "random,smote", "--folds", 3, "--repeats", 2, "--seed", 4)
    words = (*words, "--classifiers", "logistic-regression")
    answer = call("evaluate", numbers, "--target", "y", *words, "--out", out, "--plot", plot)
    assert answer.code == 0
    scores = pd.read_csv(out)
    assert len(scores) == 5 * 6 and scores["balanced_accuracy"].notna().all()
    printed, verdict = answer.out.split("By balanced accuracy")
    assert max(map(len, printed.splitlines())) <= 80
    means = scores.groupby("treatment")["balanced_accuracy"].mean()
    for treatment, mean in means.items():
        (line,) = (x for x in printed.splitlines() if x.strip().startswith(treatment))
        assert line.split("±")[0].split()[-1] == f"{mean:.3f}"
    assert "logistic regression: " in verdict and "In short" in verdict and "Overall" in verdict
    assert Image.open(plot).width > 600
    assert "evaluate" in answer.err  # the progress bar
    again = call("evaluate", numbers, "--target", "y", *words, "--quiet", "--out", out)
    assert again.err == ""
    timeless = pd.read_csv(out).drop(columns="fit_seconds")
    pd.testing.assert_frame_equal(timeless, scores.drop(columns="fit_seconds"))


@pytest.mark.parametrize("amount", ["$1,200", "1,234,567", "12 %", "-3.50€", "1'000"])
def test_amounts_written_as_text_are_not_taken_for_categories(tmp_path, amount):
    path = tmp_path / "in.csv"
    frame = pd.DataFrame({"a": [amount, "5", "5"], "b": ["$9 off", "7", "7"], "y": list("uuv")})
    frame.to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"'a' holds amounts .* {re.escape(repr(amount))}\. "):
        tables.read_table(path, "y", None, None, None)
    assert "a" in tables.read_table(path, "y", None, ["a"], None).X
    assert "a" not in tables.read_table(path, "y", None, None, ["a"]).X
    frame.to_parquet(path := tmp_path / "in.parquet")
    with pytest.raises(ValueError, match="'a' holds amounts"):
        tables.read_table(path, "y", None, None, None)


def test_text_that_only_looks_like_amounts_stays_categories(tmp_path):
    path = tmp_path / "in.csv"
    frame = pd.DataFrame({"code": ["007", "12"], "ip": ["10.0.0.1", "10.0.0.2"], "y": list("uv")})
    frame.assign(range=["1-2", "3"], none=["", ""], unit=["5 kg", "7"]).to_csv(path, index=False)
    assert list(tables.read_table(path, "y", None, None, None).X.iloc[0, :2]) == ["007", "10.0.0.1"]


def test_a_column_whose_name_has_a_comma_is_named_in_quotes(numbers, call):
    path, out = numbers.with_name("named.csv"), numbers.with_name("out.csv")
    pd.read_csv(numbers).rename(columns={"a": "size, cm"}).to_csv(path, index=False)
    words = ("resample", path, out, "--target", "y", "--method", "random", "--ignore")
    answer = call(*words, '"size, cm", b')
    assert answer.code == 2 and "no column beside 'y'" in answer.err
    assert call(*words, '"size, cm"').code == 0
    assert (cells(out)["size, cm"].iloc[60:] == "").all()


@pytest.fixture
def customers(tmp_path):
    """A table with a class None, a country NA, identifiers and dates."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "customer": [f"C{i:05d}" for i in range(60)],
            "signup": days,
            "country": rng.choice(["NA", "DE"], 60),
            "spent": rng.normal(size=60).round(2),
            "plan": np.repeat(["None", "basic"], [20, 40]),
        }
    )
    frame.loc[5, "country"] = ""
    frame.to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


def test_what_is_read_as_missing_dates_or_identifiers_is_said(call, customers, tmp_path):
    out = tmp_path / "out.csv"
    options = ("--target", "plan", "--method", "random", "--force")
    answer = call("resample", customers, out, *options)
    n_na = int((cells(customers)["country"] == "NA").sum())
    assert "column 'plan': 'None' is taken as a class" in answer.err
    assert f"column 'country': {n_na} cells 'NA' count as missing values" in answer.err
    assert re.search(
        "'customer' has another value in every row, such as 'C00000'.*--ignore", answer.err
    )
    assert re.search("'signup' holds dates and is read as such.*--dates.*--categories", answer.err)
    assert ["None", "20", "20"] in [line.split() for line in answer.out.splitlines()]
    assert call("resample", customers, out, *options, "--quiet").err == ""
    named = ("--missing-values", "", "--ignore", "customer", "--dates", "signup")
    assert call("resample", customers, out, *options, *named).err.count("column") == 0
    answer = call("resample", customers, out, *options, "--missing-values", "None,NA")
    assert answer.code == 2 and "20 missing labels" in answer.err


def test_missing_values_are_those_that_were_named(customers, tmp_path):
    read = partial(tables.read_table, customers, "plan", None, None, None)
    assert read().X["country"].isna().sum() > 1
    assert read([""]).X["country"].isna().sum() == 1
    assert read(["DE"]).X["country"].dropna().unique().tolist() == ["NA"]
    path = tmp_path / "marks.csv"
    path.write_text("a;b;y\n1,5;x;0\n-;x;1\n2,25;-;0\n")
    X = tables.read_table(path, "y", None, None, None, ["-"]).X
    assert X["a"].isna().tolist() == [False, True, False] and X["a"][2] == 2.25
    assert X["b"].isna().tolist() == [False, False, True]


def test_a_word_for_missing_is_no_class_among_numbers(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,y\n1,0\n2,1\n3,NA\n")
    with pytest.raises(ValueError, match="1 missing label .*--missing-values"):
        tables.read_table(path, "y", None, None, None)


@pytest.mark.parametrize(
    ("cells", "is_date"),
    [
        (["2024-01-31", "2024-12-01", ""], True),
        (["2024-01-31T23:59", "2024-01-31 10:00:00.5", "NA"], True),
        (["2024-01-31T10:00Z", "2024-01-31T12:00+02:00", ""], True),
        (["2024-01-31", "2024-02-31", ""], False),
        (["2024-01-31", "9999-12-31", ""], False),
        (["2024-01-31", "tomorrow", ""], False),
        (["2024-01-31T10:00Z", "2024-01-31T10:00", ""], False),
    ],
)
def test_columns_of_dates_are_dates(tmp_path, cells, is_date):
    path = tmp_path / "in.csv"
    path.write_text("day,y\n" + "".join(f"{cell},{i % 2}\n" for i, cell in enumerate(cells)))
    X = tables.read_table(path, "y", None, None, None).X
    assert (X["day"].dtype.kind == "M") == is_date
    assert tables.read_table(path, "y", None, ["day"], None).X["day"].dtype == object
