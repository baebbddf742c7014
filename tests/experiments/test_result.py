"""Summary, comparison, verdict and plot of made-up scores."""

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InvalidParameterError
from equipoise.experiments import ResamplingEvaluation
from equipoise.metrics import cross_validated_differences

TREATMENTS = ["none", "class weight", "threshold", "SMOTE"]


def made_up(means, n_folds=10, noise=0.01, metric="balanced_accuracy", seconds=None):
    """Scores of one or several classifiers: means of the treatments, and the noise of folds."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "classifier": classifier,
            "treatment": treatment,
            "repeat": 1,
            "fold": fold,
            "n_train": 90,
            "n_test": 10,
            "lacks": "",
            metric: mean + rng.normal(0, noise),
            "fit_seconds": (seconds or {}).get(classifier, 1.0),
            "error": "",
        }
        for classifier, row in means.items()
        for treatment, mean in zip(TREATMENTS, row, strict=True)
        for fold in range(1, n_folds + 1)
    ]
    return ResamplingEvaluation(pd.DataFrame(rows))


def test_summary_is_mean_and_sd_of_the_folds(evaluation):
    scores = evaluation.scores
    table = evaluation.summary("f1_macro")
    values = scores.query("classifier == 'weak' and treatment == 'SMOTE'")["f1_macro"]
    assert len(values) == 4
    expected = [values.mean(), values.std(ddof=1), 4]
    assert table.loc[("weak", "SMOTE")].tolist() == pytest.approx(expected)
    assert list(table.loc["lr"].index) == evaluation.treatments
    everything = evaluation.summary()
    pd.testing.assert_frame_equal(everything["f1_macro"], table)
    assert list(everything.columns.unique(0)) == [*evaluation.metrics, "fit_seconds"]


def test_comparison_is_the_corrected_test_of_each_classifier(evaluation):
    found = evaluation.compare("brier", "class weight", confidence=0.9)
    wide = evaluation.scores.query("classifier == 'lr'").pivot_table(
        index="treatment", columns=["repeat", "fold"], values="brier"
    )
    expected = cross_validated_differences(wide, "class weight", 1, 0.9)
    others = [t for t in evaluation.treatments if t != "class weight"]
    pd.testing.assert_frame_equal(found.loc["lr"], expected.loc[others])


def test_verdict_on_a_sampler_that_helps_but_not_more_than_weights():
    verdict = made_up({"forest": [0.6, 0.8, 0.7, 0.801]}).verdict()
    assert (
        "forest: SMOTE does best (0.8" in verdict
        and "better than doing nothing and threshold tuning, not distinguishable from class weights"
        in verdict
    )
    assert "than doing nothing with 1, than class weights with 0, than threshold" in verdict


def test_verdict_on_nothing_that_helps():
    verdict = made_up({"a": [0.7, 0.7, 0.7, 0.7], "b": [0.7, 0.5, 0.7, 0.6]}).verdict()
    assert "no treatment is better than doing nothing beyond chance" in verdict
    assert "The best sampler is SMOTE" in verdict.splitlines()[2]
    assert "worse than doing nothing and threshold tuning" in verdict.splitlines()[2]
    assert "better than class weights" in verdict.splitlines()[2]


def test_verdict_on_what_cannot_be_tested():
    verdict = made_up({"a": [0.5, 0.5, 0.5, 1.0]}, noise=0).verdict()
    assert "not testable against doing nothing, class weights or threshold tuning" in verdict
    assert "beyond chance, as far as that could be tested" in verdict


def test_verdict_where_lower_is_better():
    verdict = made_up({"a": [0.2, 0.3, 0.2, 0.1]}, metric="brier").verdict("brier")
    assert "By Brier score (lower is better), mean of 10 test parts" in verdict
    assert "a: SMOTE does best (0.10" in verdict
    assert "better than doing nothing, class weights and threshold tuning" in verdict


def test_what_failed_in_some_folds_is_not_the_best():
    result = made_up({"a": [0.6, 0.7, 0.65, 0.9]})
    broken = (result.scores["treatment"] == "SMOTE") & (result.scores["fold"] == 3)
    scores = result.scores.assign(balanced_accuracy=result.scores["balanced_accuracy"].mask(broken))
    verdict = ResamplingEvaluation(scores).verdict()
    assert "a: class weight does best" in verdict and "SMOTE" not in verdict


SECONDS = {"slow": 9.0, "fast": 1.0}


def last_but_one(result, *args):
    return result.verdict(*args).splitlines()[-2]


def test_verdict_names_the_best_combination_and_the_simplest_that_is_as_good():
    means = {"slow": [0.6, 0.8, 0.7, 0.7], "fast": [0.6, 0.801, 0.7, 0.802]}
    # SMOTE with the fast one is best; of what is simpler only its class weights are as good, as
    # the other classifier takes longer.
    assert last_but_one(made_up(means, seconds=SECONDS)) == (
        "Overall: fast with SMOTE (0.806, 1.0 s a fit) does best. fast with class weights (0.799, "
        "1.0 s a fit) is simpler and, as far as can be told, as good: prefer that."
    )
    means["slow"][1] = 0.8135  # best, and the fast one is as good with the same treatment
    verdict = last_but_one(made_up(means, seconds=SECONDS))
    assert "Overall: slow with class weights" in verdict
    assert "fast with class weights (0.799, 1.0 s a fit) is simpler and" in verdict


def test_what_cannot_be_distinguished_for_lack_of_folds_is_not_called_as_good():
    means = {"slow": [0.6, 0.83, 0.7, 0.7], "fast": [0.6, 0.801, 0.7, 0.802]}
    verdict = last_but_one(made_up(means, n_folds=3, noise=0.04, seconds=SECONDS))
    assert "prefer" not in verdict
    assert "Nothing simpler is as good, although fast with class weights" in verdict


def test_verdict_prefers_nothing_worse_and_nothing_that_is_not_simpler():
    means = {"slow": [0.6, 0.8, 0.7, 0.7], "fast": [0.6, 0.7, 0.8, 0.8]}
    means["slow"][1] = 0.81
    assert last_but_one(made_up(means, noise=0.001, seconds=SECONDS)).endswith(
        "slow with class weights (0.810, 9.0 s a fit) does best. Everything simpler is worse "
        "beyond chance."
    )
    means = {"fast": [0.8, 0.7, 0.7, 0.7], "slow": [0.8, 0.7, 0.7, 0.7]}
    assert "fast as it is" in last_but_one(made_up(means, noise=0, seconds=SECONDS))
    assert last_but_one(made_up(means, noise=0, seconds=SECONDS)).endswith("Nothing is simpler.")


def test_the_summary_and_the_overall_sentence_do_not_contradict_each_other():
    verdict = made_up({"a": [0.7, 0.6, 0.69, 0.733]}, noise=0.02).verdict()
    *_, short, overall, _ = verdict.splitlines()
    assert "no treatment is better than doing nothing" in short
    assert "Nothing simpler is as good, although a as it is (0.70" in overall
    for gain in np.arange(0.02, 0.06, 0.004):
        lines = made_up({"a": [0.7, 0.6, 0.69, 0.7 + gain]}, noise=0.02).verdict().splitlines()
        assert ("no treatment is better" in lines[2]) == ("although a as it is" in lines[3])


def test_verdict_on_the_best_where_lower_is_better_or_nothing_can_be_tested():
    means = {"slow": [0.3, 0.1, 0.3, 0.3], "fast": [0.3, 0.4, 0.5, 0.5]}
    result = made_up(means, metric="brier", seconds=SECONDS)
    assert "Overall: slow with class weights (0.095" in last_but_one(result, "brier")
    one_fold = made_up(means, n_folds=1, seconds=SECONDS)
    assert last_but_one(one_fold).endswith("simpler is as good could not be tested.")


def test_the_best_combination_failed_nowhere():
    result = made_up({"a": [0.6, 0.7, 0.65, 0.9], "b": [0.6, 0.8, 0.65, 0.6]})
    broken = (result.scores["treatment"] == "SMOTE") & (result.scores["fold"] == 3)
    scores = result.scores.assign(balanced_accuracy=result.scores["balanced_accuracy"].mask(broken))
    found = ResamplingEvaluation(scores, "balanced_accuracy")
    assert (found.best_classifier_, found.best_treatment_) == ("b", "class weight")
    with pytest.raises(AttributeError, match="refit=None"):
        ResamplingEvaluation(scores).best_treatment_  # noqa: B018


def test_plot_and_verdict_have_one_rule():
    """Also for a difference that is significant alone, but not with Holm's correction."""
    for shift in np.linspace(0.005, 0.02, 16):
        result = made_up({"a": [0.7, 0.7 + shift, 0.7 + shift, 0.7 + shift]}, noise=0.01)
        ax = result.plot()
        ends = np.array(ax.collections[0].get_segments())[:, :, 0]
        leaves_out = (ends > 0).all(axis=1) | (ends < 0).all(axis=1)
        np.testing.assert_array_equal(leaves_out, result.compare()["p_holm"] < 0.05)


def test_plot_shows_the_comparison(evaluation):
    ax = evaluation.plot("brier")
    assert [t.get_text() for t in ax.get_yticklabels()] == evaluation.treatments[1:]
    assert "left is better" in ax.get_xlabel() and "Brier score" in ax.get_title()
    none = evaluation.summary("brier").loc[("lr", "none"), "mean"]
    assert ax.get_legend().get_texts()[0].get_text() == f"lr (none: {none:.3f})"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.summary("accuracy"), "metric='accuracy'.*'balanced_accuracy'"),
        (lambda r: r.compare(reference="nothing"), "reference='nothing'.*'none'"),
        (lambda r: r.compare(confidence=95), "confidence.* 95"),
        (lambda r: r.verdict("fit_seconds"), "metric='fit_seconds'"),
        (lambda r: r.plot("acc"), "metric='acc'"),
    ],
)
def test_mistakes_are_named(call, message, evaluation):
    with pytest.raises(InvalidParameterError, match=message):
        call(evaluation)
