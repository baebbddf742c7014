"""Initial weights by a seed, without torch's global generator."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Seeded(TorchDispatchMode):
    """Context in which what this thread draws on the CPU comes from a generator of its own.

    The layers of torch draw their initial weights from its global generator, which all threads
    share: to seed it and restore it afterwards gives other weights if two networks are built at the
    same time. The numbers are those of the global generator with the same seed.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> import torch
    >>> from equipoise.networks.seeding import Seeded
    >>> with Seeded(0):
    ...     weight = torch.nn.Linear(2, 3).weight
    >>> with Seeded(0):
    ...     same = torch.nn.Linear(2, 3).weight
    >>> bool((weight == same).all())
    True
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # To skip it, torch would import torch.compile, which takes a second.
        return False

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call an operation, with the generator if it takes one and was given none."""
        options = dict(kwargs or {})
        drawing = _with_generator(func)
        if drawing is None or options.get("generator") is not None or not _on_cpu(args, options):
            return func(*args, **options)
        return drawing(*args, **options | {"generator": self.generator})


@functools.cache
def _with_generator(func: Any) -> Any:
    """The overload of an operation of torch that takes a generator; None if there is none."""
    names = _argument_names(func)
    if "generator" in names:
        return func
    overloads = (getattr(func.overloadpacket, name) for name in func.overloadpacket.overloads())
    return next((o for o in overloads if _argument_names(o) == names | {"generator"}), None)


def _argument_names(func: Any) -> frozenset[str]:
    return frozenset(argument.name for argument in func._schema.arguments)


def _on_cpu(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    tensors = [value for value in args if isinstance(value, Tensor)]
    device = tensors[0].device if tensors else options.get("device")
    return device is None or torch.device(device).type == "cpu"
