"""A GAN of the published IMSIC repository, read from its checkpoint as tensors only.

The repository's own loader unpickles whatever a file holds, which can run any program. Here
nothing is built but tensors, containers, numbers, text and the namespace of settings.
"""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from equipoise.errors import InvalidInputError, counted
from equipoise.imsic.network import IMSICNetwork

# Released layer → ours. Our features begin with a rescaling, so their numbers are one higher.
LAYERS = {
    "generator.l1.0": "generator.body.expand",
    **{f"generator.conv_blocks.{i}": f"generator.body.grow.{i}" for i in (0, 2, 3, 6, 7, 9)},
    **{
        f"discriminator.conv_blocks.{i}": f"discriminator.features.{i + 1}"
        for i in (0, 3, 6, 7, 10, 11, 14)
    },
    "discriminator.adv_layer.0": "discriminator.realness",
    "discriminator.aux_layer.0": "discriminator.category",
    "discriminator.latent_layer.0": "discriminator.codes",
}
REMEDY = "Pass a GAN checkpoint of the IMSIC release, such as its models/gan/GAN_MNIST.pt."


@dataclass(frozen=True)
class ReleasedGAN:
    """Weights and sizes for ``IMSICNetwork(image_shape, …, architecture="paper")``.

    Attributes
    ----------
    state : dict of str to Tensor
        What ``IMSICNetwork.load_state_dict`` takes. The averaged generator has the weights of the
        generator; realness by class, which the release lacks, is zero.
    image_shape : tuple of int
        ``(height, width, channels)``.
    n_classes, n_codes, noise_dim : int
    """

    state: dict[str, Tensor]
    image_shape: tuple[int, int, int]
    n_classes: int
    n_codes: int
    noise_dim: int


def read_released(path: str | Path) -> ReleasedGAN:
    """Read a released checkpoint without running anything in it.

    Parameters
    ----------
    path : str or Path
        A file with the state dicts ``generator`` and ``discriminator``. All sizes come from the
        shapes of their tensors; other entries are ignored.

    Returns
    -------
    ReleasedGAN

    Raises
    ------
    InvalidInputError
        The file is missing, is no checkpoint, holds objects other than tensors and settings (a
        whole pickled model, for example), or its tensors are not those of the released networks.

    References
    ----------
    He, Lin, Yuan, Tzeng, Interpretable Minority Synthesis for Imbalanced Classification,
    IJCAI 2021; layers as in its repository.
    """
    tensors = _tensors(path, _load(path))
    image_shape, n_classes, n_codes, noise_dim = _sizes(path, tensors)
    with torch.device("meta"):  # shapes only, whatever their size
        network = IMSICNetwork(image_shape, n_classes, n_codes, noise_dim, "paper")
    state = _state(path, tensors, network.state_dict())
    return ReleasedGAN(state, image_shape, n_classes, n_codes, noise_dim)


def _load(path: str | Path) -> Any:
    try:
        with torch.serialization.safe_globals([Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror or error}", REMEDY)
    except Exception as error:  # a damaged pickle can fail in any way
        # torch's own message advises to load the file unsafely, so only the name is taken from it.
        if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
            _refuse(
                path,
                f"holds {found[1]}, which is refused because loading it can run code",
                "If you trust the file, load it where its code belongs and save only the state "
                "dicts: torch.save({'generator': generator.state_dict(), 'discriminator': "
                "discriminator.state_dict()}, path).",
            )
        _refuse(path, "is no checkpoint, or a damaged one", REMEDY)


def _tensors(path: str | Path, checkpoint: Any) -> dict[str, Tensor]:
    """The tensors of both networks by name, such as ``generator.l1.0.weight``."""
    tensors = {}
    for part in ("generator", "discriminator"):
        values = checkpoint.get(part) if isinstance(checkpoint, Mapping) else None
        if not isinstance(values, Mapping):
            _refuse(path, f"holds no state dict {part!r}", REMEDY)
        for name, value in values.items():
            if not isinstance(value, Tensor):
                kind = type(value).__name__
                _refuse(path, f"holds a {kind} as {part}.{name} instead of a tensor", REMEDY)
            tensors[f"{part}.{name}"] = value.detach()
    return tensors


def _sizes(
    path: str | Path, tensors: Mapping[str, Tensor]
) -> tuple[tuple[int, int, int], int, int, int]:
    """Image shape, numbers of classes and codes, and size of the noise."""

    def shape(name: str, n_dimensions: int) -> tuple[int, ...]:
        if name not in tensors:
            _refuse(path, f"lacks {name}", REMEDY)
        found = tuple(tensors[name].shape)
        if len(found) != n_dimensions or 0 in found:
            _refuse(path, f"has {name} of shape {found}, not of {n_dimensions} dimensions", REMEDY)
        return found

    n_expanded, n_inputs = shape("generator.l1.0.weight", 2)
    channels = shape("generator.conv_blocks.9.weight", 4)[0]
    n_classes = shape("discriminator.aux_layer.0.weight", 2)[0]
    n_codes = shape("discriminator.latent_layer.0.weight", 2)[0]
    side = 4 * isqrt(n_expanded // 128)  # 128 maps of a quarter of a square image's size
    noise_dim = n_inputs - n_classes - n_codes
    if side < 1 or noise_dim < 1:
        _refuse(
            path,
            f"has generator.l1.0.weight of shape {(n_expanded, n_inputs)}, too small for 128 maps "
            f"from noise, {counted(n_classes, 'category', 'categories')} and "
            f"{counted(n_codes, 'code')}",
            REMEDY,
        )
    return (side, side, channels), n_classes, n_codes, noise_dim


def _state(
    path: str | Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors under our names, none missing and none left over."""
    released = {ours: theirs for theirs, ours in LAYERS.items()}
    state, unused = {}, set(tensors)
    for ours, like in expected.items():
        layer, _, kind = ours.rpartition(".")
        if layer not in released:
            continue
        name = f"{released[layer]}.{kind}"
        if name not in tensors:
            _refuse(path, f"lacks {name}", REMEDY)
        state[ours] = _checked(path, name, tensors[name], like)
        unused.discard(name)
    if unused:
        _refuse(path, f"has unknown tensors: {', '.join(sorted(unused))}", REMEDY)
    for name, like in expected.items():
        part, _, rest = name.partition(".")
        if part == "average":
            state[name] = state[f"generator.{rest}"]
        elif name not in state:  # what the release has not: realness by class, steps averaged
            state[name] = torch.zeros_like(like, device="cpu")
    return state


def _checked(path: str | Path, name: str, value: Tensor, like: Tensor) -> Tensor:
    if value.shape != like.shape:
        shapes = f"shape {tuple(value.shape)}, where the others ask for {tuple(like.shape)}"
        _refuse(path, f"has {name} of {shapes}", REMEDY)
    dense = value.layout is torch.strided and value.device.type == "cpu"
    alike = value.is_floating_point() == like.is_floating_point() and not value.is_complex()
    if not dense or not alike or not value.isfinite().all():
        _refuse(path, f"has {name} with values that are not finite {like.dtype}", REMEDY)
    return value.to(like.dtype).contiguous()


def _refuse(path: str | Path, fault: str, remedy: str) -> NoReturn:
    raise InvalidInputError(f"path={str(path)!r} {fault}. {remedy}") from None
