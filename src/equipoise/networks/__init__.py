"""Backbones that the methods share: convolutions for images, dense layers for tables."""

from __future__ import annotations

from torch import nn

from equipoise.networks.conv import (
    CompactDecoder,
    CompactTrunk,
    PaperDecoder,
    PaperTrunk,
)
from equipoise.networks.mlp import MLPDecoder, MLPTrunk

__all__ = ["build_decoder", "build_trunk"]


def build_trunk(
    input_shape: tuple[int, ...], architecture: str, spatial: bool = False
) -> CompactTrunk | PaperTrunk | MLPTrunk:
    """Feature extractor for one kind of input.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of an image or ``(n_features,)`` of a table's row.
    architecture : {"compact", "paper"}
        Ignored for tables.
    spatial : bool, default=False
        Whether the compact trunk keeps the features of all positions, as the paper's does.

    Returns
    -------
    torch.nn.Module
        Maps a batch to ``(n, module.out_features)``.
    """
    if len(input_shape) == 1:
        return MLPTrunk(input_shape[0])
    if architecture == "paper":
        return PaperTrunk(input_shape)
    return CompactTrunk(input_shape, spatial)


def build_decoder(latent_dim: int, output_shape: tuple[int, ...], architecture: str) -> nn.Module:
    """Generator of inputs from codes, the mirror of :func:`build_trunk`.

    Images come out in [0, 1], rows of a table unbounded.
    """
    if len(output_shape) == 1:
        return MLPDecoder(latent_dim, output_shape[0])
    decoder = CompactDecoder if architecture == "compact" else PaperDecoder
    return decoder(latent_dim, output_shape)
