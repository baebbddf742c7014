"""What each treatment of an imbalanced table changes, beside doing nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._style import GRID, MUTED, closing_on_failure, legend_beside, literally, look, new_axes


@closing_on_failure
def plot_treatment_effects(
    differences: pd.DataFrame,
    *,
    reference: str = "none",
    reference_scores: Mapping[str, float] | None = None,
    metric: str = "score",
    lower_is_better: bool = False,
    interval: str = "95 % interval",
    ax: Axes | None = None,
) -> Axes:
    """Differences from a reference with their intervals, a row per treatment, for each classifier.

    Parameters
    ----------
    differences : DataFrame
        Indexed by classifier and treatment, with the columns ``difference`` and its 95 %
        interval ``low``, ``high``, as
        :meth:`equipoise.experiments.ResamplingEvaluation.compare` gives them. Without an interval
        a point is drawn alone; what has no difference is left out.
    reference : str, default="none"
        What they are differences from: the vertical line at 0.
    reference_scores : mapping of str to float, default=None
        Score of the reference by classifier, written into the legend.
    metric : str, default="score"
        Its name, for the title.
    lower_is_better : bool, default=False
        Which side of the line is the good one, for the label.
    interval : str, default="95 % interval"
        What ``low`` and ``high`` are, for the label.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if differences.empty:
        raise ValueError("differences is empty. Compare at least one treatment with another.")
    names = list(differences.index.unique("classifier"))
    treatments = list(differences.index.unique("treatment"))
    ax = new_axes(ax, 7.2, 1.5 + (0.18 * len(names) + 0.2) * len(treatments))
    ax.axvline(0, color=MUTED, linewidth=1)
    for i, name in enumerate(names):
        own = differences.xs(name, level="classifier").reindex(treatments)
        # Classifiers of one treatment stand close together around its line.
        y = np.arange(len(treatments)) + (i - (len(names) - 1) / 2) * 0.7 / max(len(names), 2)
        margins = own[["low", "high"]].sub(own["difference"], axis=0).abs().fillna(0).T.to_numpy()
        score = (reference_scores or {}).get(name)
        label = name if score is None else f"{name} ({reference}: {score:.3f})"
        dots = look(i) | {"linestyle": "", "markersize": 5, "linewidth": 1.3}
        ax.errorbar(own["difference"], y, xerr=margins, label=literally(label), **dots)
    ax.set_yticks(range(len(treatments)), [literally(name) for name in treatments])
    ax.set_ylim(len(treatments) - 0.5, -0.5)  # the first one on top
    for border in np.arange(len(treatments) - 1) + 0.5:
        ax.axhline(border, **GRID)
    ax.grid(axis="x", **GRID)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    side = "left" if lower_is_better else "right"
    ax.set_xlabel(f"difference from “{literally(reference)}”, {interval} ({side} is better)")
    legend_beside(ax)
    ax.set_title(f"Change in {metric}")
    return ax
