"""Deep generative learning on class-imbalanced data, in the style of scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.classifiers import (
        ConvNetClassifier,
        PriorCorrectedClassifier,
        SyntheticPretrainingClassifier,
    )
    from equipoise.dataloader import balanced_dataloader
    from equipoise.datasets import load_dataset
    from equipoise.dgc import DGCClassifier
    from equipoise.experiments import evaluate_resampling
    from equipoise.generative import GenerativeOverSampler
    from equipoise.imsic import IMSIC

__version__ = "0.1.0"

__all__ = [
    "IMSIC",
    "ConvNetClassifier",
    "DGCClassifier",
    "GenerativeOverSampler",
    "PriorCorrectedClassifier",
    "SyntheticPretrainingClassifier",
    "__version__",
    "balanced_dataloader",
    "evaluate_resampling",
    "load_dataset",
]

# A public name is imported from its home on first use, so that `import equipoise` costs no torch.
_HOMES = {
    "ConvNetClassifier": "equipoise.classifiers",
    "DGCClassifier": "equipoise.dgc",
    "GenerativeOverSampler": "equipoise.generative",
    "IMSIC": "equipoise.imsic",
    "PriorCorrectedClassifier": "equipoise.classifiers",
    "SyntheticPretrainingClassifier": "equipoise.classifiers",
    "balanced_dataloader": "equipoise.dataloader",
    "evaluate_resampling": "equipoise.experiments",
    "load_dataset": "equipoise.datasets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
