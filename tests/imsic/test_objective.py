"""The structure score against least squares in NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.imsic.objective import EDGE_STRENGTH, RECOVERY, squared_slopes, structure_loss
from equipoise.imsic.structure import parse_structure, structure_report

EPS = 1e-3
ENOUGH = 1 - math.sqrt(RECOVERY) + EPS
LOST = 0.5 * math.log((1 + EPS) / ENOUGH)  # of a code that explains nothing
PAPER = parse_structure("paper", 4)
CHAIN = parse_structure([(2, 0), (0, 1)], 3)
INDEPENDENT = parse_structure("independent", 4)


def uniform(n, m=4, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, m))


def paper_readings(c):
    """Readings that follow PAPER without noise; partial correlations of the edges are .71."""
    r = c.copy()
    r[:, 3] += r[:, 1] + r[:, 2]
    return r


def score(codes, readings, structure, **options):
    loss = structure_loss(torch.tensor(codes), torch.tensor(readings), structure, **options)
    return {name: float(value) for name, value in loss.parts().items()}


def left(y, X):
    X = np.column_stack([np.ones(len(y)), X])
    return y - X @ np.linalg.lstsq(X, y, rcond=None)[0]


def reference(c, r, structure):
    """Term by term from least-squares fits."""
    m = r.shape[1]

    def correlation(x, y, others):
        return np.corrcoef(left(x, others), left(y, others))[0, 1]

    def squared_rho(first, second):
        return (
            correlation(r[:, first], r[:, second], r[:, list(structure.given(first, second))]) ** 2
        )

    nodes = [1 - correlation(c[:, j], r[:, j], r[:, list(structure.parents[j])]) for j in range(m)]
    strong = 1 - EDGE_STRENGTH**2 + EPS
    return {
        "nodes": sum(max(0, 0.5 * math.log((v + EPS) / ENOUGH)) for v in nodes) / m,
        "edges": sum(
            max(0, 0.5 * math.log((1 - squared_rho(*pair) + EPS) / strong))
            for pair in structure.edges
        )
        / m,
        "non_edges": sum(
            -0.5 * math.log((1 - squared_rho(*pair) + EPS) / (1 + EPS))
            for pair in structure.non_edges
        )
        / m,
    }


@pytest.mark.parametrize("structure", [PAPER, CHAIN, INDEPENDENT], ids=["paper", "chain", "none"])
def test_terms_equal_least_squares(structure):
    m = len(structure.names)
    c, noise = uniform(60, m), uniform(60, m, seed=1)
    r = c + noise @ np.random.default_rng(2).uniform(0, 1, (m, m)) - 5
    expected = reference(c, r, structure)
    assert min(expected["nodes"], expected["non_edges"]) > 0.02
    result = score(c, r, structure)
    assert {k: result[k] for k in expected} == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert result["loss"] == pytest.approx(sum(expected.values()), rel=1e-3)


def test_a_weak_edge_costs_by_its_strength():
    c = uniform(200)
    weak = paper_readings(c)
    weak[:, 3] -= 0.7 * (weak[:, 1] + weak[:, 2])
    expected = reference(c, weak, PAPER)["edges"]
    assert expected > 0.05
    assert score(c, weak, PAPER)["edges"] == pytest.approx(expected, rel=1e-3)


def test_zero_for_readings_that_follow_the_structure():
    c = uniform(20000)
    assert score(c, paper_readings(c), PAPER)["loss"] == pytest.approx(0, abs=2e-3)
    assert score(c, c, INDEPENDENT)["loss"] == pytest.approx(0, abs=2e-3)


def test_each_part_sees_its_own_fault():
    c, noise = uniform(20000), uniform(20000, seed=1)
    good = paper_readings(c)
    lost = good.copy()
    lost[:, 0] = noise[:, 0]
    assert score(c, lost, PAPER)["nodes"] == pytest.approx(LOST / 4, abs=5e-3)
    assert score(c, noise, PAPER)["nodes"] == pytest.approx(LOST, abs=2e-2)
    assert score(c, c, PAPER)["edges"] > 0.1  # prescribed, absent
    assert score(c, good, INDEPENDENT)["non_edges"] > 0.1  # present, not prescribed
    assert score(c, good, parse_structure({0: 3, 2: 3}, 4))["loss"] > 0.1


def test_a_reading_that_has_nothing_of_its_code_yet_is_pulled_towards_it():
    c = torch.tensor(uniform(200))
    r = torch.tensor(uniform(200, seed=1))
    r = (r - c * (r * c).mean(0) / c.square().mean(0)).requires_grad_()  # no correlation left
    structure_loss(c, r, INDEPENDENT).nodes.backward()
    pull = -(r.grad * c).sum(0)
    assert (pull > 0.01).all()


def test_a_child_that_only_copies_its_parents_pays():
    c = uniform(500)
    r = c.copy()
    r[:, 3] = r[:, 1] + r[:, 2]
    assert score(c, r, PAPER)["nodes"] == pytest.approx(LOST / 4, 1e-3)


def test_a_code_that_can_be_recovered_well_enough_costs_nothing():
    c, noise = uniform(5000), uniform(5000, seed=1)
    # The share of the code in the variance of its reading is .86 and .84: around the limit.
    enough, too_little = (c + math.sqrt(1 / share - 1) * noise for share in (0.86, 0.84))
    assert score(c, enough, INDEPENDENT)["nodes"] < 1e-3
    assert score(c, too_little, INDEPENDENT)["nodes"] > 0.01


def test_the_loss_does_not_grow_with_the_number_of_codes():
    c, noise = uniform(500), uniform(500, seed=1)
    twice = parse_structure([(1, 3), (2, 3), (5, 7), (6, 7)], 8)
    one = score(c, noise, PAPER)
    two = score(np.hstack([c, c + 0]), np.hstack([noise, uniform(500, seed=2)]), twice)
    assert two["nodes"] == pytest.approx(one["nodes"], rel=0.01)
    assert two["edges"] == pytest.approx(one["edges"], rel=0.1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4),
    shift=st.floats(-100, 100),
)
def test_shift_and_scale_change_nothing(seed, scale, shift):
    c = uniform(30, seed=seed)
    r = paper_readings(c) + uniform(30, seed=seed + 1)
    moved = r * np.array(scale) + shift
    expected, result = score(c, r, PAPER), score(c, moved, PAPER)
    assert result == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_scales_stay_finite_in_float32(scale):
    c = uniform(64).astype(np.float32)
    result = score(c, c * np.float32(scale), INDEPENDENT)
    assert result == pytest.approx(score(c, c, INDEPENDENT), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 12),
    fault=st.sampled_from(["none", "constant", "zero", "collinear", "copies"]),
)
def test_every_batch_has_a_bounded_loss_and_a_finite_gradient(seed, n, fault):
    c = torch.tensor(uniform(n, seed=seed), dtype=torch.float32)
    r = torch.tensor(uniform(n, seed=seed + 1), dtype=torch.float32)
    if fault == "constant":
        r[:, 1:3] = 0.1
    elif fault == "zero":
        r[:] = 0
    elif fault == "collinear":
        r[:, 3] = 2 * r[:, 1] - r[:, 2]
    elif fault == "copies":
        r[:] = 3 - 0.5 * c[:, :1]
    r.requires_grad_()
    result = structure_loss(c, r, PAPER)
    result.loss.backward()
    assert torch.isfinite(r.grad).all()
    ceiling = 0.5 * math.log((1 + EPS) / EPS)
    assert 0 <= result.nodes.item() <= 0.5 * math.log((2 + EPS) / ENOUGH) + 1e-4
    assert 0 <= result.edges.item() <= 2 / 4 * 0.5 * -math.log(1 - EDGE_STRENGTH**2)
    assert -1e-4 <= result.non_edges.item() <= 4 / 4 * ceiling + 1e-4


def test_a_constant_reading_is_not_explained_and_not_joined():
    c = torch.tensor(uniform(500), dtype=torch.float32)
    r = c.clone()
    r[:, 3] = 12345.678  # its mean rounds
    r.requires_grad_()
    result = structure_loss(c, r, PAPER)
    absent = -0.5 * math.log(1 - EDGE_STRENGTH**2)
    assert result.nodes.item() == pytest.approx(LOST / 4, rel=1e-3)
    assert result.edges.item() == pytest.approx(2 * absent / 4, rel=1e-2)
    result.loss.backward()
    assert not r.grad[:, 3].any()


@pytest.mark.parametrize("part", ["loss", "nodes", "edges", "non_edges"])
def test_gradients_equal_finite_differences(part):
    c = torch.tensor(uniform(12))
    r = torch.tensor(0.3 * uniform(12) + uniform(12, seed=1), requires_grad=True)
    assert float(getattr(structure_loss(c, r, PAPER), part).detach()) > 0.01
    assert torch.autograd.gradcheck(lambda x: getattr(structure_loss(c, x, PAPER), part), (r,))


def test_half_precision_is_scored_in_single():
    c = torch.tensor(uniform(256), dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = structure_loss(c, c, INDEPENDENT)
    assert torch.equal(result.loss, structure_loss(c, c, INDEPENDENT).loss)
    assert structure_loss(c, c.bfloat16(), INDEPENDENT).loss.dtype == torch.float32


def test_inputs_stay_as_they_are():
    c, r = torch.tensor(uniform(20)), torch.tensor(uniform(20, seed=1))
    before = c.clone(), r.clone()
    structure_loss(c, r, PAPER)
    assert torch.equal(c, before[0]) and torch.equal(r, before[1])


@pytest.mark.parametrize("structure", [PAPER, INDEPENDENT], ids=["paper", "none"])
def test_gradient_steps_on_free_readings_reach_the_structure(structure):
    c = torch.tensor(uniform(1000), dtype=torch.float32)
    r = torch.tensor(uniform(1000, seed=1), dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.SGD([r], lr=30, momentum=0.9)
    for _ in range(400):
        optimiser.zero_grad()
        structure_loss(c, r, structure).loss.backward()
        optimiser.step()
    found = r.detach().numpy().astype(float)
    for j, parents in enumerate(structure.parents):
        unexplained = left(found[:, j], np.column_stack([c[:, j], found[:, list(parents)]]))
        assert 1 - unexplained.var() / found[:, j].var() > RECOVERY - 0.01
    assert structure_report(structure, c.numpy(), found).holds


def test_squared_slopes_of_a_quadratic_form():
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    form = torch.randn(3, 3, dtype=torch.float64)
    realness = torch.einsum("ni,ij,nj->n", x, form, x)
    slopes = x.detach().numpy() @ (form + form.T).numpy()
    assert squared_slopes(x, realness).mean().item() == pytest.approx((slopes**2).sum(1).mean())


def test_squared_slopes_teaches():
    x, slope = torch.ones(4, 2, requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
    penalty = squared_slopes(x, x @ slope).mean()
    penalty.backward()
    assert penalty.item() == pytest.approx(25) and slope.grad.tolist() == [6, 8]
