"""Samplers of tables by name, and how many rows they are to make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from equipoise.cli.options import numbers_by_name

if TYPE_CHECKING:
    import pandas as pd

BETWEEN_NEIGHBOURS = ("smote", "borderline-smote", "adasyn")
METHODS = "dgc, imsic, random, smote, borderline-smote, adasyn"

FOR_ROWS: dict[str, Any] = {
    "latent_dim": 16,
    "max_epochs": 40,
}  # of DGC, where its rows matter, not its verdicts


def sampler_of(method: str, X: pd.DataFrame, smallest: int) -> Any:
    """Oversampler with this name for such a table.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    X : DataFrame
    smallest : int
        Rows of the smallest class that it will see.

    Returns
    -------
    sampler

    Raises
    ------
    ValueError
        There is none of this name, or it cannot take the columns.
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
    """Refuse what draws between neighbours for a class that has a single row.

    Raises
    ------
    ValueError
        There is such a class.
    """
    if method not in BETWEEN_NEIGHBOURS:
        return
    from imblearn.utils import check_sampling_strategy

    counts = y.value_counts()
    for label in check_sampling_strategy(strategy, y.to_numpy(), "over-sampling"):
        if counts[label] == 1:
            raise ValueError(
                f"{label!r} has a single row, and {method!r} draws between neighbours. "
                "Choose --method random or dgc, or fill other classes with --sampling-strategy."
            )


def parse_strategy(text: str) -> Any:
    """``"500"`` → 500, ``"0.5"`` → 0.5, ``"yes=500,maybe=80"`` → a dict, a word as it is.

    Raises
    ------
    typer.BadParameter
        A number of rows is not whole.
    """
    if "=" in text:
        sizes = numbers_by_name(text)
        if any(n % 1 != 0 for n in sizes.values()):
            raise typer.BadParameter(f"{text!r} has a number of rows that is not whole.")
        return {name: int(n) for name, n in sizes.items()}
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def targets(strategy: Any, y: pd.Series) -> Any:
    """``sampling_strategy`` as the sampler wants it, with the labels of the table.

    Raises
    ------
    ValueError
        There is no class of a name.
    """
    counts = y.value_counts().to_dict()
    if isinstance(strategy, int):
        return {label: max(n, strategy) for label, n in counts.items()}
    if not isinstance(strategy, dict):
        return strategy
    labels = {str(label): label for label in counts}
    if unknown := [name for name in strategy if name not in labels]:
        raise ValueError(
            f"--sampling-strategy {unknown[0]!r} is no class. They are {', '.join(labels)}."
        )
    return {labels[name]: n for name, n in strategy.items()}
