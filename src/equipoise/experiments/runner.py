"""Run the jobs of an experiment that are not done: here in processes, or on a Dask scheduler."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from multiprocessing import current_process
from pathlib import Path
from typing import Any

from equipoise.datasets.loading import prepare
from equipoise.errors import InvalidInputError, InvalidParameterError, counted

from . import external, plan, processes, provenance, splits, store, tables
from .experiment import Experiment
from .plan import Job
from .processes import JobOutcome, workers

Submit = Callable[[Job], "Future[JobOutcome]"]
SECONDS_TO_CONNECT = 10


def run(
    experiment: Experiment,
    *,
    seeds: Sequence[int] | None = None,
    methods: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    held_out: bool = False,
    again: bool = False,
    data_dir: Path | None = None,
    results: Path | None = None,
    models: Path | None = None,
    on_record: Callable[[dict[str, Any], int, int], None] = lambda record, done, total: None,
) -> list[dict[str, Any]]:
    """Run the jobs that have no finished record, and store each as soon as it ends.

    Each job is a process, which imports the main script: put the code of a script that calls this
    under ``if __name__ == "__main__":``.

    Parameters
    ----------
    experiment : Experiment
    seeds, methods, datasets : sequence, default=None
        None for all of the file. Seeds may be others than those of the file.
    jobs : int, default=1
        Processes at a time, each with its share of the cores. Not used with a scheduler.
    scheduler : str, default=None
        Address of a Dask scheduler to run the jobs on.
    held_out : bool, default=False
        Score on training images that the protocol leaves over, at most 1,000 of each class, and
        leave the test images alone.
    again : bool, default=False
        Run all of them, also those that are done; their records are kept.
    data_dir : Path, default=None
        Folder of the data sets, as for :func:`equipoise.load_dataset`.
    results : Path, default=None
        Folder of the store; None for ``results`` beside the experiment file.
    models : Path, default=None
        Folder of trained samplers; None for ``runs/EXPERIMENT``.
    on_record : callable, optional
        Called with each record, how many jobs are done, and how many there are.

    Returns
    -------
    list of dict
        The records of this run, failed ones included.

    Raises
    ------
    InvalidParameterError
        The experiment has no such method or data set, or Dask is not installed.
    InvalidInputError
        A table cannot be had, or one of its classes has fewer rows than there are folds.
    DatasetNotFoundError
        A data set is not here and cannot be downloaded.
    ConnectionError
        The scheduler does not answer, or is lost.
    """
    folder = store.folder_of(
        results or experiment.path.parent / "results", experiment.name, held_out
    )
    chosen = plan.jobs_of(
        experiment,
        seeds=seeds,
        methods=methods,
        datasets=datasets,
        held_out=held_out,
        data_dir=data_dir,
        models=models,
    )
    if getattr(current_process(), "_inheriting", False):
        raise RuntimeError(
            "run() was called while a job was starting. Put the code of your script under "
            'if __name__ == "__main__":, because every job imports the script.'
        )
    if jobs < 1:
        raise InvalidParameterError(f"jobs={jobs!r} is not possible. Pass at least 1.")
    todo = plan.missing(chosen, store.read_records(folder), again)
    n_stored = len(chosen) - len(todo)
    if not todo:
        return []
    _check_tables(todo)
    if waiting := [job for job in todo if external.waits(job)]:
        folders = external.hand_out(waiting)
        warnings.warn(
            "Rows that another program has to make are missing for "
            f"{counted(len(waiting), 'job')}, in {counted(len(folders), 'folder')} of "
            f"{folders[0].parents[1]}, which have the training parts now. Let it do so and run "
            "this again.",
            stacklevel=2,
        )
    todo = with_samplers([job for job in todo if not external.waits(job)])
    if scheduler is None:
        for name in {job["dataset"] for job in todo}:
            prepare(name, data_dir)  # once, and not in every job
    records = []
    with local(jobs) if scheduler is None else remote(scheduler) as (submit, slots):
        for outcome in in_turn(todo, submit, slots):
            store.append(folder, outcome.record, outcome.predictions)
            records.append(outcome.record)
            on_record(outcome.record, n_stored + len(records), n_stored + len(todo))
    return records


def _check_tables(jobs: Sequence[Job]) -> None:
    """Load every table once, so that mistakes are found before anything runs."""
    for job in {job["dataset"]: job for job in jobs if "folds" in job["protocol"]}.values():
        table = tables.of_job(job)
        try:
            splits.stratified_folds(table.y, job["protocol"]["folds"], job["seed"])
        except InvalidInputError as error:
            raise InvalidInputError(f"{job['dataset']}: {error}") from None


def with_samplers(jobs: Sequence[Job]) -> list[Job]:
    """Insert the training of each shared sampler before the first job that needs it."""
    found: dict[store.Key, Job] = {}
    for job in jobs:
        trainer = plan.sampler_job(job)
        if trainer is not None:
            found.setdefault(store.key_of(trainer), trainer)
            job = job | {"after": store.key_of(trainer)}
        found[store.key_of(job)] = job
    return list(found.values())


def in_turn(jobs: Sequence[Job], submit: Submit, slots: int) -> Iterator[JobOutcome]:
    """Yield outcomes as jobs end; a method waits for its sampler, and fails if that fails.

    Parameters
    ----------
    jobs : sequence of dict
        In the order in which to begin them.
    submit : callable
        Starts a job.
    slots : int
        How many may run at a time.
    """
    waiting = list(jobs)
    unfinished = {store.key_of(job) for job in jobs}
    failures: dict[store.Key, str] = {}
    running: dict[Future[JobOutcome], Job] = {}
    while waiting or running:
        for job in [job for job in waiting if job.get("after") not in unfinished]:
            if job.get("after") in failures:
                waiting.remove(job)
                error = f"its sampler failed: {failures[job['after']]}"
                yield JobOutcome(provenance.failed_record(job, error), None)
            elif len(running) < slots:
                waiting.remove(job)
                running[submit(job)] = job
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            job = running.pop(future)
            outcome = _outcome(future, job)
            unfinished.remove(store.key_of(job))
            if outcome.record["status"] == "failed":
                failures[store.key_of(job)] = outcome.record["error"]
            yield outcome


@contextmanager
def local(n_jobs: int) -> Iterator[tuple[Submit, int]]:
    """Start jobs here, each with an equal part of the cores; none outlives the block."""
    with workers(n_jobs) as (pool, children):
        yield lambda job: pool.submit(processes.perform, job, children), n_jobs


@contextmanager
def remote(address: str) -> Iterator[tuple[Submit, int]]:
    """Start jobs on the workers of a Dask scheduler.

    A job whose worker dies is run again on another one. Leaving the block cancels what has not
    begun. The workers need this package, and the data in the same place; a folder of models that
    they share saves training a sampler more than once.

    Raises
    ------
    InvalidParameterError
        Dask is not installed.
    ConnectionError
        The scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InvalidParameterError(
            f"scheduler={address!r} needs Dask, which is not installed. "
            "Run pip install 'equipoise[distributed]'."
        ) from None
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler={address!r} does not answer ({error}). Start one with `dask scheduler`, "
            "and give the address that it prints."
        ) from None
    with client:
        pool = client.get_executor(pure=False)
        try:
            yield lambda job: pool.submit(processes.perform_by_command, job), 10**9
        finally:
            pool.shutdown(wait=False)


def _outcome(future: Future[JobOutcome], job: Job) -> JobOutcome:
    try:
        return future.result()
    except CancelledError:
        raise ConnectionError(
            "The scheduler is lost. What was finished is stored; run the same command again."
        ) from None
    except Exception as error:  # no process could be started, or it took its worker with it
        error_text = f"{type(error).__name__}: {error}"
        return JobOutcome(provenance.failed_record(job, error_text), None)
