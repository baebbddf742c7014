"""A network that somebody else has built, and perhaps trained, as the trunk for images."""

from __future__ import annotations

import copy
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from equipoise.errors import InvalidParameterError, counted
from equipoise.networks.mlp import USUAL_WIDTH

TIMM = "timm:"  # before the name of a model of timm


class BackboneError(InvalidParameterError):
    """A given backbone cannot be had, or does not map images to features."""


class Backbone(nn.Module):
    """A given module as a trunk: maps images ``(n, channels, height, width)`` to features.

    The images are brought into the form that the module wants: grey ones are repeated if its first
    convolution has three channels. If it has the ``pretrained_cfg`` of timm, they are scaled to
    the size that it was trained with, bilinearly and without regard to their proportions, and
    normalised by its mean and standard deviation.

    Parameters
    ----------
    module : torch.nn.Module or str
        A module is copied, to the CPU and in float32. ``"timm:NAME"`` has random weights before
        :meth:`load_pretrained`.
    image_shape : tuple of int
        ``(height, width, channels)``.

    Attributes
    ----------
    out_features : int
        Number of features. Feature maps are averaged over their positions.
    frozen : bool
        Whether it stays as it is; see :meth:`freeze`.
    scale : Tensor
        Factor on the features, 1 before :meth:`rescale`.
    learning_rate : float
        Peak learning rate of its weights, to be set before the training.

    Raises
    ------
    BackboneError
        If there is no such model, or if it does not map two grey images to features.
    """

    mean: Tensor
    std: Tensor
    scale: Tensor

    def __init__(self, module: nn.Module | str, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.image_shape, self.frozen, self.learning_rate = image_shape, False, 0.0
        self.layout = torch.contiguous_format
        self.timm_name = module.removeprefix(TIMM) if isinstance(module, str) else None
        self.title = f"architecture={short(module)}"
        self.module = self._timm_model(pretrained=False) if self.timm_name else self._copy(module)
        height, width, channels = image_shape
        config: Any = getattr(self.module, "pretrained_cfg", None) or {}
        size = tuple(config.get("input_size", (channels, height, width))[1:])
        self.size = None if size == (height, width) else size
        convolutions = (m for m in self.module.modules() if isinstance(m, nn.Conv2d))
        first = next(convolutions, None)
        self.repeats = 3 if channels == 1 and first is not None and first.in_channels == 3 else 1
        for name, default in (("mean", 0.0), ("std", 1.0)):
            value = torch.tensor(config.get(name, default)).reshape(-1, 1, 1)
            if len(value) != channels * self.repeats:  # such as a variant for grey images
                value = value.mean(0, keepdim=True)
            self.register_buffer(name, value)
        self.register_buffer("scale", torch.ones(()))
        self.eval()
        # Convolutions are fastest with the channels last, but a module that calls view() needs the
        # usual order.
        try:
            self.layout = torch.channels_last
            self.out_features = self.float()._features_of(2)
        except BackboneError:
            self.layout = torch.contiguous_format
            self.out_features = self.float()._features_of(2)
        self.train()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the features, ``(n, out_features)``.

        Rows ``(n, values)`` instead of images begin with features that are known already.
        """
        if x.ndim == 2:
            return x[:, : self.out_features]
        images = x.expand(-1, self.repeats, -1, -1) if self.repeats > 1 else x
        if self.size is not None:
            images = F.interpolate(images, self.size, mode="bilinear", antialias=True)
        images = ((images - self.mean) / self.std).contiguous(memory_format=self.layout)
        return self.scale * self._pooled(self.module(images)).to(x)

    def _apply(self, *arguments: Any, **keywords: Any) -> Self:
        super()._apply(*arguments, **keywords)
        for parameter in self.parameters():
            if parameter.ndim == 4:  # which to() may have put in another order
                parameter.data = parameter.data.contiguous(memory_format=self.layout)
        return self

    def train(self, mode: bool = True) -> Self:
        """Change the mode, unless the backbone is frozen: then it is always evaluation."""
        return super().train(mode and not self.frozen)

    def freeze(self) -> None:
        """Keep the weights, and the statistics of batch normalisation, as they are."""
        self.frozen = True
        self.requires_grad_(False).eval()

    def load_pretrained(self) -> None:
        """Get the pretrained weights of a model of timm. A given module has weights of its own.

        Raises
        ------
        BackboneError
            If there are none, or they can be neither downloaded nor found in the cache.
        """
        if self.timm_name:
            self.module = self._timm_model(pretrained=True)
            if self.frozen:
                self.freeze()

    def rescale(self, features: Tensor) -> None:
        """Scale the features so that the usual learning rates suit the layer after them.

        A step of Adam changes every weight of the layer alike, whatever the number and the spread
        of the features are.

        Parameters
        ----------
        features : Tensor of shape (n, out_features)
            Those of some images, as they are now.
        """
        spread = features.std(0).mean()
        if spread > 0:
            self.scale *= min(1.0, USUAL_WIDTH / self.out_features) / spread

    def check_training(self, n: int) -> None:
        """Check that a copy maps a batch of ``n`` images to features in training mode, too.

        Raises
        ------
        BackboneError
            If it fails, as batch normalisation of a single value does.
        """
        copy.deepcopy(self).train()._features_of(n)

    def _features_of(self, n: int) -> int:
        """Number of features that come out for ``n`` grey images, in the present mode."""
        height, width, channels = self.image_shape
        images = torch.full((n, channels, height, width), 0.5)
        what = f"{counted(n, 'image')} of shape {tuple(images.shape[1:])}"
        if self.training:
            what += " in training mode"
        try:
            with torch.no_grad():
                features = self(images)
        except BackboneError:
            raise
        except Exception as error:
            raise BackboneError(
                f"{self.title} fails on {what}: {type(error).__name__}: {error} Pass a module "
                "that maps float images (n, channels, height, width) to features (n, d)."
            ) from error
        if len(features) != n:
            raise BackboneError(
                f"{self.title} returns {counted(len(features), 'row')} of features for {what}. "
                "Pass a module that returns one row per image."
            )
        return features.shape[1]

    def _pooled(self, features: Any) -> Tensor:
        """Features (n, d), from those or from maps (n, d, height, width)."""
        if isinstance(features, Tensor) and features.is_floating_point():
            if features.ndim == 4:
                return features.mean((2, 3))
            if features.ndim == 2:
                return features
        what = f"a {type(features).__name__}"
        if isinstance(features, Tensor):
            what = f"a tensor of shape {tuple(features.shape)} and {features.dtype}"
        raise BackboneError(
            f"{self.title} returns {what}. Pass a module that returns one float tensor of features "
            "(n, d) or feature maps (n, d, height, width)."
        )

    def _copy(self, module: Any) -> nn.Module:
        try:
            return copy.deepcopy(module).to("cpu", torch.float32)
        except Exception as error:
            raise BackboneError(
                f"{self.title} cannot be copied: {type(error).__name__}: {error} Pass a module "
                "that copy.deepcopy can copy, because the fit trains a copy of it."
            ) from error

    def _timm_model(self, pretrained: bool) -> nn.Module:
        try:
            import timm
        except (ImportError, RuntimeError) as error:  # the latter is torchvision's
            raise BackboneError(
                f"{self.title} needs timm, which cannot be imported: {error} Install it by pip "
                "install 'equipoise[timm]'. It needs a torchvision of the same build as torch."
            ) from error
        try:
            return timm.create_model(self.timm_name, pretrained=pretrained, num_classes=0)
        except Exception as error:  # of many kinds, such as those of the network
            remedy = "Pass a name out of timm.list_models()"
            if pretrained:
                remedy = (
                    "They are downloaded once, to the cache of Hugging Face that HF_HOME names, "
                    "which can be copied from another machine. For random weights, pass the module "
                    f"timm.create_model({self.timm_name!r}, num_classes=0)"
                )
            what = "pretrained weights are" if pretrained else "model is"
            raise BackboneError(
                f"{self.title}: the {what} not to be had: {type(error).__name__}: {error} {remedy}."
            ) from error


def short(architecture: object) -> str:
    """What an error calls an architecture: the name of its class if it is a module."""
    is_module = isinstance(architecture, nn.Module)
    return f"{type(architecture).__name__}(...)" if is_module else repr(architecture)


def backbone_of(network: nn.Module) -> Backbone | None:
    """The given backbone in a network, if there is one."""
    return next((m for m in network.modules() if isinstance(m, Backbone)), None)
