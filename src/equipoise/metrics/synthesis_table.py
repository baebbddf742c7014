"""A report on the quality of synthetic samples of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.notebook import as_html

from ._features import Rows, check_features, check_same_width
from ._labels import Labels, check_labels, check_same_kind
from ._text import aligned, format_score
from .manifolds import manifold_scores
from .synthesis import c2st, diversity, label_fidelity, memorised_and_expected

COLLAPSED_BELOW = 0.5
"""The report warns of a collapsed class if its diversity is below this value."""

MEMORISED_EXCESS = 0.2
"""The report warns if the memorised share exceeds that of new real rows by more than this."""

LOW_FIDELITY_BELOW = 0.7
"""The report warns of a class if its label fidelity is below this value."""

_MEMORISED_QUANTILE = 0.05  # the default of memorised_share
_SCORES = (
    "fidelity", "precision", "recall", "density", "coverage", "memorised", "diversity", "c2st",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SynthesisReport:
    """Result of :func:`synthesis_report`, which prints as a table.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    n, n_real : ndarray of shape (n_classes,)
        Numbers of synthetic and of real rows of each class.
    scores : dict of str to ndarray of shape (n_classes,)
        The columns ``fidelity``, ``precision``, ``recall``, ``density``, ``coverage``,
        ``memorised``, ``diversity`` and ``c2st``; NaN if a class has too few rows for a score.
    warnings : list of str
        Messages about conspicuous scores; empty if there are none.
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
        """Convert to a dict with ``classes`` (by name), ``mean`` and ``warnings``."""
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
            shown = [format_score(values[i]) for values in self.scores.values()]
            table.append([str(label), str(self.n[i]), str(self.n_real[i]), *shown])
        table.append(["mean", "", "", *map(format_score, self.mean.values())])
        lines = aligned(table)
        lines.insert(-1, "")
        return "\n".join(lines + [""] * bool(self.warnings) + self.warnings)

    def _repr_html_(self) -> str:
        """The table and the warnings, for notebooks."""
        table = pd.DataFrame({"n": self.n, "real": self.n_real, **self.scores}, self.classes)
        means = pd.DataFrame(self.mean, ["mean"])
        return as_html([table, means], self.warnings)


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
    """Compare the synthetic rows of each class with its real rows.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Held-out real rows. Distances are Euclidean, so scale the columns first.
    y_real : array-like of shape (n_real,)
        Their labels.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows.
    y_synthetic : array-like of shape (n_synthetic,)
        The labels for which they were generated.
    train : array-like of shape (n_train, d), default=None
        The rows on which the generator was trained, to measure memorisation; by default `real`.
    y_train : array-like of shape (n_train,), default=None
        Their labels. Required if `train` is given.
    y_predicted : array-like of shape (n_synthetic,), default=None
        Predictions of an independent classifier for `synthetic`, required for the fidelity.
    random_state : int, RandomState or None, default=None
        Seed of :func:`c2st`. With an int, the score of a class does not depend on other classes.

    Returns
    -------
    SynthesisReport
        The results of :func:`label_fidelity`, :func:`precision_recall`, :func:`density_coverage`,
        :func:`memorised_share`, :func:`diversity` and :func:`c2st` with their defaults, for each
        class of `y_real` or `y_synthetic`. They require two real and two synthetic rows of a class
        (memorisation: two training rows and one synthetic row; fidelity: one real row), and are
        NaN, printed as "-", for a class with fewer.

    Raises
    ------
    ValueError
        If labels are malformed or differ in kind from `y_real`.
    InvalidInputError
        If the rows are not finite numeric tables of one width, or do not match their labels.
    InvalidParameterError
        If only one of `train` and `y_train` is given.
    """
    if (train is None) != (y_train is None):
        missing, given = ("y_train", "train") if y_train is None else ("train", "y_train")
        raise InvalidParameterError(f"{missing}=None, but {given} is given. Pass both or neither.")
    if train is None or y_train is None:
        train, y_train = real, y_real
    real, y_real = _check_labelled("real", real, y_real)
    synthetic, y_synthetic = _check_labelled("synthetic", synthetic, y_synthetic)
    train, y_train = _check_labelled("train", train, y_train)
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
    expected = np.ones(len(classes))  # memorised share of new real rows
    for i, label in enumerate(classes):
        real_rows, rows = real[y_real == label], synthetic[y_synthetic == label]
        if n_real[i]:  # otherwise the classifier was probably not trained on the class
            scores["fidelity"][i] = fidelity.get(label.item(), np.nan)
        if n_train[i] >= 2 and n[i] >= 1:
            scores["memorised"][i], expected[i] = memorised_and_expected(
                rows, train[y_train == label], _MEMORISED_QUANTILE
            )
        if n_real[i] >= 2 and n[i] >= 2:
            for name, value in manifold_scores(real_rows, rows)._asdict().items():
                scores[name][i] = value
            scores["diversity"][i] = diversity(rows, real_rows)
            scores["c2st"][i] = c2st(real_rows, rows, random_state=random_state)
    warnings = [
        message
        for i, label in enumerate(classes.tolist())
        for message in _warnings(label, {name: v[i] for name, v in scores.items()}, expected[i])
    ]
    return SynthesisReport(classes, n, n_real, scores, warnings)


def _warnings(label: Any, scores: dict[str, float], expected: float) -> list[str]:
    """Warnings about the scores of a class. NaN never causes a warning."""
    found = []
    if scores["fidelity"] < LOW_FIDELITY_BELOW:
        found.append(f"only {_percent(scores['fidelity'])} of its samples are recognised as such")
    if scores["diversity"] < COLLAPSED_BELOW:
        share = _percent(scores["diversity"])
        found.append(f"collapse: its samples are {share} as varied as the real ones")
    if scores["memorised"] > expected + MEMORISED_EXCESS:
        found.append(
            f"{_percent(scores['memorised'])} of its samples are near copies of training rows "
            f"(about {_percent(expected)} are expected of new real rows)"
        )
    return [f"class {label!r}: {message}" for message in found]


def _check_labelled(name: str, X: ArrayLike, y: ArrayLike) -> tuple[Rows, Labels]:
    """Validate rows and their labels."""
    rows, labels = check_features(name, X), check_labels(f"y_{name}", y)
    if len(rows) != len(labels):
        raise InvalidInputError(
            f"y_{name} has {counted(len(labels), 'label')} but {name} has "
            f"{counted(len(rows), 'row')}. Pass one label for each row."
        )
    return rows, labels


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
