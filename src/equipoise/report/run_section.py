"""The section of the page that tells what was run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .records import (
    Record,
    Records,
    data_of,
    distinct,
    finished,
    labels_of,
    machine_seconds,
    method_of,
)
from .tables import Table, TableCell


def run_table(records: Records) -> Table:
    """Class, parameters and sampler of every method with results."""
    done = finished(records)
    labels = labels_of(done)
    first = {labels[method_of(record)]: record for record in reversed(done)}
    rows = []
    for label in labels.values():
        texts = [label, str(first[label].get("group") or ""), *_spec_texts(first[label])]
        rows.append([TableCell(text) for text in texts])
    return Table("", ["method", "group", "class", "parameters", "sampler"], rows)


def run_facts(done: Records) -> dict[str, str]:
    """What to know of the finished jobs; empty where the records do not say it."""
    sizes = {data_of(r): sorted(r["class_counts"], reverse=True) for r in reversed(done)}
    versions: dict[str, list[str]] = {}
    for record in done:
        for package, version in (record.get("versions") or {}).items():
            versions[package] = distinct([*versions.get(package, []), version])
    commits = distinct(
        f"{git['commit'][:10]}{' with changes' if git['dirty'] else ''}"
        for record in done
        if (git := record.get("git"))
    )
    return {
        "protocol": "; ".join(
            distinct(json.dumps(r["protocol"])[1:-1].replace('"', "") for r in done)
        ),
        "training rows of each class": "; ".join(
            f"{data} {', '.join(f'{size:,}' for size in sizes[data])}"
            for data in distinct(map(data_of, done))
        ),
        "seeds": ", ".join(map(str, sorted(distinct(r["seed"] for r in done)))),
        "scored on": ", ".join(distinct(r.get("scored_on") for r in done)) + " rows",
        "versions": ", ".join(f"{p} {' and '.join(found)}" for p, found in versions.items()),
        "commit": ", ".join(commits),
        "threads per job": ", ".join(map(str, distinct(r.get("threads") for r in done))),
        "machine time": f"{machine_seconds(done) / 3600:.1f} h for all finished runs together",
        "last run finished": str(max(r["finished"] for r in done)),
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
