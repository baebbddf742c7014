"""Treatments over tables and classifiers: ranks, differences and what is written of them."""

import numpy as np
import pytest
from scipy import stats

from equipoise.report.comparison import COMPARED, compare, cost_table, treatment_scores
from equipoise.report.markup import overview, to_latex, to_markdown
from equipoise.report.page import write_page
from equipoise.report.summary import finished_jobs
from equipoise.report.tables import combination_table, leading

TREATMENTS = {"none": "no treatment", "smote": "SMOTE", "gan": "a GAN"}
CLASSIFIERS = {"lr": "logistic regression", "rf": "random forest"}
DATA = [f"keel:{i}" for i in range(6)]


def record(data, treatment, classifier, seed, score, status="done", **more):
    metrics = {name: score for name in (*COMPARED, "smallest_class_recall")}
    metrics["largest_class_precision"] = None
    about = {"dataset": data, "seed": seed, "status": status, "sampler": None}
    about |= {"treatment": treatment, "treatment_label": TREATMENTS.get(treatment, "DGC")}
    about |= {"classifier": classifier, "classifier_label": CLASSIFIERS.get(classifier)}
    costs = {"fit_seconds": 2.0, "predict_seconds": 0.1, "peak_mib": 300, "n_parameters": None}
    told = {"finished": "2026", "protocol": {"folds": 5}, "class_counts": [9, 3], "error": "broke"}
    told |= {"classes": ["a", "b"], "recall": [1, 1], "spec": {"class": "C"}, "history": None}
    return about | costs | told | {"metrics": metrics if status == "done" else None} | more


@pytest.fixture
def records():
    random = np.random.RandomState(0)
    found = []
    for data in DATA:
        for seed in (1, 2):
            for gain, treatment in enumerate(TREATMENTS):
                for classifier in CLASSIFIERS:
                    score = 0.5 + 0.1 * gain + 0.05 * random.rand()
                    seconds = None if treatment == "none" else 3.0 + gain
                    found.append(
                        record(data, treatment, classifier, seed, score, sampler_seconds=seconds)
                    )
            found.append(record(data, "dgc", None, seed, 0.55 + 0.1 * random.rand()))
    return found


def test_seeds_are_averaged_and_a_classifier_of_its_own_stands_beside_all(records):
    scores = treatment_scores(finished_jobs(records), "acsa")
    assert list(scores.index) == [*TREATMENTS.values(), "DGC"] and scores.shape == (4, 12)
    here = [
        r["metrics"]["acsa"] for r in records if (r["dataset"], r["treatment"]) == (DATA[2], "dgc")
    ]
    for classifier in CLASSIFIERS.values():
        assert scores.loc["DGC", (classifier, DATA[2])] == pytest.approx(np.mean(here))


def test_ranks_are_within_classifiers_and_tests_over_data_sets(records):
    found = compare(finished_jobs(records), "acsa", "no treatment")
    scores = treatment_scores(finished_jobs(records), "acsa")
    ranks = stats.rankdata(-scores.to_numpy(), axis=0).mean(axis=1)
    assert found.table["rank"].loc[scores.index].tolist() == pytest.approx(ranks)
    assert found.table.index[0] == "a GAN" and found.n_blocks == 6
    assert found.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 6)), abs=1e-3)
    gan = (scores["logistic regression"] + scores["random forest"]).loc["a GAN"] / 2
    none = (scores["logistic regression"] + scores["random forest"]).loc["no treatment"] / 2
    row = found.table.loc["a GAN"]
    assert row["score"] == pytest.approx(gan.mean())
    assert row["difference"] == pytest.approx((gan - none).mean())
    # All six differences are positive: 2 / 2^6, and three comparisons.
    assert row["p"] == pytest.approx(3 * 2 / 2**6)


def test_of_brier_less_is_better(records):
    table = compare(finished_jobs(records), "brier", "no treatment").table
    assert table.index[0] == "no treatment"
    assert table.loc["a GAN", "difference"] > 0


def test_one_classifier_alone(records):
    found = compare(finished_jobs(records), "acsa", "no treatment", "logistic regression").table
    assert found.loc["SMOTE", "score"] == pytest.approx(
        treatment_scores(finished_jobs(records), "acsa").loc["SMOTE", "logistic regression"].mean()
    )


def test_what_is_missing_takes_a_block_or_itself_away(records):
    few = [
        r
        for r in records
        if not ((r["treatment"], r["classifier"]) == ("smote", "lr") and r["dataset"] == DATA[0])
    ]
    assert compare(finished_jobs(few), "acsa", "no treatment").n_blocks == 5
    rare = [r for r in records if r["treatment"] != "gan" or r["dataset"] in DATA[:2]]
    found = compare(finished_jobs(rare), "acsa", "no treatment")
    assert "a GAN" not in found.table.index and found.n_blocks == 6


def test_costs_have_the_sampler_once(records):
    table = cost_table(finished_jobs(records))
    assert table.loc["a GAN", ["sampler_seconds", "fit_seconds", "n_seeds"]].tolist() == [5, 7, 2]
    assert table.loc["no treatment", ["sampler_seconds", "fit_seconds"]].tolist() == [0, 2]


def test_texts(records):
    records.append(record(DATA[0], "smote", "lr", 3, 0, "failed"))
    text = to_markdown(records, "none")
    heads = [line for line in text.splitlines() if line.startswith("**") and line.endswith("**")]
    assert [head.strip("*") for head in heads] == [
        *("All combinations", "All classifiers", "Difference to no treatment"),
        *CLASSIFIERS.values(),
    ]
    assert text.count("| a GAN |") == 4 and "critical difference 1.91" in text
    assert text.count("| a GAN + random forest |") == 1
    assert "| **1.00 (.7" in text and "Failed jobs: 1 on keel:0." in text
    latex = to_latex(records, "none")
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{table}") == 5
    assert "95 \\%" in latex


def test_combinations_are_ranked_together(records):
    table = combination_table(records)
    jobs = finished_jobs(records)
    scores = jobs.pivot_table("acsa", "method", "data")
    ranks = dict(zip(scores.index, stats.rankdata(-scores, axis=0).mean(axis=1), strict=True))
    found = {str(row[0]): row[1].value for row in table.rows}
    assert found == pytest.approx(ranks) and list(found) == sorted(ranks, key=ranks.get)
    assert len(found) == len(TREATMENTS) * len(CLASSIFIERS) + 1
    costs = {str(row[0]): [str(cell) for cell in row[6:]] for row in table.rows}
    assert costs["a GAN + random forest"] == ["2", "5.0", "7.0", "300"]


def test_an_overview_has_the_combinations_that_lead_in_some_metric(records):
    for one in records:
        if (one["treatment"], one["classifier"]) == ("none", "lr"):
            one["metrics"] = {**one["metrics"], "brier": 0.0}
    table = combination_table(records)
    kept = [str(row[0]) for row in leading(table, 1).rows]
    assert kept == [str(table.rows[0][0]), "no treatment + logistic regression"]
    shown = overview(records, "none")
    assert all(f"| {name} |" in shown for name in kept)
    assert shown.count("\n| ") < len(table.rows) + 1


def test_names_stand_in_for_missing_labels(records):
    for one in records:
        one["treatment_label"] = one["classifier_label"] = None
    text = to_markdown(records, "none")
    assert "**rf**" in text and "| gan |" in text and "Difference to none" in text


def test_page(records, tmp_path):
    records.append(record(DATA[0], "smote", "lr", 3, 0, "failed"))
    write_page(records, tmp_path / "page.html", title="Tables", reference="none")
    page = (tmp_path / "page.html").read_text()
    for part in (
        'id="ranks"',
        'id="combinations"',
        'id="differences"',
        'id="classifiers"',
        'id="failed"',
        "broke",
    ):
        assert part in page
    assert "7 methods on 6 data sets, 2 seeds" in page and 'id="recall"' not in page
    with pytest.raises(ValueError, match=r"reference='none\+lr'.*none, smote, gan, dgc"):
        write_page(records, tmp_path / "page.html", title="Tables", reference="none+lr")
