import itertools

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from equipoise.errors import InvalidInputError
from equipoise.report.plots import plot_structure

NAMES = ["code_1", "slant", "weight", "size"]
PAPER = [(1, 3), (2, 3)]


def boxes(ax):
    """(left, bottom, right, top) of the codes, in their order."""
    found = [p.get_bbox().extents for p in ax.patches if isinstance(p, FancyBboxPatch)]
    return np.array(found)


def lines(ax, dashed=False):
    found = [p for p in ax.patches if isinstance(p, FancyArrowPatch)]
    return [p for p in found if (p.get_linestyle() not in ("-", "solid")) == dashed]


def way(line):
    """Points along the line, and of its head."""
    curve, *head = line.get_path().to_polygons(closed_only=False)
    ends = np.linspace(curve[:-1], curve[1:], 20)  # straight ones have no points in between
    return np.vstack([ends.reshape(-1, 2), *head])


def written(ax):
    return [text.get_text() for text in ax.texts]


def random_dag(seed, n=7, share=0.3):
    rng = np.random.default_rng(seed)
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    order = rng.permutation(n)
    return [tuple(p) for p in order[pairs[rng.random(len(pairs)) < share]].tolist()]


def test_codes_and_arrows():
    ax = plot_structure(NAMES, PAPER)
    assert isinstance(ax, Axes)
    assert written(ax) == NAMES
    assert ax.get_legend() is None and not lines(ax, dashed=True)
    place = boxes(ax)
    for (parent, child), line in zip(PAPER, lines(ax), strict=True):
        left, bottom, right, top = line.get_path().get_extents().extents
        assert left == pytest.approx(place[parent, 2], abs=0.06)  # from the parent's right side
        assert right == pytest.approx(place[child, 0], abs=0.06)  # to the child's left side
        assert bottom < max(place[child, 3], place[parent, 3])
        assert top > min(place[child, 1], place[parent, 1])
    assert place[3, 0] > place[:3, 2].max()


@pytest.mark.parametrize("seed", range(12))
def test_parents_left_and_boxes_apart(seed):
    edges = random_dag(seed)
    stray = {p: 0.5 for p in itertools.combinations(range(7), 2) if p not in edges}
    stray = {p: 0.5 for p in list(stray)[::3] if p[::-1] not in edges}
    ax = plot_structure([f"code_{i}" for i in range(7)], edges, strengths=stray)
    assert (len(lines(ax)), len(lines(ax, dashed=True))) == (len(edges), len(stray))
    place = boxes(ax)
    for parent, child in edges:
        assert place[parent, 2] < place[child, 0]
    for a, b in itertools.combinations(place, 2):
        assert (a[:2] > b[2:]).any() or (b[:2] > a[2:]).any()


@pytest.mark.parametrize(
    ("edges", "stray"),
    [
        ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 3), (1, 5)], [(2, 5)]),  # past a layer
        ([], [(0, 1), (0, 3), (1, 5), (2, 4)]),  # within a layer
        ([(0, 3), (0, 4), (1, 3), (2, 3), (3, 4)], [(1, 5)]),
    ],
)
@pytest.mark.parametrize("name", ["code", "northern woodpecker"])
def test_lines_pass_around_the_boxes(edges, stray, name):
    ax = plot_structure(
        [f"{name} {i}" for i in range(6)], edges, strengths=dict.fromkeys(stray, 0.5)
    )
    place = boxes(ax)
    drawn = lines(ax) + lines(ax, dashed=True)
    edges = list(nx.DiGraph(edges).edges)
    for line, pair in zip(drawn, edges + stray, strict=True):
        points = way(line)[:, None]
        others = np.delete(place, pair, axis=0)
        assert not ((points > others[:, :2]) & (points < others[:, 2:])).all(-1).any()


def test_children_stand_in_the_order_of_their_parents():
    place = boxes(plot_structure(NAMES, [(0, 3), (1, 2)]))
    assert place[0, 1] > place[1, 1] and place[3, 1] > place[2, 1]  # so the arrows do not cross


def test_strengths():
    strengths = {(1, 3): 0.25, (2, 3): -0.9, (0, 1): 0.1, (2, 1): -0.11, (3, 0): 0.2, (0, 2): 0.0}
    ax = plot_structure(NAMES, PAPER, strengths=strengths)
    weak, strong = lines(ax)
    assert weak.get_linewidth() < strong.get_linewidth()
    dashed = lines(ax, dashed=True)
    assert len(dashed) == 2  # above 0.1, and no edge
    assert max(line.get_linewidth() for line in dashed) < strong.get_linewidth()
    assert sorted(written(ax)) == sorted([*NAMES, "0.25", "−0.90", "−0.11", "0.20"])
    assert [t.get_text()[:14] for t in ax.get_legend().get_texts()] == [
        "prescribed, wi",
        "not prescribed",
    ]


def test_numbers_lie_on_their_lines_and_apart():
    edges = [(a, b) for a in range(3) for b in range(3, 6)]
    strengths = {pair: 0.1 * i for i, pair in enumerate(edges, start=1)}
    ax = plot_structure([f"code_{i}" for i in range(6)], edges, strengths=strengths)
    ax.figure.draw_without_rendering()
    numbers = {t.get_text(): t for t in ax.texts if not t.get_text().startswith("code")}
    for line, rho in zip(lines(ax), strengths.values(), strict=True):
        away = way(line) - numbers[f"{rho:.2f}"].get_position()
        assert np.hypot(*away.T).min() < 0.05
    spots = [t.get_window_extent() for t in numbers.values()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(spots, 2))


def test_recovery():
    ax = plot_structure(NAMES, PAPER, recovery={"weight": 1, "code_1": -0.2, "size": 0.456})
    assert written(ax) == ["code_1\nR² -0.20", "slant", "weight\nR² 1.00", "size\nR² 0.46"]
    bright = [p.get_facecolor()[0] for p in ax.patches if isinstance(p, FancyBboxPatch)]
    assert bright[1] == 1 > bright[0] > bright[3] > bright[2]


@pytest.mark.parametrize("n", [1, 2, 12])
def test_isolated_codes_stand_beneath_each_other(n, assert_nothing_cut):
    names = [f"northern spotted woodpecker {i}" for i in range(n)]
    ax = plot_structure(names, [], recovery=dict.fromkeys(names, 0.5))
    assert_nothing_cut(ax.figure)
    place = boxes(ax)
    assert len(place) == n and len(set(place[:, 0])) == 1
    assert (place[1:, 3] < place[:-1, 1]).all()
    ax.figure.draw_without_rendering()
    inside = ax.transData.inverted()
    for box, text in zip(place, ax.texts, strict=True):
        ink = text.get_window_extent().transformed(inside).extents
        assert (ink[:2] > box[:2]).all() and (ink[2:] < box[2:]).all()


def test_a_code_may_have_no_name():
    assert written(plot_structure(["", "a"], [(0, 1)])) == ["", "a"]


def test_given_axes_shrink_the_text():
    figure, axes = plt.subplots(1, 2, figsize=(3, 1.5))
    assert plot_structure(NAMES, PAPER, ax=axes[1]) is axes[1]
    assert not axes[0].patches
    assert figure.get_size_inches().tolist() == [3, 1.5]
    figure.draw_without_rendering()
    inside = axes[1].transData.inverted()
    for box, text in zip(boxes(axes[1]), axes[1].texts, strict=True):
        ink = text.get_window_extent().transformed(inside).extents
        assert ink[0] > box[0] and ink[2] < box[2]


@pytest.mark.parametrize(
    ("names", "edges", "options", "message"),
    [
        ([], [], {}, "names is"),
        (["a", "a"], [], {}, "names is"),
        (NAMES, [(0, 4)], {}, r"edges has the pair \(0, 4\)"),
        (NAMES, [(-1, 0)], {}, "edges has the pair"),
        (NAMES, [(1, 1)], {}, "edges has the pair"),
        (NAMES, [("slant", "size")], {}, "edges has the pair .'slant', 'size'"),
        (NAMES, [(0, 1, 2)], {}, "edges has the pair"),
        (NAMES, [(0, 1), (1, 2), (2, 0)], {}, "edges has a cycle through code_1 → slant → weight"),
        (NAMES, PAPER, {"strengths": {(0, 9): 0.5}}, "strengths has the pair"),
        (NAMES, PAPER, {"strengths": {(3, 1): 0.5}}, r"strengths has the pair \(3, 1\), but"),
        (NAMES, [], {"strengths": {(3, 1): 0.5, (1, 3): 0.5}}, "strengths has the pair"),
        (NAMES, [], {"strengths": {(3, 1): 1.5}}, r"strengths\[\(3, 1\)\] is 1.5"),
        (NAMES, [], {"strengths": {(3, 1): np.nan}}, "is nan"),
        (NAMES, [], {"recovery": {"code_9": 0.5}}, "recovery has 'code_9'"),
        (NAMES, [], {"recovery": {"size": 2}}, r"recovery\['size'\] is 2"),
    ],
)
def test_bad_input(names, edges, options, message):
    with pytest.raises(InvalidInputError, match=message):
        plot_structure(names, edges, **options)
