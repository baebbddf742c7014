"""Training rows as the features of a frozen backbone, which are computed once."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from equipoise.errors import counted
from equipoise.networks.backbone import Backbone, backbone_of
from equipoise.preprocessing import EncodedRows
from equipoise.training.blockwise import evaluate_blockwise


class FrozenRows(EncodedRows):
    """Images as inputs of a network whose backbone is frozen.

    An input begins with the features of the image. If the network has a decoder, what it
    reconstructs follows. Both are computed when they are needed for the first time; the latter is
    kept in bytes, which take less memory than the images of a user.

    Parameters
    ----------
    inputs : EncodedRows
        The images.
    network : torch.nn.Module
        It contains a frozen :class:`~equipoise.networks.backbone.Backbone`, and may have a method
        ``targets`` from images to what its decoder reconstructs, in [0, 1].
    verbose : bool
        Whether to report that the features are computed.
    """

    def __init__(self, inputs: EncodedRows, network: Any, verbose: bool) -> None:
        super().__init__(inputs.codec, inputs.rows)
        self.inputs, self.network, self.verbose = inputs, network, verbose

    def __getitem__(self, index: slice | np.ndarray) -> Tensor:
        features = self._features[index]
        if self._targets is None:
            return features
        return torch.cat([features, self._targets[index].float() / 255], 1)

    @cached_property
    def _features(self) -> Tensor:
        if self.verbose:
            n = len(self.rows)
            print(f"computing the features of {counted(n, 'image')}", file=sys.stderr, flush=True)
        hidden = not (self.verbose and sys.stderr.isatty())
        with tqdm(total=len(self.rows), unit="image", leave=False, disable=hidden) as bar:

            def features(backbone: Backbone, x: Tensor) -> Tensor:
                bar.update(len(x))
                return backbone(x)

            return torch.from_numpy(evaluate_blockwise(self._backbone, self.inputs, features))

    @cached_property
    def _targets(self) -> Tensor | None:
        if not hasattr(self.network, "targets"):
            return None

        def in_bytes(_: Backbone, x: Tensor) -> Tensor:
            return (255 * self.network.targets(x)).round().to(torch.uint8)

        return torch.from_numpy(evaluate_blockwise(self._backbone, self.inputs, in_bytes))

    @property
    def _backbone(self) -> Backbone:
        # It alone is evaluated: that would take the rest of the network out of training mode.
        backbone = backbone_of(self.network)
        assert backbone is not None
        return backbone
