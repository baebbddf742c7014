"""The parameters of an estimator, read from its source text.

Importing the estimator would load torch, for which `--help` should not wait. The text holds all
that an option needs: name, type and default in the signature, meaning in the docstring.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_ENTRY = re.compile(r"(\w+) : (.+)")
_DEFAULT = re.compile(r",\s*(?:default=.*|optional)$")


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


def read_parameters(file: str, class_name: str) -> list[Parameter]:
    """Read the keyword parameters of a class's ``__init__``, in order.

    Parameters
    ----------
    file : str
        Python file, relative to the package.
    class_name : str
        Class in it, with a numpydoc docstring.

    Returns
    -------
    list of Parameter
    """
    tree = ast.parse(files("equipoise").joinpath(file).read_text(encoding="utf-8"))
    definition = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    documented = _documented(ast.get_docstring(definition) or "")
    constructor = next(
        node
        for node in definition.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ).args
    return [
        Parameter(
            argument.arg,
            ast.unparse(argument.annotation) if argument.annotation else "",
            ast.literal_eval(default) if default else None,
            *documented.get(argument.arg, ("", "")),
        )
        for argument, default in zip(constructor.kwonlyargs, constructor.kw_defaults, strict=True)
    ]


def _documented(docstring: str) -> dict[str, tuple[str, str]]:
    """Type and description of every entry of the section Parameters."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^[^\n]+\n-+\n|\Z)", docstring, re.S | re.M)
    entries: dict[str, tuple[str, str]] = {}
    name = ""
    for line in section[1].splitlines() if section else ():
        if entry := _ENTRY.match(line):
            name = entry[1]
            entries[name] = (_DEFAULT.sub("", entry[2]), "")
        elif name:
            domain, text = entries[name]
            entries[name] = (domain, f"{text} {_plain(line.strip())}".strip())
    return entries


def _plain(text: str) -> str:
    """The text without reStructuredText's markup and citations."""
    text = re.sub(r" \[\d+\]_", "", text)
    return re.sub(r":\w+:`[~.]?([^`]*)`", r"\1", text).replace("``", "").replace("…", "...")
