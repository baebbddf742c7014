"""Losses, class weights and mixing of the plain classifier that no other method uses."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from equipoise.training.losses import weighted_mean


def focal_loss(logits: Tensor, y: Tensor, gamma: float, weight: Tensor | None = None) -> Tensor:
    """Cross-entropy that counts a sample less, the surer the network is of its class.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    gamma : float
        γ of the factor (1 - p_y)^γ, at least 0; with 0 it is the ordinary cross-entropy.
    weight : Tensor of shape (n,), optional
        Weight of each sample; the mean is over the total weight.

    References
    ----------
    Lin et al., Focal loss for dense object detection, ICCV 2017, Eq. 4.
    """
    losses = F.cross_entropy(logits, y, reduction="none")
    # expm1 keeps the digits of a small 1 - p; at 0 a power below 1 would have an infinite slope.
    doubt = (-torch.expm1(-losses)).clamp_min(torch.finfo(losses.dtype).tiny)
    return weighted_mean(doubt**gamma * losses, weight)


def ldam_margins(class_counts: Tensor, largest: float = 0.5) -> Tensor:
    """Margin of every class, proportional to its size to the power of -1/4.

    Parameters
    ----------
    class_counts : Tensor of shape (n_classes,)
        Positive numbers of training samples, or their weight.
    largest : float, default=0.5
        Margin of the smallest class.

    References
    ----------
    Cao et al., Learning imbalanced datasets with label-distribution-aware margin loss, NeurIPS
    2019, Eq. 13.
    """
    return largest * (class_counts.min() / class_counts) ** 0.25


def margin_cross_entropy(
    logits: Tensor, y: Tensor, margins: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy after the logit of the true class alone gives away its margin.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    margins : Tensor of shape (n_classes,)
        In units of the logits: for logits that are s times a cosine, s times the margin of
        :func:`ldam_margins`.
    weight : Tensor of shape (n,), optional
        Weight of each sample; the mean is over the total weight.

    References
    ----------
    Cao et al. (2019), Eq. 12.
    """
    handicap = F.one_hot(y, len(margins)) * margins
    return weighted_mean(F.cross_entropy(logits - handicap, y, reduction="none"), weight)


def effective_number_weights(class_counts: Tensor, beta: float = 0.9999) -> Tensor:
    """Weight of every class in inverse proportion to its effective number of samples.

    Of n samples (1 - β^n) / (1 - β) are effective: with β = 0 one, near β = 1 all of them.

    Parameters
    ----------
    class_counts : Tensor of shape (n_classes,)
        Positive numbers of training samples, or their weight.
    beta : float in (0, 1), default=0.9999

    Returns
    -------
    Tensor of shape (n_classes,)
        With mean 1.

    References
    ----------
    Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019, Eq. 2. As
    deferred weights: Cao et al. (2019), Section 3.3 and release.
    """
    weights = 1 / -torch.expm1(class_counts * math.log(beta))
    return weights / weights.mean()


def mixing_shares(n: int, alpha: float, generator: torch.Generator) -> Tensor:
    """λ ~ Beta(α, α) of n pairs, the share that the first of each has in the mixed row: (n,).

    References
    ----------
    Zhang et al., mixup: beyond empirical risk minimization, ICLR 2018, Eq. 1.
    """
    # torch's own draws of a Beta take no generator.
    seed = int(torch.randint(2**63 - 1, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n)).float()


def mix(x: Tensor, partner: Tensor, shares: Tensor) -> Tensor:
    """Rows mixed with others of the batch: λ x + (1 - λ) x[partner].

    Parameters
    ----------
    x : Tensor of shape (n, ...)
    partner : Tensor of shape (n,)
        Row that each is mixed with.
    shares : Tensor of shape (n,)
        λ.
    """
    shares = shares.view(-1, *[1] * (x.ndim - 1))
    return shares * x + (1 - shares) * x[partner]


def remix_shares(
    shares: Tensor, count: Tensor, partner_count: Tensor, kappa: float = 3.0, tau: float = 0.5
) -> Tensor:
    """Remix's shares of the labels, which go to the rarer class alone where it is much rarer.

    0 where the first class is at least κ times as frequent as the other and λ < τ; 1 where it is
    at least κ times rarer and 1 - λ < τ; λ elsewhere.

    Parameters
    ----------
    shares : Tensor of shape (n,)
        λ, the shares of the inputs.
    count, partner_count : Tensor of shape (n,)
        Training samples in the class of each row and of its partner.
    kappa : float, default=3
    tau : float, default=0.5

    Returns
    -------
    Tensor of shape (n,)

    References
    ----------
    Chou et al., Remix: rebalanced mixup, ECCV Workshops 2020, Eq. 8.
    """
    to_partner = (count >= kappa * partner_count) & (shares < tau)
    to_first = (partner_count >= kappa * count) & (1 - shares < tau)
    return shares.masked_fill(to_partner, 0.0).masked_fill(to_first, 1.0)
