import numpy as np
import pytest

from equipoise.errors import InvalidInputError
from equipoise.report.plots import plot_traversals

VALUES = [-1, -1 / 3, 0.5]


def images(n_classes=2, n_values=3, shape=(6, 5), seed=0):
    array = np.random.default_rng(seed).integers(
        0, 256, (n_classes, n_values, *shape), dtype=np.uint8
    )
    array.flags.writeable = False  # a plot that writes to its input fails
    return array


def codes(n, **options):
    return {f"code_{i}": images(seed=i, **options) for i in range(n)}


def texts(labels):
    return [label.get_text() for label in labels]


def tile_at(ax, row, column, shape):
    """The pixels around the crossing of a class's and a value's tick."""
    top = round(ax.get_yticks()[row] - (shape[0] - 1) / 2)
    left = round(ax.get_xticks()[column] - (shape[1] - 1) / 2)
    return np.asarray(ax.images[0].get_array())[top : top + shape[0], left : left + shape[1]]


@pytest.mark.parametrize("shape", [(6, 5), (8, 8, 1), (64, 48, 3)])
def test_every_image_stands_at_its_class_and_value(shape):
    given = codes(2, shape=shape)
    axes = plot_traversals(given, np.array(VALUES))
    assert [ax.get_title(loc="left") for ax in axes] == list(given)
    for ax, tiles in zip(axes, given.values(), strict=True):
        assert texts(ax.get_xticklabels()) == ["−1", "−0.33", "0.5"]
        for (i, j), image in zip(np.ndindex(2, 3), tiles.reshape(6, *shape), strict=True):
            expected = np.broadcast_to(image.reshape(*shape[:2], -1) / 255, (*shape[:2], 3))
            np.testing.assert_allclose(tile_at(ax, i, j, shape), expected)


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3)])
def test_panels_are_alike_and_named_at_the_left_only(n, columns, assert_nothing_cut):
    names = [f"northern spotted woodpecker {i}" for i in range(10)]
    given = codes(n, n_classes=10, n_values=9, shape=(28, 28))
    axes = plot_traversals(given, np.linspace(-1, 1, 9), class_names=names, counts=[1234] * 10)
    figure = axes[0].figure
    assert_nothing_cut(figure)
    assert figure.axes == list(axes) and len(axes) == n
    sizes, lefts = [], []
    for i, ax in enumerate(axes):
        expected = [f"{name} (1,234 in training)" for name in names] if i % columns == 0 else []
        assert [label for label in texts(ax.get_yticklabels()) if label] == expected
        box = ax.get_window_extent()
        sizes.append((box.width, box.height))
        lefts.append(round(box.x0))
        assert box.width / 9 > 0.3 * figure.dpi  # a tile can be made out
    np.testing.assert_allclose(sizes, sizes[:1] * n)
    assert len(set(lefts)) == columns
    boxes = [ax.get_tightbbox() for ax in axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert figure.get_size_inches()[0] < 17


def test_long_names_of_codes_do_not_touch():
    given = {f"thickness of the stroke, and slant {i}": images(n_values=1) for i in range(6)}
    boxes = [ax.get_tightbbox() for ax in plot_traversals(given, [0])]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e-17, -1e-17, 1], ["0", "0", "1"]),
        ([0.123, 0.124, -0.5], ["0.123", "0.124", "−0.5"]),
        ([2, 2, 100], ["2", "2", "100"]),
    ],
)
def test_value_labels_are_short_and_distinct(values, expected):
    (ax,) = plot_traversals({"a": images()}, values)
    assert texts(ax.get_xticklabels()) == expected


def test_value_range_and_names_by_number():
    tiles = np.array([-1.0, 0.0, 1.0]).reshape(1, 3, 1, 1) * np.ones((2, 3, 4, 4))
    (ax,) = plot_traversals({"a": tiles}, VALUES, value_range=(-1, 1), class_names={1: "b", 0: "a"})
    assert [tile_at(ax, 1, j, (4, 4))[0, 0, 0] for j in range(3)] == [0, 0.5, 1]
    assert texts(ax.get_yticklabels()) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({}, {}, "images_by_code is empty"),
        ({"a": images(shape=(6, 5, 4))}, {}, r"images_by_code\['a'\] has shape \(2, 3, 6, 5, 4\)"),
        ({"a": images()[0]}, {}, r"has shape \(3, 6, 5\)"),
        ({"a": images(n_classes=0)}, {}, r"has shape \(0, 3, 6, 5\)"),
        ({"a": images(n_values=4)}, {}, r"images_by_code\['a'\] has 4 images per class for 3"),
        ({"a": images(), "b": images(n_classes=3)}, {}, "images_by_code mixes shapes"),
        ({"a": images(), "b": images(shape=(6, 6))}, {}, "images_by_code mixes shapes"),
    ],
)
def test_bad_images(given, options, message):
    with pytest.raises(InvalidInputError, match=message):
        plot_traversals(given, VALUES, **options)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0, np.nan, 1], {}, "values has NaN"),
        ([[0, 1, 2]], {}, "values must have 1 axes"),
        (VALUES, {"class_names": ["a"]}, "class_names has 1 entry for 2 classes"),
        (VALUES, {"counts": {0: 1}}, "counts lacks class 1"),
        (VALUES, {"value_range": (1, 1)}, "value_range must be"),
        (VALUES, {"value_range": (0, 9)}, r"images_by_code\['a'\] has values .* outside 0–9"),
    ],
)
def test_bad_options(values, options, message):
    with pytest.raises(ValueError, match=message):
        plot_traversals({"a": images()}, values, **options)
