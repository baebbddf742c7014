"""Dense backbones for numeric rows."""

from __future__ import annotations

from torch import nn


def _hidden_layer(n_in: int, n_out: int) -> nn.Sequential:
    # Layer normalisation, unlike batch normalisation, also works for a batch of one row.
    return nn.Sequential(nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.ReLU(inplace=True))


class MLPTrunk(nn.Sequential):
    """Two hidden layers, from ``(n, n_features)`` to ``(n, out_features)``."""

    def __init__(self, n_features: int, width: int = 128) -> None:
        super().__init__(_hidden_layer(n_features, width), _hidden_layer(width, width))
        self.out_features = width


class MLPDecoder(nn.Sequential):
    """Two hidden layers and a linear layer, from ``(n, latent_dim)`` to ``(n, n_features)``."""

    def __init__(self, latent_dim: int, n_features: int, width: int = 128) -> None:
        super().__init__(
            _hidden_layer(latent_dim, width),
            _hidden_layer(width, width),
            nn.Linear(width, n_features),
        )
