"""Backbones shared by all methods: convolutional for images, dense for tables."""

from __future__ import annotations

from torch import nn

from equipoise.networks.backbone import TIMM, Backbone
from equipoise.networks.conv import (
    CompactDecoder,
    CompactTrunk,
    PaperDecoder,
    PaperTrunk,
    ResidualTrunk,
)
from equipoise.networks.mlp import MLPDecoder, MLPTrunk

__all__ = ["build_decoder", "build_trunk"]


def build_trunk(
    input_shape: tuple[int, ...],
    architecture: str | nn.Module,
    spatial: bool = False,
    n_embedded: int = 0,
    wide: bool = False,
) -> CompactTrunk | ResidualTrunk | PaperTrunk | MLPTrunk | Backbone:
    """Build the feature extractor for images or rows of a table.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of an image or ``(n_features,)`` of a row of a table.
    architecture : {"compact", "paper"}, "timm:NAME" or torch.nn.Module
        Ignored for tables. The last two are described in
        :class:`~equipoise.networks.backbone.Backbone`. The compact trunk has
        residual blocks for colour images of more than 16 pixels; grey digits and clothes are
        classified no better with them.
    spatial : bool, default=False
        Whether the compact trunk keeps the features of all positions, as the paper trunk does,
        or averages them.
    n_embedded : int, default=0
        Number of columns of a table, the first ones, that are normal scores to be embedded.
    wide : bool, default=False
        Whether a table has so many numbers that they are not embedded.

    Returns
    -------
    torch.nn.Module
        It maps a batch to features of shape ``(n, module.out_features)``.
    """
    if len(input_shape) == 1:
        return MLPTrunk(input_shape[0], n_embedded, wide)
    if architecture == "paper":
        return PaperTrunk(input_shape)
    if isinstance(architecture, nn.Module) or architecture.startswith(TIMM):
        return Backbone(architecture, input_shape)
    is_photograph = input_shape[2] > 1 and min(input_shape[:2]) > 16
    return (ResidualTrunk if is_photograph else CompactTrunk)(input_shape, spatial)


def build_decoder(
    latent_dim: int, output_shape: tuple[int, ...], architecture: str | nn.Module
) -> nn.Module:
    """Build the generator of inputs from codes, the counterpart of :func:`build_trunk`.

    The values of images are in [0, 1], and those of rows of a table are unbounded. A backbone that
    is given has the compact decoder.
    """
    if len(output_shape) == 1:
        return MLPDecoder(latent_dim, output_shape[0])
    decoder = PaperDecoder if architecture == "paper" else CompactDecoder
    return decoder(latent_dim, output_shape)
