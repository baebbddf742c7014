"""A classification report for imbalanced data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from equipoise.errors import counted

from ._labels import check_labels
from ._per_class import ClassScores, score_classes
from ._text import aligned, format_score
from .classification import summarise

_COLUMNS = ("recall", "precision", "f1", "specificity", "g")
_HEADINGS = ("recall", "precision", "F1", "specificity", "G")


@overload
def imbalance_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike | None = ...,
    *,
    labels: ArrayLike | None = ...,
    target_names: Sequence[str] | None = ...,
    output_dict: Literal[False] = ...,
) -> str: ...


@overload
def imbalance_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike | None = ...,
    *,
    labels: ArrayLike | None = ...,
    target_names: Sequence[str] | None = ...,
    output_dict: Literal[True],
) -> dict[str, Any]: ...


@overload
def imbalance_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike | None = ...,
    *,
    labels: ArrayLike | None = ...,
    target_names: Sequence[str] | None = ...,
    output_dict: Literal[False] = ...,
    as_frame: Literal[True],
) -> pd.DataFrame: ...


def imbalance_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike | None = None,
    *,
    labels: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    output_dict: bool = False,
    as_frame: bool = False,
) -> str | dict[str, Any] | pd.DataFrame:
    """Report the scores and training size of each class, and the five summary metrics.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,), default=None
        Labels of the training set. Without them, the training sizes and the two metrics that need
        them are omitted from the text (None and NaN in the dict).
    labels : array-like of shape (n_labels,), default=None
        Classes to list, in this order; by default all classes that occur, sorted. The summary
        always includes all classes of `y_true`.
    target_names : sequence of str of length n_labels, default=None
        Names to show, in the order of the listed classes.
    output_dict : bool, default=False
        Whether to return a dict instead of the text.
    as_frame : bool, default=False
        Whether to return a DataFrame of the classes instead of the text.

    Returns
    -------
    str, dict or DataFrame
        The DataFrame has a row for each class, by name, and the columns ``training_size`` (only
        with `y_train`), ``support``, ``recall``, ``precision``, ``f1``, ``specificity`` and ``g``;
        the summary metrics are in its ``attrs``.
        The dict has the keys of :func:`summary`, and ``classes``: for each name a dict of
        ``training_size``, ``support`` (test rows), ``recall``, ``precision``, ``f1``,
        ``specificity`` and ``g`` (the square root of recall times specificity). For a class that
        does not occur in `y_true`, all scores but specificity are NaN ("-" in the text).

    Raises
    ------
    ValueError
        If the labels are malformed, or differ in length or kind; if `labels` repeats a class; or
        if `target_names` differs in length from the listed classes or repeats a name.

    Examples
    --------
    >>> from equipoise.metrics import imbalance_report
    >>> print(imbalance_report([0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0, 1]))
       train  test  recall  precision      F1  specificity       G
    0      4     2  1.0000     0.6667  0.8000       0.5000  0.7071
    1      1     2  0.5000     1.0000  0.6667       1.0000  0.7071
    <BLANKLINE>
    ACSA (mean recall)              0.7500
    macro F1                        0.7333
    macro G                         0.7071
    recall of the smallest class    0.5000  (1)
    precision of the largest class  0.6667  (0)
    """
    scores = score_classes(y_true, y_pred, y_train, labels)
    listed = scores.classes if labels is None else check_labels("labels", labels)
    if len(np.unique(listed)) != len(listed):
        raise ValueError(f"labels repeats a class: {listed.tolist()}. List each class once.")
    rows = np.searchsorted(scores.classes, listed)
    names = _class_names(listed, target_names)
    totals = summarise(scores)
    if output_dict and as_frame:
        raise ValueError("output_dict=True and as_frame=True exclude each other. Choose one.")
    if as_frame:
        frame = pd.DataFrame.from_dict(_as_dict(scores, rows, names), orient="index")
        frame.attrs = totals
        return frame if scores.training_size is not None else frame.drop(columns="training_size")
    if output_dict:
        return {"classes": _as_dict(scores, rows, names), **totals}
    all_names = dict(zip(rows.tolist(), names, strict=True))
    return _class_lines(scores, rows, names) + "\n\n" + _total_lines(scores, totals, all_names)


def _class_names(listed: np.ndarray, target_names: Sequence[str] | None) -> list[str]:
    if target_names is None:
        return [str(label) for label in listed]
    names = [str(name) for name in target_names]
    if len(names) != len(listed):
        raise ValueError(
            f"target_names has {counted(len(names), 'name')} for "
            f"{counted(len(listed), 'class', 'classes')} {listed.tolist()}. Give one name for "
            "each, or choose the classes with labels."
        )
    if len(set(names)) != len(names):
        raise ValueError(f"target_names repeats a name: {names}. Make each name unique.")
    return names


def _as_dict(scores: ClassScores, rows: np.ndarray, names: list[str]) -> dict[str, Any]:
    sizes = scores.training_size
    return {
        name: {
            "training_size": None if sizes is None else int(sizes[row]),
            "support": int(scores.support[row]),
            **{column: float(getattr(scores, column)[row]) for column in _COLUMNS},
        }
        for row, name in zip(rows, names, strict=True)
    }


def _class_lines(scores: ClassScores, rows: np.ndarray, names: list[str]) -> str:
    counts = {"train": scores.training_size, "test": scores.support}
    table = [["", *(h for h, values in counts.items() if values is not None), *_HEADINGS]]
    for row, name in zip(rows, names, strict=True):
        sizes = [str(values[row]) for values in counts.values() if values is not None]
        table.append([name, *sizes, *(format_score(getattr(scores, c)[row]) for c in _COLUMNS)])
    return "\n".join(aligned(table))


def _total_lines(scores: ClassScores, totals: dict[str, float], names: dict[int, str]) -> str:
    lines = [
        ("ACSA (mean recall)", totals["acsa"], ""),
        ("macro F1", totals["f_macro"], ""),
        ("macro G", totals["g_macro"], ""),
    ]
    if scores.training_size is not None:

        def tied_names(is_tied: np.ndarray) -> str:
            tied = np.flatnonzero(is_tied).tolist()
            shown = ", ".join(names.get(i, str(scores.classes[i])) for i in tied[:3])
            return f"  ({shown}{f' and {len(tied) - 3} more' if len(tied) > 3 else ''})"

        smallest, largest = totals["smallest_class_recall"], totals["largest_class_precision"]
        lines.append(("recall of the smallest class", smallest, tied_names(scores.is_smallest)))
        lines.append(("precision of the largest class", largest, tied_names(scores.is_largest)))
    width = max(len(title) for title, _, _ in lines)
    return "\n".join(f"{title:<{width}}  {format_score(v)}{note}" for title, v, note in lines)
