"""All methods on all data sets in one table: order, differences, what is missing."""

import numpy as np
import pytest
from scipy import stats

from equipoise.report.markup import overview
from equipoise.report.tables import overview_table

PUBLISHED = {"mnist": {"DGC": [0.999, 0.1, 0.2, 0.3, 0.4]}, "digits": {"DGC": [0.5] * 5}}


def scores(records, data, method):
    found = [r for r in records if (r["dataset"], r["treatment"]) == (data, method)]
    return np.array([r["metrics"]["acsa"] for r in found])


def row_of(table, method):
    (row,) = [row for row in table.rows if row[0].text == method]
    return row


def test_rows_come_by_their_mean_and_have_the_paired_differences(benchmark_records):
    records = benchmark_records()
    table = overview_table(records, "plain", PUBLISHED)
    assert table.headings == [
        *("method", "seeds", "mnist: ACSA", "minus plain CNN"),
        *("digits: ACSA", "minus plain CNN", "fit s"),
    ]
    means = [(row[2].value + row[4].value) / 2 for row in table.rows]
    assert means == sorted(means, reverse=True)
    difference = scores(records, "digits", "dgc") - scores(records, "digits", "plain")
    low, high = stats.t.interval(0.95, 2, difference.mean(), stats.sem(difference))
    row = row_of(table, "DGC")
    expected = [f"{value:+.4f}".replace("0.", ".", 1) for value in (difference.mean(), low, high)]
    assert row[5].text.replace("−", "-") == f"{expected[0]} ({expected[1]} to {expected[2]})"
    assert row[1].text == "3" and row_of(table, "plain CNN")[5].text == ""
    assert [cell.best for cell in row_of(table, "DGC (published)")] == [False, False, True] + [
        False
    ] * 4


def test_what_is_missing_stays_empty_and_its_method_comes_last(benchmark_records):
    records = benchmark_records()
    kept = [
        record
        for record in records
        if record["treatment"] != "dgc" or (record["dataset"], record["seed"]) == ("mnist", 2)
    ]
    table = overview_table(kept, "plain")
    last = table.rows[-1]
    assert last[0].text == "DGC" and last[1].text == "1"
    difference = scores(kept, "mnist", "dgc")[0] - scores(kept, "mnist", "plain")[1]
    assert last[3].text.replace("−", "-") == f"{difference:+.4f}".replace("0.", ".", 1)
    assert [cell.text for cell in last[4:6]] == ["", ""] and last[2].spread == ""
    without = overview_table([r for r in kept if r["treatment"] != "plain"], "plain")
    assert {row[3].text for row in without.rows} == {""}


def test_seeds_of_each_data_set_are_told_where_they_differ(benchmark_records):
    records = benchmark_records(seeds=(1, 2, 3, 4))
    kept = [r for r in records if r["dataset"] == "mnist" or r["seed"] < 3]
    assert row_of(overview_table(kept, "plain"), "DGC")[1].text == "4, 2"


def test_hours_are_those_of_all_jobs(benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1,))
    for record in records:
        record.update(fit_seconds=1800.0, predict_seconds=0.0, sampler_seconds=0.0)
    assert f"took {len(records) / 2:.1f} hours" in overview_table(records, "plain").note


def test_markdown_of_names_with_bars(benchmark_records):
    records = benchmark_records(datasets=("a|b",), seeds=(1,))
    lines = overview(records, "plain").splitlines()
    assert r"a\|b: ACSA" in lines[0]
    assert lines[1].count("|") == lines[0].replace(r"\|", "").count("|")


@pytest.mark.parametrize("value", [0.0, -0.00004])
def test_no_difference_has_a_sign_all_the_same(benchmark_records, value):
    records = benchmark_records(datasets=("mnist",), seeds=(1,))
    plain = scores(records, "mnist", "plain")[0]
    for record in records:
        if record["treatment"] == "dgc":
            record["metrics"]["acsa"] = plain + value
    assert row_of(overview_table(records, "plain"), "DGC")[3].text in {"+.0000", "−.0000"}


def test_the_best_of_each_group_represent_it(benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1, 2))
    for record in records:
        record["group"] = "ours" if record["treatment"] == "dgc" else "one line"
    everything = [str(row[0]) for row in overview_table(records, "plain", PUBLISHED).rows]
    kept = overview_table(records, "plain", PUBLISHED, most_per_group=1)
    # The rows are in their order, from the best to the worst.
    others = [name for name in everything if name != "DGC" and "published" not in name]
    assert {str(row[0]) for row in kept.rows} == {"DGC", others[0]}
    assert len(others) > 1
    assert kept.note.startswith("The best 1 of each group")
