"""Structures as users write them, and the check of readings against one."""

import networkx as nx
import numpy as np
import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.imsic.structure import Structure, parse_structure, structure_report

NAMES = ["slant", "style", "thickness"]
FORK = Structure(tuple(NAMES), ((), (), (0, 1)))  # slant, style → thickness


@pytest.mark.parametrize(
    "structure",
    [
        {"slant": "thickness", "style": ["thickness"]},
        {0: 2, 1: (2,)},
        {"slant": [2, "thickness"], 1: "thickness"},
        [("slant", "thickness"), ["style", 2], (np.int64(0), 2)],
        iter([(1, 2), (0, 2)]),
        nx.DiGraph([("style", "thickness"), (0, 2)]),
    ],
    ids=["names", "numbers", "mixed", "pairs", "iterator", "digraph"],
)
def test_every_form_says_the_same(structure):
    assert parse_structure(structure, 3, NAMES) == FORK


def test_the_two_names():
    names = ("code_1", "code_2", "code_3", "code_4")
    assert parse_structure("independent", 4) == Structure(names, ((),) * 4)
    assert parse_structure("paper", 5).edges == ((1, 3), (2, 3))
    assert parse_structure([], 4) == parse_structure("independent", 4)
    with pytest.raises(InvalidParameterError, match="at least 4 codes"):
        parse_structure("paper", 3)


def test_pairs_follow_the_order_of_the_graph_not_of_the_numbers():
    chain = parse_structure([(2, 0), (0, 1)], 3)  # 2 → 0 → 1
    assert chain.order == (2, 0, 1)
    assert set(chain.edges) == {(2, 0), (0, 1)}
    assert chain.non_edges == ((2, 1),)
    assert chain.given(2, 1) == (0,)
    assert chain.given(0, 1) == ()
    assert FORK.non_edges == ((0, 1),)
    assert (FORK.given(0, 1), FORK.given(0, 2), FORK.given(1, 2)) == ((), (1,), (0,))


@pytest.mark.parametrize("names", [NAMES[:2], ["a", "a", "b"], ["a", "b", 3], "abc", 3])
def test_bad_names(names):
    with pytest.raises(
        InvalidParameterError, match="code_names=.*must contain 3 different strings"
    ):
        parse_structure("independent", 3, names)


@pytest.mark.parametrize(
    "structure", ["Paper", "", None, 1, [(0, 1, 2)], ["01"], nx.Graph([(0, 1)])]
)
def test_bad_form(structure):
    with pytest.raises(InvalidParameterError, match="structure=.* is not possible.*a dict"):
        parse_structure(structure, 3)


@pytest.mark.parametrize(
    "structure", [{"tilt": "style"}, {"style": "tilt"}, {"tilt": []}, [("style", "tilt")]]
)
def test_unknown_name(structure):
    with pytest.raises(InvalidParameterError, match="'tilt'.*slant, style, thickness"):
        parse_structure(structure, 3, NAMES)


@pytest.mark.parametrize("label", [3, -1, True, 1.0, None, [1]])
def test_unknown_number(label):
    with pytest.raises(InvalidParameterError, match="structure names an unknown code.*0 to 2"):
        parse_structure([(0, label)], 3)


def test_unknown_node_without_edges():
    graph = nx.DiGraph()
    graph.add_node("tilt")
    with pytest.raises(InvalidParameterError, match="'tilt'"):
        parse_structure(graph, 3)


def test_a_cycle_is_drawn():
    with pytest.raises(InvalidParameterError, match="slant → thickness → slant. Remove"):
        parse_structure([("style", "slant"), (0, 2), (2, 0)], 3, NAMES)
    with pytest.raises(InvalidParameterError, match="structure joins 'style' to itself"):
        parse_structure({"style": "style"}, 3, NAMES)


def uniform(n=4000, m=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, m))


def fork_readings(c, own=1.0):
    r = c * [2, -1, own]
    r[:, 2] += r[:, 0] + r[:, 1]
    return r


def partial_correlation(a, b, given):
    """From the inverse covariance."""
    precision = np.linalg.inv(np.cov(np.column_stack([a, b, *given]).T))
    return -precision[0, 1] / np.sqrt(precision[0, 0] * precision[1, 1])


def test_report_numbers():
    c, noise = uniform(), uniform(seed=1)
    r = fork_readings(c) + 0.5 * noise + 7
    report = structure_report(FORK, c, r)
    X = np.column_stack([np.ones(len(c)), r])
    left = c[:, 2] - X @ np.linalg.lstsq(X, c[:, 2], rcond=None)[0]
    r2 = [np.corrcoef(c[:, j], r[:, j])[0, 1] ** 2 for j in (0, 1)]
    np.testing.assert_allclose(report.recovery["r2"], [*r2, 1 - left.var() / c[:, 2].var()])
    pairs = report.pairs.set_index(["parent", "child"])
    rho = {
        ("slant", "thickness"): partial_correlation(r[:, 0], r[:, 2], [r[:, 1]]),
        ("style", "thickness"): partial_correlation(r[:, 1], r[:, 2], [r[:, 0]]),
        ("slant", "style"): partial_correlation(r[:, 0], r[:, 1], []),
    }
    assert pairs["partial_correlation"].to_dict() == pytest.approx(rho)
    assert pairs["joined"].to_dict() == {pair: pair[1] == "thickness" for pair in rho}


def test_report_on_readings_that_follow_the_structure():
    c = uniform()
    report = structure_report(FORK, c, fork_readings(c))
    assert report.holds
    assert set(report.pairs["verdict"]) == {"as prescribed"}
    text = str(report)
    assert "thickness" in text and "recovered" in text
    assert text.endswith(
        "The samples follow the structure: every code is recovered, and every pair is as "
        "prescribed."
    )


def test_report_on_codes_as_they_are_misses_the_edges():
    c = uniform()
    report = structure_report(FORK, c, c)
    assert not report.holds
    assert list(report.recovery["verdict"]) == ["recovered"] * 3
    assert list(report.pairs["verdict"]) == ["too weak", "too weak", "as prescribed"]
    assert str(report).endswith("slant → thickness too weak; style → thickness too weak.")


def test_report_sees_a_dependence_that_nobody_asked_for():
    c = uniform()
    r = fork_readings(c)
    r[:, 1] += 0.5 * r[:, 0]
    report = structure_report(FORK, c, r)
    pairs = report.pairs.set_index(["parent", "child"])
    assert pairs.loc[("slant", "style"), "verdict"] == "not prescribed"
    assert list(report.recovery["verdict"])[1] == "partly"
    assert "style partly" in str(report) and "slant and style not prescribed" in str(report)


def test_report_sees_a_child_that_only_copies_its_parents():
    c = uniform()
    report = structure_report(FORK, c, fork_readings(c, own=0.0))
    assert list(report.recovery["verdict"]) == ["recovered", "recovered", "lost"]
    assert not report.holds


def test_constant_and_collinear_readings_make_no_nan():
    c = uniform(50).astype(np.float32)
    r = c.copy()
    r[:, 0] = 0.1
    report = structure_report(FORK, c, r)
    assert report.recovery["r2"].iloc[0] == 0
    assert report.pairs["partial_correlation"].iloc[0] == 0
    same = structure_report(FORK, c, np.repeat(c[:, :1], 3, axis=1))
    assert np.isfinite(same.pairs["partial_correlation"]).all()
    assert same.pairs["partial_correlation"].iloc[0] == 0  # nothing is left given the other parent
    assert np.isfinite(structure_report(FORK, c[:2], c[:2]).recovery["r2"]).all()


def test_a_single_code_has_no_pairs():
    c = uniform(m=1)
    report = structure_report(parse_structure("independent", 1), c, -c)
    assert report.holds and len(report.pairs) == 0
    assert "follow" in str(report)


@pytest.mark.parametrize(
    ("codes", "readings", "message"),
    [
        (uniform(9, 2), uniform(9), r"codes of shape \(9, 2\).*Pass shape \(n, 3\)"),
        (uniform(9), uniform(9)[0], r"inferred_codes of shape \(3,\)"),
        (uniform(9), uniform(8), "9 rows but inferred_codes has 8"),
        (uniform(1), uniform(1), "at least 2 rows"),
        (uniform(9), uniform(9) * np.nan, "inferred_codes .* is not a finite"),
    ],
)
def test_bad_arrays(codes, readings, message):
    with pytest.raises(InvalidInputError, match=message):
        structure_report(FORK, codes, readings)


def test_inputs_stay_as_they_are():
    c, r = uniform(), uniform(seed=1)
    before = c.copy(), r.copy()
    structure_report(FORK, c, r)
    np.testing.assert_array_equal((c, r), before)
