"""Classification losses that several methods use."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def adjusted_cross_entropy(
    logits: Tensor, y: Tensor, log_prior: Tensor, tau: float, weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy of logits to which ``tau`` times the log prior is added.

    With ``tau`` = 1 the unadjusted logits learn the posterior under a uniform prior, whatever the
    class sizes; with the priors of the training data this is the balanced softmax. With 0 it is the
    ordinary cross-entropy.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    log_prior : Tensor of shape (n_classes,)
        Log prior of each class among the rows that the loss receives.
    tau : float
        Strength of the adjustment, usually in [0, 1].
    weight : Tensor of shape (n,), optional
        Weight of each sample; the mean is over the total weight.

    References
    ----------
    Menon et al., Long-tail learning via logit adjustment, ICLR 2021, Eq. 10. Ren et al., Balanced
    meta-softmax for long-tailed visual recognition, NeurIPS 2020, Eq. 4.
    """
    losses = F.cross_entropy(logits + tau * log_prior, y, reduction="none")
    return weighted_mean(losses, weight)


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of ``values`` of shape (n,), weighted by ``weight`` of the same shape if given."""
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)
