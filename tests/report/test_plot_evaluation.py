"""Effects of treatments: points and intervals where they belong."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from equipoise.report.plots import plot_treatment_effects

DIFFERENCES = pd.DataFrame(
    {
        "difference": [0.1, -0.2, 0.05, np.nan],
        "low": [0.0, -0.3, np.nan, np.nan],
        "high": [0.2, -0.1, np.nan, np.nan],
    },
    index=pd.MultiIndex.from_product(
        [["line", "forest"], ["class weight", "SMOTE"]], names=["classifier", "treatment"]
    ),
)


def test_points_and_intervals():
    ax = plot_treatment_effects(DIFFERENCES, metric="macro F1")
    line, forest = ax.containers
    assert list(line[0].get_xdata()) == [0.1, -0.2]
    (bars,) = line[2]
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(np.array(ends, float), [[0.0, 0.2], [-0.3, -0.1]], atol=1e-12)
    assert forest[0].get_xdata()[0] == 0.05 and np.isnan(forest[0].get_xdata()[1])
    # Above and below the line of their treatment; the first treatment is on top.
    heights, below = (np.asarray(part[0].get_ydata(), float) for part in (line, forest))
    assert heights.round().tolist() == [0, 1] and (heights < below).all()
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert list(ax.lines[0].get_xdata()) == [0, 0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["class weight", "SMOTE"]
    assert ax.get_xlabel() == "difference from “none”, 95 % interval (right is better)"
    assert ax.get_title() == "Change in macro F1"


def test_many_long_names_are_not_cut(long_names, assert_nothing_cut):
    index = pd.MultiIndex.from_product(
        [long_names[:6], long_names[:9]], names=["classifier", "treatment"]
    )
    values = np.random.default_rng(0).normal(size=(len(index), 1)) + [0, -0.1, 0.1]
    table = pd.DataFrame(values, index=index, columns=["difference", "low", "high"])
    ax = plot_treatment_effects(table, reference_scores=dict.fromkeys(long_names[:6], 0.5))
    assert_nothing_cut(ax.figure)


def test_draws_into_given_axes():
    figure = Figure(layout="constrained")
    ax = figure.add_subplot()
    assert plot_treatment_effects(DIFFERENCES, lower_is_better=True, ax=ax) is ax
    assert ax.get_xlabel().endswith("(left is better)")


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="differences is empty"):
        plot_treatment_effects(DIFFERENCES.iloc[:0])
