"""An estimator's parameters as options of a command."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from equipoise.cli import parsing
from equipoise.cli.estimator_parameters import Parameter

Command = TypeVar("Command", bound=Callable[..., Any])
Syntax = tuple[str, Callable[[str], Any]]

# Parameters with a syntax of their own: how the help shows it, and the function that reads it.
_SYNTAX: dict[str, Syntax] = {
    "class_prior": ("<uniform|train|P,P,...>", parsing.word_or_numbers),
    "class_weight": ("<balanced|deferred|NAME=W,...>", parsing.word_or_numbers_by_name),
    "code_names": ("<NAME,NAME,...>", parsing.words),
    "label_map": ("<int,int,...>", partial(parsing.numbers, kind=int)),
    "structure": ("<independent|paper|A>B,A>C,...>", parsing.edges),
}
# The help of parameters whose docstring describes Python objects.
_MEANINGS = {
    "class_prior": "Class priors that the posterior assumes: uniform ones, those of the training "
    "data, or one number per class in the order of the labels, with sum 1.",
    "code_names": "Names of the codes, otherwise code_1, code_2, ...",
    "structure": "Edges between codes by name or by number from 0; independent for none; or paper "
    "(the second and third code lead to the fourth).",
}
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": {"true": True, "false": False}.__getitem__,
}


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
    """Only the options that are on the command line."""
    sources = {name: context.get_parameter_source(name) for name in chosen}
    return {n: chosen[n] for n, s in sources.items() if s is not None and s.name == "COMMANDLINE"}


def value_of(parameter: Parameter, text: str) -> Any:
    """The value that the parameter's option would make of this text.

    Raises
    ------
    typer.BadParameter
        The text is no value of the parameter.
    """
    _, parser = _syntax(parameter)
    return parser(text)


def _syntax(parameter: Parameter) -> Syntax:
    """How the help shows the values of a parameter, and the function that reads one."""
    kind, _, alternative = parameter.annotation.partition(" | ")
    if parameter.name in _SYNTAX:
        return _SYNTAX[parameter.name]
    if alternative == "str":
        return f"<{kind}|auto>", parsing.word_or_numbers
    if parameter.choices:
        return f"<{'|'.join(parameter.choices)}>", partial(parsing.one_of, parameter.choices)

    def read(text: str) -> Any:
        try:
            return _FROM_TEXT[kind](text)
        except (ValueError, KeyError):
            raise typer.BadParameter(f"{text!r} is not a valid {kind}.") from None

    return f"<{kind}>", read


def _help(parameter: Parameter, parameters: Sequence[Parameter]) -> str:
    text = _MEANINGS.get(parameter.name, parameter.meaning)
    for other in parameters:
        if "_" in other.name:  # no ordinary word
            text = re.sub(rf"\b{other.name}\b", f"--{other.name.replace('_', '-')}", text)
    return f"{text} In {parameter.interval}." if parameter.interval else text


def _option(parameter: Parameter, text: str) -> inspect.Parameter:
    annotation: Any = Annotated[bool, typer.Option(help=text)]
    if parameter.annotation != "bool":
        metavar, parser = _syntax(parameter)
        default = "none" if parameter.default is None else True
        annotation = Annotated[
            Any, typer.Option(help=text, metavar=metavar, parser=parser, show_default=default)
        ]
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=parameter.default,
        annotation=annotation,
    )
