"""The section of the page that tells what was run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .records import Record, Records, data_of, data_sets, distinct, labels_of, method_of
from .tables import Table, TableCell


def methods_table(done: Records) -> Table:
    """Class, parameters and sampler of every method with results."""
    labels = labels_of(done)
    first = {labels[method_of(record)]: record for record in reversed(done)}
    rows = [
        [label, first[label].get("group") or "", *_spec_texts(first[label])]
        for label in labels.values()
    ]
    headings = ["method", "group", "class", "parameters", "sampler"]
    return Table("", headings, [[TableCell(text) for text in row] for row in rows])


def provenance(done: Records) -> dict[str, Any]:
    """Protocols, class sizes (those of the first seed), versions and commits, each once."""
    versions: dict[str, list[str]] = {}
    for record in done:
        for package, version in (record.get("versions") or {}).items():
            versions[package] = distinct([*versions.get(package, []), version])
    return {
        "protocols": distinct(json.dumps(r["protocol"])[1:-1].replace('"', "") for r in done),
        "class_sizes": {
            data: next(r["class_counts"] for r in done if data_of(r) == data)
            for data in data_sets(done)
        },
        "versions": versions,
        "commits": distinct(
            f"{git['commit'][:10]}{' with changes' if git['dirty'] else ''}"
            for record in done
            if (git := record.get("git"))
        ),
    }


def _spec_texts(record: Record) -> tuple[str, str, str]:
    """Class, parameters and sampler of a method as one would write them."""
    spec = record.get("spec") or {}
    sampler = spec.get("sampler") or {}
    made = f"{sampler['class']}({_written(sampler.get('params'))})" if sampler else ""
    for key in ("sampling_strategy", "fill_to"):
        if spec.get(key) is not None:
            made += f", {key}={spec[key]!r}"
    params = [_written(spec.get("params"))]
    params += [f"{name} chosen from {values}" for name, values in (spec.get("tune") or {}).items()]
    return str(spec.get("class", "")), "; ".join(filter(None, params)), made


def _written(params: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in (params or {}).items())
