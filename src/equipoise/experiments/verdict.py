"""The verdict of a comparison in sentences, for readers who do not want p-values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError, counted
from equipoise.metrics import cross_validated_differences
from equipoise.metrics.names import METRICS

from .splits import about_parts_without_a_class
from .treatments.remedies import CLASS_WEIGHT, NONE, THRESHOLD, UNIFORM_PRIOR

if TYPE_CHECKING:
    from .result import ResamplingEvaluation

# Scores that mean nothing on a test part without rows of some class.
NEEDING_EVERY_CLASS = ("balanced_accuracy", "f1_macro", "g_macro", "average_precision")
LEVEL = 0.05  # of p-values after Holm's correction
TOLERANCE = 0.01  # by which a simpler combination may score worse than the best
CALLED = {
    NONE: "doing nothing",
    UNIFORM_PRIOR: "the uniform prior",
    CLASS_WEIGHT: "class weights",
    THRESHOLD: "threshold tuning",
}
# Outcome of a comparison -> its words, and the conjunction of the treatments that it holds for.
PHRASES = {
    "better": ("better than", "and"),
    "worse": ("worse than", "and"),
    "same": ("not distinguishable from", "or"),
    "untested": ("not testable against", "or"),
}
CAVEAT = "Treatments that cannot be distinguished may still differ; the intervals show by how much."


def sentences(result: ResamplingEvaluation, metric: str) -> str:
    """Sentences about the metric, about every classifier, a summary and a caveat."""
    means = complete_means(result, metric).unstack("treatment", sort=False)
    known = [one for one in CALLED if one in result.treatments]
    outcomes = pd.DataFrame({one: outcomes_against(result, metric, one) for one in known})
    rule = "lower is better" if lower_is_better(metric) else "higher is better"
    lines = [
        f"By {words_of(metric)} ({rule}), mean of {len(measuring_parts(result, metric))} test "
        f"parts; differences by the corrected resampled t-test at {LEVEL}, with Holm's correction:"
    ]
    if metric in NEEDING_EVERY_CLASS:
        parts = result.scores.drop_duplicates(["repeat", "fold"])
        lines += filter(None, [about_parts_without_a_class(parts["lacks"].tolist())])
    samplers = {name: best(row[result.samplers], metric) for name, row in means.iterrows()}
    for name, row in means.iterrows():
        about = about_classifier(row, best(row, metric), samplers[name], outcomes.loc[name])
        lines.append(f"{name}: {about}")
    if not (outcomes[NONE] == "better").any():
        could = "" if (outcomes[NONE] != "untested").all() else ", as far as that could be tested"
        lines.append(f"In short: no treatment is better than doing nothing beyond chance{could}.")
    elif result.samplers:
        is_better = outcomes.reindex(samplers.items()) == "better"
        counts = [f"than {CALLED[one]} with {n}" for one, n in is_better.sum().items()]
        lines.append(
            f"In short: of {counted(len(samplers), 'classifier')}, the best sampler is better "
            f"beyond chance {', '.join(counts)}."
        )
    if means.notna().any(axis=None):
        lines.append(f"Overall: {overall(result, metric, outcomes)}")
    return "\n".join([*lines, CAVEAT])


def words_of(metric: str) -> str:
    """Return the name of a metric in a sentence; a scorer of the user's own keeps its name."""
    return METRICS[metric].words if metric in METRICS else metric


def lower_is_better(metric: str) -> bool:
    """Whether lower is better; for a scorer of the user's own, higher is."""
    return metric in METRICS and METRICS[metric].lower_is_better


def outcomes_against(result: ResamplingEvaluation, metric: str, reference: str) -> pd.Series:
    """``"better"``, ``"worse"``, ``"same"`` or ``"untested"`` for each classifier and treatment."""
    table = result.compare(metric, reference)
    return pd.Series(_outcomes(table, metric), index=table.index)


def _outcomes(table: pd.DataFrame, metric: str) -> np.ndarray:
    gain = -table["difference"] if lower_is_better(metric) else table["difference"]
    is_real = table["p_holm"] < LEVEL
    untested = table["p"].isna() & (gain != 0)  # one fold, the same in all, or a failure
    return np.select(
        [is_real & (gain > 0), is_real & (gain < 0), untested],
        ["better", "worse", "untested"],
        "same",
    )


def best(means: pd.Series, metric: str) -> str | None:
    """Treatment with the best mean; None where there is none."""
    known = -means.dropna() if lower_is_better(metric) else means.dropna()
    return None if known.empty else str(known.idxmax())


def complete_means(result: ResamplingEvaluation, metric: str) -> pd.Series:
    """Mean by classifier and treatment; NaN for what failed on a test part, and is not compared."""
    table = result.summary(metric)
    return table["mean"].where(table["n_folds"] == len(measuring_parts(result, metric)))


def measuring_parts(result: ResamplingEvaluation, metric: str) -> pd.MultiIndex:
    """The repeat and fold of the test parts that can measure the metric."""
    scores = result.scores
    if metric in NEEDING_EVERY_CLASS:
        scores = scores[scores["lacks"] == ""]
    return pd.MultiIndex.from_frame(scores[["repeat", "fold"]].drop_duplicates())


def best_combination(result: ResamplingEvaluation, metric: str) -> tuple[str, str]:
    """Classifier and treatment with the best mean; the first of those that are equal.

    Raises
    ------
    InvalidInputError
        There is none, because each failed on some test part.
    """
    means = complete_means(result, metric)
    if means.isna().all():
        raise InvalidInputError(f"Every combination failed on some test part, or has no {metric}.")
    classifier, treatment = (-means if lower_is_better(metric) else means).idxmax()
    return str(classifier), str(treatment)


def overall(result: ResamplingEvaluation, metric: str, outcomes: pd.DataFrame) -> str:
    """Name the best combination, and the simplest that is as good.

    Remedies of the best combination's own classifier have the outcome that the sentence about that
    classifier tells of, which another correction for the number of tests could contradict.
    """
    table = pd.DataFrame({"mean": complete_means(result, metric)})
    table["seconds"] = result.summary("fit_seconds")["mean"]
    order = list(CALLED)
    table["rank"] = [order.index(t) if t in order else len(order) for _, t in table.index]
    winner = best_combination(result, metric)
    best, own = table.loc[winner], table.index.get_level_values("classifier") == winner[0]
    simpler = (table["rank"] <= best["rank"]) & (table["seconds"] < best["seconds"])
    simpler |= (table["rank"] < best["rank"]) & own
    told = [(winner[0], one) for one in outcomes.columns if one != winner[1]]
    others = table.index[simpler & ~table.index.isin(told)]
    table["outcome"] = outcomes_against_best(result, metric, winner, others)
    for one in table.index[simpler & table.index.isin(told)]:
        outcome = outcomes.at[winner, one[1]]
        table.at[one, "outcome"] = "worse" if outcome == "better" else outcome
    text = f"{described(winner, best)} does best."
    table["gap"] = (best["mean"] - table["mean"]).abs()
    same = table[table["outcome"] == "same"]
    as_good = same[same["gap"] <= TOLERANCE].sort_values(["rank", "seconds"])
    if len(as_good):
        found = described(as_good.index[0], as_good.iloc[0])
        return f"{text} {found} is simpler and, as far as can be told, as good: prefer that."
    if len(same):
        nearest = same.sort_values("gap").iloc[:1]
        found = described(nearest.index[0], nearest.iloc[0])
        return (
            f"{text} Nothing simpler is as good, although {found} cannot be distinguished from it."
        )
    if (table["outcome"] == "untested").any():
        return f"{text} Whether something simpler is as good could not be tested."
    if (table["outcome"] == "worse").any():
        return f"{text} Everything simpler is worse beyond chance."
    return f"{text} Nothing is simpler."


def outcomes_against_best(
    result: ResamplingEvaluation, metric: str, winner: tuple[str, str], others: pd.Index
) -> pd.Series:
    """``"worse"``, ``"same"`` or ``"untested"`` for other combinations, compared with the best."""
    wide = result.scores.pivot(
        index=["classifier", "treatment"], columns=["repeat", "fold"], values=metric
    )
    wide = wide[measuring_parts(result, metric)]
    rows = wide.loc[[winner, *others]].dropna()  # without what failed on a test part
    numbered = rows.set_axis([str(i) for i in range(len(rows))])
    found = cross_validated_differences(numbered, "0", result.test_to_train)
    return pd.Series(_outcomes(found, metric), index=rows.index[1:])


def described(combination: Any, row: pd.Series) -> str:
    """Name a classifier with its treatment, its score and its time."""
    classifier, treatment = combination
    how = "as it is" if treatment == NONE else f"with {CALLED.get(treatment, treatment)}"
    return f"{classifier} {how} ({row['mean']:.3f}, {row['seconds']:.1f} s a fit)"


def about_classifier(
    means: pd.Series, winner: str | None, sampler: str | None, outcomes: pd.DataFrame
) -> str:
    """Name the best treatment and the best sampler, and compare both with the simple remedies."""
    if winner is None:
        return "every fit failed."
    if winner == NONE:
        text = f"doing nothing does best ({means[NONE]:.3f})."
    else:
        nothing = "failed" if np.isnan(means[NONE]) else f"{means[NONE]:.3f}"
        scores = f"{means[winner]:.3f}, doing nothing {nothing}"
        text = f"{winner} does best ({scores}): {standing(winner, outcomes)}."
    if sampler in (None, winner):
        return text
    return (
        f"{text} The best sampler is {sampler} ({means[sampler]:.3f}): "
        f"{standing(sampler, outcomes)}."
    )


def standing(treatment: str, outcomes: pd.DataFrame) -> str:
    """Say how a treatment compares, as in "better than doing nothing, worse than class weights"."""
    against = outcomes.loc[treatment].drop(treatment, errors="ignore")
    parts = []
    for outcome, (phrase, conjunction) in PHRASES.items():
        if called := [CALLED[one] for one in against.index[against == outcome]]:
            listed = filter(None, [", ".join(called[:-1]), called[-1]])
            parts.append(f"{phrase} {f' {conjunction} '.join(listed)}")
    return ", ".join(parts)
