"""What docstrings say about parameters, for the help of options.

The parameters of an estimator are read from its source text: importing it would load torch, for
which `--help` should not wait. The text holds all that an option needs: name, type and default in
the signature, meaning in the docstring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

_ENTRY = re.compile(
    r"^(?P<name>\w+) : (?P<domain>.+?)(?:,\s*(?:default=(?P<default>.*)|optional))?\n"
    r"(?P<text>(?:    .*\n|\n)*)",
    re.M,
)


@dataclass(frozen=True)
class Parameter:
    """What is known about a parameter of an estimator or of a command.

    Attributes
    ----------
    name : str
    domain : str
        Type in the docstring without the default, such as ``float in [0, 1]``.
    default : object
        Value in the signature of the estimator, or text in the docstring of the command, empty
        where there is none.
    meaning : str
        Description in the docstring, as one line without markup.
    annotation : str
        Type in the signature of the estimator.
    """

    name: str
    domain: str
    default: Any
    meaning: str
    annotation: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """Values between the braces of ``domain``."""
        listed = re.match(r"{(.*)}", self.domain)
        return tuple(re.findall(r'"([^"]+)"', listed[1])) if listed else ()

    @property
    def interval(self) -> str:
        """Bounds in ``domain``, such as ``[0, 1)``; empty where there are none."""
        found = re.search(r"in ([\[(][^\])]*[\])])", self.domain)
        return found[1] if found else ""


def documented_parameters(docstring: str) -> dict[str, Parameter]:
    """The entries of the section Parameters of a numpydoc docstring by their names."""
    _, _, section = docstring.partition("Parameters\n----------\n")
    return {
        entry["name"]: Parameter(
            entry["name"], entry["domain"], entry["default"], _without_markup(entry["text"])
        )
        for entry in _ENTRY.finditer(section.partition("\n\n")[0] + "\n")
    }


def read_parameters(file: str, class_name: str, left_out: Container[str] = ()) -> list[Parameter]:
    """Read the keyword parameters of a class's ``__init__``, in order.

    Parameters
    ----------
    file : str
        Python file, relative to the package.
    class_name : str
        Class in it, with a numpydoc docstring.
    left_out : container of str, default=()
        Names of parameters to leave out.

    Returns
    -------
    list of Parameter
    """
    tree = ast.parse(files("equipoise").joinpath(file).read_text(encoding="utf-8"))
    (cls,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name)
    (init,) = (n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    documented = documented_parameters(ast.get_docstring(cls) or "")
    return [
        replace(
            documented[argument.arg],
            annotation=ast.unparse(argument.annotation) if argument.annotation else "",
            default=default and ast.literal_eval(default),
        )
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        if argument.arg not in left_out
    ]


def _without_markup(text: str) -> str:
    """The text on one line, without reStructuredText's markup and citations."""
    text = re.sub(r" \[\d+\]_", "", " ".join(text.split()))
    return re.sub(r":\w+:`[~.]?([^`]*)`", r"\1", text).replace("``", "").replace("…", "...")
