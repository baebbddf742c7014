"""Does resampling help on this table? Cross-validation without leaks, and a verdict."""

from .evaluate import evaluate_resampling
from .result import ResamplingEvaluation

__all__ = ["ResamplingEvaluation", "evaluate_resampling"]
