"""Plots that fail half-way."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equipoise.report import plots

NAMES = [name for name in plots.__all__ if name.startswith("plot_")]


def fail(*args, **kwargs):
    raise RuntimeError("half-way")


@pytest.mark.parametrize("name", NAMES)
def test_every_plot_closes_its_figures(name):
    assert len(NAMES) >= 11
    assert hasattr(getattr(plots, name), "__wrapped__")


def test_no_figure_stays_open(monkeypatch):
    mine = plt.figure()
    axes = mine.add_subplot()
    for part in (Axes, "set_title"), (Figure, "draw_without_rendering"):
        monkeypatch.setattr(*part, fail)
    with pytest.raises(RuntimeError, match="half-way"):
        plots.plot_structure(["a", "b"], [(0, 1)])
    with pytest.raises(RuntimeError, match="half-way"):
        plots.plot_samples({"a": np.zeros((2, 4, 4))})
    with pytest.raises(RuntimeError, match="half-way"):
        plots.plot_structure(["a", "b"], [(0, 1)], ax=axes)
    assert plt.get_fignums() == [mine.number]
