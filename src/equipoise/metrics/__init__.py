"""Metrics for imbalanced classification, and the quality of synthetic samples."""

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
from .manifolds import density_coverage, precision_recall
from .neighbors import nearest_rows
from .synthesis import c2st, diversity, label_fidelity, memorised_share
from .synthesis_table import SynthesisReport, synthesis_report
from .table import imbalance_report

__all__ = [
    "SynthesisReport",
    "acsa",
    "average_ranks",
    "c2st",
    "density_coverage",
    "diversity",
    "f_macro",
    "friedman_test",
    "g_macro",
    "imbalance_report",
    "label_fidelity",
    "largest_class_precision",
    "memorised_share",
    "nearest_rows",
    "nemenyi_critical_difference",
    "paired_differences",
    "precision_recall",
    "smallest_class_recall",
    "summary",
    "synthesis_report",
]
