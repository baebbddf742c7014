"""The corrected resampled t-test: worked by hand, and right where the usual test is not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedKFold

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.metrics import cross_validated_differences, paired_differences

TESTED = {"low", "high", "p", "p_holm", "low_holm", "high_holm"}


def table(**rows):
    return pd.DataFrame(rows).T


def test_worked_by_hand():
    # Differences 1, 2, 3, 6: mean 3, variance 14/3. With n_test / n_train = 1/3 the squared error
    # is (1/4 + 1/3) 14/3 = 49/18; t = 3 / 1.64992 with 3 degrees, whose .975 quantile is 3.18245.
    scores = table(plain=[0, 0, 0, 0], ours=[1, 2, 3, 6])
    row = cross_validated_differences(scores, "plain", 1 / 3).loc["ours"]
    error = np.sqrt(49 / 18)
    assert row["n_folds"] == 4
    expected = [3, 3 - 3.182446 * error, 3 + 3.182446 * error]
    assert row[["difference", "low", "high"]].tolist() == pytest.approx(expected, abs=1e-5)
    assert row["p"] == row["p_holm"] == pytest.approx(2 * stats.t.cdf(-3 / error, 3))


def test_without_overlap_it_is_the_paired_t_test():
    scores = pd.DataFrame(np.random.default_rng(0).random((4, 9)), index=list("abcd"))
    scores.iloc[1, 2] = np.nan
    found = cross_validated_differences(scores, "c", 1e-12, confidence=0.9)
    usual = paired_differences(scores, "c", confidence=0.9)
    assert list(found.index) == ["a", "b", "d"]
    names = {"p": "p_t", "p_holm": "p_t_holm", "n_folds": "n_pairs"}
    for name in found.columns.drop(["low_holm", "high_holm"]):
        np.testing.assert_allclose(found[name], usual[names.get(name, name)])


@pytest.mark.parametrize("seed", range(20))
def test_an_interval_with_the_correction_leaves_0_out_where_its_p_value_says_so(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(9, 6)) + rng.normal(size=(9, 1))
    found = cross_validated_differences(pd.DataFrame(scores).rename(index=str), "0", 0.2, 0.8)
    leaves_out = (found["low_holm"] > 0) | (found["high_holm"] < 0)
    np.testing.assert_array_equal(leaves_out, found["p_holm"] < 0.2)
    wider = found["high_holm"] - found["low_holm"] >= found["high"] - found["low"] - 1e-12
    assert wider.all()
    first = found.loc[found["p"].idxmin()]
    error = (first["high_holm"] - first["difference"]) / stats.t.ppf(1 - 0.1 / 8, 5)
    assert first["high"] == pytest.approx(first["difference"] + error * stats.t.ppf(0.9, 5))


def test_two_equally_good_models_seldom_differ():
    """10 x 10-fold cross-validation of two models that ignore different halves of pure noise."""
    is_wrong, is_wrong_corrected = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
        scores = np.array(
            [
                [
                    LogisticRegression().fit(X[train][:, c], y[train]).score(X[test][:, c], y[test])
                    for train, test in RepeatedKFold(n_repeats=4, random_state=seed).split(X)
                ]
                for c in ([0, 1], [2, 3])
            ]
        )
        scores = pd.DataFrame(scores, index=["a", "b"])
        is_wrong.append(paired_differences(scores, "a")["p_t"].item() < 0.05)
        corrected = cross_validated_differences(scores, "a", 1 / 4)["p"].item()
        is_wrong_corrected.append(corrected < 0.05)
    assert np.mean(is_wrong) > 0.3
    assert np.mean(is_wrong_corrected) <= 0.1


@pytest.mark.parametrize(
    ("ours", "undefined"),
    [
        ([np.nan, np.nan], {"difference", *TESTED}),
        ([0.9, np.nan], TESTED),
        ([0.9, 0.8], TESTED),  # both differences are 0.1 but for rounding
    ],
)
def test_what_is_undefined_is_nan(ours, undefined):
    found = cross_validated_differences(table(plain=[0.8, 0.7], ours=ours), "plain", 0.25)
    row = found.loc["ours"]
    assert set(row.index[row.isna()]) == undefined


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("z", 0.25), InvalidInputError, "'z' is not a row.*'a'"),
        (("a", 0), InvalidParameterError, "test_to_train.* 0"),
        (("a", float("nan")), InvalidParameterError, "test_to_train"),
        (("a", 0.25, 95), InvalidParameterError, "confidence.* 95"),
    ],
)
def test_mistakes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        cross_validated_differences(table(a=[1, 2], b=[2, 4]), *arguments)
