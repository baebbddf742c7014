"""An estimator's parameters as options of a command."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar

import typer

from equipoise.cli.signature import Parameter

Command = TypeVar("Command", bound=Callable[..., Any])

_TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
_METAVARS = {"batch_size": "<int|auto>", "class_prior": "<uniform|train|P,P,...>"}


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

    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in chosen.items()
        if is_given(name)
    }


def _help(parameter: Parameter, parameters: Sequence[Parameter]) -> str:
    text = parameter.meaning
    for other in parameters:
        if "_" in other.name:  # no ordinary word
            text = re.sub(rf"\b{other.name}\b", f"--{other.name.replace('_', '-')}", text)
    return f"{text} In {parameter.interval}." if parameter.interval else text


def _option(parameter: Parameter, text: str) -> inspect.Parameter:
    annotation, default = _TYPES.get(parameter.annotation), parameter.default
    option = typer.Option(help=text)
    if parameter.name in _METAVARS:
        annotation = str
        option = typer.Option(help=text, metavar=_METAVARS[parameter.name], parser=_word_or_numbers)
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


def _word_or_numbers(text: str) -> Any:
    """``"64"`` → 64, ``".9,.1"`` → [0.9, 0.1], anything else as it is."""
    try:
        return [float(share) for share in text.split(",")] if "," in text else int(text)
    except ValueError:
        return text
