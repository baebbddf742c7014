"""Methods of an experiment that are products: every treatment with every classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import checks

AND = "+"  # between the names of a treatment and a classifier


def methods_of(
    classifiers: Mapping[str, Any],
    treatments: Mapping[str, Any],
    samplers: Mapping[str, Any],
    others: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Checked methods ``TREATMENT+CLASSIFIER``, treatment by treatment.

    Parameters
    ----------
    classifiers : dict of str to dict
        Each with ``class``, ``params`` and ``label``.
    treatments : dict of str to dict
        Each with a ``sampler`` or a ``remedy`` or neither, and ``label`` and ``group``.
    samplers : dict of str to dict
        Those that treatments may name.
    others : dict of str to dict
        Methods beside which treatments are ranked.

    Returns
    -------
    dict of str to dict
        As if the file had them under ``[methods]``.

    Raises
    ------
    MistakeError
        Something in the tables cannot be, there is only one of the two, or a treatment and another
        method cannot be told apart.
    """
    if bool(classifiers) != bool(treatments):
        both = ("classifiers", "treatments")
        given, other = both if classifiers else both[::-1]
        raise checks.MistakeError(f"[{given}] needs [{other}.NAME] too. Add one.")
    for name, table in classifiers.items():
        where = f"classifiers.{name}"
        checks.check_estimator(where, name, table, {"label": str}, "predict_proba")
    for name, table in treatments.items():
        where = f"treatments.{name}"
        checks.check_name(where, name)
        checks.check_keys(
            where, table, {}, dict.fromkeys(("sampler", "remedy", "label", "group"), str)
        )
        checks.check_treatment(where, table, samplers)
    for ranked in (treatments, others) if treatments else ():
        for name, table in ranked.items():
            if AND in label_of(name, table):
                raise checks.MistakeError(
                    f"label={label_of(name, table)!r} has a {AND}. Write and."
                )
    named = [*treatments, *others]
    labels = [label_of(*pair) for pair in (*treatments.items(), *others.items())]
    for kind, values in (("name", named), ("label", labels)) if treatments else ():
        for value in values:
            if values.count(value) > 1:
                raise checks.MistakeError(
                    f"[treatments] and [methods] have the {kind} {value!r} twice. Change one."
                )
    return {
        f"{treatment}{AND}{classifier}": {
            **made_of,
            **done,
            "label": f"{label_of(treatment, done)} {AND} {label_of(classifier, made_of)}",
        }
        for treatment, done in treatments.items()
        for classifier, made_of in classifiers.items()
    }


def label_of(name: str, table: Mapping[str, Any]) -> str:
    """What to call a classifier or treatment."""
    return str(table.get("label", name))
