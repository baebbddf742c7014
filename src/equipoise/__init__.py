"""Deep generative learning on class-imbalanced data, in the style of scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.classifiers import ConvNetClassifier, SyntheticPretrainingClassifier
    from equipoise.datasets import load_dataset
    from equipoise.dgc import DGCClassifier
    from equipoise.imsic import IMSIC

__version__ = "0.1.0"

__all__ = [
    "IMSIC",
    "ConvNetClassifier",
    "DGCClassifier",
    "SyntheticPretrainingClassifier",
    "__version__",
    "load_dataset",
]

# A public name is imported from its home on first use, so that `import equipoise` costs no torch.
_HOMES = {
    "ConvNetClassifier": "equipoise.classifiers",
    "DGCClassifier": "equipoise.dgc",
    "IMSIC": "equipoise.imsic",
    "SyntheticPretrainingClassifier": "equipoise.classifiers",
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
