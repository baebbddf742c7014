"""The one training loop and what hangs on it."""

from equipoise.training.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    JSONLines,
    ProgressBar,
)
from equipoise.training.loop import fit_loop
from equipoise.training.plan import Plan, Progress
from equipoise.training.rows import TrainingRows

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "JSONLines",
    "Plan",
    "Progress",
    "ProgressBar",
    "TrainingRows",
    "fit_loop",
]
