"""Backbones shared by all methods: convolutional for images, dense for tables."""

from __future__ import annotations

from torch import nn

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
    input_shape: tuple[int, ...], architecture: str, spatial: bool = False, n_embedded: int = 0
) -> CompactTrunk | ResidualTrunk | PaperTrunk | MLPTrunk:
    """Build the feature extractor for images or rows of a table.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of an image or ``(n_features,)`` of a row of a table.
    architecture : {"compact", "paper"}
        Ignored for tables. The compact trunk has residual blocks for colour images of more than 16
        pixels; grey digits and clothes are classified no better with them.
    spatial : bool, default=False
        Whether the compact trunk keeps the features of all positions, as the paper trunk does,
        or averages them.
    n_embedded : int, default=0
        Number of columns of a table, the first ones, that are normal scores to be embedded.

    Returns
    -------
    torch.nn.Module
        It maps a batch to features of shape ``(n, module.out_features)``.
    """
    if len(input_shape) == 1:
        return MLPTrunk(input_shape[0], n_embedded)
    if architecture == "paper":
        return PaperTrunk(input_shape)
    is_photograph = input_shape[2] > 1 and min(input_shape[:2]) > 16
    return (ResidualTrunk if is_photograph else CompactTrunk)(input_shape, spatial)


def build_decoder(latent_dim: int, output_shape: tuple[int, ...], architecture: str) -> nn.Module:
    """Build the generator of inputs from codes, the counterpart of :func:`build_trunk`.

    The values of images are in [0, 1], and those of rows of a table are unbounded.
    """
    if len(output_shape) == 1:
        return MLPDecoder(latent_dim, output_shape[0])
    decoder = CompactDecoder if architecture == "compact" else PaperDecoder
    return decoder(latent_dim, output_shape)
