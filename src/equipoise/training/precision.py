"""Devices, and the precision of computations on them."""

from __future__ import annotations

import torch

from equipoise.errors import InvalidParameterError


def resolve_device(device: str) -> torch.device:
    """Return the device of a name; ``"auto"`` is CUDA, Apple's MPS or the CPU, in this order.

    Raises
    ------
    InvalidParameterError
        If there is no such device.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        raise InvalidParameterError(
            f"device={device!r} cannot be used here: {str(error).splitlines()[0]} "
            "Use 'auto' or 'cpu'."
        ) from None
    return resolved


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 natively, so that training in it is faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Context manager for the forward pass of the trunk in training.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` is bfloat16 if the device supports it natively, and float32 otherwise.
    device : torch.device
    """
    enabled = precision == "bfloat16" or (precision == "auto" and computes_bfloat16(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
