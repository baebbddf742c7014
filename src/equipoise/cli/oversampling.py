"""Samplers of tables by name, and the class sizes that a sampler is to bring about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from equipoise.cli.parsing import Strategy

if TYPE_CHECKING:
    import pandas as pd

Value = TypeVar("Value")

BETWEEN_NEIGHBOURS = ("smote", "borderline-smote", "adasyn")
METHODS = "dgc, imsic, random, smote, borderline-smote, adasyn"

# Parameters of DGC where its rows matter and its predictions do not.
FOR_ROWS: dict[str, Any] = {"latent_dim": 16, "max_epochs": 40}


def sampler_of(method: str, X: pd.DataFrame, smallest: int) -> Any:
    """Oversampler with this name for a table with such columns.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    X : DataFrame
    smallest : int
        Number of rows of the smallest class in the data that it is fitted on.

    Returns
    -------
    sampler

    Raises
    ------
    ValueError
        There is no sampler of this name, or it cannot use some of the columns.
    """
    if method == "dgc":
        from equipoise.dgc import DGCClassifier
        from equipoise.generative import GenerativeOverSampler

        return GenerativeOverSampler(DGCClassifier(**FOR_ROWS))
    if method == "imsic":
        from equipoise.imsic import IMSIC

        return IMSIC()
    from equipoise.experiments.treatments.samplers import NAMES, make_sampler

    if method not in NAMES:
        raise ValueError(f"{method!r} is no sampler. Choose one of {METHODS}.")
    return make_sampler(method, X, smallest)


def check_neighbours(method: str, strategy: Any, y: pd.Series) -> None:
    """Refuse a sampler that interpolates between neighbours for a class with a single row.

    Raises
    ------
    ValueError
        There is such a class among those to fill.
    """
    if method not in BETWEEN_NEIGHBOURS:
        return
    from imblearn.utils import check_sampling_strategy

    counts = y.value_counts()
    for label in check_sampling_strategy(strategy, y.to_numpy(), "over-sampling"):
        if counts[label] == 1:
            raise ValueError(
                f"{label!r} has a single row, and {method!r} interpolates between neighbours. "
                "Choose --method random or dgc, or fill other classes with --sampling-strategy."
            )


def targets(strategy: Strategy, y: Any, labels: Mapping[str, Any]) -> Any:
    """``sampling_strategy`` of a sampler for that of a command line.

    Parameters
    ----------
    strategy : str, int, float or dict of str to int
        As :func:`equipoise.cli.parsing.sampling_strategy` returns it.
    y : array-like of shape (n,)
        Labels of the rows.
    labels : mapping of str to label
        The labels of all classes by their names.

    Raises
    ------
    ValueError
        There is no class of a name.
    """
    import pandas as pd

    if isinstance(strategy, int):
        counts = pd.Series(y).value_counts()
        return {label: max(n, strategy) for label, n in counts.to_dict().items()}
    if isinstance(strategy, dict):
        return by_label(strategy, labels, "--sampling-strategy")
    return strategy


def by_label(
    values: Mapping[str, Value], labels: Mapping[str, Any], option: str
) -> dict[Any, Value]:
    """The values of classes by their labels, in place of their names.

    Raises
    ------
    ValueError
        There is no class of a name.
    """
    if unknown := [name for name in values if name not in labels]:
        raise ValueError(f"{option} {unknown[0]!r} is not a class. They are {', '.join(labels)}.")
    return {labels[name]: value for name, value in values.items()}
