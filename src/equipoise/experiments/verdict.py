"""The verdict of an evaluation: the comparisons and their tests as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from equipoise.metrics.names import METRICS

from .treatments.remedies import CLASS_WEIGHT, NONE, THRESHOLD

if TYPE_CHECKING:
    from .result import ResamplingEvaluation

LEVEL = 0.05  # of p-values after Holm's correction
CALLED = {NONE: "doing nothing", CLASS_WEIGHT: "class weights", THRESHOLD: "threshold tuning"}
CAVEAT = "Treatments that cannot be distinguished may still differ; the intervals show by how much."


def sentences(result: ResamplingEvaluation, metric: str) -> str:
    """Sentences about the metric, about every classifier, a summary and a caveat."""
    n_parts = len(result.scores[["repeat", "fold"]].drop_duplicates())
    table = result.summary(metric)
    # A mean over fewer folds cannot be compared.
    complete = table["mean"].where(table["n_folds"] == n_parts)
    means = complete.unstack("treatment", sort=False)
    outcomes = {reference: outcomes_against(result, metric, reference) for reference in CALLED}
    rule = "lower is better" if lower_is_better(metric) else "higher is better"
    lines = [f"By {words_of(metric)} ({rule}), mean of {n_parts} test parts:"]
    samplers = {}
    for name, row in means.iterrows():
        winner, samplers[name] = best(row, metric), best(row[result.samplers], metric)
        lines.append(f"{name}: {about_classifier(row, winner, samplers[name], name, outcomes)}")
    if not (outcomes[NONE] == "better").any():
        could = "" if (outcomes[NONE] != "untested").all() else ", as far as that could be tested"
        lines.append(f"In short: no treatment is better than doing nothing beyond chance{could}.")
    elif result.samplers:
        counts = []
        for reference, called in CALLED.items():
            found = [outcomes[reference].get(pair) for pair in samplers.items()]
            counts.append(f"than {called} with {found.count('better')}")
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
    known = means.dropna()
    if known.empty:
        return None
    return str(known.idxmin() if lower_is_better(metric) else known.idxmax())


def about_classifier(
    means: pd.Series,
    winner: str | None,
    sampler: str | None,
    name: str,
    outcomes: Mapping[str, pd.Series],
) -> str:
    """Name the best treatment and the best sampler, and compare both with the simple remedies."""
    if winner is None:
        return "every fit failed."
    if winner == NONE:
        text = f"doing nothing does best ({means[NONE]:.3f})."
    else:
        nothing = "failed" if np.isnan(means[NONE]) else f"{means[NONE]:.3f}"
        text = (
            f"{winner} does best ({means[winner]:.3f}, doing nothing {nothing}): "
            f"{standing(winner, name, outcomes)}."
        )
    if sampler not in (None, winner):
        text += (
            f" The best sampler is {sampler} ({means[sampler]:.3f}): "
            f"{standing(sampler, name, outcomes)}."
        )
    return text


def standing(treatment: str, name: str, outcomes: Mapping[str, pd.Series]) -> str:
    """Say how a treatment compares, as in "better than doing nothing, worse than class weights"."""
    phrases = {
        "better": ("better than", "and"),
        "worse": ("worse than", "and"),
        "same": ("not distinguishable from", "or"),
        "untested": ("not testable against", "or"),
    }
    parts = []
    for outcome, (phrase, conjunction) in phrases.items():
        those = [
            CALLED[reference]
            for reference, found in outcomes.items()
            if reference != treatment and found[name, treatment] == outcome
        ]
        if those:
            *first, last = those
            listed = f"{', '.join(first)} {conjunction} {last}" if first else last
            parts.append(f"{phrase} {listed}")
    return ", ".join(parts)
