"""Losses, class weights and mixing of rows that only the plain classifier uses."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from equipoise.training.losses import weighted_mean


def focal_loss(logits: Tensor, y: Tensor, gamma: float, weight: Tensor | None = None) -> Tensor:
    """Cross-entropy in which a row has less weight the more confident the network is.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    gamma : float
        Exponent γ of the factor (1 - p_y)^γ, at least 0; with 0 this is the cross-entropy.
    weight : Tensor of shape (n,), optional
        Weight of each sample; the mean is over the total weight.

    References
    ----------
    Lin et al., Focal loss for dense object detection, ICCV 2017, Eq. 4.
    """
    losses = F.cross_entropy(logits, y, reduction="none")
    # expm1 is accurate for a small 1 - p. At 0 a power below 1 would have an infinite derivative.
    doubt = (-torch.expm1(-losses)).clamp_min(torch.finfo(losses.dtype).tiny)
    return weighted_mean(doubt**gamma * losses, weight)


def ldam_margins(class_counts: Tensor, largest: float = 0.5) -> Tensor:
    """Margin of every class, proportional to the power -1/4 of its size.

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
    """Cross-entropy after the margin is subtracted from the logit of the true class.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    margins : Tensor of shape (n_classes,)
        Margins on the scale of the logits: if these are s times a cosine, s times the margins of
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

    The effective number of n samples is (1 - β^n) / (1 - β): 1 for β = 0, and close to n for β
    close to 1.

    Parameters
    ----------
    class_counts : Tensor of shape (n_classes,)
        Positive numbers of training samples, or their weight.
    beta : float in (0, 1), default=0.9999

    Returns
    -------
    Tensor of shape (n_classes,)
        Weights with mean 1.

    References
    ----------
    Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019, Eq. 2. As
    deferred weights: Cao et al. (2019), Section 3.3 and release.
    """
    weights = 1 / -torch.expm1(class_counts * math.log(beta))
    return weights / weights.mean()


def draw_mixing_weights(n: int, alpha: float, generator: torch.Generator) -> Tensor:
    """Draw λ ~ Beta(α, α) for n pairs, the weight of the first row of each pair: (n,).

    References
    ----------
    Zhang et al., mixup: beyond empirical risk minimization, ICLR 2018, Eq. 1.
    """
    # torch cannot draw from a Beta distribution with a given generator.
    seed = int(torch.randint(2**63 - 1, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n)).float()


def mix(x: Tensor, partner: Tensor, weights: Tensor) -> Tensor:
    """Mix rows with others: λ x + (1 - λ) times the partner.

    Parameters
    ----------
    x, partner : Tensor of shape (n, ...)
    weights : Tensor of shape (n,)
        The weights λ.
    """
    weights = weights.view(-1, *[1] * (x.ndim - 1))
    return weights * x + (1 - weights) * partner


def paste(
    x: Tensor, partner: Tensor, weights: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Paste a box of another image into every image.

    The box has the proportions of the image and 1 - λ of its area, and its centre is anywhere, so
    that a part of it may be outside.

    Parameters
    ----------
    x, partner : Tensor of shape (n, channels, height, width)
    weights : Tensor of shape (n,)
        The weights λ.
    generator : torch.Generator
        Source of the places.

    Returns
    -------
    pasted : Tensor of shape (n, channels, height, width)
    weights : Tensor of shape (n,)
        Share of each image that is left of ``x``.

    References
    ----------
    Yun et al., CutMix: regularization strategy to train strong classifiers with localizable
    features, ICCV 2019, Section 3.2.
    """
    device = generator.device
    centres = torch.rand(2, len(x), 1, generator=generator, device=device).to(x)
    half = (1 - weights).sqrt()[:, None] / 2
    rows, columns = (
        ((torch.arange(size, device=x.device) + 0.5) / size - centre).abs() < half
        for size, centre in zip(x.shape[2:], centres, strict=True)
    )
    inside = (rows[:, :, None] & columns[:, None, :])[:, None]
    return torch.where(inside, partner, x), 1 - inside.to(x).mean((1, 2, 3))


def remix_label_weights(
    weights: Tensor, count: Tensor, partner_count: Tensor, kappa: float = 3.0, tau: float = 0.5
) -> Tensor:
    """Weights of the first labels in Remix, which assigns a much rarer class alone.

    They are 0 where the first class is at least κ times as frequent as the other and λ < τ, 1 where
    it is at least κ times rarer and 1 - λ < τ, and λ elsewhere.

    Parameters
    ----------
    weights : Tensor of shape (n,)
        The weights λ of the inputs.
    count, partner_count : Tensor of shape (n,)
        Number of training rows in the class of each row and of its partner.
    kappa : float, default=3
    tau : float, default=0.5

    Returns
    -------
    Tensor of shape (n,)

    References
    ----------
    Chou et al., Remix: rebalanced mixup, ECCV Workshops 2020, Eq. 8.
    """
    to_partner = (count >= kappa * partner_count) & (weights < tau)
    to_first = (partner_count >= kappa * count) & (1 - weights < tau)
    return weights.masked_fill(to_partner, 0.0).masked_fill(to_first, 1.0)
