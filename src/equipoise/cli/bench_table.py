"""Records of an experiment as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.experiments import Experiment, plan, store
from equipoise.metrics._text import aligned
from equipoise.metrics.names import METRICS
from equipoise.report.summary import SCORES
from equipoise.report.tables import Table

LEFT_OUT = ("group", "predict s", "parameters")


def line(record: Mapping[str, Any]) -> str:
    """A record on one line: metrics and times, or why it failed."""
    job = f"{record['dataset']} {store.name_of(record)} seed {record['seed']}: "
    if record["status"] == "failed":
        return f"{job}failed: {record['error'].splitlines()[-1]}"
    metrics = record["metrics"] or {}
    scores = [
        f"{METRICS[name].symbol} {metrics[name]:.4f}"
        for name in SCORES
        if metrics.get(name) is not None
    ]
    times = [
        f"{name} {record[f'{name}_seconds']:.1f} s"
        for name in ("sampler", "fit", "predict")
        if record[f"{name}_seconds"] is not None
    ]
    return job + "  ".join([*scores, *times])


def as_text(table: Table) -> list[str]:
    """Lines of the results on one data set."""
    shown = [i for i, heading in enumerate(table.headings) if heading not in LEFT_OUT]
    rows = [[table.headings[i] for i in shown]]
    for cells in table.rows:
        texts = list(map(str, cells))
        if texts[1] == "published":
            texts[0] += ", published"
        rows.append([texts[i] for i in shown])
    return aligned(rows)


def notes(
    experiment: Experiment, records: Sequence[Mapping[str, Any]], held_out: bool
) -> list[str]:
    """What a reader of the table should know: failures, and results of other parameters.

    No class of the file is imported, so defaults that have changed since are not told.

    Parameters
    ----------
    experiment : Experiment
        What its file asks for now.
    records : sequence of dict
        Its stored results.
    held_out : bool
        Whether they are scores on held-out training images.

    Returns
    -------
    list of str
        Empty where there is nothing to say.
    """
    seeds = sorted({record["seed"] for record in records})
    jobs = plan.jobs_of(experiment, seeds=seeds, held_out=held_out, with_defaults=False)
    asked = {store.key_of(job): job for job in jobs}
    found = []
    seeds_of: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record["status"] == "failed":
            found.append(line(record).partition(" ")[2])
        elif others := plan.other_parameters(asked[store.key_of(record)], dict(record)):
            key = (store.name_of(record), "; ".join(others))
            seeds_of.setdefault(key, []).append(str(record["seed"]))
    for (method, changes), same in seeds_of.items():
        found.append(f"{method} seed {', '.join(same)}: run with other parameters: {changes}")
    return found
