"""The networks of the plain classifier: features, and a head that computes logits."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.networks import build_trunk
from equipoise.preprocessing.tables import Layout

COSINE_SCALE = 30.0  # logits per unit of cosine, as in LDAM's release


class CosineLinear(nn.Linear):
    """Logits that are ``COSINE_SCALE`` times the cosine between features and class weights.

    Parameters
    ----------
    in_features, n_classes : int
    """

    def __init__(self, in_features: int, n_classes: int) -> None:
        super().__init__(in_features, n_classes, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        # The scale would magnify the rounding errors of a cosine in bfloat16.
        with torch.autocast(features.device.type, enabled=False):
            features = F.normalize(features.to(self.weight), dim=1)
            return COSINE_SCALE * F.linear(features, F.normalize(self.weight, dim=1))


class ClassifierNetwork(nn.Sequential):
    """Features and a head: maps inputs ``(n, *input)`` to logits ``(n, n_classes)``.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` or ``(n_features,)``.
    n_classes : int
    architecture : {"compact", "paper"}, "timm:NAME" or torch.nn.Module
        ``"paper"`` is the classifier of He et al. (IJCAI 2021): 5×5 convolutions to 32 and to
        64 channels, each pooled, dropout, a layer of 1000 units. Ignored for tables.
    cosine : bool, default=False
        Whether the last layer is a :class:`CosineLinear`.
    layout : Layout, default=None
        Positions of the columns of a table, None for images.

    Attributes
    ----------
    dropout : float
        Dropout rate of the features before the head in training. It is not a layer, because those
        of torch draw from the global generator.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        architecture: str | nn.Module,
        cosine: bool = False,
        layout: Layout | None = None,
    ) -> None:
        last = CosineLinear if cosine else nn.Linear
        if architecture == "paper" and len(input_shape) == 3:
            height, width, channels = input_shape
            layers = [*_conv_and_pool(channels, 32), *_conv_and_pool(32, 64), nn.Flatten()]
            n_features = 64 * math.ceil(height / 4) * math.ceil(width / 4)
            super().__init__(
                nn.Sequential(*layers),
                nn.Sequential(
                    nn.Linear(n_features, 1000), nn.ReLU(inplace=True), last(1000, n_classes)
                ),
            )
            self.dropout = 0.5
        else:
            wide = layout is not None and layout.is_wide
            trunk = build_trunk(input_shape, architecture, wide=wide)
            super().__init__(trunk, last(trunk.out_features, n_classes))
            self.dropout = 0.0

    def representation(self, x: Tensor) -> Tensor:
        """Compute the inputs of the last layer, ``(n, n_features)``."""
        to_features, head = self
        hidden = head[:-1] if isinstance(head, nn.Sequential) else nn.Identity()
        return hidden(to_features(x))


def _conv_and_pool(n_in: int, n_out: int) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),  # a single pixel remains a single pixel
    ]
