"""What an experiment file may say, section by section; a mistake is named with its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import is_regressor

from equipoise.errors import InvalidParameterError

from . import specs, tables
from .treatments.remedies import REMEDIES

Section = Mapping[str, Any]
# The data sets of equipoise.datasets that have a training and a test set of their own.
DATASETS = ("digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "celeba")
NUMBER = (int, float)
# Rule of the class sizes -> the keys that it needs beside it, and their types.
SIZES: dict[str, Section] = {
    "published": {},
    "exponential": {"ratio": NUMBER},
    "step": {"ratio": NUMBER, "n_minority": int},
}
TREATMENT = dict.fromkeys(("label", "group", "sampler", "remedy"), str)
# Group of sections -> the method that its estimators need, and the keys that are optional.
SECTIONS: dict[str, tuple[str | None, Section]] = {
    "samplers": ("fit_resample", {"params": dict}),
    "classifiers": ("predict_proba", {"params": dict, "label": str}),
    "treatments": (None, TREATMENT),
    "methods": (
        "predict",
        {"params": dict, "tune": dict, "sampling_strategy": (str, float), "fill_to": int}
        | TREATMENT,
    ),
}
EXCLUSIVE = (
    ("remedy", "sampler"),
    ("sampling_strategy", "fill_to"),
    # Copies of a row on both sides of the split would choose what overfits.
    ("tune", "sampler"),
    ("tune", "remedy"),
)
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
    rule, _, of_another = sizes.partition(":") if isinstance(sizes, str) else ("", "", "")
    if rule not in SIZES or (of_another and (rule != "published" or of_another not in DATASETS)):
        raise MistakeError(
            f"[protocol] sizes={sizes!r}. Choose from {', '.join(SIZES)} and published:DATASET, or "
            "give folds for tables."
        )
    check_keys("protocol", protocol, {"sizes": str, **SIZES[rule]}, {"permute_classes": bool})
    for key in SIZES[rule]:
        if protocol[key] < 1:
            raise MistakeError(f"[protocol] {key}={protocol[key]!r}. Give at least 1.")


def check_name(where: str, name: str) -> None:
    """Require a name that can be the name of a folder."""
    if not NAME.fullmatch(name) or name.startswith("sampler-"):
        raise MistakeError(
            f"[{where}]: the name is that of a folder too. Use letters, digits, -, _ and ., and "
            "do not begin with 'sampler-'."
        )


def check_sections(groups: Mapping[str, Section], on_folds: bool) -> None:
    """Require of all samplers, classifiers, treatments and methods what can be told from the file.

    Parameters
    ----------
    groups : dict of str to dict
        For each key of ``SECTIONS`` the sections of the file by their names.
    on_folds : bool
    """
    for group, (does, optional) in SECTIONS.items():
        for name, section in groups[group].items():
            where = f"{group}.{name}"
            check_name(where, name)
            check_keys(where, section, {"class": str} if does else {}, optional)
            for one, other in EXCLUSIVE:
                if one in section and other in section:
                    raise MistakeError(f"[{where}] has {one} and {other}. Leave one out.")
            if group == "samplers" and section["class"] == specs.EXTERNAL and not on_folds:
                raise MistakeError(
                    f"[{where}] class='external' is for [protocol] folds. Name a class."
                )
            check_treatment(where, section, groups["samplers"])
            if group == "methods":
                check_strategy(where, section, on_folds)
    check_products(groups["classifiers"], groups["treatments"], groups["methods"])


def check_classes(groups: Mapping[str, Section], on_folds: bool) -> None:
    """Import and build what the sections name, and require that it can do what is wanted of it.

    Importing a class runs the code of its package, so this is for experiments that are to be run.
    """
    for group, (does, _) in SECTIONS.items():
        for name, section in groups[group].items():
            if does and section["class"] != specs.EXTERNAL:
                where = f"{group}.{name}"
                estimator = check_estimator(where, section, does)
                if group == "methods":
                    check_method(where, section, estimator, groups["samplers"], on_folds)


def check_estimator(where: str, section: Section, does: str) -> Any:
    """The estimator that a section describes; it must be able to do ``does`` with classes."""
    try:
        cls = specs.import_class(section["class"])
        estimator = specs.build(cls, section.get("params", {})) if hasattr(cls, does) else None
        # Parameters can take predict_proba away, as in SVC.
        if not hasattr(estimator, does):
            given = "" if estimator is None else f" with params={section.get('params', {})!r}"
            remedy = "Name another" if estimator is None else "Name another, or give other params"
            raise MistakeError(
                f"[{where}] class={section['class']!r}{given} has no {does}. {remedy}."
            )
        if hasattr(estimator, "__sklearn_tags__") and is_regressor(estimator):
            raise MistakeError(
                f"[{where}] class={section['class']!r} is a regressor. Name a classifier."
            )
        return estimator
    except InvalidParameterError as error:
        raise MistakeError(f"[{where}] {error}") from None


def check_treatment(where: str, section: Section, samplers: Section) -> None:
    """Require a known sampler, a known remedy, or neither."""
    if "sampler" in section and section["sampler"] not in samplers:
        known = ", ".join(samplers) or "none: add a table [samplers.NAME]"
        raise MistakeError(
            f"[{where}] sampler={section['sampler']!r} is no sampler. Choose from {known}."
        )
    if "remedy" in section and section["remedy"] not in REMEDIES:
        raise MistakeError(
            f"[{where}] remedy={section['remedy']!r}. Choose from {', '.join(REMEDIES)}."
        )


def check_strategy(where: str, method: Section, on_folds: bool) -> None:
    """Require a sampler where there is a number of rows to make."""
    strategies = [key for key in ("sampling_strategy", "fill_to") if key in method]
    if strategies and "sampler" not in method:
        raise MistakeError(f"[{where}] {strategies[0]} needs a sampler. Add the key sampler.")
    if strategies and on_folds:
        raise MistakeError(
            f"[{where}] {strategies[0]}: with folds it is a parameter of the sampler. Put "
            "sampling_strategy into its params."
        )


def check_method(
    where: str, method: Section, estimator: Any, samplers: Section, on_folds: bool
) -> None:
    """Require at most one way to treat the rare classes, and parameters that can be tuned."""
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
    for key, values in method.get("tune", {}).items():
        if key not in estimator.get_params() or not isinstance(values, list) or not values:
            raise MistakeError(
                f"[{where}.tune] {key}={values!r}: give a parameter of {method['class']} and a "
                "list of values."
            )


def check_products(classifiers: Section, treatments: Section, methods: Section) -> None:
    """Require classifiers and treatments together, and names that tell all that is ranked apart."""
    if bool(classifiers) != bool(treatments):
        both = ("classifiers", "treatments")
        given, other = both if classifiers else both[::-1]
        raise MistakeError(f"[{given}] needs [{other}.NAME] too. Add one.")
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
