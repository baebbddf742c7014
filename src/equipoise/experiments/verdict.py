"""The verdict of a comparison in sentences, for readers who do not want p-values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from equipoise.metrics.names import METRICS

from .treatments.remedies import CLASS_WEIGHT, NONE, THRESHOLD, UNIFORM_PRIOR

if TYPE_CHECKING:
    from .result import ResamplingEvaluation

LEVEL = 0.05  # of p-values after Holm's correction
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
    n_parts = len(result.scores[["repeat", "fold"]].drop_duplicates())
    table = result.summary(metric)
    # A mean over fewer folds cannot be compared.
    complete = table["mean"].where(table["n_folds"] == n_parts)
    means = complete.unstack("treatment", sort=False)
    known = [one for one in CALLED if one in result.treatments]
    outcomes = pd.DataFrame({one: outcomes_against(result, metric, one) for one in known})
    rule = "lower is better" if lower_is_better(metric) else "higher is better"
    lines = [f"By {words_of(metric)} ({rule}), mean of {n_parts} test parts:"]
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
            f"In short: of {len(samplers)} classifiers, the best sampler is better beyond chance "
            f"{', '.join(counts)}."
        )
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
    gain = -table["difference"] if lower_is_better(metric) else table["difference"]
    is_real = table["p_holm"] < LEVEL
    untested = table["p"].isna() & (gain != 0)  # one fold, the same in all, or a failure
    words = np.select(
        [is_real & (gain > 0), is_real & (gain < 0), untested],
        ["better", "worse", "untested"],
        "same",
    )
    return pd.Series(words, index=table.index)


def best(means: pd.Series, metric: str) -> str | None:
    """Treatment with the best mean; None where there is none."""
    known = -means.dropna() if lower_is_better(metric) else means.dropna()
    return None if known.empty else str(known.idxmax())


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
