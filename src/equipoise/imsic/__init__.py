"""Interpretable minority synthesis (He, Lin, Yuan, Tzeng, IJCAI 2021)."""

from equipoise.imsic.estimator import IMSIC

__all__ = ["IMSIC"]
