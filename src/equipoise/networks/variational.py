"""Codes that are Gaussians, and the networks of an autoencoder that has them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from equipoise.networks import build_decoder, build_trunk


def moments(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance, each (..., K), of parameters (..., 2 K)."""
    mean, log_variance = parameters.chunk(2, -1)
    return mean, log_variance.clamp(-10, 5)


def draw_codes(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """One code of every Gaussian, all of shape (..., K); noise comes from the CPU."""
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    return mean + torch.exp(log_variance / 2) * noise


class VariationalClassifier(nn.Module):
    """Recognition model q(z|x), generator p(x|z) and linear scores of the classes.

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
        """Mean and log-variance of q(z|x), each (n, K), from the trunk's features."""
        return moments(self.to_moments(features))
