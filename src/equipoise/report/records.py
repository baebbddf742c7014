"""What tables and pages read from the records of a benchmark: plain dicts, one per job.

A method is a treatment alone, such as DGC, or a treatment and the classifier that follows it. The
training of a sampler that several methods share has a record of its own, with neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

Value = TypeVar("Value")
Record = Mapping[str, Any]
Records = Sequence[Record]
Method = tuple[str | None, str | None, str | None]  # treatment, classifier, sampler

COSTS = ("fit_seconds", "predict_seconds", "peak_mib", "n_parameters")


def finished(records: Records) -> list[Record]:
    """The records with scores: neither failed jobs nor the training of a shared sampler."""
    return [r for r in records if r["status"] == "done" and r.get("metrics") is not None]


def data_of(record: Record) -> str:
    """Name of the rows that a job was scored on, which tells test rows from all others."""
    if record.get("scored_on") == "held-out":
        return f"{record['dataset']} (held-out)"
    if "test_images" in (record.get("protocol") or {}):
        return f"{record['dataset']} (not the official test set)"
    return str(record["dataset"])


def data_sets(records: Records) -> list[str]:
    """All data sets that were scored on, in the order of the records."""
    return distinct(map(data_of, records))


def method_of(record: Record) -> Method:
    """Treatment, classifier and sampler, which identify the method of a job."""
    return record.get("treatment"), record.get("classifier"), record.get("sampler")


def has_classifiers(records: Records) -> bool:
    """Whether the experiment combines treatments with classifiers."""
    return any(record.get("classifier") for record in records)


def labels_of(records: Records) -> dict[Method, str]:
    """What to call each method and each shared sampler, no two of them alike."""
    treatments = part_labels(records, "treatment")
    classifiers = part_labels(records, "classifier")
    return {
        (treatment, classifier, sampler): " + ".join(
            filter(None, (treatments.get(treatment), classifiers.get(classifier)))
        )
        or f"sampler:{sampler}"
        for treatment, classifier, sampler in map(method_of, records)
    }


def part_labels(records: Records, part: str) -> dict[str | None, str]:
    """What to call each ``"treatment"`` or ``"classifier"``.

    A missing label is replaced by the name; where two share a label, their names are added.
    """
    labels = {r[part]: str(r.get(f"{part}_label") or r[part]) for r in records if r.get(part)}
    given = list(labels.values())
    return {
        name: f"{label} ({name})" if given.count(label) > 1 and label != name else label
        for name, label in labels.items()
    }


def groups_of(records: Records) -> dict[str, str]:
    """The group of each treatment and shared sampler, by its label; empty for none."""
    labels = part_labels(records, "treatment")
    return {
        labels.get(r.get("treatment")) or f"sampler:{r['sampler']}": str(r.get("group") or "")
        for r in records
    }


def machine_seconds(records: Records) -> float:
    """Time of all finished jobs, a sampler that several methods share counted once."""
    done = finished(records)
    samplers = {
        (data_of(record), record["seed"], json.dumps(sampler, sort_keys=True)): _of_all_folds(
            record, "sampler_seconds"
        )
        for record in done
        if (sampler := (record.get("spec") or {}).get("sampler"))
    }
    return sum(_of_all_folds(r, name) for r in done for name in COSTS[:2]) + sum(samplers.values())


def _of_all_folds(record: Record, name: str) -> float:
    """Seconds of all folds, of which a record has the mean."""
    return float(record.get(name) or 0) * len(record.get("folds") or [1])


def failed_jobs(records: Records) -> dict[str, list[str]]:
    """For each data set with failures, a line per failed job: method, seed and error."""
    labels = labels_of(records)
    found: dict[str, list[str]] = {}
    for record in records:
        if record["status"] == "failed":
            # The last line of a traceback says what happened.
            error = (str(record.get("error") or "").strip().splitlines() or ["no message"])[-1]
            line = f"{labels[method_of(record)]}, seed {record['seed']}: {error}"
            found.setdefault(data_of(record), []).append(line)
    return found


def distinct(values: Iterable[Value | None]) -> list[Value]:
    """The values without None and repetitions, in order."""
    return list(dict.fromkeys(value for value in values if value is not None))
