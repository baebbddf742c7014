"""The modules of DGC: trunk, recognition model, decoder and classifier on codes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.dgc.drawing import Drawing
from equipoise.networks import build_decoder, build_trunk
from equipoise.networks.backbone import Backbone
from equipoise.networks.columns import ColumnBlocks
from equipoise.preprocessing.tables import Layout

# Scale of the label's influence on the code. In the authors' release the label is added to 4096
# features and the learning rate is 1e-5, so that a code depends little on its label. With the
# larger steps of the compact networks the codes would reveal the label to the classifier.
LABEL_SCALE = 0.02
# With a given backbone, larger images are decoded at this size and scaled up. Otherwise the decoder
# would take more time than features that are known already save.
MOST_DECODED = 64


class DGCNetwork(nn.Module):
    """p(z) p(x|z) p(y|z) with recognition model q(z|x, y).

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes : int
    latent_dim : int
        Size K of a code.
    architecture : {"compact", "paper"}, "timm:NAME" or torch.nn.Module
    head : {"linear", "mlp"}
        p(y|z): a linear layer, or hidden layers of 500 and 500 units (paper, CelebA).
    spatial : bool, default=False
        Whether the compact trunk keeps the features of all positions.
    layout : Layout, default=None
        Positions of the columns of a table, None for images.
    draws : bool, default=False
        Whether there is an autoencoder beside the classifier that learns to draw images.
    """

    blocks: ColumnBlocks | None
    spread: Tensor  # for a table: standard deviation of the decoder's errors, set after training

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        latent_dim: int,
        architecture: str | nn.Module,
        head: str,
        spatial: bool = False,
        layout: Layout | None = None,
        draws: bool = False,
    ) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.label_scale = 1.0 if architecture == "paper" else LABEL_SCALE
        wide = layout is not None and layout.is_wide
        n_embedded = 0 if layout is None or wide else layout.n_numeric
        self.trunk = build_trunk(input_shape, architecture, spatial, n_embedded, wide)
        # The paper has a linear layer of 4096 units in between. All is affine in the features and
        # the label, so that a label only shifts the parameters of q(z|x, y).
        width = 4096 if architecture == "paper" else 2 * latent_dim
        self.from_features = nn.Linear(self.trunk.out_features, width)
        self.from_label = nn.Linear(n_classes, width, bias=False)
        nn.init.zeros_(self.from_label.weight)  # labels have no influence before the training
        self.to_moments = (
            nn.Linear(width, 2 * latent_dim, bias=False)
            if architecture == "paper"
            else nn.Identity()
        )
        self.size: tuple[int, ...] | None = None  # of images, if they are decoded at a smaller one
        decoded_shape = input_shape
        if isinstance(self.trunk, Backbone) and max(input_shape[:2]) > MOST_DECODED:
            self.size = input_shape[:2]
            sides = (max(1, round(n * MOST_DECODED / max(self.size))) for n in self.size)
            decoded_shape = (*sides, input_shape[2])
        self.decoder = build_decoder(latent_dim, decoded_shape, architecture)
        self.decoded_size = decoded_shape[:2]
        self.blocks = None if layout is None else ColumnBlocks(*layout)
        if self.blocks is not None:
            self.register_buffer("spread", torch.ones(self.blocks.n_numeric))
        # Where the codes of each class lie, for sampling: set after training.
        self.register_buffer("code_mean", torch.zeros(n_classes, latent_dim))
        self.register_buffer("code_factor", torch.zeros(n_classes, latent_dim, latent_dim))
        self.head: nn.Module = nn.Linear(latent_dim, n_classes)
        if head == "mlp":
            self.head = nn.Sequential(
                nn.Linear(latent_dim, 500),
                nn.ReLU(inplace=True),
                nn.Linear(500, 500),
                nn.ReLU(inplace=True),
                nn.Linear(500, n_classes),
            )
        # The last module, so that the others have the same initial weights with and without it.
        self.drawing = Drawing(input_shape) if draws else None

    def recognise(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Parameters of q(z|x) without a label, and the shift that each label adds.

        Returns
        -------
        base : Tensor of shape (n, 2 K)
        shifts : Tensor of shape (n_classes, 2 K)
        """
        return self.parameters_of(self.trunk(x)), self.label_shifts()

    def targets(self, x: Tensor) -> Tensor:
        """What the decoder reconstructs of inputs, flattened: (n, n_values)."""
        if x.ndim == 2 and isinstance(self.trunk, Backbone):  # features, then targets
            return x[:, self.trunk.out_features :]
        if self.size is not None:
            x = F.interpolate(x, self.decoded_size, mode="bilinear", antialias=True)
        return x.flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Decode codes (n, K) to the shape of the inputs, (n, *input)."""
        rows = self.decoder(codes)
        if self.size is None:
            return rows
        return F.interpolate(rows, self.size, mode="bilinear", align_corners=False)

    def parameters_of(self, features: Tensor) -> Tensor:
        """Parameters of q(z|x), (n, 2 K), from the trunk's features (n, out_features)."""
        return self.to_moments(self.from_features(features))

    def label_shifts(self) -> Tensor:
        """Shift of the parameters of q(z|x) by each label: (n_classes, 2 K)."""
        return self.label_scale * self.to_moments(self.from_label.weight.T)

    def encoder(self) -> list[nn.Module]:
        """The modules of q(z|x, y)."""
        return [self.trunk, self.from_features, self.from_label, self.to_moments]
