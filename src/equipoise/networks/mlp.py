"""Dense backbones for numeric rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

OUTERMOST = 3.5  # normal score at which the outermost pieces end
USUAL_WIDTH = 128  # number of inputs of a layer for which the default learning rates are made


def _hidden_layer(n_in: int, n_out: int, scale: float = 1.0) -> nn.Sequential:
    """A layer with its activation; its inputs will be multiplied by the scale."""
    linear = nn.Linear(n_in, n_out)
    with torch.no_grad():
        linear.weight.div_(scale)
    # Layer normalisation, unlike batch normalisation, also works for a batch of one row.
    return nn.Sequential(linear, nn.LayerNorm(n_out), nn.ReLU(inplace=True))


class PiecewiseLinear(nn.Module):
    """Embed every number by a piecewise linear function of its own.

    The pieces lie between quantiles of N(0, 1), as the numbers are normal scores. A network with
    this input finds sharp changes within a column sooner.

    Parameters
    ----------
    n_numbers : int
    n_pieces : int, default=16
    size : int, default=8
        Entries of the embedding of a number.

    References
    ----------
    Gorishniy, Rubachev, Babenko, On Embeddings for Numerical Features in Tabular Deep Learning,
    NeurIPS 2022.
    """

    start: Tensor
    width: Tensor

    def __init__(self, n_numbers: int, n_pieces: int = 16, size: int = 8) -> None:
        super().__init__()
        inner = torch.special.ndtri(torch.arange(1, n_pieces) / n_pieces)
        ends = torch.cat([torch.tensor([-OUTERMOST]), inner, torch.tensor([OUTERMOST])])
        self.register_buffer("start", ends[:-1], persistent=False)
        self.register_buffer("width", ends.diff(), persistent=False)
        limit = n_pieces**-0.5
        weight = torch.empty(n_numbers, n_pieces, size).uniform_(-limit, limit)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(n_numbers, size))

    def forward(self, x: Tensor) -> Tensor:
        """Map numbers (n, n_numbers) to embeddings (n, n_numbers * size)."""
        # Part of every piece that lies below the number: (n_numbers, n, n_pieces).
        covered = ((x.T[..., None] - self.start) / self.width).clamp_(0, 1)
        by_column = torch.baddbmm(self.bias[:, None], covered, self.weight)
        return torch.relu(by_column.transpose(0, 1).flatten(1))


class MLPTrunk(nn.Module):
    """Two hidden layers, from ``(n, n_features)`` to ``(n, out_features)``.

    Parameters
    ----------
    n_features : int
    n_embedded : int, default=0
        So many of the first features are normal scores, which the layers receive as embeddings,
        too.
    wide : bool, default=False
        Whether most features are numbers, and more than are embedded. The weights of the first
        layer then learn more slowly.
    width : int, default=128

    Attributes
    ----------
    input_dropout : float
        Rate at which the training has to drop inputs: 1/2 if ``wide``, otherwise 0.
    """

    def __init__(
        self, n_features: int, n_embedded: int = 0, wide: bool = False, width: int = 128
    ) -> None:
        super().__init__()
        self.embedding = PiecewiseLinear(n_embedded) if n_embedded else None
        n_in = n_features + (self.embedding.bias.numel() if self.embedding else 0)
        # A step of Adam changes every weight alike, and thus the sum over n inputs n times as much.
        self.scale = USUAL_WIDTH / n_in if wide else 1.0
        self.input_dropout = 0.5 if wide else 0.0
        self.layers = nn.Sequential(
            _hidden_layer(n_in, width, self.scale), _hidden_layer(width, width)
        )
        self.n_embedded, self.out_features = n_embedded, width

    def forward(self, x: Tensor) -> Tensor:
        """Compute the features of encoded rows."""
        if self.embedding is not None:
            x = torch.cat([x, self.embedding(x[:, : self.n_embedded])], 1)
        return self.layers(self.scale * x)


class MLPDecoder(nn.Sequential):
    """Two hidden layers and a linear layer, from ``(n, latent_dim)`` to ``(n, n_features)``."""

    def __init__(self, latent_dim: int, n_features: int, width: int = 128) -> None:
        super().__init__(
            _hidden_layer(latent_dim, width),
            _hidden_layer(width, width),
            nn.Linear(width, n_features),
        )
