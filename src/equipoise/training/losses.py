"""Classification losses that more than one method uses."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def adjusted_cross_entropy(
    logits: Tensor, y: Tensor, log_prior: Tensor, tau: float, weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy of logits shifted by ``tau`` times the log prior.

    With ``tau`` = 1 the bare logits learn the posterior under a uniform prior, whatever the
    class sizes: with the shares of the training data that is the balanced softmax. With 0 it is
    the ordinary cross-entropy.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    y : Tensor of shape (n,)
        Class indices.
    log_prior : Tensor of shape (n_classes,)
        Log share of each class among the samples that the loss sees.
    tau : float
        Strength, usually in [0, 1].
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
    """Mean of ``values`` of shape (n,), by ``weight`` of the same shape where given."""
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)
