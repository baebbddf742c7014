"""What tables and pages read from the records of a benchmark: plain dicts, one per job."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

Record = Mapping[str, Any]
Records = Sequence[Record]

COSTS = ("fit_seconds", "predict_seconds", "peak_mib", "n_parameters")


def finished(records: Records) -> list[Record]:
    """Those with scores: neither failed ones nor the training of a sampler for many methods."""
    return [r for r in records if r["status"] == "done" and r.get("metrics") is not None]


def data_of(record: Record) -> str:
    """Name of the rows that a job was scored on. Held-out rows are never mixed with test rows."""
    held_out = record.get("scored_on") == "held-out"
    return f"{record['dataset']} (held-out)" if held_out else str(record["dataset"])


def data_sets(records: Records) -> list[str]:
    """All that were scored on, in the order of the records."""
    return list(dict.fromkeys(map(data_of, records)))


def labels_of(records: Records) -> dict[str, str]:
    """What to call each method; two that share a label have their names added."""
    labels = {r["method"]: str(r.get("label") or r["method"]) for r in records}
    given = list(labels.values())
    return {
        method: f"{label} ({method})" if given.count(label) > 1 and label != method else label
        for method, label in labels.items()
    }


def groups_of(records: Records) -> dict[str, str]:
    """The group of each method, empty for those without."""
    return {record["method"]: str(record.get("group") or "") for record in records}


def score_table(records: Records, metric: str = "acsa") -> pd.DataFrame:
    """Scores as :mod:`equipoise.metrics.comparison` takes them.

    Parameters
    ----------
    records : sequence of mappings
    metric : str, default="acsa"
        A key of the records' ``metrics``.

    Returns
    -------
    DataFrame of shape (n_methods, n_blocks)
        Index: methods; columns: pairs of data set and seed. NaN where a run is missing or failed.
    """
    done = finished(records)
    methods = dict.fromkeys(record["method"] for record in done)
    blocks = dict.fromkeys((data_of(record), record["seed"]) for record in done)
    columns = pd.MultiIndex.from_tuples(list(blocks), names=["data", "seed"]) if blocks else []
    table = pd.DataFrame(math.nan, index=list(methods), columns=columns)
    for record in done:
        block = data_of(record), record["seed"]
        table.loc[record["method"], block] = number(record["metrics"][metric])
    return table


def costs(record: Record) -> dict[str, float]:
    """What a job took; fitting includes the sampler."""
    found = {name: number(record.get(name)) for name in COSTS}
    found["fit_seconds"] += number(record.get("sampler_seconds"), missing=0)
    return found


def machine_seconds(records: Records) -> float:
    """Time of all finished jobs, a sampler that several methods share counted once."""
    done = finished(records)
    samplers = {
        (data_of(record), record["seed"], json.dumps(sampler, sort_keys=True)): _in_all(
            record, "sampler_seconds"
        )
        for record in done
        if (sampler := (record.get("spec") or {}).get("sampler"))
    }
    return sum(_in_all(r, name) for r in done for name in COSTS[:2]) + sum(samplers.values())


def _in_all(record: Record, name: str) -> float:
    """Seconds of all folds, of which a record has the mean."""
    return number(record.get(name), missing=0) * len(record.get("folds") or [1])


def failed_jobs(records: Records) -> dict[str, list[str]]:
    """For each data set with failures, a line per failed job: method, seed and error."""
    labels = labels_of(records)
    found: dict[str, list[str]] = {}
    for record in records:
        if record["status"] == "failed":
            # Of a traceback the last line says what happened.
            error = (str(record.get("error") or "").strip().splitlines() or ["no message"])[-1]
            line = f"{labels[record['method']]}, seed {record['seed']}: {error}"
            found.setdefault(data_of(record), []).append(line)
    return found


def distinct(values: Iterable[Any]) -> list[Any]:
    """Without None and repetitions, in order."""
    return list(dict.fromkeys(value for value in values if value is not None))


def number(value: Any, missing: float = math.nan) -> float:
    """A float; `missing` for the null that JSON has in place of NaN."""
    return missing if value is None else float(value)
