"""Which jobs an experiment consists of, and which of them are still to be run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from equipoise.datasets.loading import class_names
from equipoise.errors import InvalidParameterError

from . import layout, samplers, specs, store, table_samplers, tables
from .experiment import Experiment


def jobs_of(
    experiment: Experiment,
    *,
    seeds: Sequence[int] | None = None,
    methods: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    held_out: bool = False,
    data_dir: Path | None = None,
    models: Path | None = None,
) -> list[dict[str, Any]]:
    """Jobs of the methods, seed by seed.

    Parameters
    ----------
    experiment : Experiment
    seeds, methods, datasets : sequence, default=None
        None for all of the file.
    held_out : bool, default=False
        Whether to score on training images that the protocol leaves over.
    data_dir : Path, default=None
        Folder of the data sets.
    models : Path, default=None
        Where shared samplers are kept; None for ``runs/EXPERIMENT``.

    Returns
    -------
    list of dict
        What JSON can hold.

    Raises
    ------
    InvalidParameterError
        A method or data set is none of the experiment's, or nothing can be held out.
    """
    if held_out and "folds" in experiment.protocol:
        raise InvalidParameterError(
            f"held_out: {experiment.path} scores every row in one of its folds, and none is left "
            "over. Leave it out, or choose on other data sets."
        )
    for name, chosen, known in (
        ("methods", methods, experiment.methods),
        ("datasets", datasets, experiment.datasets),
    ):
        for one in chosen or ():
            if one not in known:
                raise InvalidParameterError(
                    f"{name}: {experiment.path} has no {one!r}. Choose from {', '.join(known)}."
                )
    shared = {
        "experiment": experiment.name,
        "scored_on": "held-out" if held_out else "test",
        "protocol": experiment.protocol,
        "data_dir": None if data_dir is None else str(data_dir.resolve()),
        "models": str((models or Path("runs") / experiment.name).resolve()),
    }
    of_methods = {name: _of_method(experiment, name) for name in methods or experiment.methods}
    return [
        shared
        | {"dataset": dataset, "method": name, "seed": seed, "classes": names_of(dataset)}
        | about
        for seed in (experiment.seeds if seeds is None else seeds)
        for dataset in datasets or experiment.datasets
        for name, about in of_methods.items()
    ]


def _of_method(experiment: Experiment, name: str) -> dict[str, Any]:
    method = experiment.methods[name]
    sampler = None
    if "sampler" in method:
        sampler = {"name": method["sampler"]}
        sampler |= specs.describe(experiment.samplers[method["sampler"]])
    spec = specs.describe(method) | {
        "sampler": sampler,
        "sampling_strategy": method.get("sampling_strategy"),
        "fill_to": method.get("fill_to"),
        "tune": method.get("tune"),
        "remedy": method.get("remedy"),
    }
    return {"label": method.get("label"), "group": method.get("group"), "spec": spec}


def missing(
    jobs: Sequence[dict[str, Any]], records: Collection[dict[str, Any]], again: bool = False
) -> list[dict[str, Any]]:
    """Jobs to run: those without a finished record, or all of them ``again``."""
    done = {store.key_of(record) for record in records if record["status"] == "done"}
    return [job for job in jobs if again or store.key_of(job) not in done]


def names_of(dataset: str) -> list[str]:
    """Names of the classes of an image data set or a table."""
    return tables.class_names(dataset) if tables.is_table(dataset) else class_names(dataset)


def sampler_job(job: dict[str, Any]) -> dict[str, Any] | None:
    """The job that trains what this one resamples with; None where it needs none, or has it."""
    sampler = job["spec"]["sampler"]
    if sampler is None:
        return None
    if "folds" in job["protocol"]:
        is_made_before = table_samplers.is_stored(sampler)
    else:
        is_made_before = specs.is_shared(specs.import_class(sampler["class"]))
    if not is_made_before or samplers.is_there(job, sampler):
        return None
    spec = {key: sampler[key] for key in ("class", "params", "defaults")}
    return job | {
        "method": layout.SAMPLER + sampler["name"],
        "label": None,
        "group": None,
        "spec": spec,
    }


def other_parameters(job: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """What a stored record was run with and its experiment file no longer says."""
    before, now = {"params": record["protocol"]}, {"params": job["protocol"]}
    spec = specs.differences(record["spec"], specs.as_json(job["spec"]))
    return spec + specs.differences(before, now)
