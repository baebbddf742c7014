import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from equipoise.report.plots import latent, plot_latent


class FirstTwo:
    """In place of t-SNE, which takes seconds."""

    def __init__(self, n_components, *, perplexity, init, random_state):
        assert init == "pca" and random_state is not None
        self.perplexity = perplexity

    def fit_transform(self, values):
        assert self.perplexity < len(values)
        return values[:, :2]


@pytest.fixture(autouse=True)
def one_thread():
    """The threads of t-SNE wait for each other a thousand times: slow on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(latent, "TSNE", FirstTwo)


def data(sizes, features=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    X, Z = rng.normal(size=(len(y), features)), rng.normal(size=(len(y), 4))
    for array in (X, Z, y):
        array.flags.writeable = False
    return X, Z, y


def clouds(ax):
    """Points by label."""
    return {
        c.get_label(): np.asarray(c.get_offsets())
        for c in ax.collections
        if isinstance(c, PathCollection)
    }


def test_real_tsne_is_reproducible():
    X, Z, y = data([9, 5], features=6)
    first = plot_latent(X.reshape(14, 3, 2), Z, y)
    again = plot_latent(X.reshape(14, 3, 2), Z, y)
    assert [ax.get_title() for ax in first] == ["Data (X)", "Latent codes (Z)"]
    for one, other in zip(first, again, strict=True):
        for label, points in clouds(one).items():
            assert np.isfinite(points).all()
            np.testing.assert_array_equal(points, clouds(other)[label])


def test_every_class_has_its_own_look_and_legend_entry(quick, long_names, assert_nothing_cut):
    X, Z, y = data([3] * 40)
    axes = plot_latent(X, Z, y, class_names=long_names, counts=[12345] * 40)
    figure = axes[0].figure
    expected = [f"{name} (12,345)" for name in long_names]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == expected
    for ax in axes:
        assert sorted(clouds(ax)) == sorted(expected)
        looks = {
            (tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes())
            for c in ax.collections
        }
        assert len(looks) == 40
    assert_nothing_cut(figure)


def test_rows_stand_in_the_panel_of_their_array(quick):
    X, Z, y = data([5, 4])
    left, right = plot_latent(X, Z, y)
    np.testing.assert_array_equal(clouds(left)["1"], X[y == 1, :2])
    np.testing.assert_array_equal(clouds(right)["0"], Z[y == 0, :2])


def test_largest_classes_are_thinned_first(quick):
    X, Z, y = data([100, 30, 4])
    axes = plot_latent(X, Z, y, max_rows=50)
    left, right = map(clouds, axes)
    assert {label: len(points) for label, points in left.items()} == {"0": 23, "1": 23, "2": 4}
    assert {label: len(points) for label, points in right.items()} == {"0": 23, "1": 23, "2": 4}
    assert "50 of 134 rows" in axes[0].figure.get_supxlabel()
    rows = (Z[:, :2][:, None] == right["0"][None]).all(axis=2)
    assert rows.any(axis=0).all()  # the codes are those of the rows drawn on the left
    np.testing.assert_array_equal(X[rows.argmax(axis=0), :2], left["0"])


def test_seed_chooses_the_rows(quick):
    X, Z, y = data([60, 5])
    drawn = [clouds(plot_latent(X, Z, y, max_rows=20, random_state=s)[0])["0"] for s in (0, 1)]
    assert not np.array_equal(*drawn)


def test_small_classes_lie_on_top(quick):
    X, Z, y = data([5, 50, 2])
    assert list(clouds(plot_latent(X, Z, y)[0])) == ["1", "0", "2"]


def test_collapsed_codes_are_one_point_and_said_to_be():
    _, Z, y = data([8, 4])
    left, right = plot_latent(np.zeros((12, 3)), Z, y)
    assert [t.get_text() for t in left.texts] == ["all rows are the same"]
    assert not right.texts


def test_one_dimensional_codes():
    _, _, y = data([8, 4])
    axes = plot_latent(np.zeros((12, 3)), np.arange(12.0)[:, None], y)
    assert len(clouds(axes[1])["0"]) == 8


def test_wide_data_is_projected_first(monkeypatch):
    widths = []

    class Spy(FirstTwo):
        def fit_transform(self, values):
            widths.append(values.shape[1])
            return super().fit_transform(values)

    monkeypatch.setattr(latent, "TSNE", Spy)
    X, Z, y = data([60, 20], features=70)
    plot_latent(X, Z, y)
    assert widths == [50, 4]


def test_given_figure(quick):
    X, Z, y = data([5, 5])
    figure = Figure(layout="constrained")
    part = figure.subfigures(1, 2)[0]
    assert plot_latent(X, Z, y, fig=part)[0].figure is part
    assert len(part.axes) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Z": np.zeros((5, 2))}, "X, Z and y have 6, 5 and 6 rows"),
        ({"Z": np.zeros(6)}, r"Z must have 2 axes, got shape \(6,\)"),
        ({"Z": np.full((6, 2), np.nan)}, "Z has NaN"),
        ({"X": np.full((6, 2), np.inf)}, "X has NaN or infinite"),
        ({"y": np.zeros((6, 2))}, "y must hold one label per row"),
        ({"max_rows": 1}, "max_rows=1 is too few for 2 classes"),
        ({"class_names": ["a"]}, "class_names has 1 entry for 2 classes"),
        (dict.fromkeys("XZ", np.zeros((3, 2))) | {"y": [0, 1, 1]}, "at least four"),
    ],
)
def test_bad_input(change, message):
    args = {"X": np.ones((6, 2)), "Z": np.ones((6, 2)), "y": [0, 1] * 3} | change
    with pytest.raises(ValueError, match=message):
        plot_latent(args.pop("X"), args.pop("Z"), args.pop("y"), **args)
