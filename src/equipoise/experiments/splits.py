"""Which rows are for training and which for testing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, check_cv

from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, InvalidParameterError, counted


@dataclass(frozen=True)
class Fold:
    """One split of the rows, and the seed of all that is fitted on it.

    Attributes
    ----------
    repeat, fold : int
        From 1.
    train, test : ndarray of int
        Positions of rows.
    seed : int
    groups : ndarray or None
        Of the training rows, where there are some.
    """

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray
    seed: int
    groups: np.ndarray | None = None

    def lacks(self, y: np.ndarray) -> str:
        """Name the classes without a row in the test part; empty where each has one."""
        return ", ".join(map(str, np.setdiff1d(y, y[self.test]).tolist()))


def stratified_folds(y: np.ndarray, n_folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows of every fold of an experiment, stratified and shuffled by the seed.

    Raises
    ------
    InvalidInputError
        A class has fewer rows than there are folds.
    """
    smallest = int(np.bincount(y).min())
    if smallest < n_folds:
        raise InvalidInputError(
            f"[protocol] folds={n_folds}, but the smallest class has {counted(smallest, 'row')}. "
            "Set folds to at most that, or leave the data set out."
        )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(y)), y))


def make_folds(
    X: Rows, y: np.ndarray, cv: Any, n_repeats: int, groups: Any, random: np.random.RandomState
) -> list[Fold]:
    """Folds of :func:`equipoise.evaluate_resampling`, of all repetitions.

    Parameters
    ----------
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    cv : int, splitter or iterable
    n_repeats : int
        Only for an int `cv`; a splitter that repeats knows by itself how often.
    groups : array-like of shape (n_rows,) or None
    random : RandomState

    Returns
    -------
    list of Fold

    Raises
    ------
    InvalidInputError
        A class is too small for an int `cv`, a training part has one class only, or every test
        part lacks some class.
    InvalidParameterError
        `cv` is no splitter or below 2, or does not go with `n_repeats` or `groups`.
    """
    if isinstance(cv, Integral):
        _check_int(cv, y, groups)
        repeats = n_repeats
        cv = RepeatedStratifiedKFold(
            n_splits=int(cv), n_repeats=n_repeats, random_state=random.randint(2**31)
        )
    else:
        if n_repeats != 1:
            raise InvalidParameterError(
                f"n_repeats={n_repeats} goes with an int cv only. Pass a splitter that repeats."
            )
        repeats = getattr(cv, "n_repeats", 1)
        try:
            cv = check_cv(cv)
        except ValueError as error:
            raise InvalidParameterError(f"cv={cv!r} is not possible: {error}") from None
    splits = list(cv.split(X, y, groups))
    if not splits:
        raise InvalidParameterError(f"cv={cv!r} has no folds. Pass at least one.")
    per_repeat = len(splits) // repeats
    folds = [
        Fold(
            i // per_repeat + 1,
            i % per_repeat + 1,
            train,
            test,
            int(random.randint(2**31)),
            None if groups is None else np.asarray(groups)[train],
        )
        for i, (train, test) in enumerate(splits)
    ]
    for fold in folds:
        if len(np.unique(y[fold.train])) < 2:
            raise InvalidInputError(
                f"The training part of fold {fold.fold} has one class only. Choose another cv, for "
                "example a stratified one."
            )
    about = about_parts_without_a_class([fold.lacks(y) for fold in folds])
    if all(fold.lacks(y) for fold in folds):
        raise InvalidInputError(f"No test part has a row of every class. {about}")
    if about:
        warnings.warn(about, stacklevel=3)
    return folds


def about_parts_without_a_class(lacks: Sequence[str]) -> str:
    """Sentences about the test parts that lack classes, from the names of these by part."""
    lacking = [names for names in lacks if names]
    if not lacking:
        return ""
    return (
        f"In {len(lacking)} of {counted(len(lacks), 'test part')} there is no row of class "
        f"{' or '.join(dict.fromkeys(lacking))}. Such parts cannot show whether a treatment finds "
        "it, and are left out of all scores but the Brier score. Split so that each part has rows "
        "of every class: by StratifiedGroupKFold where rows have groups, and into fewer parts."
    )


def _check_int(cv: Integral, y: np.ndarray, groups: Any) -> None:
    if int(cv) < 2:
        raise InvalidParameterError(f"cv={cv} is not possible. Pass at least 2, or a splitter.")
    if groups is not None:
        raise InvalidParameterError(
            f"groups goes with a splitter that knows groups, got cv={cv}. Pass "
            f"cv=StratifiedGroupKFold({cv})."
        )
    classes, counts = np.unique(y, return_counts=True)
    smallest = counts.argmin()
    if counts[smallest] < int(cv):
        label, n = classes[smallest].item(), counts[smallest]
        remedy = f"Set cv to at most {n}, or" if n > 1 else "Leave the class out, or"
        raise InvalidInputError(
            f"Class {label!r} has {counted(n, 'row')}, too few for a row in each of cv={cv} test "
            f"parts. {remedy} add rows of it."
        )
