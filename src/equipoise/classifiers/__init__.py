"""Discriminative classifiers on the backbones that the generative methods use."""

from equipoise.classifiers.estimator import ConvNetClassifier
from equipoise.classifiers.pretraining import SyntheticPretrainingClassifier
from equipoise.classifiers.prior_correction import PriorCorrectedClassifier

__all__ = ["ConvNetClassifier", "PriorCorrectedClassifier", "SyntheticPretrainingClassifier"]
