"""What an experiment file may say, section by section; a mistake is named with its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.errors import InvalidParameterError

from . import specs, tables

# The data sets of equipoise.datasets that have a training and a test set of their own.
DATASETS = ("digits", "mnist", "fashion-mnist", "svhn", "celeba")
# Rule of the class sizes -> the keys that it needs beside it.
SIZES: dict[str, tuple[str, ...]] = {
    "published": (),
    "exponential": ("ratio",),
    "step": ("ratio", "n_minority"),
}
N_METRICS = 5
NAME = re.compile(r"\w[\w.-]*")
IN_TOML = {
    str: "a text",
    list: "a list",
    dict: "a table",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
Section = Mapping[str, Any]


class MistakeError(ValueError):
    """A mistake in an experiment file; the name of the file is put before the message."""


def check_keys(where: str, section: Any, required: Section, optional: Section) -> None:
    """Require that all needed keys are there, none is unknown, and the values have these types."""
    here = f"[{where}] " if where else ""
    if not isinstance(section, dict):
        raise MistakeError(f"{where}={section!r} is no table.")
    known = {**required, **optional}
    for key, value in section.items():
        if key not in known:
            raise MistakeError(f"{here}{key}: there is no such key. Known: {', '.join(known)}.")
        kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
        # TOML's true is no number, though Python's is.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(IN_TOML[kind] for kind in kinds)
            raise MistakeError(f"{here}{key}={value!r} is not {wanted}.")
    for key in required:
        if key not in section:
            raise MistakeError(f"{here}{key} is missing. Add it.")


def check_datasets(names: Sequence[Any], on_folds: bool, target: str | None) -> None:
    """Require images with a protocol of class sizes, and tables with folds."""
    for name in names:
        if isinstance(name, str) and tables.is_table(name):
            if not on_folds:
                raise MistakeError(
                    f"datasets has the table {name!r}, which has no test rows of its own. "
                    "Write folds = 5 under [protocol], in place of sizes."
                )
            if name.startswith(tables.FILE) and target is None:
                raise MistakeError(
                    f"target is missing. Name the column of {name!r} that has the class labels."
                )
            tables.check_name(name)
        elif on_folds:
            raise MistakeError(
                f"datasets has {name!r}, but [protocol] folds is for tables. Give csv:PATH, "
                "keel:NAME, openml:NAME or sklearn:NAME."
            )
        elif name not in DATASETS:
            raise MistakeError(f"datasets has {name!r}. Choose from {', '.join(DATASETS)}.")


def check_protocol(protocol: dict[str, Any]) -> None:
    """Require class sizes or folds, and what belongs to them."""
    if "folds" in protocol:
        check_keys("protocol", protocol, {"folds": int}, {})
        if protocol["folds"] < 2:
            raise MistakeError(f"[protocol] folds={protocol['folds']!r}. Give at least 2.")
        return
    sizes = protocol.get("sizes")
    if not isinstance(sizes, str) or sizes not in SIZES:
        raise MistakeError(
            f"[protocol] sizes={sizes!r}. Choose from {', '.join(SIZES)}, or give folds for tables."
        )
    kinds = {"ratio": (int, float), "n_minority": int}
    needed = {"sizes": str} | {key: kinds[key] for key in SIZES[sizes]}
    check_keys("protocol", protocol, needed, {"permute_classes": bool})
    for key in SIZES[sizes]:
        if protocol[key] < 1:
            raise MistakeError(f"[protocol] {key}={protocol[key]!r}. Give at least 1.")


def check_name(where: str, name: str) -> None:
    """Require a name that can be the name of a folder."""
    if not NAME.fullmatch(name) or name.startswith("sampler-"):
        raise MistakeError(
            f"[{where}]: the name is that of a folder too. Use letters, digits, -, _ and ., and "
            "do not begin with 'sampler-'."
        )


def check_estimator(where: str, name: str, section: Any, optional: Section, does: str) -> Any:
    """The estimator that a section describes; it must have the method ``does``."""
    check_name(where, name)
    check_keys(where, section, {"class": str}, {"params": dict, **optional})
    try:
        cls = specs.import_class(section["class"])
        if not hasattr(cls, does):
            raise MistakeError(f"[{where}] class={section['class']!r} has no {does}. Name another.")
        return specs.build(cls, section.get("params", {}))
    except InvalidParameterError as error:
        raise MistakeError(f"[{where}] {error}") from None


def check_sampler(name: str, sampler: Any, on_folds: bool) -> None:
    """Require an oversampler or, with folds, one whose rows another program makes."""
    where = f"samplers.{name}"
    if isinstance(sampler, dict) and sampler.get("class") == specs.EXTERNAL:
        check_name(where, name)
        check_keys(where, sampler, {"class": str}, {"params": dict})
        if not on_folds:
            raise MistakeError(f"[{where}] class='external' is for [protocol] folds. Name a class.")
        return
    check_estimator(where, name, sampler, {}, "fit_resample")


def check_treatment(where: str, section: Section, samplers: Section) -> None:
    """Require a known sampler, a known remedy, or neither."""
    if "sampler" in section and section["sampler"] not in samplers:
        known = ", ".join(samplers) or "none: add a table [samplers.NAME]"
        raise MistakeError(
            f"[{where}] sampler={section['sampler']!r} is no sampler. Choose from {known}."
        )
    if "remedy" in section:
        from .treatments.remedies import REMEDIES

        if section["remedy"] not in REMEDIES:
            raise MistakeError(
                f"[{where}] remedy={section['remedy']!r}. Choose from {', '.join(REMEDIES)}."
            )
        if "sampler" in section:
            raise MistakeError(f"[{where}] has a remedy and a sampler. Leave one out.")


def check_method(name: str, method: Any, samplers: Section, on_folds: bool) -> None:
    """Require a classifier, and at most one way to treat its rare classes."""
    where = f"methods.{name}"
    optional: dict[str, Any] = dict.fromkeys(("label", "group", "sampler", "remedy"), str)
    optional |= {"sampling_strategy": (str, float), "fill_to": int, "tune": dict}
    estimator = check_estimator(where, name, method, optional, "predict")
    check_treatment(where, method, samplers)
    if specs.takes_sampler(type(estimator)):
        if on_folds:
            raise MistakeError(
                f"[{where}] {method['class']} resamples by itself, which [protocol] folds does not "
                "offer. Name another class."
            )
        named = samplers.get(method.get("sampler", ""), {}).get("class")
        if named is None or not specs.can_be_saved(specs.import_class(named)):
            raise MistakeError(
                f"[{where}] {method['class']} resamples by itself. Name a sampler of equipoise "
                "that can be trained and saved before."
            )
    strategies = [key for key in ("sampling_strategy", "fill_to") if key in method]
    if strategies and "sampler" not in method:
        raise MistakeError(f"[{where}] {strategies[0]} needs a sampler. Add the key sampler.")
    if strategies and on_folds:
        raise MistakeError(
            f"[{where}] {strategies[0]}: with folds it is a parameter of the sampler. Put "
            "sampling_strategy into its params."
        )
    if len(strategies) > 1:
        raise MistakeError(f"[{where}] has sampling_strategy and fill_to. Leave one out.")
    for other in ("sampler", "remedy"):
        if "tune" in method and other in method:
            # Copies of a row on both sides of the split would choose what overfits.
            raise MistakeError(f"[{where}] has tune and a {other}. Leave one out.")
    for key, values in method.get("tune", {}).items():
        if key not in estimator.get_params() or not isinstance(values, list) or not values:
            raise MistakeError(
                f"[{where}.tune] {key}={values!r}: give a parameter of {method['class']} and a "
                "list of values."
            )


def check_products(
    classifiers: Section, treatments: Section, samplers: Section, methods: Section
) -> None:
    """Require classifiers and treatments together, and names that tell all that is ranked apart."""
    if bool(classifiers) != bool(treatments):
        both = ("classifiers", "treatments")
        given, other = both if classifiers else both[::-1]
        raise MistakeError(f"[{given}] needs [{other}.NAME] too. Add one.")
    for name, section in classifiers.items():
        check_estimator(f"classifiers.{name}", name, section, {"label": str}, "predict_proba")
    for name, section in treatments.items():
        where = f"treatments.{name}"
        check_name(where, name)
        known = dict.fromkeys(("sampler", "remedy", "label", "group"), str)
        check_keys(where, section, {}, known)
        check_treatment(where, section, samplers)
    ranked = [*treatments.items(), *methods.items()] if treatments else []
    labels = [section.get("label", name) for name, section in ranked]
    for kind, values in (("name", [name for name, _ in ranked]), ("label", labels)):
        for value in values:
            if values.count(value) > 1:
                raise MistakeError(
                    f"[treatments] and [methods] have the {kind} {value!r} twice. Change one."
                )


def check_published(where: str, dataset: str, rows: Any) -> None:
    """Require rows of a paper with the five metrics."""
    if dataset not in DATASETS:
        raise MistakeError(f"[{where}] is no data set. Choose from {', '.join(DATASETS)}.")
    check_keys(where, rows, {}, dict.fromkeys(rows, list) if isinstance(rows, dict) else {})
    for name, row in rows.items():
        numbers = [v for v in row if isinstance(v, (int, float))]
        if len(numbers) < len(row) or len(row) != N_METRICS:
            raise MistakeError(f"[{where}] {name}={row!r}: give the {N_METRICS} metrics.")
