"""The jobs of an experiment, and which of them are still to be done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from equipoise.errors import InvalidParameterError

from . import images, specs, store, tables
from .experiment import Experiment
from .treatments import trained

Job = dict[str, Any]


def jobs_of(
    experiment: Experiment,
    *,
    seeds: Sequence[int] | None = None,
    methods: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    held_out: bool = False,
    data_dir: Path | None = None,
    models: Path | None = None,
    with_defaults: bool = True,
) -> list[Job]:
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
    with_defaults : bool, default=True
        Whether to import the classes of the file, to know the defaults of their parameters.

    Returns
    -------
    list of dict
        Values that JSON can hold.

    Raises
    ------
    InvalidParameterError
        The experiment has no such method or data set, or nothing can be held out.
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
    folder = experiment.path.parent.resolve()
    protocols = {
        dataset: experiment.protocol
        | tables.identity(dataset, experiment.target, folder, experiment.missing_values)
        | images.identity(dataset, data_dir)
        for dataset in datasets or experiment.datasets
    }
    shared = {
        "experiment": experiment.name,
        "scored_on": "held-out" if held_out else "test",
        "target": experiment.target,
        "missing_values": experiment.missing_values,
        "folder": str(folder),
        "data_dir": None if data_dir is None else str(data_dir.resolve()),
        "models": str((models or Path("runs") / experiment.name).resolve()),
    }
    of_methods = [
        _of_method(experiment, name, with_defaults) for name in methods or experiment.methods
    ]
    return [
        shared | {"dataset": dataset, "protocol": protocol, "seed": seed} | of_method
        for seed in (experiment.seeds if seeds is None else seeds)
        for dataset, protocol in protocols.items()
        for of_method in of_methods
    ]


def _of_method(experiment: Experiment, name: str, with_defaults: bool) -> Job:
    method = experiment.methods[name]
    sampler = None
    if "sampler" in method:
        sampler = {"name": method["sampler"]}
        sampler |= specs.describe(experiment.samplers[method["sampler"]], with_defaults)
    spec = specs.describe(method, with_defaults) | {"sampler": sampler}
    keys = ("sampling_strategy", "fill_to", "tune", "remedy")
    return {
        "treatment": method.get("treatment", name),
        "treatment_label": method.get("treatment_label", method.get("label")),
        **{key: method.get(key) for key in ("classifier", "classifier_label", "group")},
        "sampler": None,
        "spec": spec | {key: method.get(key) for key in keys},
    }


def missing(
    jobs: Sequence[Job], records: Collection[dict[str, Any]], again: bool = False
) -> list[Job]:
    """Jobs to run: those without a finished record, or all of them ``again``."""
    done = {store.key_of(record) for record in records if record["status"] == "done"}
    return [job for job in jobs if again or store.key_of(job) not in done]


def sampler_job(job: Job) -> Job | None:
    """The job that trains the shared sampler of a job; None if there is none or it is trained."""
    sampler = job["spec"]["sampler"]
    if sampler is None or not trained.is_shared(sampler, "folds" in job["protocol"]):
        return None
    if trained.is_trained(job, sampler):
        return None
    of_method = ("treatment", "classifier", "treatment_label", "classifier_label", "group")
    spec = {key: sampler[key] for key in ("class", "params", "defaults")}
    return job | dict.fromkeys(of_method) | {"sampler": sampler["name"], "spec": spec}


def other_parameters(job: Job, record: dict[str, Any]) -> list[str]:
    """Parameters that a record was run with and that differ from those of its job now."""
    before, now = {"params": record["protocol"]}, {"params": job["protocol"]}
    spec = specs.differences(record["spec"], specs.as_json(job["spec"]))
    return spec + specs.differences(before, now)
