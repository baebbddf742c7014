"""Discriminative classifiers on the backbones that the generative methods use."""

from equipoise.classifiers.estimator import ConvNetClassifier
from equipoise.classifiers.pretraining import SyntheticPretrainingClassifier

__all__ = ["ConvNetClassifier", "SyntheticPretrainingClassifier"]
