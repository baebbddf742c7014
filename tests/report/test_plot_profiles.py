"""Profiles of columns: shapes, names and what is refused."""

import numpy as np
import pytest

from equipoise.errors import InvalidInputError
from equipoise.report.plots import plot_profiles

PROFILES = {"age": np.arange(12.0).reshape(2, 2, 3), "city = Oslo": np.zeros((2, 2, 3))}


def test_a_row_per_column_and_a_line_per_class():
    axes = plot_profiles(PROFILES, [-1, 0, 1], code_names=["a", "b"], class_names=["no", "yes"])
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["age", "city = Oslo"]
    np.testing.assert_array_equal(axes[0, 1].get_lines()[1].get_ydata(), [9, 10, 11])
    assert [t.get_text() for t in axes[0, 0].figure.legends[0].get_texts()] == ["no", "yes"]


@pytest.mark.parametrize(
    ("profiles", "codes"), [({}, ["a"]), (PROFILES, []), (PROFILES, ["a"]), (PROFILES, list("abc"))]
)
def test_shapes_that_do_not_match_are_refused(profiles, codes):
    with pytest.raises(InvalidInputError, match="Pass at least one|expected"):
        plot_profiles(profiles, [-1, 0, 1], code_names=codes)


def test_names_with_dollars_are_no_formulas():
    names = ["cost_$_per_$", "$x^{", "plain $"]
    profiles = {name: np.zeros((3, 2, 3)) for name in names}
    axes = plot_profiles(profiles, [-1, 0, 1], code_names=names, class_names=names[:2])
    axes[0, 0].figure.draw_without_rendering()
    assert [ax.get_title(loc="left").replace("\\$", "$") for ax in axes[0]] == names
