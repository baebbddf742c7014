"""Losses and densities against NumPy and SciPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from equipoise.dgc import objective


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def reference_mmd(a, b):
    """Plain double loop over pairs."""
    n, dim = a.shape

    def kernel(u, v):
        distance = float(((u - v) ** 2).sum())
        return sum(2 * dim * s / (2 * dim * s + distance) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))

    same = sum(
        kernel(a[i], a[j]) + kernel(b[i], b[j]) for i in range(n) for j in range(n) if i != j
    )
    cross = sum(kernel(u, v) for u in a for v in b)
    return same / (n * (n - 1)) - 2 * cross / n**2


def test_mmd_equals_the_double_sum():
    a, b = normal(7, 3), normal(7, 3, seed=1) + 0.5
    expected = reference_mmd(a.numpy(), b.numpy())
    assert float(objective.inverse_multiquadratic_mmd(a, b)) == pytest.approx(expected, abs=1e-10)


def test_mmd_has_the_gradient_of_its_value():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    pair = (a.requires_grad_(), b)
    assert torch.autograd.gradcheck(objective.inverse_multiquadratic_mmd, pair)


def test_mmd_is_near_zero_for_one_distribution_and_grows_with_the_shift():
    a, b = normal(400, 5), normal(400, 5, seed=1)
    values = [float(objective.inverse_multiquadratic_mmd(a, b + shift)) for shift in (0, 1, 2)]
    assert abs(values[0]) < 0.01
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize(("kind", "expected"), [("l2sq", 12.5), ("l2", 5.0), ("l1", 7.0)])
def test_reconstruction_error(kind, expected):
    x, x_hat = torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[3.0, -4.0, 1.0]])
    assert float(objective.reconstruction_error(x, x_hat, kind)[0]) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["l2sq", "l2", "l1"])
def test_a_perfect_reconstruction_has_a_finite_gradient(kind):
    x = torch.ones(2, 3)
    x_hat = torch.ones(2, 3, requires_grad=True)
    objective.reconstruction_error(x, x_hat, kind).sum().backward()
    assert torch.isfinite(x_hat.grad).all()


def test_the_density_equals_scipy():
    z = normal(4, 3)
    expected = stats.norm.logpdf(z.numpy()).sum(1)
    np.testing.assert_allclose(objective.standard_normal_log_density(z), expected)


def test_oversampling_fills_the_gap_to_the_largest_class():
    counts = torch.tensor([100.0, 40.0, 1.0])
    assert objective.oversampled_counts(counts, 0.0).tolist() == [100, 40, 1]
    assert objective.oversampled_counts(counts, 0.5).tolist() == [100, 70, 50.5]
    assert objective.oversampled_counts(counts, 1.0).tolist() == [100, 100, 100]


def test_joint_loss_is_the_weighted_sum_of_its_parts():
    rng = np.random.default_rng(0)
    logits, error = rng.normal(size=(5, 2, 3)), rng.random(5)
    y, weight = np.array([0, 2, 1, 1, 0]), np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    log_prior = np.log([0.6, 0.3, 0.1])
    shifted = logits + 0.7 * log_prior
    log_probability = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    per_code = -log_probability[np.arange(5)[:, None], np.arange(2), y[:, None]]
    classification = (per_code * weight[:, None]).sum() / (2 * weight.sum())
    reconstruction = (error * weight).sum() / weight.sum()
    result = objective.joint_loss(
        *map(torch.from_numpy, (error, logits, y)),
        torch.tensor(0.25, dtype=torch.float64),
        log_prior=torch.from_numpy(log_prior),
        tau=0.7,
        reconstruction_weight=0.3,
        mmd_weight=4.0,
        weight=torch.from_numpy(weight),
    )
    assert float(result.classification) == pytest.approx(classification)
    assert float(result.reconstruction) == pytest.approx(reconstruction)
    assert float(result.loss) == pytest.approx(0.3 * reconstruction + classification + 4 * 0.25)


def test_moment_distance_knows_the_standard_normal():
    z = normal(5000, 4)
    assert float(objective.moment_distance(z)) < 0.01
    assert float(objective.moment_distance(z + 1)) > 0.9
    assert float(objective.moment_distance(2 * z)) > 0.9


def test_class_gaussians_recover_a_large_class_and_complete_a_small_one():
    dim = 3
    mixing = np.array([[1.0, 0, 0], [0.5, 0.8, 0], [-0.2, 0.1, 0.6]])
    large = normal(20000, dim).numpy() @ mixing.T + 2
    mean = torch.from_numpy(np.concatenate([large, [[5.0, 5.0, 5.0]]]))
    y = torch.tensor([0] * 20000 + [1])
    noise_free = torch.full_like(mean, -30)
    centre, factor = objective.class_gaussians(mean, noise_free, y, 2)
    np.testing.assert_allclose(centre, [[2, 2, 2], [5, 5, 5]], atol=0.03)
    np.testing.assert_allclose(factor[0] @ factor[0].T, mixing @ mixing.T, atol=0.03)
    assert torch.linalg.matrix_rank(factor[1]) == dim  # one row, but a full covariance
