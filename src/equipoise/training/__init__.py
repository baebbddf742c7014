"""The one training loop and what hangs on it."""

from equipoise.training.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    JSONLines,
    Progress,
    ProgressBar,
)
from equipoise.training.loop import Plan, fit_loop

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "JSONLines",
    "Plan",
    "Progress",
    "ProgressBar",
    "fit_loop",
]
