"""Experiment files: read, and checked before anything runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.errors import InvalidInputError, InvalidParameterError

from . import specs

# The data sets of equipoise.datasets that have a training and a test set of their own.
DATASETS = ("digits", "mnist", "fashion-mnist", "svhn", "celeba")
# Rule of the class sizes -> the keys that it needs beside it.
SIZES = {"published": (), "exponential": ("ratio",), "step": ("ratio", "n_minority")}
N_METRICS = 5
NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Experiment:
    """What an experiment file says.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Its name without the suffix.
    title : str
    datasets : tuple of str
    seeds : tuple of int
    reference : str
        Method that differences are taken to.
    protocol : dict
        ``sizes`` and what belongs to it, ``permute_classes``.
    samplers, methods : dict of str to dict
        As in the file.
    published : dict of str to dict
        Data set to name to the five metrics.
    """

    path: Path
    name: str
    title: str
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    reference: str
    protocol: dict[str, Any]
    samplers: dict[str, dict[str, Any]]
    methods: dict[str, dict[str, Any]]
    published: dict[str, dict[str, list[float]]]


def load_experiment(path: str | Path) -> Experiment:
    """Read an experiment file and check all that can be checked without data.

    Parameters
    ----------
    path : path
        A TOML file; see the user guide's page on benchmarks for its keys.

    Returns
    -------
    Experiment

    Raises
    ------
    InvalidInputError
        There is no such file, or it is no TOML, or something in it cannot be; the message names
        the file, the key, the value and what to do.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InvalidInputError(f"{path} is no experiment file. Name a TOML file.") from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise InvalidInputError(f"{path} is not written in TOML: {error}.") from None
    try:
        return _checked(path, content)
    except (_MistakeError, InvalidParameterError) as error:
        raise InvalidInputError(f"{path}: {error}") from None


def parse_seeds(text: str) -> list[int]:
    """``"1-5"`` → [1, 2, 3, 4, 5], ``"1,3"`` → [1, 3].

    Raises
    ------
    InvalidParameterError
        It is written otherwise.
    """
    seeds: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if not ends or (ends[2] and int(ends[2]) < int(ends[1])):
            raise InvalidParameterError(f"seeds={text!r} is not like 1-5 or 1,3.")
        seeds += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    return list(dict.fromkeys(seeds))


class _MistakeError(ValueError):
    """What is wrong with a key; the file's name is put before it."""


def _checked(path: Path, content: dict[str, Any]) -> Experiment:
    if not NAME.fullmatch(path.stem):
        raise _MistakeError("its name is that of a folder too: use letters, digits, -, _ and .")
    _check_keys(
        "",
        content,
        required={"datasets": list, "seeds": list, "reference": str}
        | {"protocol": dict, "methods": dict},
        optional={"title": str, "samplers": dict, "published": dict},
    )
    datasets, seeds = content["datasets"], content["seeds"]
    samplers, methods = content.get("samplers", {}), content["methods"]
    for name in datasets:
        if name not in DATASETS:
            raise _MistakeError(f"datasets has {name!r}. Choose from {', '.join(DATASETS)}.")
    for seed in seeds:
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise _MistakeError(f"seeds has {seed!r}. Give whole numbers from 0 to 2**32 - 1.")
    for key, values in (("datasets", datasets), ("seeds", seeds), ("methods", methods)):
        if not values or len(set(values)) < len(values):
            raise _MistakeError(f"{key}={values!r}: name at least one, and none twice.")
    if content["reference"] not in methods:
        raise _MistakeError(
            f"reference={content['reference']!r} is no method. Choose from {', '.join(methods)}."
        )
    _check_protocol(content["protocol"])
    for name, sampler in samplers.items():
        _check_estimator(f"samplers.{name}", name, sampler, {}, "fit_resample")
    for name, method in methods.items():
        _check_method(f"methods.{name}", name, method, samplers)
    for dataset, rows in content.get("published", {}).items():
        _check_published(f"published.{dataset}", dataset, rows)
    return Experiment(
        path=path,
        name=path.stem,
        title=content.get("title", path.stem),
        datasets=tuple(datasets),
        seeds=tuple(seeds),
        reference=content["reference"],
        protocol={"permute_classes": False} | content["protocol"],
        samplers=samplers,
        methods=methods,
        published=content.get("published", {}),
    )


def _check_keys(
    where: str, table: Any, required: Mapping[str, Any], optional: Mapping[str, Any]
) -> None:
    """Every required key is there, none is unknown, and the values are of these types."""
    here = f"[{where}] " if where else ""
    if not isinstance(table, dict):
        raise _MistakeError(f"{where}={table!r} is no table.")
    known = {**required, **optional}
    for key, value in table.items():
        if key not in known:
            raise _MistakeError(f"{here}{key}: there is no such key. Known: {', '.join(known)}.")
        kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
        # TOML's true is no number, though Python's is.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(_IN_TOML[kind] for kind in kinds)
            raise _MistakeError(f"{here}{key}={value!r} is not {wanted}.")
    for key in required:
        if key not in table:
            raise _MistakeError(f"{here}{key} is missing. Add it.")


_IN_TOML = {
    str: "a text",
    list: "a list",
    dict: "a table",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _check_protocol(protocol: dict[str, Any]) -> None:
    sizes = protocol.get("sizes")
    if sizes not in SIZES:
        raise _MistakeError(f"[protocol] sizes={sizes!r}. Choose from {', '.join(SIZES)}.")
    kinds = {"ratio": (int, float), "n_minority": int}
    _check_keys(
        "protocol",
        protocol,
        required={"sizes": str} | {key: kinds[key] for key in SIZES[sizes]},
        optional={"permute_classes": bool},
    )
    for key in SIZES[sizes]:
        if protocol[key] < 1:
            raise _MistakeError(f"[protocol] {key}={protocol[key]!r}. Give at least 1.")


def _check_estimator(where: str, name: str, table: Any, optional: dict[str, Any], does: str) -> Any:
    """The estimator that the table describes, if it describes one that can ``does``."""
    if not NAME.fullmatch(name) or name.startswith("sampler-"):
        raise _MistakeError(
            f"[{where}]: the name is that of a folder too. Use letters, digits, -, _ and ., and "
            "do not begin with 'sampler-'."
        )
    _check_keys(where, table, {"class": str}, {"params": dict, **optional})
    try:
        cls = specs.import_class(table["class"])
        if not hasattr(cls, does):
            raise _MistakeError(f"[{where}] class={table['class']!r} has no {does}. Name another.")
        return specs.build(cls, table.get("params", {}))
    except InvalidParameterError as error:
        raise _MistakeError(f"[{where}] {error}") from None


def _check_method(where: str, name: str, method: Any, samplers: Mapping[str, Any]) -> None:
    optional: dict[str, Any] = dict.fromkeys(("label", "group", "sampler"), str)
    optional |= {"sampling_strategy": (str, float), "fill_to": int, "tune": dict}
    estimator = _check_estimator(where, name, method, optional, "predict")
    if "sampler" in method and method["sampler"] not in samplers:
        known = ", ".join(samplers) or "none: add a table [samplers.NAME]"
        raise _MistakeError(
            f"[{where}] sampler={method['sampler']!r} is no sampler. Choose from {known}."
        )
    if specs.takes_sampler(type(estimator)):
        named = samplers.get(method.get("sampler", ""), {}).get("class")
        if named is None or not specs.is_shared(specs.import_class(named)):
            raise _MistakeError(
                f"[{where}] {method['class']} resamples by itself. Name a sampler of equipoise "
                "that can be trained and saved before."
            )
    strategies = [key for key in ("sampling_strategy", "fill_to") if key in method]
    if strategies and "sampler" not in method:
        raise _MistakeError(f"[{where}] {strategies[0]} needs a sampler. Add the key sampler.")
    if len(strategies) > 1:
        raise _MistakeError(f"[{where}] has sampling_strategy and fill_to. Leave one out.")
    if "tune" in method and "sampler" in method:
        # Copies of a row on both sides of the split would choose what overfits.
        raise _MistakeError(f"[{where}] has tune and a sampler. Leave one out.")
    for key, values in method.get("tune", {}).items():
        if key not in estimator.get_params() or not isinstance(values, list) or not values:
            raise _MistakeError(
                f"[{where}.tune] {key}={values!r}: give a parameter of {method['class']} and a "
                "list of values."
            )


def _check_published(where: str, dataset: str, rows: Any) -> None:
    if dataset not in DATASETS:
        raise _MistakeError(f"[{where}] is no data set. Choose from {', '.join(DATASETS)}.")
    _check_keys(where, rows, {}, dict.fromkeys(rows, list))
    for name, row in rows.items():
        numbers: Sequence[Any] = [v for v in row if isinstance(v, (int, float))]
        if len(numbers) < len(row) or len(row) != N_METRICS:
            raise _MistakeError(f"[{where}] {name}={row!r}: give the {N_METRICS} metrics.")
