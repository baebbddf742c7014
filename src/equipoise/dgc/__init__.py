"""Deep generative classifier (Wang, Lyu, Jing, CVPR 2020)."""

from equipoise.dgc.estimator import DGCClassifier

__all__ = ["DGCClassifier"]
