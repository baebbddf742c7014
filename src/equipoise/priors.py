"""Class priors as a user gives them, and what another class prior makes of probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise.errors import InvalidParameterError


def priors_by_class(name: str, value: Any, classes: np.ndarray) -> np.ndarray:
    """Class priors in the order of the classes.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : dict or array-like of shape (n_classes,)
        By class, or in the order of the classes.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of shape (n_classes,), float64

    Raises
    ------
    InvalidParameterError
        If there is not one positive number for every class, or they do not sum to 1.
    """
    labels = classes.tolist()
    is_by_class = isinstance(value, Mapping)
    given = value
    if is_by_class:
        given = [value[label] for label in labels] if set(value) == set(labels) else []
    prior = np.asarray(given)
    if prior.dtype.kind not in "iuf" or not (
        prior.shape == classes.shape and (prior > 0).all() and abs(prior.sum() - 1) <= 1e-6
    ):
        raise InvalidParameterError(
            f"{name}={value!r} must contain {len(labels)} positive probabilities that sum to 1, "
            f"one for each of the classes {labels}."
        )
    return prior.astype(np.float64)


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
