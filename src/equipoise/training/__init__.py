"""The one training loop, and what surrounds it."""

from equipoise.training.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    JSONLines,
    ProgressBar,
)
from equipoise.training.context import DataSpec, FitContext
from equipoise.training.loop import fit_loop
from equipoise.training.plan import Plan, Progress
from equipoise.training.rows import TrainingRows, resampled_sizes

__all__ = [
    "Callback",
    "Checkpoint",
    "DataSpec",
    "EarlyStopping",
    "FitContext",
    "JSONLines",
    "Plan",
    "Progress",
    "ProgressBar",
    "TrainingRows",
    "fit_loop",
    "resampled_sizes",
]
