"""Around every plot's test: no warnings, no changed settings, no figures left open."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import pytest

LONG_NAMES = [
    f"{first} {second}"
    for first in ("northern spotted", "lesser black-backed", "ruby-throated", "red-breasted")
    for second in ("woodpecker", "nuthatch", "gull", "hummingbird", "warbler")
    for _ in range(2)
]
LONG_NAMES = [f"{name} {i}" for i, name in enumerate(LONG_NAMES)]  # 40 of them


@pytest.fixture(autouse=True)
def nothing_global_changes(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a plot must not be shown")

    monkeypatch.setattr(plt, "show", refuse)
    settings, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == settings
    assert matplotlib.get_backend() == backend


@pytest.fixture
def long_names():
    return list(LONG_NAMES)


@pytest.fixture
def assert_nothing_cut():
    def check(figure):
        figure.draw_without_rendering()
        ink, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(ink.x0, ink.y0) >= -0.02, ink
        assert ink.x1 <= width + 0.02 and ink.y1 <= height + 0.02, (ink, width, height)

    return check
