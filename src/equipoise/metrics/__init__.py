"""Metrics of imbalanced classification and of the quality of synthetic samples."""

from .calibration import brier_score, expected_calibration_error
from .classification import (
    acsa,
    f_macro,
    g_macro,
    largest_class_precision,
    smallest_class_recall,
    summary,
)
from .comparison import (
    average_ranks,
    friedman_test,
    nemenyi_critical_difference,
    paired_differences,
)
from .cross_validation import cross_validated_differences
from .manifolds import density_coverage, precision_recall
from .neighbors import nearest_rows
from .synthesis import c2st, diversity, label_fidelity, memorised_rows, memorised_share
from .synthesis_table import SynthesisReport, synthesis_report
from .table import imbalance_report

__all__ = [
    "SynthesisReport",
    "acsa",
    "average_ranks",
    "brier_score",
    "c2st",
    "cross_validated_differences",
    "density_coverage",
    "diversity",
    "expected_calibration_error",
    "f_macro",
    "friedman_test",
    "g_macro",
    "imbalance_report",
    "label_fidelity",
    "largest_class_precision",
    "memorised_rows",
    "memorised_share",
    "nearest_rows",
    "nemenyi_critical_difference",
    "paired_differences",
    "precision_recall",
    "smallest_class_recall",
    "summary",
    "synthesis_report",
]
