"""Records of an experiment as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, median, stdev
from typing import Any

from equipoise.benchmark import plan, store

MEASURES = {
    "acsa": "ACSA",
    "f_macro": "F",
    "g_macro": "G",
    "smallest_class_recall": "R_MI",
    "largest_class_precision": "P_MA",
}
HEADINGS = ("method", "seeds", *MEASURES.values(), "fit s", "MiB")


def line(record: Mapping[str, Any]) -> str:
    """A record on one line: metrics and times, or why it failed."""
    job = f"{record['dataset']} {record['method']} seed {record['seed']}: "
    if record["status"] == "failed":
        return f"{job}failed: {record['error'].splitlines()[-1]}"
    scores = [
        f"{name} {record['metrics'][key]:.4f}"
        for key, name in MEASURES.items()
        if record["metrics"] and record["metrics"][key] is not None
    ]
    times = [
        f"{name} {record[key]:.1f} s"
        for key, name in (
            ("sampler_seconds", "sampler"),
            ("fit_seconds", "fit"),
            ("predict_seconds", "predict"),
        )
        if record[key] is not None
    ]
    return job + "  ".join([*scores, *times])


def table(
    records: Sequence[Mapping[str, Any]],
    methods: Sequence[str],
    published: Mapping[str, Sequence[float]],
) -> list[str]:
    """Lines of the table of one data set.

    Parameters
    ----------
    records : sequence of dict
        Of one data set.
    methods : sequence of str
        In the order of the rows.
    published : dict of str to sequence of float
        Rows to begin with: the five metrics.

    Returns
    -------
    list of str
    """
    rows = [list(HEADINGS)]
    for name, values in published.items():
        rows.append([f"{name}, published", "", *(f"{value:.4f}" for value in values), "", ""])
    for method in methods:
        done = [r for r in records if r["method"] == method and r["status"] == "done"]
        if done:
            scores = [_mean_and_sd([r["metrics"][key] for r in done]) for key in MEASURES]
            seconds = f"{median(r['fit_seconds'] for r in done):.1f}"
            peaks = [r["peak_mib"] for r in done if r["peak_mib"] is not None]
            memory = f"{median(peaks):.0f}" if peaks else ""
            label = done[0]["label"] or method
            rows.append([label, str(len(done)), *scores, seconds, memory])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def notes(records: Sequence[Mapping[str, Any]], jobs: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader of the table should know: failures, and results of other parameters.

    Parameters
    ----------
    records : sequence of dict
        Of one data set.
    jobs : sequence of dict
        What the experiment file asks for now, for the same seeds.

    Returns
    -------
    list of str
    """
    asked = {store.key_of(job): job for job in jobs}
    found = [""]
    seeds_of: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record["status"] == "failed":
            found.append(line(record).partition(" ")[2])
        elif others := plan.other_parameters(asked[store.key_of(record)], dict(record)):
            key = (record["method"], "; ".join(others))
            seeds_of.setdefault(key, []).append(str(record["seed"]))
    for (method, changes), seeds in seeds_of.items():
        found.append(f"{method} seed {', '.join(seeds)}: run with other parameters: {changes}")
    return [*found, ""] if len(found) > 1 else found


def _mean_and_sd(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {stdev(known):.4f}" if len(known) > 1 else ""
    return f"{mean(known):.4f}{spread}"
