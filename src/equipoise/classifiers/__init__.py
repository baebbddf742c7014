"""Discriminative classifiers on the backbones that the generative methods use."""

from equipoise.classifiers.estimator import ConvNetClassifier

__all__ = ["ConvNetClassifier"]
