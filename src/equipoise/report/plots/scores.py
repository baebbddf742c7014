"""Scores: where a classifier errs, and what the perturbation rate does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from numpy.typing import ArrayLike
from sklearn.metrics import confusion_matrix

from equipoise.errors import counted

from ...metrics._labels import check_labels, check_same_kind
from ...metrics.names import METRICS
from . import _style as style
from ._style import DASHES, GRID, Names

_MAX_ANNOTATED = 15  # classes; above that, numbers in the cells are too small to read


@style.closing_on_failure
def plot_confusion(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    class_names: Names = None,
    normalize: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Which class is taken for which.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Correct and predicted labels.
    labels : array-like of shape (n_classes,), default=None
        Classes to show, in this order, for example by training size; by default all that occur,
        sorted.
    class_names : mapping or sequence of str, default=None
        Names by class, or in the order of the classes shown.
    normalize : bool, default=True
        Colour and write each cell as a share of its true class (so the diagonal is the recall);
        otherwise as a number of rows.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure of fitting size.

    Returns
    -------
    matplotlib.axes.Axes
        Up to 15 classes have the numbers in the cells; shares below 0.005 and counts of 0 are
        left blank, and so is the row of a class that `y_true` lacks.

    Raises
    ------
    ValueError
        If the labels differ in length or kind, if `labels` repeats a class or has none of
        `y_true`, or if names do not match the classes.
    """
    true, predicted = check_labels("y_true", y_true), check_labels("y_pred", y_pred)
    check_same_kind("y_pred", predicted, "y_true", true)
    if len(true) != len(predicted):
        raise ValueError(
            f"y_pred has {counted(len(predicted), 'label')} but y_true has {len(true)}. Pass "
            "predictions for exactly the rows of y_true."
        )
    if labels is None:
        shown = np.unique(np.concatenate([true, predicted]))
    else:
        shown = check_labels("labels", labels)
        if len(np.unique(shown)) < len(shown) or not np.isin(shown, true).any():
            raise ValueError(
                f"labels is {shown.tolist()}. Give each class once, and one at least of y_true."
            )
    names = style.class_labels(shown.tolist(), class_names)
    table = confusion_matrix(true, predicted, labels=shown).astype(float)
    if normalize:
        # Over all predictions, also those of classes that are not shown.
        support = np.array([[np.sum(true == label)] for label in shown])
        table = np.divide(table, support, out=np.full_like(table, np.nan), where=support > 0)

    n = len(shown)
    side = max(2.8, min(0.45 * n, 8.5), 0.17 * n)  # inches
    given, ax = ax, style.new_axes(ax, side, side, layout="none")
    ax.set_facecolor("0.85")
    # On a linear scale a few per cent of errors, which is what one looks for, would be white.
    norm = PowerNorm(0.5, vmin=0, vmax=1.0 if normalize else max(1.0, table.max()))
    image = ax.imshow(table, cmap="Blues", norm=norm)
    size = "medium" if n <= 15 else "small" if n <= 25 else 6.5
    upright = n > 15 or max(map(len, names)) > 3
    ax.set_xticks(range(n), names, rotation=90 if upright else 0, fontsize=size)
    ax.set_yticks(range(n), names, fontsize=size)
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion of classes")
    # An inset is as high as the matrix, but only a figure of our own has room for it.
    place = (
        {"cax": ax.inset_axes((1.03, 0, 0.04, 1))}
        if given is None
        else {"ax": ax, "fraction": 0.046}
    )
    bar = ax.figure.colorbar(image, **place)
    if normalize:
        bar.set_ticks([0, 0.05, 0.2, 0.4, 0.6, 0.8, 1])
    quantity = "share of the true class" if normalize else "number of rows"
    bar.set_label(f"{quantity} (square-root scale)")
    if n <= _MAX_ANNOTATED:
        for (i, j), value in np.ndenumerate(table):
            if value >= (0.005 if normalize else 1):
                text = f"{value:.2f}" if normalize else f"{value:.0f}"
                colour = "white" if norm(value) > 0.6 else "black"
                ax.text(j, i, text, ha="center", va="center", color=colour, fontsize="small")
    if given is None:
        style.fit_figure(ax, side, side)
    return ax


@style.closing_on_failure
def plot_rate_effect(
    rates: ArrayLike,
    scores: Mapping[str, ArrayLike],
    *,
    errors: Mapping[str, ArrayLike] | None = None,
    reference: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scores against the perturbation rate r.

    Parameters
    ----------
    rates : array-like of shape (n_rates,)
        Values of r, in any order.
    scores : mapping of str to array-like of shape (n_rates,)
        Values of each metric, by name; the keys of :func:`equipoise.metrics.summary` are written
        out.
    errors : mapping of str to array-like of shape (n_rates,), default=None
        Half-lengths of the error bars, such as standard deviations over seeds.
    reference : mapping of str to float, default=None
        A score to compare with, such as that of a plain classifier, drawn as a thin line.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The score axis fits the values; where it does not begin at 0, its label says so.

    Raises
    ------
    ValueError
        If lengths do not match, values are not finite, or `errors` or `reference` name a metric
        that `scores` lacks.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020,
    Figure 7.
    """
    x = style.as_floats("rates", rates, 1)
    if not scores:
        raise ValueError("scores is empty. Pass the values of at least one metric.")
    for name, given in (("errors", errors or {}), ("reference", reference or {})):
        unknown = sorted(set(given) - set(scores))
        if unknown:
            raise ValueError(f"{name} has {unknown[0]!r}, which scores lacks. Use the same names.")
    order = np.argsort(x, kind="stable")
    ax = style.new_axes(ax, 7.6, 4.0)
    for i, metric in enumerate(scores):
        values = style.as_floats(f"scores[{metric!r}]", scores[metric], 1, len(x))
        bars = None
        if errors and metric in errors:
            bars = style.as_floats(f"errors[{metric!r}]", errors[metric], 1, len(x))[order]
        looks = style.look(i) | {"linestyle": DASHES[i % 4], "capsize": 3, "markersize": 5}
        name = METRICS[metric].words if metric in METRICS else style.literally(metric)
        ax.errorbar(x[order], values[order], yerr=bars, label=name, **looks)
        if reference and metric in reference:
            ax.axhline(reference[metric], color=style.look(i)["color"], linewidth=0.9, alpha=0.7)
    ax.set_xlabel("perturbation rate r")
    low = ax.get_ylim()[0]
    if low <= 0:
        ax.set_ylim(bottom=0)
    ax.set_ylabel("score" if low <= 0 else "score (axis does not begin at 0)")
    ax.set_title("Effect of the perturbation rate")
    ax.grid(axis="y", **GRID)
    style.legend_beside(ax, title="thin lines: for comparison" if reference else None)
    return ax
