"""What another class prior makes of probabilities."""

from __future__ import annotations

import numpy as np


def correct_posterior(
    posterior: np.ndarray, training_prior: np.ndarray, target_prior: np.ndarray
) -> np.ndarray:
    """Convert a posterior to another class prior than the one that it was learnt with.

    Parameters
    ----------
    posterior : ndarray of shape (n, n_classes)
        p(y | x) under ``training_prior``; rows sum to 1.
    training_prior, target_prior : ndarray of shape (n_classes,)
        Positive probabilities that sum to 1.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Proportional to ``posterior * target_prior / training_prior``; rows sum to 1.

    References
    ----------
    Saerens, Latinne, Decaestecker, Adjusting the outputs of a classifier to new a priori
    probabilities, Neural Computation 14, 2002, Eq. 4.
    """
    odds = posterior * (target_prior / training_prior)
    return odds / odds.sum(axis=1, keepdims=True)
