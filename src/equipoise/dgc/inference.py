"""Classification by Bayes' rule with importance samples, which avoids unnecessary decoding.

Two choices of codes. ``shared_log_joint`` draws them from q(z|x), the label withheld, and uses
the same codes for all classes; ``conditional_log_joint`` is the paper's rule, with codes from
q(z|x, y_c) for every class c. Both are deterministic, and a row's result does not depend on the
rows beside it: the noise is a fixed quasi-random set, and the release's MMD over a batch is
replaced by the density terms of the row itself.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from equipoise.dgc.network import DGCNetwork
from equipoise.dgc.objective import reconstruction_error, standard_normal_log_density
from equipoise.networks.variational import moments

DECODE_ROWS = 1024  # codes decoded at once: enough to be fast, few enough to fit the cache
SCREENING_SLACK = 3.0  # nats by which S codes may exceed the estimate from the central code
TOLERANCE = 1e-3  # largest error of a posterior that is accepted to save decoding


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # the cached tensor may be used outside of inference mode
def quasi_normal(n_samples: int, dim: int) -> Tensor:
    """Quasi-random N(0, I) points (n_samples, dim) from a Sobol sequence, always the same."""
    uniform = torch.quasirandom.SobolEngine(dim, scramble=True, seed=0).draw(n_samples)
    return math.sqrt(2) * torch.erfinv((2 * uniform - 1).clamp(-1 + 1e-6, 1 - 1e-6))


def shared_log_joint(
    network: DGCNetwork,
    x: Tensor,
    noise: Tensor,
    *,
    reconstruction: str,
    reconstruction_weight: float,
    density_weight: float,
    log_prior_shift: Tensor,
) -> Tensor:
    """log Σ_s ω_s p(y_c|z_s) with codes z_s ~ q(z|x), up to a constant of the row.

    The weights ω_s are proportional to exp[ −w d(x, x̂(z_s)) + v (log p(z_s) − log q(z_s|x)) ]
    and sum to 1.

    Parameters
    ----------
    network : DGCNetwork
        In evaluation mode.
    x : Tensor of shape (n, *input)
    noise : Tensor of shape (S, K)
        Standard normal, shared by all rows.
    reconstruction : {"l2sq", "l2", "l1"}
    reconstruction_weight : float
        w, the precision of the decoder.
    density_weight : float
        v, 1 for exact importance weights.
    log_prior_shift : Tensor of shape (n_classes,)
        Log ratio of the requested to the learnt class prior, which is added to the result.

    Returns
    -------
    Tensor of shape (n, n_classes)
    """
    mean, log_variance = moments(network.recognise(x)[0])
    codes = mean[:, None] + torch.exp(log_variance / 2)[:, None] * noise
    log_label = torch.log_softmax(network.head(codes), -1)
    error = _reconstruction_errors(network, network.targets(x), codes, reconstruction)
    log_ratio = _log_density_ratio(codes, noise, log_variance[:, None])
    log_weight = (density_weight * log_ratio - reconstruction_weight * error).log_softmax(1)
    return (log_weight[..., None] + log_label).logsumexp(1) + log_prior_shift


def conditional_log_joint(
    network: DGCNetwork,
    x: Tensor,
    noise: Tensor,
    *,
    reconstruction: str,
    reconstruction_weight: float,
    density_weight: float,
    log_prior_shift: Tensor,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """log p(x, y_c) with codes z_s ~ q(z|x, y_c) for every class, up to a constant of the row.

        log mean_s exp[ −w d(x, x̂(z_s)) + log p(y_c|z_s) + v (log p(z_s) − log q(z_s|x, y_c)) ]

    Two properties save decoding. A distance is never negative, so the value without it is an upper
    bound for the class. And decoding the central code of each class, instead of its S codes, gives
    a good estimate of their reconstruction errors. All codes of a class are decoded only if neither
    its upper bound nor its estimate (with some slack) is lower than the value of the best class by
    more than ``log(1 / tolerance)``. The other classes keep their estimates.

    The parameters and the returned shape are those of :func:`shared_log_joint`; in addition,
    ``tolerance`` is the largest acceptable error of a posterior. With 0 all codes are decoded.

    References
    ----------
    Wang, Lyu, Jing, CVPR 2020, section on inference.
    """
    base, shifts = network.recognise(x)
    mean, log_variance = moments(base[:, None] + shifts)
    codes = mean[:, :, None] + torch.exp(log_variance / 2)[:, :, None] * noise
    log_label = torch.stack(
        [
            torch.log_softmax(network.head(codes[:, c]), -1)[..., c]
            for c in range(network.n_classes)
        ],
        1,
    )
    log_ratio = _log_density_ratio(codes, noise, log_variance[:, :, None])
    log_weight = log_label + density_weight * log_ratio
    bound = _log_mean_exp(log_weight) + log_prior_shift
    flat_x = network.targets(x)

    def decoded(rows: Tensor, classes: Tensor) -> Tensor:
        error = _reconstruction_errors(network, flat_x[rows], codes[rows, classes], reconstruction)
        weighted = log_weight[rows, classes] - reconstruction_weight * error
        return _log_mean_exp(weighted) + log_prior_shift[classes]

    rows = torch.arange(len(x), device=x.device)
    if tolerance == 0:
        every = torch.ones_like(bound, dtype=torch.bool).nonzero(as_tuple=True)
        return decoded(*every).unflatten(0, bound.shape)
    central = _reconstruction_errors(network, flat_x, mean, reconstruction)
    estimate = bound - reconstruction_weight * central
    first = estimate.argmax(1)
    leader = decoded(rows, first)
    score = estimate + (leader - estimate[rows, first])[:, None]
    margin = -math.log(tolerance)
    contenders = (bound > (leader - margin)[:, None]) & (
        score > (leader - margin - SCREENING_SLACK)[:, None]
    )
    contenders[rows, first] = False
    score[rows, first] = leader
    if contenders.any():
        pairs = contenders.nonzero(as_tuple=True)
        score[pairs] = decoded(*pairs)
    return score


def _log_density_ratio(codes: Tensor, noise: Tensor, log_variance: Tensor) -> Tensor:
    """log p(z) − log q(z|·) of codes (..., S, K); ``log_variance`` is (..., 1, K)."""
    log_q = standard_normal_log_density(noise) - log_variance.sum(-1) / 2
    return standard_normal_log_density(codes) - log_q


def _reconstruction_errors(network: DGCNetwork, flat_x: Tensor, codes: Tensor, kind: str) -> Tensor:
    """Errors (n, S) of the reconstructions from codes (n, S, K) of rows (n, n_values)."""
    n_samples = codes.shape[1]
    rows_at_once = max(1, DECODE_ROWS // n_samples)
    errors = []
    for x, z in zip(flat_x.split(rows_at_once), codes.split(rows_at_once), strict=True):
        x_hat = network.decoder(z.flatten(0, 1)).flatten(1).unflatten(0, (-1, n_samples))
        errors.append(reconstruction_error(x[:, None], x_hat, kind, network.blocks))
    return torch.cat(errors)


def _log_mean_exp(values: Tensor) -> Tensor:
    return values.logsumexp(-1) - math.log(values.shape[-1])
