"""How each metric is called in tables, plots and sentences."""

from __future__ import annotations

from typing import NamedTuple


class MetricName(NamedTuple):
    """What to write of a metric.

    Attributes
    ----------
    words : str
        Its name in a sentence or a title.
    symbol : str
        Its name as the heading of a column.
    description : str
        What it measures.
    lower_is_better : bool
    """

    words: str
    symbol: str
    description: str
    lower_is_better: bool = False


_RECALL = "mean of the per-class recalls"
_F1 = MetricName("macro F1", "F", "mean of the per-class F1 scores")
_G = "mean over classes of the square root of recall times specificity"
_AP = "average precision of the rarer of two classes; of more, the mean, each against the rest"
_BRIER = "mean over rows of the squared distance between probabilities and the true class"

# By the keys of the benchmark's records and of the scores of `evaluate_resampling`, which has
# balanced_accuracy where the papers and the records have acsa, and f1_macro for f_macro.
METRICS = {
    "acsa": MetricName("ACSA", "ACSA", _RECALL),
    "balanced_accuracy": MetricName("balanced accuracy", "balanced accuracy", _RECALL),
    "f_macro": _F1,
    "f1_macro": _F1,
    "g_macro": MetricName("macro G", "G", _G),
    "smallest_class_recall": MetricName(
        "recall of the smallest class", "R_MI", "recall of the smallest class"
    ),
    "largest_class_precision": MetricName(
        "precision of the largest class", "P_MA", "precision of the largest class"
    ),
    "average_precision": MetricName("average precision", "AP", _AP),
    "brier": MetricName("Brier score", "Brier", _BRIER, lower_is_better=True),
}
