"""Metrics for imbalanced classification, and nearest real rows for generated data."""

from .classification import (
    acsa,
    f_macro,
    g_macro,
    largest_class_precision,
    smallest_class_recall,
    summary,
)
from .neighbors import nearest_rows
from .table import imbalance_report

__all__ = [
    "acsa",
    "f_macro",
    "g_macro",
    "imbalance_report",
    "largest_class_precision",
    "nearest_rows",
    "smallest_class_recall",
    "summary",
]
