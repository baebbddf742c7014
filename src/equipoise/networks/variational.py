"""Gaussian codes, and the networks of a variational autoencoder with a classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from equipoise.networks import build_decoder, build_trunk


def moments(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Split parameters of shape (..., 2 K) into mean and log-variance of shape (..., K)."""
    mean, log_variance = parameters.chunk(2, -1)
    return mean, log_variance.clamp(-10, 5)


def draw_codes(
    mean: Tensor, log_variance: Tensor, generator: torch.Generator, n_codes: int | None = None
) -> Tensor:
    """Draw codes from Gaussians with moments of shape (..., K), one from each of them.

    With ``n_codes`` the moments have the shape (n, 1, K) or (n, n_codes, K), and the result has
    (n, n_codes, K).
    """
    shape = mean.shape if n_codes is None else (len(mean), n_codes, mean.shape[-1])
    noise = torch.randn(shape, generator=generator, device=generator.device).to(mean)
    return mean + torch.exp(log_variance / 2) * noise


class VariationalClassifier(nn.Module):
    """Recognition model q(z|x), decoder p(x|z) and linear classifier of codes.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes, latent_dim : int
    architecture : {"compact", "paper"}
    """

    def __init__(
        self, input_shape: tuple[int, ...], n_classes: int, latent_dim: int, architecture: str
    ) -> None:
        super().__init__()
        self.trunk = build_trunk(input_shape, architecture)
        self.to_moments = nn.Linear(self.trunk.out_features, 2 * latent_dim)
        self.decoder = build_decoder(latent_dim, input_shape, architecture)
        self.head = nn.Linear(latent_dim, n_classes)

    def moments(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), of shape (n, K), from the features of the trunk."""
        return moments(self.to_moments(features))
