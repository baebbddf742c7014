"""The form of stored JSON, which may be damaged, or written by somebody else."""

from __future__ import annotations

from typing import Any

NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
    None: "null",
}


def require(value: Any, form: Any, name: str = "") -> None:
    """Require that a value of JSON has a form.

    Parameters
    ----------
    value : object
    form : object
        A type; None; a dict of the forms of the keys that have to be there; a list with the form of
        all entries; or a tuple of alternatives, of which a dict or a list comes last.
    name : str, default=""
        Where the value is, for the error.

    Raises
    ------
    ValueError
        It has another form; the message names the place.

    Examples
    --------
    >>> from equipoise.stored import require
    >>> require({"seed": 1, "more": True}, {"seed": int})
    >>> require({"sizes": [[3, "4"]]}, {"sizes": [[int]]})
    Traceback (most recent call last):
    ...
    ValueError: sizes[0][1] is '4', not a whole number
    """
    alternatives = form if isinstance(form, tuple) else (form,)
    if not any(_is(value, _kind(one)) for one in alternatives):
        wanted = " or ".join(NAMES[_kind(one)] for one in alternatives)
        shown = repr(value) if len(repr(value)) < 60 else f"{repr(value)[:60]}…"
        raise ValueError(f"{name or 'the content'} is {shown}, not {wanted}")
    last = alternatives[-1]
    if isinstance(value, dict) and isinstance(last, dict):
        for key, inner in last.items():
            if key not in value:
                raise ValueError(f"{name}{'.' if name else ''}{key} is missing")
            require(value[key], inner, f"{name}{'.' if name else ''}{key}")
    if isinstance(value, list) and isinstance(last, list):
        for i, entry in enumerate(value):
            require(entry, last[0], f"{name}[{i}]")


def _kind(form: Any) -> Any:
    return type(form) if isinstance(form, (dict, list)) else form


def _is(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if kind is float:  # JSON writes 1.0 as it likes
        kind = (int, float)
    return isinstance(value, kind) and (isinstance(value, bool) <= (kind is bool))
