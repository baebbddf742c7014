"""What an estimator's parameters may be, checked before any work starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from equipoise.errors import InvalidParameterError


@dataclass(frozen=True)
class Number:
    """A finite number between two bounds, both allowed unless opened.

    Attributes
    ----------
    low, high : float
    integer : bool
        Whether only whole numbers are allowed.
    open_low, open_high : bool
        Whether the bound itself is excluded.
    """

    low: float
    high: float = math.inf
    integer: bool = False
    open_low: bool = False
    open_high: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether the value is legal; a bool is no number."""
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, Integral if self.integer else Real
        ):
            return False
        number = float(value)
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        return math.isfinite(number) and above and below

    def __str__(self) -> str:
        kind = "an integer" if self.integer else "a number"
        left = "above" if self.open_low else "of at least"
        if self.high == math.inf:
            return f"{kind} {left} {self.low}"
        right = "below" if self.open_high else "at most"
        return f"{kind} {left} {self.low} and {right} {self.high}"


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    values: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        """Whether the value is legal; an array is none of them."""
        return any(isinstance(value, type(v)) and value == v for v in self.values)

    def __str__(self) -> str:
        listed = ", ".join(repr(v) for v in self.values)
        return listed if len(self.values) == 1 else f"one of {listed}"


@dataclass(frozen=True)
class Instance:
    """Anything of these types."""

    types: tuple[type, ...]
    description: str

    def accepts(self, value: Any) -> bool:
        """Whether the value is legal."""
        return isinstance(value, self.types)

    def __str__(self) -> str:
        return self.description


BOOLEAN = Instance((bool, np.bool_), "a bool")
Constraint = Number | OneOf | Instance


def check_parameters(
    owner: str, parameters: Mapping[str, Any], constraints: Mapping[str, Sequence[Constraint]]
) -> None:
    """Raise for the first parameter that fits none of its constraints.

    Raises
    ------
    InvalidParameterError
        Names the parameter, its value and what is allowed.
    """
    for name, allowed in constraints.items():
        value = parameters[name]
        if not any(constraint.accepts(value) for constraint in allowed):
            wanted = ", or ".join(str(constraint) for constraint in allowed)
            raise InvalidParameterError(
                f"{owner}: {name}={value!r} is not possible. Pass {wanted}."
            )
