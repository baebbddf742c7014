"""Losses of the plain classifier that no other method uses."""

from __future__ import annotations

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
