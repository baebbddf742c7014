import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection

from equipoise.report.plots import plot_samples


def images(n, shape=(6, 5), seed=0):
    array = np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
    array.flags.writeable = False  # a plot that writes to its input fails
    return array


def canvas(ax):
    return np.asarray(ax.images[0].get_array())


def shows(ax, image):
    """Whether the mosaic has this image, scaled to 0–1, anywhere."""
    image = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(canvas(ax), image.shape)
    return bool(np.isclose(windows, image).all(axis=(-3, -2, -1)).any())


def right_texts(ax):
    return [text.get_text().strip() for text in ax.texts]


def row_labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3)])
def test_every_image_is_drawn_and_labelled(shape):
    given = {"b": images(3, shape), "a": images(2, shape, seed=1)}
    ax = plot_samples(given)
    assert isinstance(ax, Axes)
    assert row_labels(ax) == ["b", "a"]
    assert right_texts(ax) == [] and not ax.collections
    for array in given.values():
        for image in array:
            assert shows(ax, np.squeeze(image) / 255)


def test_missing_images_are_white():
    ax = plot_samples({0: np.zeros((3, 4, 4)), 1: np.zeros((1, 4, 4))})
    assert (canvas(ax)[-4:, 4:] == 1).all()
    assert (canvas(ax)[-4:, :4] == 0).all()


def test_names_and_counts():
    given = {7: images(1), 3: images(1)}
    ax = plot_samples(given, class_names={3: "three", 7: "seven"}, counts={3: 40, 7: 4000})
    assert row_labels(ax) == ["seven (4,000 in training)", "three (40 in training)"]
    ax = plot_samples(given, class_names=["seven", "three"], counts=[4000, 40])
    assert row_labels(ax) == ["seven (4,000 in training)", "three (40 in training)"]


def test_nearest_stand_beneath_and_are_framed():
    made = {0: np.full((2, 6, 5), 0.25), 1: np.full((1, 6, 5), 0.5)}
    real = {1: np.full((1, 6, 5), 0.75), 0: np.full((2, 6, 5), 0.4)}
    ax = plot_samples(made, nearest=real)
    column = canvas(ax)[:, 0, 0]
    assert [v for v in dict.fromkeys(column.tolist()) if v < 1] == [0.25, 0.4, 0.5, 0.75]
    assert right_texts(ax) == ["generated", "nearest real"] * 2
    assert row_labels(ax) == ["0", "1"]
    (frames,) = [c for c in ax.collections if isinstance(c, PatchCollection)]
    boxes = [path.get_extents() for path in frames.get_paths()]
    assert len(boxes) == 3
    for box in boxes:
        left, top = round(box.x0 + 0.5), round(box.y0 + 0.5)
        assert canvas(ax)[top, left, 0] in (0.4, 0.75)
        assert (box.width, box.height) == (5, 6)


@pytest.mark.parametrize(
    ("values", "value_range", "expected"),
    [
        (np.array([0, 51, 255], np.uint8), None, [0, 0.2, 1]),
        (np.array([0, 51, 255], np.int64), None, [0, 0.2, 1]),
        (np.array([0.0, 0.2, 1.0], np.float32), None, [0, 0.2, 1]),
        (np.array([0.0, 0.2, 1.0000001]), None, [0, 0.2, 1]),
        (np.array([False, True, True]), None, [0, 1, 1]),
        (np.array([-1.0, 0.0, 1.0]), (-1, 1), [0, 0.5, 1]),
    ],
)
def test_value_ranges(values, value_range, expected):
    ax = plot_samples({0: values.reshape(1, 1, 3)}, value_range=value_range)
    np.testing.assert_allclose(canvas(ax)[0, :, 0], expected, atol=1e-6)


def test_max_columns():
    def width(n):
        return canvas(plot_samples({0: images(n)}, max_columns=4)).shape[1]

    assert width(9) == width(4) > width(3)


def test_given_axes():
    figure, axes = plt.subplots(1, 2)
    size = figure.get_size_inches().tolist()
    assert plot_samples({0: images(2)}, ax=axes[1]) is axes[1]
    assert not axes[0].images
    assert figure.get_size_inches().tolist() == size


def test_many_classes_with_long_names_fit(long_names, assert_nothing_cut):
    given = {name: images(1 + i % 3) for i, name in enumerate(long_names)}
    ax = plot_samples(given, nearest=given, counts=[12345] * 40)
    assert_nothing_cut(ax.figure)
    box = ax.get_window_extent()
    rows, columns = canvas(ax).shape[:2]
    assert box.height / box.width == pytest.approx(rows / columns)  # square pixels, no slack


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ({}, {}, "images_by_class is empty"),
        ({0: images(0)}, {}, "images_by_class has no images"),
        ({0: np.zeros((6, 5))}, {}, r"images_by_class\[0\] has shape \(6, 5\)"),
        ({0: np.zeros((1, 6, 5, 4))}, {}, r"has shape \(1, 6, 5, 4\)"),
        ({0: np.array([[["x"]]])}, {}, "has dtype <U1"),
        ({0: np.full((1, 2, 2), 255.0)}, {}, "values from 255 to 255, outside 0–1.*value_range"),
        ({0: np.full((1, 2, 2), -1.0)}, {}, "values from -1 to -1"),
        ({0: np.full((1, 2, 2), np.nan)}, {}, "no NaN"),
        ({0: images(1), 1: images(1, (5, 5))}, {}, "mix image sizes"),
        ({0: images(1)}, {"nearest": {1: images(1)}}, "nearest lacks class 0"),
        ({0: images(2)}, {"nearest": {0: images(1)}}, r"nearest\[0\] has 1 image for 2"),
        ({0: images(1)}, {"max_columns": 0}, "max_columns must be at least 1, got 0"),
        ({0: images(1)}, {"value_range": (1, 1)}, "value_range must be"),
        ({0: images(1)}, {"class_names": ["a", "b"]}, "class_names has 2 entries for 1 class "),
        ({0: images(1)}, {"counts": {1: 5}}, "counts lacks class 0"),
    ],
)
def test_bad_input(args, options, message):
    with pytest.raises(ValueError, match=message):
        plot_samples(args, **options)
