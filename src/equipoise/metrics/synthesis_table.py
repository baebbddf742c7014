"""The quality of synthetic samples, class by class, in a table and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import InvalidInputError, InvalidParameterError

from ._features import Rows, check_features, check_same_width
from ._labels import Labels, check_labels, check_same_kind
from ._text import aligned, number
from .manifolds import manifold_scores
from .synthesis import c2st, diversity, label_fidelity, memorised_and_fresh

COLLAPSED_BELOW = 0.5
"""Diversity below which a class is said to have collapsed."""

MEMORISED_EXCESS = 0.2
"""Warn if the memorised share is this much above what fresh real rows would score."""

LOW_FIDELITY_BELOW = 0.7
"""Label fidelity below which samples are said to be something else than was asked for."""

_QUANTILE = 0.05  # of memorised_share
_SCORES = (
    "fidelity", "precision", "recall", "density", "coverage", "memorised", "diversity", "c2st",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SynthesisReport:
    """What :func:`synthesis_report` found; print it for the table.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    n, n_real : ndarray of shape (n_classes,)
        Synthetic rows and real rows of each class.
    scores : dict of str to ndarray of shape (n_classes,)
        The columns ``fidelity``, ``precision``, ``recall``, ``density``, ``coverage``,
        ``memorised``, ``diversity`` and ``c2st``; NaN where there is too little to say.
    warnings : list of str
        What to look at, in words; empty if nothing stands out.
    """

    classes: Labels
    n: NDArray[np.int64]
    n_real: NDArray[np.int64]
    scores: dict[str, NDArray[np.float64]]
    warnings: list[str]

    @property
    def mean(self) -> dict[str, float]:
        """Mean of each score over the classes that have it; NaN if none has."""
        return {
            name: float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
            for name, values in self.scores.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: ``classes`` (by name), ``mean`` and ``warnings``."""
        return {
            "classes": {
                str(label): {"n": int(self.n[i]), "n_real": int(self.n_real[i])}
                | {name: float(values[i]) for name, values in self.scores.items()}
                for i, label in enumerate(self.classes)
            },
            "mean": self.mean,
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        table = [["", "n", "real", *self.scores]]
        for i, label in enumerate(self.classes):
            numbers = [number(values[i]) for values in self.scores.values()]
            table.append([str(label), str(self.n[i]), str(self.n_real[i]), *numbers])
        table.append(["mean", "", "", *map(number, self.mean.values())])
        lines = aligned(table)
        lines.insert(-1, "")
        return "\n".join(lines + [""] * bool(self.warnings) + self.warnings)


def synthesis_report(
    real: ArrayLike,
    y_real: ArrayLike,
    synthetic: ArrayLike,
    y_synthetic: ArrayLike,
    *,
    train: ArrayLike | None = None,
    y_train: ArrayLike | None = None,
    y_predicted: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> SynthesisReport:
    """Measure the synthetic rows of each class against its real ones.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Held-out real rows. Distances are Euclidean: bring columns to one scale first.
    y_real : array-like of shape (n_real,)
        Their labels.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows.
    y_synthetic : array-like of shape (n_synthetic,)
        The labels that they were made for.
    train : array-like of shape (n_train, d), default=None
        The rows that the generator learnt from, for memorisation; by default `real`.
    y_train : array-like of shape (n_train,), default=None
        Their labels. Given if and only if `train` is.
    y_predicted : array-like of shape (n_synthetic,), default=None
        What an independent classifier says of `synthetic`; without it there is no fidelity.
    random_state : int, RandomState or None, default=None
        For :func:`c2st`. With an int, a class's score does not depend on the other classes.

    Returns
    -------
    SynthesisReport
        For each class of `y_real` or `y_synthetic` what :func:`label_fidelity`,
        :func:`precision_recall`, :func:`density_coverage`, :func:`memorised_share`,
        :func:`diversity` and :func:`c2st` say with their defaults. A comparison needs two rows on
        each side (memorisation: two training rows and one synthetic row; fidelity: one real row),
        and is NaN, printed "-", where a class has fewer.

    Raises
    ------
    ValueError
        If labels are malformed or of another kind than `y_real`.
    InvalidInputError
        If rows are no finite numeric tables of one width, or do not match their labels.
    InvalidParameterError
        If only one of `train` and `y_train` is given.
    """
    if (train is None) != (y_train is None):
        missing, given = ("y_train", "train") if y_train is None else ("train", "y_train")
        raise InvalidParameterError(f"{missing}=None, but {given} is given. Pass both or neither.")
    if train is None or y_train is None:
        train, y_train = real, y_real
    real, y_real = _labelled("real", real, y_real)
    synthetic, y_synthetic = _labelled("synthetic", synthetic, y_synthetic)
    train, y_train = _labelled("train", train, y_train)
    for name, rows, labels in (("synthetic", synthetic, y_synthetic), ("train", train, y_train)):
        check_same_width(name, rows, "real", real)
        check_same_kind(f"y_{name}", labels, "y_real", y_real)
    fidelity = {} if y_predicted is None else label_fidelity(y_synthetic, y_predicted)

    classes = np.unique(np.concatenate([y_real, y_synthetic]))
    n, n_real, n_train = (
        np.array([(labels == label).sum() for label in classes])
        for labels in (y_synthetic, y_real, y_train)
    )
    scores = {name: np.full(len(classes), np.nan) for name in _SCORES}
    fresh = np.ones(len(classes))
    for i, label in enumerate(classes):
        real_rows, rows = real[y_real == label], synthetic[y_synthetic == label]
        if n_real[i]:  # else it is likely that whoever judges does not know the class
            scores["fidelity"][i] = fidelity.get(label.item(), np.nan)
        if n_train[i] >= 2 and n[i] >= 1:
            found = memorised_and_fresh(rows, train[y_train == label], _QUANTILE)
            scores["memorised"][i], fresh[i] = found
        if n_real[i] >= 2 and n[i] >= 2:
            for name, value in manifold_scores(real_rows, rows)._asdict().items():
                scores[name][i] = value
            scores["diversity"][i] = diversity(rows, real_rows)
            scores["c2st"][i] = c2st(real_rows, rows, random_state=random_state)
    warnings = [
        message
        for i, label in enumerate(classes.tolist())
        for message in _warnings(label, {name: v[i] for name, v in scores.items()}, fresh[i])
    ]
    return SynthesisReport(classes, n, n_real, scores, warnings)


def _warnings(label: Any, scores: dict[str, float], fresh: float) -> list[str]:
    """What stands out in a class; a NaN never does."""
    found = []
    if scores["fidelity"] < LOW_FIDELITY_BELOW:
        found.append(f"only {_percent(scores['fidelity'])} of its samples are recognised as such")
    if scores["diversity"] < COLLAPSED_BELOW:
        share = _percent(scores["diversity"])
        found.append(f"collapse: its samples are {share} as varied as the real ones")
    if scores["memorised"] > fresh + MEMORISED_EXCESS:
        found.append(
            f"{_percent(scores['memorised'])} of its samples are near copies of training rows "
            f"(of fresh real rows, about {_percent(fresh)} would be)"
        )
    return [f"class {label!r}: {message}" for message in found]


def _labelled(name: str, X: ArrayLike, y: ArrayLike) -> tuple[Rows, Labels]:
    rows, labels = check_features(name, X), check_labels(f"y_{name}", y)
    if len(rows) != len(labels):
        raise InvalidInputError(
            f"y_{name} has {len(labels)} labels but {name} has {len(rows)} rows. "
            "Pass one label for each row."
        )
    return rows, labels


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
