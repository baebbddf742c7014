"""The table of results from records, in Markdown and LaTeX, and its place in a README."""

import re

import numpy as np
import pytest

from equipoise.errors import InvalidInputError
from equipoise.report.markup import replace_between_marks, to_latex, to_markdown
from equipoise.report.records import failed_jobs, machine_seconds
from equipoise.report.summary import results_table, score_table

PUBLISHED = {"mnist": {"DGC (paper)": [0.999, 0.1, 0.2, 0.3, 0.4]}}


def fail(record, error="Traceback\nTrainingDivergedError: loss <nan> | step 3"):
    record.update(status="failed", error=error, metrics=None, recall=None, class_counts=None)


def rows_of(markdown, data):
    """Cells of each row of a data set's Markdown table, by method."""
    part = markdown.split(f"**{data}**")[1].split("\n\n")[1]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in part.splitlines()]
    return {row[0].strip(): [cell.strip() for cell in row] for row in rows}


def test_means_and_spreads_are_over_finished_seeds(benchmark_records):
    records = benchmark_records(seeds=(1, 2, 3))
    dgc = [r for r in records if (r["dataset"], r["treatment"]) == ("mnist", "dgc")]
    fail(dgc[2])
    row = results_table(records).loc[("mnist", "DGC")]
    scores = [r["metrics"]["f_macro"] for r in dgc[:2]]
    assert row["n_seeds"] == 2
    assert row["f_macro"] == pytest.approx(np.mean(scores))
    assert row["f_macro_sd"] == pytest.approx(np.std(scores, ddof=1))
    smote = [r for r in records if (r["dataset"], r["treatment"]) == ("mnist", "smote")]
    seconds = results_table(records).loc[("mnist", "SMOTE, then CNN"), "fit_seconds"]
    assert seconds == pytest.approx(np.mean([r["fit_seconds"] + 7 for r in smote]))


def test_markdown_has_every_row_with_the_best_in_bold(benchmark_records):
    records = benchmark_records()
    text = to_markdown(records, "plain", PUBLISHED)
    rows = rows_of(text, "mnist")
    methods = ["DGC (paper)", "plain CNN", "SMOTE, then CNN", "logit adjustment", "DGC"]
    assert list(rows)[2:] == methods
    assert len({len(row) for row in rows.values()}) == 1
    assert rows["DGC (paper)"][1:5] == ["published", "", "**0.9990**", "0.1000"]
    acsa = {name: float(row[3].strip("*")[:6]) for name, row in rows.items() if row[2] == "3"}
    assert [name for name, row in rows.items() if row[4].startswith("**")] == [
        max(acsa, key=acsa.get)
    ]
    assert rows["DGC"][5].count("±") == 1
    assert "published" not in text.split("**digits**")[1]


def test_one_seed_has_no_spread_and_missing_numbers_stay_empty(benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1,))
    for record in records:
        record["n_parameters"] = None
        record["metrics"]["smallest_class_recall"] = None
    row = rows_of(to_markdown(records, "plain"), "mnist")["DGC"]
    assert "±" not in row[3]
    assert row[6] == row[-1] == ""


def test_failed_jobs_are_named_under_their_table(benchmark_records):
    records = benchmark_records()
    fail(next(r for r in records if (r["dataset"], r["treatment"]) == ("digits", "dgc")))
    failed = failed_jobs(records)
    assert failed == {"digits": ["DGC, seed 1: TrainingDivergedError: loss <nan> | step 3"]}
    mnist, digits = to_markdown(records, "plain").split("**digits**")
    assert "Failed" not in mnist
    assert r"Failed: DGC, seed 1: TrainingDivergedError: loss &lt;nan> \| step 3" in digits
    for record in records:
        if record["dataset"] == "digits":
            fail(record)
    assert "**digits**\n\n\nFailed" in to_markdown(records, "plain")


def test_latex_is_escaped_and_balanced(benchmark_records):
    records = benchmark_records(datasets=("mnist",))
    for record in records:
        record["treatment_label"] += " 100 % & a_b {x} \\y"
    fail(records[0])
    text = to_latex(records, "plain", PUBLISHED)
    assert r"DGC 100 \% \& a\_b \{x\} \textbackslash{}y" in text
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(f"\\{rule}") == 1
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {11}
    assert r"\textbf{0.9990}" in text
    assert r"$\pm$" in body[1] and "±" not in text


def test_held_out_scores_are_never_mixed_with_test_scores(benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1, 2))
    for record in records:
        if record["seed"] == 2:
            record["scored_on"] = "held-out"
    table = results_table(records, PUBLISHED)
    assert list(table.index.unique("data")) == ["mnist", "mnist (held-out)"]
    assert table["published"].sum() == 1
    assert (table[~table["published"]]["n_seeds"] == 1).all()


def test_methods_that_share_a_label_stay_apart(benchmark_records):
    records = benchmark_records(datasets=("mnist",))
    for record in records:
        record["treatment_label"] = "CNN" if record["treatment"] in ("plain", "smote") else None
    methods = list(results_table(records).loc["mnist"].index)
    assert methods == ["CNN (plain)", "CNN (smote)", "logit-adjusted", "dgc"]


def test_score_table_has_nan_for_what_is_missing(benchmark_records):
    records = benchmark_records(seeds=(1, 2))
    fail(records[0])
    scores = score_table(records[:-1], "g_macro")
    assert scores.shape == (4, 4)
    assert scores.isna().to_numpy().sum() == 2
    assert np.isnan(scores.loc["plain CNN", ("mnist", 1)])
    assert scores.loc["plain CNN", ("mnist", 2)] == records[1]["metrics"]["g_macro"]


def test_machine_time_counts_a_shared_sampler_once(benchmark_records):
    records = benchmark_records(datasets=("mnist",), seeds=(1,))
    own = sum(r["fit_seconds"] + r["predict_seconds"] for r in records)
    for record in records[:2]:
        record["sampler_seconds"] = 100.0
        record["spec"]["sampler"] = {"class": "equipoise.IMSIC", "params": {}}
    assert machine_seconds(records) == pytest.approx(own + 100)


def test_table_goes_between_the_marks():
    text = "a\n<!-- results:images:start -->\nold\n<!-- results:images:end -->\nz\n"
    filled = replace_between_marks(text, "images", "new\n")
    assert filled == "a\n<!-- results:images:start -->\nnew\n<!-- results:images:end -->\nz\n"
    assert replace_between_marks(filled, "images", "new\n") == filled


@pytest.mark.parametrize(
    "text",
    [
        "no marks",
        "<!-- results:images:start -->",
        "<!-- results:images:end --><!-- results:images:start -->",
        "<!-- results:images:start --><!-- results:images:start --><!-- results:images:end -->",
    ],
)
def test_marks_must_be_there_once(text):
    with pytest.raises(InvalidInputError, match="needs each once"):
        replace_between_marks(text, "images", "table")


def test_published_rows_have_five_numbers(benchmark_records):
    with pytest.raises(InvalidInputError, match=r"'mnist'.*'paper'.* 4 numbers.*acsa"):
        results_table(benchmark_records(), {"mnist": {"paper": [0.1, 0.2, 0.3, 0.4]}})
