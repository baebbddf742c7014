"""The losses of IMSIC, above all that of a batch which does not follow the code structure.

Source: He, Lin, Yuan, Tzeng, Interpretable Minority Synthesis for Imbalanced Classification,
IJCAI 2021: the negative likelihood of a Bayesian network fitted to the batch. It can be lowered by
shrinking the inferred codes; the form here is linear-Gaussian and free of scale.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import torch
from torch import Tensor

from equipoise.imsic.structure import Structure

EDGE_STRENGTH = 0.6  # partial correlation from which a prescribed dependence costs nothing
# Share of the variance of a code that can be recovered, given its parents, from which more gains
# nothing. Codes that are still easier to recover cost the generated rows some of their variety.
RECOVERY = 0.85
_EPS = 1e-3  # bounds every term of the loss
_RIDGE = 1e-5  # relative to a variance of 1: solves with collinear inferred codes, too
_FLOOR = 1e-6  # residuals of a smaller variance count as uncorrelated


@dataclass(frozen=True)
class StructureLoss:
    """A loss and its parts, each a scalar tensor; the loss is the sum of the parts."""

    loss: Tensor
    nodes: Tensor
    edges: Tensor
    non_edges: Tensor

    def parts(self) -> dict[str, Tensor]:
        """Detached values by name."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self)}


def structure_loss(codes: Tensor, inferred_codes: Tensor, structure: Structure) -> StructureLoss:
    """Score of the linear-Gaussian Bayesian network that fits a batch best.

    - Node j: ``½ log((1 − ρ + ε) / (1 − ρ° + ε))``, but at least 0, with ρ the partial correlation
      of the inferred code j and its own code given the inferred codes of its parents: what the code
      adds to the likelihood of the inferred one. It is 0 when the code explains ρ°² = `RECOVERY` of
      what the parents leave, and largest when it explains nothing, as for a child that only
      combines the inferred codes of its parents. The likelihood has 1 − ρ² in place of 1 − ρ, but
      that is flat at ρ = 0, where the training starts.
    - Edge: ``½ log((1 − ρ² + ε) / (1 − ρ*² + ε))``, but at least 0, with ρ the partial correlation
      of the two inferred codes given the child's other parents and ρ* = `EDGE_STRENGTH`.
    - Non-edge: ``−½ log((1 − ρ² + ε) / (1 + ε))``, with ρ given the parents of the later code.
      0 when ρ is 0.

    Each part is a sum divided by m, so that its size does not grow with the number of codes.

    Parameters
    ----------
    codes : Tensor of shape (n, m), n >= 1
        The codes that the generator received.
    inferred_codes : Tensor of shape (n, m)
        The codes inferred from the generated rows. Shifting a column or scaling it by a positive
        factor changes nothing; a constant column explains nothing and has no gradient.
    structure : Structure
    """
    m, n_edges = inferred_codes.shape[1], len(structure.edges)
    # Half precision cannot tell an R² of .999 from 1.
    with torch.autocast(inferred_codes.device.type, enabled=False):
        z = _standardised(torch.cat([codes.to(inferred_codes), inferred_codes], 1))
        chosen, target, has_predictors = _regressions(structure, z.dtype, z.device)
        if has_predictors:
            left = _residuals(z, chosen, target)
        else:  # of each pair all is left
            left = z @ target
        covariance, variance = left.prod(2).mean(1), left.square().mean(1)
        rho = covariance / (variance + _FLOOR).prod(1).sqrt()
        apart = 1 - rho.square()
        edges, non_edges = apart[m:].tensor_split([n_edges])
        node_terms = ((1 - rho[:m] + _EPS) / (1 - RECOVERY**0.5 + _EPS)).log().relu() / 2
        edge_terms = ((edges + _EPS) / (1 - EDGE_STRENGTH**2 + _EPS)).log().relu() / 2
        non_edge_terms = -((non_edges + _EPS) / (1 + _EPS)).log() / 2
        parts = [terms.sum() / m for terms in (node_terms, edge_terms, non_edge_terms)]
    return StructureLoss(sum(parts[1:], parts[0]), *parts)


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss of realness (n,), above 0 for real; the generator's is ``-fake.mean()``.

    References
    ----------
    Lim and Ye, Geometric GAN, 2017, Eq. 14.
    """
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


def squared_slopes(x: Tensor, realness: Tensor) -> Tensor:
    """Squared norms (n,) of the gradient of realness (n,) at real rows x (n, ...).

    Their mean is a penalty that keeps the training of a GAN stable.

    References
    ----------
    Mescheder, Geiger, Nowozin, Which training methods for GANs do actually converge?, ICML 2018,
    Eq. 9, without its factor of 1/2.
    """
    (slope,) = torch.autograd.grad(realness.sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(1)


def _standardised(x: Tensor) -> Tensor:
    """Columns with mean 0 and variance 1, in float32 at least; a constant column becomes 0."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    centred = x - x.mean(0)
    peak = centred.detach().abs().amax(0)
    constant = peak <= 16 * torch.finfo(x.dtype).eps * x.detach().abs().amax(0)
    # Dividing by the peak first keeps the squares of tiny and of huge values finite.
    centred = (centred / peak.masked_fill(constant, 1)).masked_fill(constant, 0)
    return centred / centred.square().mean(0).masked_fill(constant, 1).sqrt()


@lru_cache(maxsize=8)
def _regressions(
    structure: Structure, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor, bool]:
    """What is regressed on what for every node, edge and non-edge, in this order.

    Returns
    -------
    chosen : Tensor of shape (q, 2 m)
        1 for the predictors, among the codes and then the inferred codes.
    target : Tensor of shape (q, 2 m, 2)
        1 for the two variables that are regressed on them.
    has_predictors : bool
        Whether there are any.
    """
    m = len(structure.names)
    nodes = [(j, m + j, [m + p for p in own]) for j, own in enumerate(structure.parents)]
    pairs = [
        (m + a, m + b, [m + p for p in structure.given(a, b)])
        for a, b in (*structure.edges, *structure.non_edges)
    ]
    regressions = [*nodes, *pairs]
    chosen, target = torch.zeros(len(regressions), 2 * m), torch.zeros(len(regressions), 2 * m, 2)
    for row, (first, second, predictors) in enumerate(regressions):
        chosen[row, predictors] = 1
        target[row, first, 0] = target[row, second, 1] = 1
    return chosen.to(device, dtype), target.to(device, dtype), bool(chosen.any())


def _residuals(z: Tensor, chosen: Tensor, target: Tensor) -> Tensor:
    """What is left of two variables after regression on some others.

    Parameters
    ----------
    z : Tensor of shape (n, k)
        Standardised variables.
    chosen, target : Tensor of shapes (q, k) and (q, k, 2)
        As from :func:`_regressions`.

    Returns
    -------
    Tensor of shape (q, n, 2)
    """
    gram = z.T @ z / len(z)
    # Rows and columns that are not predictors become those of the identity: all regressions are
    # then of one size and are solved together.
    within = chosen[:, :, None] * chosen[:, None, :] * gram + torch.diag_embed(1 - chosen + _RIDGE)
    # Without the check for singular matrices, which the ridge excludes and a GPU would wait for.
    coefficients, _ = torch.linalg.solve_ex(within, chosen[:, :, None] * (gram @ target))
    # Their covariance would follow from the Gram matrix alone, but, with predictors that are nearly
    # collinear, as a small difference of large numbers.
    return z @ (target - coefficients)
