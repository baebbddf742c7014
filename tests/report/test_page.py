"""The benchmark page: complete, self-contained, escaped, and never half-written."""

import copy
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InvalidInputError
from equipoise.report.page import write_page

PNG = bytes.fromhex(  # one pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
VOID = {"img", "link", "meta"}


class Page(HTMLParser):
    """What is in an HTML file; a tag that is not closed in order fails."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def values(self, attribute):
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


@pytest.fixture
def write(tmp_path, benchmark_records):
    def call(records=None, name="page.html", **settings):
        records = benchmark_records(seeds=(1, 2)) if records is None else records
        given = {"title": "Demo", "reference": "logit-adjusted"} | settings
        write_page(records, tmp_path / name, **given)
        return Page(tmp_path / name)

    return call


def test_page_has_all_sections_and_needs_nothing_else(write):
    page = write(
        published={"mnist": {"DGC of CVPR": [0.948, 0.9474, 0.9704, 0.8276, 0.927]}},
        commands=["equipoise bench run demo.toml"],
        images={"samples of DGC": PNG},
    )
    ids = page.values("id")
    assert ids == ["results", "differences", "ranks", "recall", "cost", "curves", "samples", "run"]
    for address in page.values("src") + page.values("href"):
        assert address.startswith("data:") or address.removeprefix("#") in ids, address
    source = "".join(value for _, attrs in page.tags for value in attrs.values() if value)
    assert "http" not in source
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert all(attrs["alt"] for attrs in images)
    # Per data set: differences, recall and curve of four methods, cost; and ranks and a sample.
    assert len(images) == 2 * (1 + 4 + 4 + 1) + 2
    text = " ".join(page.text)
    for part in ("0.9480", "DGC of CVPR, published", "Holm", "critical difference", "torch 2.13.0"):
        assert part in text
    assert "equipoise bench run demo.toml" in text


def test_differences_are_those_of_the_records(write, benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1, 2, 3))
    text = write(records).text
    acsa = {
        method: np.array([r["metrics"]["acsa"] for r in records if r["treatment"] == method])
        for method in ("dgc", "logit-adjusted")
    }
    mean = (acsa["dgc"] - acsa["logit-adjusted"]).mean()
    assert f"{mean:+.4f}".replace("-", "−") in text


def test_everything_is_escaped(write, benchmark_records):
    evil = "<script>alert('1')</script>&\""
    records = benchmark_records(datasets=("mnist",), seeds=(1, 2))
    for record in records:
        record["treatment_label"], record["group"] = evil + record["treatment"], evil
        record["spec"]["params"] = {"x": evil}
    records[0].update(status="failed", error=evil, metrics=None, recall=None)
    page = write(records, title=evil, commands=[evil], images={evil: PNG})
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert sum(evil in text for text in page.text) > 10


def test_same_records_same_file_and_records_unchanged(write, benchmark_records, tmp_path):
    records = benchmark_records(datasets=("mnist",))
    before = copy.deepcopy(records)
    write(records, "one.html")
    write(json.loads(json.dumps(records)), "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert records == before


def test_little_is_enough(write, benchmark_records):
    (record,) = benchmark_records(("digits",), (1,), {"plain": ("plain", None, 0.0, 1)})
    record |= {"history": None, "git": None, "n_parameters": None, "versions": {}}
    record["recall"][3] = None
    text = " ".join(write([record], reference="plain").text)
    assert "no finished run in common" in text
    assert "No method recorded a history" in text


def test_failed_jobs_and_samplers_of_several_methods(write, benchmark_records):
    records = benchmark_records(datasets=("mnist",))
    for record in records[:3]:  # all seeds of the first method
        record.update(status="failed", error="Killed", metrics=None, recall=None, history=None)
        record.update(class_counts=None, versions=None, fit_seconds=None)
    records.append(
        records[-1] | {"treatment": None, "sampler": "imsic", "metrics": None, "recall": None}
    )
    text = " ".join(write(records).text)
    assert "plain CNN, seed 2: Killed" in text
    assert "9 runs finished, 3 failed" in text
    assert "sampler:imsic" in text.split("Training curves")[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"records": []}, "results of none"),
        ({"reference": "smoté"}, "'smoté' has no results.*plain"),
        ({"images": {"cat": b"GIF89a"}}, "'cat'.* no PNG"),
        ({"name": "missing/page.html"}, "no folder"),
        ({"published": {"mnist": {"paper": [0.9]}}}, "'paper'.* 1 number\\."),
    ],
)
def test_mistakes_are_named_and_leave_no_file(write, tmp_path, settings, message):
    with pytest.raises(InvalidInputError, match=message):
        write(**settings)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_page_leaves_the_old_one(write, tmp_path, monkeypatch, benchmark_records):
    (tmp_path / "page.html").write_text("old")
    write_text = Path.write_text

    def half(path, text, **settings):
        write_text(path, text[: len(text) // 2], **settings)
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="disk full"):
        write(benchmark_records(("mnist",), (1,)))
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "old"
