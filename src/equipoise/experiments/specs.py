"""Estimators as experiment files describe them: build them, compare descriptions, name files."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from equipoise.errors import InvalidParameterError

Job = Mapping[str, Any]  # as equipoise.experiments.plan makes them
Spec = Mapping[str, Any]  # class, params and defaults of a sampler or method
ABSENT = (None, False)
OF_ESTIMATORS = ("get_params", "set_params")  # methods of classifiers, samplers and kernels alike
EXTERNAL = "external"  # in place of a sampler's class, for rows that another program makes


def import_class(name: str) -> type:
    """Import the class of an estimator by its full name, such as ``"sklearn.svm.SVC"``.

    Raises
    ------
    InvalidParameterError
        It cannot be imported, or is no class with the methods that all estimators have. Other
        classes are not built, because that may do anything.
    """
    home, _, last = name.rpartition(".")
    try:
        found = getattr(import_module(home), last)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"class={name!r} cannot be imported ({error}). Give package.module.Class, and install "
            "its package."
        ) from None
    if not isinstance(found, type):
        raise InvalidParameterError(f"class={name!r} is no class. Give package.module.Class.")
    if not all(callable(getattr(found, method, None)) for method in OF_ESTIMATORS):
        raise InvalidParameterError(
            f"class={name!r} is no estimator: it lacks {' or '.join(OF_ESTIMATORS)}. Name a "
            "class in the form of scikit-learn."
        )
    return found


def build(
    cls: type, params: Mapping[str, Any], seed: int | None = None, sampler: Any = None
) -> Any:
    """Build an estimator with these parameters and, where it has a ``random_state``, this seed.

    A parameter that is a table with a ``class`` becomes an estimator in the same way. A classifier
    that needs a sampler gets the one given.

    Raises
    ------
    InvalidParameterError
        A parameter is unknown, missing, or known to be impossible.
    """
    known = inspect.signature(cls).parameters
    name = f"{cls.__module__}.{cls.__qualname__}"
    takes_any = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for key, value in params.items():
        if key == "random_state":
            raise InvalidParameterError(
                f"params.{key}={value!r}: it is the seed of the job. Leave it out."
            )
        if key not in known and not takes_any:
            raise InvalidParameterError(
                f"params.{key}={value!r}: {name} has no such parameter, only {', '.join(known)}."
            )
    values = {
        key: build(import_class(value["class"]), value.get("params", {}), seed)
        if isinstance(value, Mapping) and "class" in value
        else value
        for key, value in params.items()
    }
    if seed is not None and "random_state" in known:
        values["random_state"] = seed
    if takes_sampler(cls):
        values["sampler"] = sampler
    try:
        estimator = cls(**values)
        # Some take it as one of their keywords.
        if seed is not None and "random_state" in getattr(estimator, "get_params", dict)():
            estimator.set_params(random_state=seed)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"params={dict(params)!r} do not make a {name}: {error}"
        ) from None
    # An estimator of this library, which checks only in fit.
    if hasattr(cls, "_constraints") and not takes_sampler(cls):
        from equipoise.parameters import check_parameters

        check_parameters(name, estimator.get_params(deep=False), cls._constraints)
    return estimator


def describe(table: Mapping[str, Any], with_defaults: bool = True) -> dict[str, Any]:
    """Class and parameters of a sampler or method, with the defaults of what is not given.

    Defaults belong to the description because they change from version to version; those of an
    estimator among the parameters are called ``PARAMETER.NAME``. They are known only once the class
    is imported, so without them nothing is.
    """
    params = table.get("params", {})
    if table["class"] == EXTERNAL or not with_defaults:
        return {"class": table["class"], "params": params, "defaults": {}}
    defaults = {
        name: p.default
        for name, p in inspect.signature(import_class(table["class"])).parameters.items()
        if p.default is not p.empty and name not in params and name != "random_state"
    }
    for name, value in params.items():
        if isinstance(value, Mapping) and "class" in value:
            theirs = describe(value)["defaults"]
            defaults |= {f"{name}.{key}": default for key, default in theirs.items()}
    return {"class": table["class"], "params": params, "defaults": as_json(defaults)}


def as_json(value: Any) -> Any:
    """The value as JSON holds it: arrays as lists, NaN as None, other objects as text."""

    def plain(one: Any) -> Any:
        return one.tolist() if hasattr(one, "tolist") else repr(one)

    return json.loads(json.dumps(value, default=plain), parse_constant=lambda _: None)


def takes_sampler(cls: type) -> bool:
    """Whether a classifier cannot be built without a sampler, with which it resamples by itself."""
    sampler = inspect.signature(cls).parameters.get("sampler")
    return sampler is not None and sampler.default is sampler.empty


def can_be_saved(cls: type) -> bool:
    """Whether a sampler can be trained, saved, and used for several methods."""
    return all(hasattr(cls, name) for name in ("save", "load", "resample"))


def is_ours(cls: type) -> bool:
    """Whether the class is one of this library."""
    return cls.__module__.partition(".")[0] == "equipoise"


def file_name(name: str) -> str:
    """The name of a data set or method as a file name that all file systems accept."""
    return re.sub(r"[:/\\]+", "-", name)


def digest(*parts: Any) -> str:
    """Ten hexadecimal digits that are equal for equal parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:10]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the differences between two specs, such as ``"max_epochs 12, now 10"``.

    A default counts only where both know it: a new version may have more parameters.

    Parameters
    ----------
    before, now : dict
        As in a record's ``spec``.

    Returns
    -------
    list of str
    """
    old, new = _flat(before), _flat(now)
    found = []
    for name in {**new, **old}:
        (was, was_given), (becomes, is_given) = old.get(name, ABSENT), new.get(name, ABSENT)
        known_to_both = name in old and name in new
        if was != becomes and (known_to_both or was_given or is_given):
            found.append(f"{name} {was!r}, now {becomes!r}")
    return found


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[Any, bool]]:
    """Name to value, and whether the file gives it; False for a class's default."""
    found: dict[str, tuple[Any, bool]] = {}
    for key, value in spec.items():
        if key in ("params", "defaults"):
            found |= {f"{prefix}{name}": (one, key == "params") for name, one in value.items()}
        elif key == "sampler" and value:
            found |= _flat(value, "sampler.")
        elif key not in ("as_run", "name"):
            found[f"{prefix}{key}"] = (value, True)
    return found
