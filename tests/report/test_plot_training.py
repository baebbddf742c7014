"""Posterior convergence and learning curves."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from equipoise.report.plots import plot_curves, plot_posterior_convergence


def posterior(n_epochs=6, n_instances=2, latent_dim=3):
    rng = np.random.default_rng(0)
    means = rng.normal(size=(n_epochs, n_instances, latent_dim))
    stds = rng.random((n_epochs, n_instances, latent_dim))
    means.flags.writeable = stds.flags.writeable = False
    return means, stds


def history(n=8):
    return [
        {"epoch": i, "loss": 1 / i, "mmd": -0.1 * i, "val_acsa": 0.5 + 0.1 * (i == 3)}
        for i in range(1, n + 1)
    ]


def panels(axes):
    return {ax.get_title(): ax for ax in axes}


def test_posterior_lines_are_the_values(assert_nothing_cut):
    means, stds = posterior()
    axes = plot_posterior_convergence(means, stds, labels=["one", "two"])
    assert axes.shape == (2, 2)
    assert [ax.get_title() for ax in axes[0]] == ["Mean μ", "Standard deviation σ"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["one", "two"]
    assert [ax.get_xlabel() for ax in axes[1]] == ["epoch", "epoch"]
    for i in range(2):
        for ax, values, prior in zip(axes[i], (means, stds), (0, 1), strict=True):
            *drawn, reference = ax.lines
            assert len(drawn) == 3
            for k, line in enumerate(drawn):
                np.testing.assert_array_equal(line.get_xdata(), range(1, 7))
                np.testing.assert_array_equal(line.get_ydata(), values[:, i, k])
            assert list(reference.get_ydata()) == [prior, prior]
    assert axes[0, 1].get_ylim()[0] == 0
    assert_nothing_cut(axes[0, 0].figure)


def test_posterior_with_given_epochs_and_figure():
    means, stds = posterior(3, 1, 1)
    figure = Figure()
    drawn = plot_posterior_convergence(means, stds, labels=["a"], epochs=[0, 10, 20], fig=figure)
    assert drawn[0, 0].figure is figure
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0, 10, 20]
    assert "one latent dimension" in figure.get_supxlabel()


def test_posterior_of_a_single_epoch_is_visible():
    axes = plot_posterior_convergence(*posterior(1), labels=["a", "b"])
    assert axes[0, 0].lines[0].get_marker() == "."


@pytest.mark.parametrize(
    ("means", "stds", "options", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), {}, "means must have 3 axes"),
        (np.ones((2, 1, 3)), np.ones((2, 1, 2)), {}, r"means has shape \(2, 1, 3\) but stds"),
        (np.ones((2, 1, 3)), -np.ones((2, 1, 3)), {}, "stds has the negative value -1"),
        (np.full((2, 1, 1), np.nan), np.ones((2, 1, 1)), {}, "means has NaN"),
        (np.ones((0, 1, 1)), np.ones((0, 1, 1)), {}, "means is empty"),
        (np.ones((2, 1, 1)), np.ones((2, 1, 1)), {"labels": ["a", "b"]}, "labels is"),
        (np.ones((2, 1, 1)), np.ones((2, 1, 1)), {"labels": "a"}, "labels is 'a'"),
        (np.ones((2, 1, 1)), np.ones((2, 1, 1)), {"epochs": [1]}, "epochs has 1 entry. Give 2"),
    ],
)
def test_posterior_bad_input(means, stds, options, message):
    with pytest.raises(ValueError, match=message):
        plot_posterior_convergence(means, stds, **({"labels": ["a"]} | options))


def test_curves_have_a_panel_for_each_quantity(assert_nothing_cut):
    records = history()
    axes = plot_curves(records)
    assert list(panels(axes)) == ["Total loss", "MMD of codes and prior", "Validation ACSA"]
    line = panels(axes)["MMD of codes and prior"].lines[0]
    assert line.get_xdata().tolist() == [r["epoch"] for r in records]
    assert line.get_ydata().tolist() == [r["mmd"] for r in records]
    assert records == history()
    assert_nothing_cut(axes[0].figure)


def test_curves_mark_the_best_validation_epoch():
    ax = panels(plot_curves(history()))["Validation ACSA"]
    assert [text.get_text() for text in ax.texts] == ["best 0.600, epoch 3"]
    assert ax.get_ylim() == (0, 1.02)


def test_curves_draw_validation_beside_training():
    records = [{**r, "acsa": 0.9, "val_loss": 3.0} for r in history()]
    drawn = panels(plot_curves(records))
    assert list(drawn) == ["Total loss", "MMD of codes and prior", "ACSA"]
    for title in ("Total loss", "ACSA"):
        legend = [text.get_text() for text in drawn[title].get_legend().get_texts()]
        assert sorted(legend) == ["training", "validation"]
    train, val = drawn["Total loss"].lines
    assert (train.get_ydata()[0], val.get_ydata()[0]) == (1.0, 3.0)
    assert train.get_color() != val.get_color()


def test_curves_leave_gaps_and_skip_what_is_no_number():
    records = [
        {"loss": 1.0, "device": "cpu", "improved": True, "val_acsa": float("nan")},
        {"loss": float("inf")},
        {"loss": np.float32(3.0), "extra_term": 2},
    ]
    drawn = panels(plot_curves(records))
    assert list(drawn) == ["Total loss", "Extra term"]
    np.testing.assert_array_equal(drawn["Total loss"].lines[0].get_ydata(), [1, np.nan, 3])
    assert drawn["Total loss"].lines[0].get_xdata().tolist() == [1, 2, 3]
    assert drawn["Extra term"].lines[0].get_marker() == "o"  # a single point has no line


def test_curves_label_epochs_under_every_column():
    records = [{f"term_{k}": 1.0 for k in range(5)}]
    axes = plot_curves(records)
    assert [ax.get_xlabel() for ax in axes] == ["", "", "epoch", "epoch", "epoch"]
    assert axes[0].get_xticks().tolist() == [1]


def test_curves_seconds_start_at_zero():
    ax = panels(plot_curves([{"seconds": 12.0}, {"seconds": 12.1}]))["Seconds per epoch"]
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 12.1


def test_curves_in_a_given_figure():
    figure = Figure()
    assert plot_curves(history(), fig=figure)[0].figure is figure


@pytest.mark.parametrize(
    ("records", "message"),
    [([], "history is empty"), ([{"epoch": 1, "device": "cpu"}], "history holds no numbers")],
)
def test_curves_bad_input(records, message):
    with pytest.raises(ValueError, match=message):
        plot_curves(records)
