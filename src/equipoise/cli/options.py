"""The options of commands: their help from docstrings, and an estimator's parameters as options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Annotated, Any, TypeVar, get_origin

import typer

from equipoise.cli import parsing
from equipoise.cli.docstrings import Parameter, documented_parameters
from equipoise.cli.shared_options import SharedOptions

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


def add_options(parameters: Sequence[Parameter] = ()) -> Callable[[Command], Command]:
    """Decorate a command so that the help of its options comes from docstrings.

    Positional parameters of the command become arguments, keyword parameters become options. The
    docstring has an entry for each, ``name : METAVAR, default=VALUE`` and a description; entries
    of :class:`SharedOptions` need not be repeated.

    Parameters
    ----------
    parameters : sequence of Parameter, default=()
        Parameters of an estimator that become options too. The command receives the values of all
        of them as ``**chosen``; see :func:`given`.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        shared, text = inspect.getdoc(SharedOptions) or "", inspect.getdoc(command) or ""
        entries = documented_parameters(shared) | documented_parameters(text)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = [_option(p, parameters) for p in parameters]
        command.__doc__, _, _ = text.partition("\n\nParameters\n")
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[_with_help(p, entries) for p in own] + options
        )
        return command

    return decorate


def _with_help(parameter: inspect.Parameter, entries: Mapping[str, Parameter]) -> inspect.Parameter:
    """The parameter of a command with what its entry says, for typer."""
    if parameter.annotation is typer.Context:
        return parameter.replace(kind=parameter.KEYWORD_ONLY)
    kind = parameter.annotation
    info = typer.Option() if parameter.kind is parameter.KEYWORD_ONLY else typer.Argument()
    if get_origin(kind) is Annotated:
        kind, info = kind.__origin__, copy(kind.__metadata__[0])
    if info.help is None and parameter.name in entries:  # python -OO removes docstrings
        entry = entries[parameter.name]
        info.help = entry.meaning
        if entry.domain not in ("bool", "int", "float", "str"):
            info.metavar = entry.domain
        if parameter.default is None:
            info.show_default = entry.default or False
    return parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=Annotated[kind, info])


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
    if alternative == "nn.Module":
        return f"<{'|'.join(parameter.choices)}|timm:NAME>", str

    def read(text: str) -> Any:
        if parameter.choices and text not in parameter.choices:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(parameter.choices)}.")
        try:
            return _FROM_TEXT[kind](text)
        except (ValueError, KeyError):
            raise typer.BadParameter(f"{text!r} is not a valid {kind}.") from None

    return f"<{'|'.join(parameter.choices) or kind}>", read


def _option(parameter: Parameter, parameters: Sequence[Parameter]) -> inspect.Parameter:
    """The option for a parameter of an estimator; its help calls the others by their options."""
    text = _MEANINGS.get(parameter.name, parameter.meaning)
    for other in parameters:
        if "_" in other.name:  # no ordinary word
            text = re.sub(rf"\b{other.name}\b", f"--{other.name.replace('_', '-')}", text)
    info = typer.Option(help=f"{text} In {parameter.interval}." if parameter.interval else text)
    if parameter.annotation != "bool":
        info.metavar, info.parser = _syntax(parameter)
        info.show_default = "none" if parameter.default is None else True
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=parameter.default,
        annotation=Annotated[bool if parameter.annotation == "bool" else Any, info],
    )
