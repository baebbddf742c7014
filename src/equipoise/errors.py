"""Exceptions that name what is wrong and what to do about it."""

from __future__ import annotations


class InvalidParameterError(ValueError):
    """An estimator's parameter has an impossible value."""


class InvalidInputError(ValueError):
    """The data cannot be used as given."""


class TrainingDivergedError(RuntimeError):
    """The training loss became NaN or infinite."""


class LostProcessError(RuntimeError):
    """Another process that takes part in the training has ended."""


class DiskFullError(OSError):
    """A file could not be written because the disk is full."""


def counted(n: int, thing: str = "image", things: str | None = None) -> str:
    """``1 image``, ``2 images``, ``1,000 images``; ``things`` is an irregular plural."""
    return f"{n:,} {thing if n == 1 else things or f'{thing}s'}"
