"""Dense backbones for rows of numbers."""

from __future__ import annotations

from torch import nn


def _hidden(n_in: int, n_out: int) -> nn.Sequential:
    # Layer rather than batch normalisation: a batch of one row must be possible.
    return nn.Sequential(nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.ReLU(inplace=True))


class MLPTrunk(nn.Sequential):
    """Two hidden layers; ``(n, n_features)`` → ``(n, out_features)``."""

    def __init__(self, n_features: int, width: int = 128) -> None:
        super().__init__(_hidden(n_features, width), _hidden(width, width))
        self.out_features = width


class MLPDecoder(nn.Sequential):
    """Two hidden layers and a linear output; ``(n, latent_dim)`` → ``(n, n_features)``."""

    def __init__(self, latent_dim: int, n_features: int, width: int = 128) -> None:
        super().__init__(
            _hidden(latent_dim, width), _hidden(width, width), nn.Linear(width, n_features)
        )
