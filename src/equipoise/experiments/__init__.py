"""Experiments: every treatment with every classifier on every data set, from fit to report.

:func:`equipoise.evaluate_resampling` compares treatments on one table. An experiment file compares
methods on many data sets and stores what came out. Both take the same path from fit to score.
"""

from .evaluate import evaluate_resampling
from .experiment import Experiment, load_experiment
from .result import ResamplingEvaluation
from .runner import run
from .store import pack, read_predictions, read_records
from .treated import TreatedClassifier

__all__ = [
    "Experiment",
    "ResamplingEvaluation",
    "TreatedClassifier",
    "evaluate_resampling",
    "load_experiment",
    "pack",
    "read_predictions",
    "read_records",
    "run",
]
