"""The losses and densities of DGC as pure functions of tensors.

Source: Wang, Lyu, Jing, Deep Generative Model for Robust Imbalance Classification, CVPR 2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from equipoise.networks.columns import ColumnBlocks
from equipoise.training.losses import adjusted_cross_entropy, weighted_mean

MMD_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class DGCLoss:
    """A loss and its parts, each a scalar tensor."""

    loss: Tensor
    reconstruction: Tensor
    classification: Tensor
    mmd: Tensor

    def parts(self) -> dict[str, Tensor]:
        """Detached values by name."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self)}


def reconstruction_error(
    x: Tensor, x_hat: Tensor, kind: str, blocks: ColumnBlocks | None = None
) -> Tensor:
    """Distance of every sample to its reconstruction.

    Parameters
    ----------
    x, x_hat : Tensor of shape (..., n_values), which broadcast
        Already flattened.
    kind : {"l2sq", "l2", "l1"}
        Half the squared Euclidean distance, the Euclidean distance, or the sum of absolute
        differences: the negative log-density, up to a constant, of a Gaussian, a radial
        exponential or a Laplace decoder.
    blocks : ColumnBlocks, default=None
        Columns of a table. The error of a category is its cross-entropy, that of a missing number
        is zero.

    Returns
    -------
    Tensor of shape (...)
    """
    difference = x - x_hat if blocks is None else blocks.difference(x, x_hat)
    categories = 0.0 if blocks is None else blocks.cross_entropy(x, x_hat)
    if kind == "l1":
        return difference.abs().sum(-1) + categories
    squared = difference.square().sum(-1)
    if kind == "l2":
        # The gradient of a root at zero is infinite.
        return (squared + 1e-12).sqrt() + categories
    return squared / 2 + categories


def inverse_multiquadratic_mmd(a: Tensor, b: Tensor) -> Tensor:
    """U-statistic of the squared maximum mean discrepancy between two samples.

    The kernel is ``s / (s + ‖a − b‖²)`` summed over ``s = 2 K · {.1, .2, .5, 1, 2, 5, 10}``.

    Parameters
    ----------
    a : Tensor of shape (n, K), n >= 2
        Can be differentiated.
    b : Tensor of shape (n, K)
        A fixed sample.

    Returns
    -------
    Tensor
        Scalar; unbiased, so it can be slightly negative.
    """
    return _Discrepancy.apply(a, b.detach())


class _Discrepancy(torch.autograd.Function):
    """The statistic, whose gradient is computed together with it.

    That spares autograd a matrix for every scale and operation, and the pairs within ``b``.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        n, dim = a.shape
        left, right = torch.stack([a, a, b]), torch.stack([a, b, b])
        norms = left.square().sum(2)[:, :, None] + right.square().sum(2)[:, None]
        squared = torch.baddbmm(norms, left, right.mT, alpha=-2).clamp_min_(0)
        kernel, slope = torch.zeros_like(squared), torch.zeros_like(squared[:2])
        inverse = torch.empty_like(squared)
        for scale in MMD_SCALES:
            s = 2 * dim * scale
            torch.add(squared, s, out=inverse).reciprocal_()
            kernel.add_(inverse, alpha=s)
            slope.addcmul_(inverse[:2], inverse[:2], value=-s)
        within_a, between, within_b = kernel.sum((1, 2))
        # The diagonals hold 2 n pairs of a point with itself, each with kernel value 1 per scale.
        same = within_a + within_b - 2 * n * len(MMD_SCALES)
        # Every pair within a occurs twice; the slope is that by the squared distance.
        weight = torch.cat([slope[0] * (4 / (n * (n - 1))), slope[1] * (-4 / n**2)], 1)
        ctx.save_for_backward(weight.sum(1, keepdim=True) * a - weight @ torch.cat([a, b]))
        return same / (n * (n - 1)) - 2 * between / n**2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope, None


def moment_distance(z: Tensor) -> Tensor:
    """Distance of the first two moments of codes (n, K) to those of N(0, I), per dimension."""
    centred = z - z.mean(0)
    covariance = centred.T @ centred / max(1, len(z) - 1)
    identity = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    return z.mean(0).square().mean() + (covariance - identity).square().sum(1).mean()


def standard_normal_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I) over the last dimension."""
    return -(z.square() + math.log(2 * math.pi)).sum(-1) / 2


def oversampled_counts(class_counts: Tensor, rate: float) -> Tensor:
    """Codes per class and epoch after latent oversampling: n_c + r (n_max − n_c).

    This is n_c times the paper's 1 + r (n_max − n_c) / n_c.
    """
    return class_counts + rate * (class_counts.max() - class_counts)


def joint_loss(
    error: Tensor,
    logits: Tensor,
    y: Tensor,
    mmd: Tensor,
    *,
    log_prior: Tensor,
    tau: float,
    reconstruction_weight: float,
    mmd_weight: float,
    weight: Tensor | None = None,
) -> DGCLoss:
    """Relaxed optimal-transport cost of a batch.

    Parameters
    ----------
    error : Tensor of shape (n,)
        Reconstruction errors.
    logits : Tensor of shape (n, S, n_classes)
        Logits of S codes of every row.
    y : Tensor of shape (n,)
    mmd : Tensor
        Scalar.
    log_prior : Tensor of shape (n_classes,)
    tau : float
        Strength of the logit adjustment; 0 gives the paper's cross-entropy.
    reconstruction_weight, mmd_weight : float
    weight : Tensor of shape (n,), optional
        Sample weights.
    """
    n_codes = logits.shape[1]
    classification = adjusted_cross_entropy(
        logits.flatten(0, 1),
        y.repeat_interleave(n_codes),
        log_prior,
        tau,
        None if weight is None else weight.repeat_interleave(n_codes),
    )
    reconstruction = weighted_mean(error, weight)
    loss = reconstruction_weight * reconstruction + classification + mmd_weight * mmd
    return DGCLoss(loss, reconstruction, classification, mmd)


def class_gaussians(
    mean: Tensor, log_variance: Tensor, y: Tensor, n_classes: int
) -> tuple[Tensor, Tensor]:
    """Fit a Gaussian to the codes of each class.

    The covariance of a class is shrunk towards the pooled one, with the weight of K further rows,
    so that a class with fewer rows than dimensions gets a covariance of full rank.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (n, K)
        Parameters of q(z|x, y) for every row.
    y : Tensor of shape (n,)
        Class indices; there is at least one row of every class.
    n_classes : int

    Returns
    -------
    centre : Tensor of shape (n_classes, K)
    factor : Tensor of shape (n_classes, K, K)
        Lower triangular; ``factor @ factor.T`` is the covariance.
    """
    dim = mean.shape[1]
    count = torch.bincount(y, minlength=n_classes).to(mean)[:, None]
    centre = torch.zeros(n_classes, dim).to(mean).index_add(0, y, mean) / count
    deviation = mean - centre[y]
    scatter = torch.stack(
        [
            deviation[y == c].T @ deviation[y == c] + torch.diag(log_variance[y == c].exp().sum(0))
            for c in range(n_classes)
        ]
    )
    pooled = scatter.sum(0) / len(y)
    covariance = (scatter + dim * pooled) / (count[:, :, None] + dim)
    jitter = 1e-6 * torch.eye(dim).to(mean)
    return centre, torch.linalg.cholesky(covariance + jitter)
