"""Constraints on the parameters of estimators, checked before any work starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from equipoise.errors import InvalidParameterError


@dataclass(frozen=True)
class Number:
    """A finite number in an interval, which includes its bounds by default.

    Attributes
    ----------
    low, high : float
        Bounds of the interval.
    integer : bool
        Whether only integers are valid.
    open_low, open_high : bool
        Whether the bound itself is excluded.
    """

    low: float
    high: float = math.inf
    integer: bool = False
    open_low: bool = False
    open_high: bool = False

    def accepts(self, value: object) -> bool:
        """Whether the value is valid; bools are not numbers."""
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, Integral if self.integer else Real
        ):
            return False
        number = float(value)
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        return math.isfinite(number) and above and below

    def __str__(self) -> str:
        kind = "an int" if self.integer else "a float"
        left = "(" if self.open_low else "["
        right = ")" if self.open_high or self.high == math.inf else "]"
        return f"{kind} in the range {left}{self.low}, {self.high}{right}"


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    values: tuple[object, ...]

    def accepts(self, value: object) -> bool:
        """Whether the value is valid; arrays never are."""
        return any(isinstance(value, type(v)) and value == v for v in self.values)

    def __str__(self) -> str:
        strings = [repr(v) for v in self.values if isinstance(v, str)]
        others = [repr(v) for v in self.values if not isinstance(v, str)]
        if len(strings) > 1:
            strings = [f"a str among {{{', '.join(strings)}}}"]
        return _listed(strings + others)


@dataclass(frozen=True)
class Prefixed:
    """A string that begins with a prefix, and goes on."""

    prefix: str

    def accepts(self, value: object) -> bool:
        """Whether the value is valid."""
        return isinstance(value, str) and value.startswith(self.prefix) and value != self.prefix

    def __str__(self) -> str:
        return f"'{self.prefix}NAME'"


@dataclass(frozen=True)
class Readable:
    """A string that a function reads without an error.

    Attributes
    ----------
    read : callable
        Raises a ValueError or a RuntimeError for other strings.
    description : str
        The valid values in words, for error messages.
    """

    read: Callable[[str], object]
    description: str

    def accepts(self, value: object) -> bool:
        """Whether the value is valid."""
        if not isinstance(value, str):
            return False
        try:
            self.read(value)
        except (ValueError, RuntimeError):
            return False
        return True

    def __str__(self) -> str:
        return self.description


@dataclass(frozen=True)
class Instance:
    """An instance of some types.

    Attributes
    ----------
    types : tuple of type
    description : str
        The valid values in words, for error messages.
    """

    types: tuple[type, ...]
    description: str

    def accepts(self, value: object) -> bool:
        """Whether the value is valid."""
        return isinstance(value, self.types)

    def __str__(self) -> str:
        return self.description


@dataclass(frozen=True)
class Methods:
    """An estimator by what it can do, since not all derive from scikit-learn's, as CatBoost's.

    Attributes
    ----------
    names : tuple of str
        Methods that it needs.
    description : str
        The valid values in words, for error messages.
    """

    names: tuple[str, ...]
    description: str

    def accepts(self, value: object) -> bool:
        """Whether the value is valid; classes are not, only their instances."""
        return not isinstance(value, type) and all(hasattr(value, name) for name in self.names)

    def __str__(self) -> str:
        return self.description


BOOLEAN = Instance((bool, np.bool_), "a bool")
Constraint = Number | OneOf | Prefixed | Readable | Instance | Methods
SAMPLING_STRATEGY: list[Constraint] = [  # of imbalanced-learn's over-samplers
    OneOf(("auto", "all", "minority", "not majority", "not minority")),
    Number(0, 1, open_low=True),
    Instance((dict,), "a dict of the wanted number of rows by class"),
    Methods(("__call__",), "a function from y to such a dict"),
]


def check_parameters(
    owner: str, parameters: Mapping[str, object], constraints: Mapping[str, Sequence[Constraint]]
) -> None:
    """Raise an error for the first parameter that meets none of its constraints.

    Parameters
    ----------
    owner : str
        Name of the class or function that has the parameters.
    parameters : mapping of str to object
        Values by name.
    constraints : mapping of str to sequence of Constraint
        The constraints by name, of which a value has to meet one.

    Raises
    ------
    InvalidParameterError
        It names the parameter, its value and the valid values.
    """
    for name, allowed in constraints.items():
        value = parameters[name]
        if not any(constraint.accepts(value) for constraint in allowed):
            raise InvalidParameterError(
                f"The {name!r} parameter of {owner} must be {_listed([str(c) for c in allowed])}. "
                f"Got {value!r} instead. Set {name} to such a value."
            )


def _listed(alternatives: Sequence[str]) -> str:
    *others, last = alternatives
    return f"{', '.join(others)} or {last}" if others else last
