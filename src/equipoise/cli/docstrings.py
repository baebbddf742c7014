"""What docstrings say about parameters, for the help of options.

The parameters of an estimator are read from its source text: importing it would load torch, for
which `--help` should not wait. The text holds all that an option needs: name, type and default in
the signature, meaning in the docstring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

_ENTRY = re.compile(
    r"^(?P<name>\w+) : (?P<domain>.+?)(?:,\s*(?:default=(?P<default>.*)|optional))?\n"
    r"(?P<text>(?:    .*\n|\n)*)",
    re.M,
)


class Entry(NamedTuple):
    """What a docstring says about a parameter.

    Attributes
    ----------
    domain : str
        Its type, such as ``float in [0, 1]``.
    default : str
        Its default value, empty where there is none.
    meaning : str
        Its description, as one line without markup.
    """

    domain: str
    default: str
    meaning: str


def entries_of(section: str) -> dict[str, Entry]:
    """The entries of a section of a numpydoc docstring by their names."""
    found = (match.groupdict("") for match in _ENTRY.finditer(section + "\n"))
    return {e["name"]: Entry(e["domain"], e["default"], _without_markup(e["text"])) for e in found}


@dataclass(frozen=True)
class Parameter:
    """One parameter of an estimator.

    Attributes
    ----------
    name : str
    annotation : str
        Type in the signature.
    default : object
        Value in the signature.
    domain : str
        Type in the docstring without the default, such as ``float in [0, 1]``.
    meaning : str
        Description in the docstring, as one line without markup.
    """

    name: str
    annotation: str
    default: Any
    domain: str
    meaning: str

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
    _, _, section = (ast.get_docstring(cls) or "").partition("Parameters\n----------\n")
    documented = entries_of(section.partition("\n\n")[0])
    return [
        Parameter(
            argument.arg,
            ast.unparse(argument.annotation) if argument.annotation else "",
            ast.literal_eval(default) if default else None,
            documented[argument.arg].domain,
            documented[argument.arg].meaning,
        )
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        if argument.arg not in left_out
    ]


def _without_markup(text: str) -> str:
    """The text on one line, without reStructuredText's markup and citations."""
    text = re.sub(r" \[\d+\]_", "", " ".join(text.split()))
    return re.sub(r":\w+:`[~.]?([^`]*)`", r"\1", text).replace("``", "").replace("…", "...")
