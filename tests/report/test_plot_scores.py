"""Confusion, effect of the rate, and recall by class size."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes

from equipoise.report.plots import plot_confusion, plot_rate_effect, plot_recall_by_size
from equipoise.report.plots._style import look, spread

TRUE = ["a"] * 4 + ["b"] * 2
PREDICTED = ["a", "a", "a", "b", "b", "c"]
SHARES = [[0.75, 0.25, 0], [0, 0.5, 0.5], [np.nan] * 3]


def texts(labels):
    return [label.get_text() for label in labels]


def table(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def frozen(values):
    array = np.array(values)
    array.flags.writeable = False
    return array


def test_names_with_dollars_are_no_formulas(tmp_path):
    ax = plot_confusion(TRUE, PREDICTED, class_names=["$5_$10", "$10_$20", "a_b"])
    ax.figure.savefig(tmp_path / "drawn.png")
    assert texts(ax.get_yticklabels())[0].startswith(r"\$5_\$10")


def test_confusion_by_hand():
    ax = plot_confusion(frozen(TRUE), frozen(PREDICTED))
    assert isinstance(ax, Axes)
    np.testing.assert_array_equal(table(ax), SHARES)
    assert texts(ax.get_xticklabels()) == texts(ax.get_yticklabels()) == ["a", "b", "c"]
    written = {t.get_position(): t.get_text() for t in ax.texts}
    assert written == {(0, 0): "0.75", (1, 0): "0.25", (1, 1): "0.50", (2, 1): "0.50"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "share of the true class (square-root scale)"
    assert ax.images[0].get_clim() == (0, 1)


def test_confusion_counts():
    ax = plot_confusion(TRUE, PREDICTED, normalize=False)
    np.testing.assert_array_equal(table(ax), [[3, 1, 0], [0, 1, 1], [0, 0, 0]])
    assert sorted(texts(ax.texts)) == ["1", "1", "1", "3"]
    assert ax.child_axes[0].get_ylabel().startswith("number of rows")


def test_confusion_labels_choose_and_order_and_keep_the_shares():
    ax = plot_confusion(TRUE, PREDICTED, labels=["b", "a"], class_names={"a": "ant", "b": "bee"})
    np.testing.assert_array_equal(table(ax), [[0.5, 0], [0.25, 0.75]])
    assert texts(ax.get_xticklabels()) == ["bee", "ant"]


def test_confusion_text_stands_out_from_its_cell():
    ax = plot_confusion([0] * 100 + [1], [0] * 96 + [1] * 5)
    colours = {t.get_text(): t.get_color() for t in ax.texts}
    assert colours == {"0.96": "white", "0.04": "black", "1.00": "white"}


def test_confusion_of_many_classes(long_names, assert_nothing_cut):
    n = 50
    y = np.arange(n)
    names = (long_names + long_names)[:n]
    ax = plot_confusion(y, y[::-1], class_names=names)
    assert texts(ax.get_yticklabels()) == names
    assert not ax.texts
    assert_nothing_cut(ax.figure)
    box = ax.get_window_extent()
    assert box.height == pytest.approx(box.width)
    heights = [t.get_window_extent().height for t in ax.get_yticklabels()]
    assert max(heights) <= box.height / n  # no label runs into the next
    assert min(t.get_fontsize() for t in ax.get_yticklabels()) >= 6


def test_confusion_in_given_axes():
    figure, axes = plt.subplots(1, 2, layout="constrained")
    assert plot_confusion(TRUE, PREDICTED, ax=axes[0]) is axes[0]
    assert len(figure.axes) == 3  # the bar takes its room from these axes


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((TRUE, PREDICTED[:-1]), {}, "y_pred has 5 labels but y_true has 6"),
        ((TRUE, [0] * 6), {}, "strings never equal"),
        (([], []), {}, "y_true is empty"),
        ((TRUE, PREDICTED), {"labels": ["a", "a"]}, "labels is .* once"),
        ((TRUE, PREDICTED), {"labels": ["z"]}, "labels is .* of y_true"),
        ((TRUE, PREDICTED), {"class_names": ["x"]}, "class_names has 1 entry for 3 classes"),
    ],
)
def test_confusion_bad_input(args, options, message):
    with pytest.raises(ValueError, match=message):
        plot_confusion(*args, **options)


def test_rate_lines_are_sorted_and_named(assert_nothing_cut):
    scores = {"acsa": frozen([0.9, 0.7, 0.8]), "mine": frozen([0.5, 0.4, 0.6])}
    ax = plot_rate_effect(
        frozen([1.0, 0.0, 0.5]),
        scores,
        errors={"acsa": [0.03, 0.01, 0.02]},
        reference={"mine": 0.2},
    )
    assert isinstance(ax, Axes)
    assert texts(ax.get_legend().get_texts()) == ["ACSA", "mine"]
    first, second = (container.lines[0] for container in ax.containers)
    assert first.get_xdata().tolist() == [0, 0.5, 1]
    assert first.get_ydata().tolist() == [0.7, 0.8, 0.9]
    assert second.get_ydata().tolist() == [0.4, 0.6, 0.5]
    assert first.get_color() != second.get_color() and first.get_marker() != second.get_marker()
    segments = ax.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([s[1, 1] - s[0, 1] for s in segments], [0.02, 0.04, 0.06])
    assert not ax.containers[1].has_yerr
    flat = [line for line in ax.lines if list(line.get_ydata()) == [0.2, 0.2]]
    assert [line.get_color() for line in flat] == [second.get_color()]
    assert ax.get_xlabel() == "perturbation rate r"
    assert_nothing_cut(ax.figure)


def test_rate_axis_says_where_it_begins():
    ax = plot_rate_effect([0, 1], {"acsa": [0.94, 0.95]})
    assert ax.get_ylim()[0] > 0.9 and "does not begin at 0" in ax.get_ylabel()
    ax = plot_rate_effect([0, 1], {"acsa": [0.01, 0.95]})
    assert ax.get_ylim()[0] == 0 and ax.get_ylabel() == "score"


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (([0, 1], {}), {}, "scores is empty"),
        (([0, 1], {"a": [1]}), {}, r"scores\['a'\] has 1 entry. Give 2"),
        (([0, np.nan], {"a": [1, 2]}), {}, "rates has NaN"),
        (([0, 1], {"a": [1, 2]}), {"errors": {"b": [1, 2]}}, "errors has 'b', which scores lacks"),
        (([0, 1], {"a": [1, 2]}), {"errors": {"a": [1]}}, r"errors\['a'\] has 1 entry"),
        (([0, 1], {"a": [1, 2]}), {"reference": {"b": 1}}, "reference has 'b'"),
    ],
)
def test_rate_bad_input(args, options, message):
    with pytest.raises(ValueError, match=message):
        plot_rate_effect(*args, **options)


def series(ax):
    """Points and line of each method; the legend's own handles are empty."""
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def test_recall_by_size_points_and_means(assert_nothing_cut):
    ax = plot_recall_by_size(
        {"x": 100, "y": 10, "z": 10}, {"plain": [0.9, 0.2, 0.4], "DGC": {"z": 1, "y": 1, "x": 0.8}}
    )
    assert isinstance(ax, Axes)
    assert ax.get_xscale() == "log" and ax.get_ylim() == (0, 1.02)
    assert texts(ax.get_legend().get_texts()) == ["plain", "DGC"]
    (points, line), (other, _) = series(ax)
    assert points.get_xydata().tolist() == [[100, 0.9], [10, 0.2], [10, 0.4]]
    np.testing.assert_allclose(line.get_xydata(), [[10, 0.3], [100, 0.9]])
    assert other.get_ydata().tolist() == [0.8, 1, 1]
    assert points.get_color() != other.get_color() and points.get_marker() != other.get_marker()
    assert_nothing_cut(ax.figure)


def test_recall_by_size_writes_every_name_apart(long_names, assert_nothing_cut):
    counts = np.repeat([20, 500], 20)
    ax = plot_recall_by_size(counts, {"plain": np.linspace(0, 1, 40)}, class_names=long_names)
    (top,) = [other for other in ax.figure.axes if other is not ax]
    assert texts(top.get_xticklabels()) == long_names
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in top.get_xticklabels()]
    for left, right in zip(boxes, boxes[1:], strict=False):
        assert left.x1 <= right.x0
    assert_nothing_cut(ax.figure)


def test_recall_by_size_without_names_has_one_axes():
    ax = plot_recall_by_size([10, 20], {"plain": [0, 1]})
    assert ax.figure.axes == [ax]


def test_recall_by_size_leaves_nan_out():
    ((points, line),) = series(plot_recall_by_size([10, 20, 20], {"plain": [np.nan, 0.5, np.nan]}))
    assert points.get_xydata().tolist() == line.get_xydata().tolist() == [[20, 0.5]]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([10, 20], {}), "recalls is empty"),
        (([10, 0], {"a": [1, 1]}), "class_counts has 0"),
        (([], {"a": []}), "class_counts is empty"),
        (([10, 20], {"a": [1]}), r"recalls\['a'\] has 1 entry for 2 classes"),
        (([10, 20], {"a": [1, 1.5]}), r"recalls\['a'\] has the value 1.5"),
        (({"x": 10}, {"a": {"y": 1}}), r"recalls\['a'\] lacks class 'x'"),
    ],
)
def test_recall_by_size_bad_input(args, message):
    with pytest.raises(ValueError, match=message):
        plot_recall_by_size(*args)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_spread_keeps_order_gap_and_range(wanted):
    wanted = np.sort(wanted)
    gap = 1 / 30
    places = spread(wanted, gap)
    assert (np.diff(places) >= gap - 1e-9).all()
    assert places.min() >= -1e-9 and places.max() <= 1 + 1e-9
    np.testing.assert_allclose(spread(places, gap), places, atol=1e-9)


def test_looks_are_distinct():
    assert len({tuple(look(i).values()) for i in range(100)}) == 100
    assert len({look(i)["color"] for i in range(10)}) == 10
    assert len({look(i)["marker"] for i in range(10)}) == 10


def test_own_figure_needs_no_pyplot_and_nothing_needs_torch():
    code = """
import sys
from matplotlib.figure import Figure
from equipoise.report.plots import plot_confusion, plot_curves
plot_confusion([0, 1], [0, 1], ax=Figure().add_subplot())
plot_curves([{"loss": 1.0}], fig=Figure())
assert "matplotlib.pyplot" not in sys.modules, "pyplot"
assert "torch" not in sys.modules, "torch"
Figure.subplots = None  # a plot that loads pyplot and then fails closes its figure
try:
    plot_curves([{"loss": 1.0}])
except TypeError:
    assert sys.modules["matplotlib.pyplot"].get_fignums() == [], "open"
else:
    raise AssertionError("no failure")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
