"""Paired tests and average ranks: known answers, limits of few seeds, missing runs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import (
    average_ranks,
    friedman_test,
    nemenyi_critical_difference,
    paired_differences,
)

# Ranks of four decision trees on 14 data sets: Demsar (2006), table 6.
DEMSAR = pd.DataFrame(
    {
        "C4.5": [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
        "m": [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
        "cf": [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
        "m+cf": [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
    }
).T


def table(**rows):
    return pd.DataFrame(rows).T


def random_scores(n_methods=5, n_blocks=12):
    values = np.random.default_rng(0).random((n_methods, n_blocks))
    return pd.DataFrame(values, index=list("abcdefghij"[:n_methods]))


def test_interval_worked_by_hand():
    # Differences 1, 2, 3: mean 2, standard error 1/sqrt(3), t quantile 4.3027 with 2 degrees.
    row = paired_differences(table(plain=[0, 0, 0], ours=[1, 2, 3]), "plain").loc["ours"]
    assert row["n_pairs"] == 3
    margin = 4.302653 / np.sqrt(3)
    assert row[["difference", "low", "high"]].tolist() == pytest.approx([2, 2 - margin, 2 + margin])
    assert row["p_t"] == pytest.approx(0.0741799, abs=1e-6)
    assert row["p_wilcoxon"] == 0.25


def test_tests_agree_with_scipy():
    scores = random_scores()
    found = paired_differences(scores, "c", confidence=0.9)
    assert list(found.index) == ["a", "b", "d", "e"]
    for method, row in found.iterrows():
        t = stats.ttest_rel(scores.loc[method], scores.loc["c"])
        np.testing.assert_allclose(row["p_t"], t.pvalue)
        np.testing.assert_allclose(row[["low", "high"]], list(t.confidence_interval(0.9)))
        exact = stats.wilcoxon(scores.loc[method], scores.loc["c"], method="exact")
        np.testing.assert_allclose(row["p_wilcoxon"], exact.pvalue)


@pytest.mark.parametrize("n", range(1, 8))
def test_smallest_p_of_wilcoxon(n):
    found = paired_differences(table(plain=np.zeros(n), ours=np.arange(1, n + 1)), "plain")
    assert found.loc["ours", "p_wilcoxon"] == pytest.approx(2.0 ** (1 - n))


def test_wilcoxon_with_ties_and_zeros_counts_all_sign_patterns():
    # |d| = 1, 1, 2 have ranks 1.5, 1.5, 3; the negative one has rank sum 1.5. Of 8 patterns those
    # with a sum of at most 1.5 are three: none, the first, the second. Zeros are dropped.
    found = paired_differences(table(plain=[0] * 5, ours=[1, -1, 2, 0, 0]), "plain")
    assert found.loc["ours", "p_wilcoxon"] == pytest.approx(2 * 3 / 8)


def test_holm_worked_by_hand():
    d = np.random.default_rng(1).normal(size=(4, 9)) + [[0], [0.5], [1], [2]]
    scores = pd.DataFrame([np.zeros(9), *d, np.full(9, np.nan)], index=list("rabcdx"))
    found = paired_differences(scores, "r")
    p = found["p_t"].dropna().sort_values().to_numpy()
    by_hand = np.maximum.accumulate(np.minimum(1, p * [4, 3, 2, 1]))  # the row of NaN not counted
    np.testing.assert_allclose(found["p_t_holm"].dropna().sort_values(), by_hand)
    assert np.isnan(found.loc["x", "p_t_holm"])


def test_only_blocks_that_both_methods_have():
    scores = table(plain=[0, 0, np.nan, 0, 0], a=[1, 2, 9, np.nan, 3], b=[1, 1, 1, 1, 1])
    before = scores.copy()
    found = paired_differences(scores, "plain")
    assert found["n_pairs"].tolist() == [3, 4]
    assert found.loc["a", "difference"] == 2
    pd.testing.assert_frame_equal(scores, before)


@pytest.mark.parametrize(
    ("scores", "undefined"),
    [
        ([np.nan, np.nan], {"difference", "low", "high", "p_t", "p_wilcoxon"}),
        ([0.9, np.nan], {"low", "high", "p_t"}),
        ([0.9, 0.8], {"low", "high", "p_t"}),  # both differences are 0.1 but for rounding
        ([0.8, 0.7], {"low", "high", "p_t", "p_wilcoxon"}),
    ],
)
def test_what_is_undefined_is_nan(scores, undefined):
    row = paired_differences(table(plain=[0.8, 0.7], ours=scores), "plain").loc["ours"]
    values = row.drop(["n_pairs", "p_t_holm", "p_wilcoxon_holm"])
    assert set(values.index[values.isna()]) == undefined


def test_example_of_demsar():
    ranks = average_ranks(-DEMSAR)
    np.testing.assert_allclose(ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    statistic, p = friedman_test(-DEMSAR)
    # The paper has 9.28 without the correction for ties, which divides by 1 - 78 / 840.
    assert statistic == pytest.approx(9.28 / (1 - 78 / 840), abs=0.01)
    assert p == pytest.approx(stats.chi2.sf(statistic, 3))
    assert nemenyi_critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert nemenyi_critical_difference(4, 14, confidence=0.9) == pytest.approx(1.12, abs=0.005)


# Demsar (2006), table 5(a): q for alpha = .05.
@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_nemenyi_agrees_with_the_printed_table(k, q):
    assert nemenyi_critical_difference(k, 30) == pytest.approx(
        q * np.sqrt(k * (k + 1) / 180), rel=1e-3
    )


def test_ranks_leave_out_incomplete_blocks():
    ranks = average_ranks(table(a=[3, 3, np.nan], b=[2, 2, 9], c=[1, 2, 9]))
    assert ranks.to_dict() == {"a": 1, "b": 2.25, "c": 2.75}
    assert average_ranks(table(a=[np.nan, 1], b=[1, np.nan])).isna().all()


@pytest.mark.parametrize(
    "scores", [random_scores(2), random_scores(3, 1), table(a=[1, 2], b=[1, 2], c=[1, 2])]
)
def test_friedman_is_undefined(scores):
    assert np.isnan(friedman_test(scores)).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda s: paired_differences(s, "z"),
            InvalidInputError,
            "'z' is not a row.*'a'",
        ),
        (lambda s: paired_differences(s, "a", 95), InvalidParameterError, "confidence.* 95"),
        (lambda s: average_ranks(s.rename({"b": "a"})), InvalidInputError, "two rows 'a'"),
        (lambda s: friedman_test(s / 0), InvalidInputError, "infinite.*NaN"),
        (lambda s: nemenyi_critical_difference(1, 5), InvalidParameterError, "n_methods.* 1"),
        (lambda s: nemenyi_critical_difference(3, 0), InvalidParameterError, "n_blocks.* 0"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call(random_scores())
