"""An estimator's parameters as options of a command."""

from __future__ import annotations

import csv
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar

import typer

from equipoise.cli.signature import Parameter

Command = TypeVar("Command", bound=Callable[..., Any])

_TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}


def add_options(parameters: Sequence[Parameter]) -> Callable[[Command], Command]:
    """Decorate a command that ends in ``**chosen`` so that it has an option per parameter.

    Parameters
    ----------
    parameters : sequence of Parameter

    Returns
    -------
    callable
        The decorator. The command receives the values of all options; see :func:`given`.
    """

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = [_option(p, _help(p, parameters)) for p in parameters]
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[p.replace(kind=p.KEYWORD_ONLY) for p in own] + options
        )
        return command

    return decorate


def given(context: typer.Context, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Only the options that stand on the command line, with plain values."""

    def is_given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    return plain({name: value for name, value in chosen.items() if is_given(name)})


def plain(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all options, those of a choice as words."""
    return {name: v.value if isinstance(v, Enum) else v for name, v in chosen.items()}


def _help(parameter: Parameter, parameters: Sequence[Parameter]) -> str:
    text = _MEANINGS.get(parameter.name, parameter.meaning)
    for other in parameters:
        if "_" in other.name:  # no ordinary word
            text = re.sub(rf"\b{other.name}\b", f"--{other.name.replace('_', '-')}", text)
    return f"{text} In {parameter.interval}." if parameter.interval else text


def _option(parameter: Parameter, text: str) -> inspect.Parameter:
    annotation, default = _TYPES.get(parameter.annotation), parameter.default
    option = typer.Option(help=text)
    if own := _own_way(parameter):
        metavar, parser = own
        annotation = Any
        option = typer.Option(
            help=text,
            metavar=metavar,
            parser=parser,
            show_default="none" if default is None else True,
        )
    elif annotation is None:
        raise TypeError(f"no kind of option for {parameter.name}: {parameter.annotation}")
    elif parameter.choices:
        choices = Enum(parameter.name, {v: v for v in parameter.choices}, type=str)  # type: ignore[misc]
        annotation, default = choices, choices(default)
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, option],
    )


def value_of(parameter: Parameter, text: str) -> Any:
    """The value that the parameter's option would make of this text.

    Raises
    ------
    ValueError
        It makes nothing of it.
    """
    if own := _own_way(parameter):
        return own[1](text)
    try:
        value = _FROM_TEXT.get(parameter.annotation, str)(text)
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no {parameter.annotation}.") from None
    if parameter.choices and value not in parameter.choices:
        raise ValueError(f"{text!r} is none of {', '.join(parameter.choices)}.")
    return value


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": {"true": True, "false": False}.__getitem__,
}


def words(text: str) -> list[str]:
    """``'slant, "width, cm"'`` → ["slant", "width, cm"]."""
    rows = csv.reader(text.splitlines(keepends=True), skipinitialspace=True)
    return [word.strip() for row in rows for word in row] or [""]


def numbers_by_name(text: str) -> dict[str, float]:
    """``"slant=.8,style=-1"`` → {"slant": 0.8, "style": -1.0}.

    Raises
    ------
    typer.BadParameter
        It is written otherwise.
    """
    found = {}
    for part in words(text):
        name, _, number = part.rpartition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(f"{part!r} is not like NAME=NUMBER.")
    return found


def numbers(text: str) -> list[float]:
    """``"-1,0,.5"`` → [-1.0, 0.0, 0.5].

    Raises
    ------
    typer.BadParameter
        It is written otherwise.
    """
    try:
        return [float(word) for word in words(text)]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like -1,0,1.") from None


def _word_or_numbers(text: str) -> Any:
    """``"64"`` → 64, ``".9,.1"`` → [0.9, 0.1], anything else as it is."""
    try:
        return [float(share) for share in text.split(",")] if "," in text else int(text)
    except ValueError:
        return text


def _integers(text: str) -> list[int]:
    try:
        return [int(word) for word in words(text)]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like 6,1,4.") from None


def _edges(text: str) -> Any:
    """``"style>slant,0>2"`` → [("style", "slant"), (0, 2)]; the two names as they are."""
    if text in ("independent", "paper"):
        return text
    pairs = [[code.strip() for code in edge.split(">")] for edge in words(text)]
    if any(len(pair) != 2 for pair in pairs):
        raise typer.BadParameter(
            f"{text!r} is not like style>slant,style>thickness, independent or paper."
        )
    return [[int(code) if code.isdigit() else code for code in pair] for pair in pairs]


def _weights(text: str) -> Any:
    return numbers_by_name(text) if "=" in text else text


# Parameters that are written in a way of their own: how, and what makes a value of it.
_WRITTEN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "class_prior": ("<uniform|train|P,P,...>", _word_or_numbers),
    "class_weight": ("<balanced|deferred|NAME=W,...>", _weights),
    "code_names": ("<NAME,NAME,...>", words),
    "label_map": ("<int,int,...>", _integers),
    "structure": ("<independent|paper|A>B,A>C,...>", _edges),
}
# And of those whose docstring speaks Python, what an option says in its place.
_MEANINGS = {
    "class_prior": "Class shares that the posterior assumes: all alike, those of the training "
    "data, or one number per class in the order of the labels, 1 in all.",
    "code_names": "Names of the codes, otherwise code_1, code_2, ...",
    "structure": "Edges between codes by name or by number from 0; independent for none; or paper "
    "(the second and third code lead to the fourth).",
}


def _own_way(parameter: Parameter) -> tuple[str, Callable[[str], Any]] | None:
    if parameter.annotation in ("int | str", "float | str"):
        kind = parameter.annotation.split()[0]
        return f"<{kind}|auto>", _word_or_numbers
    return _WRITTEN.get(parameter.name)
