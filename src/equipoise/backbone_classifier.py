"""What classifiers of images share: a backbone that may be given, and augmentation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from equipoise import persistence
from equipoise.base_classifier import DeepClassifier
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.networks.backbone import TIMM, backbone_of, short
from equipoise.networks.seeding import Seeded
from equipoise.parameters import BOOLEAN, Constraint, Instance, Methods, Number, OneOf, Prefixed
from equipoise.preprocessing import EncodedRows
from equipoise.training import DataSpec, FitContext
from equipoise.training.augment import (
    AUGMENTATIONS,
    LEAST_PIXELS,
    SYMMETRIC,
    Augmentation,
    GivenAugmentation,
    augment,
    mirror_asymmetry,
)
from equipoise.training.blockwise import evaluate_blockwise
from equipoise.training.deformations import Deformations
from equipoise.training.frozen import FrozenRows

COMPARED = 64  # images of a class that are compared with their mirror images
SOME_IMAGES = 128  # whose features show how far features spread


class BackboneClassifier(DeepClassifier):
    """Template of a classifier whose backbone for images may be given, and frozen.

    A subclass has the parameters ``architecture``, ``freeze_backbone``, ``backbone_learning_rate``
    and ``augmentation``, and builds its network with
    :func:`~equipoise.networks.build_trunk`.
    """

    architecture: str | nn.Module
    freeze_backbone: bool
    backbone_learning_rate: float | str
    learning_rate: float
    augmentation: str | Callable[[Tensor], Tensor]

    # What augmentation="auto" is for images that are not like their mirror images.
    _augmentation_of_asymmetric: ClassVar[str] = "none"

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        **DeepClassifier._constraints,
        "architecture": [
            OneOf(("compact", "paper")),
            Prefixed(TIMM),
            Instance((nn.Module,), "a torch.nn.Module"),
        ],
        "freeze_backbone": [BOOLEAN],
        "augmentation": [
            OneOf(AUGMENTATIONS),
            Methods(("__call__",), "a function from images to images"),
        ],
        "backbone_learning_rate": [OneOf(("auto",)), Number(0, open_low=True)],
    }

    def _check_before_training(self, fit: FitContext) -> dict[str, Any]:
        name = type(self).__name__
        given = not isinstance(self.architecture, str) or self.architecture.startswith(TIMM)
        if given and fit.is_table:
            raise InvalidInputError(
                f"{name}: architecture={short(self.architecture)} is a network for images, but X "
                "is a table. Pass images, or leave out architecture; flat images need image_shape."
            )
        if self.freeze_backbone and not given:
            raise InvalidParameterError(
                f"{name}: freeze_backbone=True keeps architecture={self.architecture!r} as it is, "
                "which is not trained yet. Set architecture to a trained torch.nn.Module or to "
                "'timm:NAME', or freeze_backbone=False."
            )
        if self.augmentation not in ("auto", "none"):
            chosen = f"{name}: augmentation={short(self.augmentation)}"
            if fit.is_table:
                raise InvalidParameterError(
                    f"{chosen} changes images, but X is a table. Set "
                    "augmentation='none' or, for flat images, image_shape=(height, width)."
                )
            if self.freeze_backbone:
                raise InvalidParameterError(
                    f"{chosen} changes the images in each epoch, but with freeze_backbone=True "
                    "their features are computed once. Set augmentation='none' or "
                    "freeze_backbone=False."
                )
        return super()._check_before_training(fit)

    def _new_network(self, spec: DataSpec, seed: int) -> nn.Module:
        network = super()._new_network(spec, seed)
        backbone = backbone_of(network)
        if backbone is not None:
            rate = self.backbone_learning_rate
            backbone.learning_rate = self.learning_rate / 10 if isinstance(rate, str) else rate
            if self.freeze_backbone:
                backbone.freeze()
        return network

    def _starting_network(self, fit: FitContext) -> nn.Module:
        network = super()._starting_network(fit)
        backbone = backbone_of(network)
        if backbone is None:
            return network
        with Seeded(fit.seed):  # weights, which are then replaced, and dropout
            if not self._continues():
                backbone.load_pretrained()
            if not backbone.frozen:
                smallest_batch = len(fit) // math.ceil(len(fit) / self._batch_size(fit))
                backbone.check_training(min(2, smallest_batch))
        if not self._continues():
            some = np.linspace(0, len(fit) - 1, SOME_IMAGES).astype(int)
            images = EncodedRows(fit.codec, fit.rows[np.unique(some)])
            backbone.to(fit.device)
            features = evaluate_blockwise(backbone, images, lambda backbone, x: backbone(x))
            backbone.rescale(torch.from_numpy(features))
        return network

    def _with_known_features(self, network: nn.Module, fit: FitContext) -> FitContext:
        if not self.freeze_backbone:
            return fit
        inputs, held_out = FrozenRows(fit.inputs, network, bool(self.verbose)), fit.held_out
        if held_out is not None:
            known = FrozenRows(held_out.inputs, network, verbose=False)
            held_out = held_out._replace(inputs=known)
        return replace(fit, inputs=inputs, held_out=held_out)

    def _augmentation(self, fit: FitContext) -> Augmentation:
        """What changes the images of a batch at random."""
        kind = self._chosen_augmentation(fit)
        if not isinstance(kind, str):
            given = GivenAugmentation(kind)
            given.check(fit.inputs[np.arange(min(2, len(fit)))].to(fit.device, torch.float32))
            return given
        if kind != "learned":
            return partial(augment, kind)
        return Deformations.learn(fit.inputs, fit.target, fit.seed, fit.device)

    def _chosen_augmentation(self, fit: FitContext) -> str | Callable[[Tensor], Tensor]:
        """The augmentation of a fit, for which ``"auto"`` looks at the training images."""
        if self.augmentation != "auto":
            return self.augmentation
        if fit.is_table or self.freeze_backbone or min(fit.codec.input_shape[:2]) < LEAST_PIXELS:
            return "none"
        asymmetries, sizes = [], []
        for label in range(len(fit.classes)):
            rows = np.flatnonzero(fit.target == label)[:COMPARED]
            if len(rows) > 1:
                asymmetries.append(mirror_asymmetry(fit.inputs[rows]))
                sizes.append(len(rows))
        symmetric = bool(sizes) and np.average(asymmetries, weights=sizes) < SYMMETRIC
        return "flip" if symmetric else self._augmentation_of_asymmetric

    def _params_to_save(self) -> dict[str, Any]:
        params = super()._params_to_save()
        if isinstance(self.architecture, nn.Module):
            params["architecture"] = {"module": type(self.architecture).__name__}
        if not isinstance(self.augmentation, str):  # is not needed any more
            params["augmentation"] = "none"
        return params

    @classmethod
    def load(cls, path: str | Path, backbone: nn.Module | None = None) -> Self:
        """Read an estimator that :meth:`save` wrote, without running any code from the folder.

        Parameters
        ----------
        path : str or Path
            Folder that :meth:`save` created.
        backbone : torch.nn.Module, default=None
            A module like the one that was the ``architecture`` of the saved estimator, if it was a
            module. A copy of it gets the weights that were saved.

        Raises
        ------
        InvalidInputError
            If the folder contains no saved estimator, or one of another class.
        InvalidParameterError
            If the estimator needs a backbone and none is passed, one is passed that it does not
            need, or the saved weights do not fit it.
        """
        return persistence.load(cls, Path(path), backbone)
