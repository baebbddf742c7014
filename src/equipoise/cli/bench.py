"""``equipoise bench``: run experiments, see how many of their jobs are done, show the results."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.console import exit_if_failed
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import HeldOut, Positive, Words
from equipoise.errors import counted

if TYPE_CHECKING:
    from equipoise.experiments import Experiment


@add_options()
def run(
    file: Path,
    *,
    seeds: str | None = None,
    methods: Words = None,
    datasets: Words = None,
    jobs: Positive = 1,
    scheduler: str | None = None,
    held_out: HeldOut = False,
    again: Annotated[bool, typer.Option("--again")] = False,
    data_dir: Path | None = None,
    results: Path | None = None,
    models: Path | None = None,
) -> None:
    """Run the jobs of an experiment that are not done, one per data set, method and seed.

    Each has a process of its own and is stored when it ends. After Ctrl-C or a kill, the same
    command continues. A job that fails does not stop the others and is tried again next time.

    Parameters
    ----------
    seeds : 1-5|1,3, default=those of the file
        Seeds to run.
    methods : NAME,..., default=all
        Methods to run.
    datasets : NAME,..., default=all
        Data sets to run on.
    jobs : int, default=1
        Processes at a time, which share the cores.
    scheduler : URL, default=this machine
        Dask scheduler to run on, such as tcp://10.0.0.1:8786.
    again : bool, default=False
        Also run jobs that are done; earlier results are kept.
    data_dir : DIR, default=$EQUIPOISE_DATA, else the system's cache
        Folder with the data sets.
    models : DIR, default=runs/EXPERIMENT
        Folder of trained samplers.
    """
    from equipoise import experiments
    from equipoise.cli.bench_table import line
    from equipoise.experiments.experiment import parse_seeds

    def tell(record: dict[str, Any], done: int, total: int) -> None:
        print(f"done {done} of {total}  {line(record)}", flush=True)

    experiment = experiments.load_experiment(file)
    try:
        records = experiments.run(
            experiment,
            seeds=parse_seeds(seeds) if seeds else None,
            methods=methods,
            datasets=datasets,
            jobs=jobs,
            scheduler=scheduler,
            held_out=held_out,
            again=again,
            data_dir=data_dir,
            results=results,
            models=models,
            on_record=tell,
        )
    except KeyboardInterrupt:
        print("interrupted. Run the same command again to go on.", file=sys.stderr)
        raise typer.Exit(130) from None
    if not records:
        print("No job is left to run. --again also runs what is done.", file=sys.stderr)
    n_failed = sum(record["status"] == "failed" for record in records)
    exit_if_failed(n_failed, len(records), "jobs")


@add_options()
def list_experiments(*, folder: Path | None = None, results: Path | None = None) -> None:
    """List experiment files and how many of their jobs are done.

    Parameters
    ----------
    folder : DIR, default=benchmarks
        Where the files are.
    results : DIR, default=results in --folder
        Folder of stored results.
    """
    from equipoise.experiments import load_experiment, plan, read_records

    if folder is None:
        folder = Path("benchmarks")
        if not folder.is_dir():
            print(
                "There is no folder benchmarks here. Name the one of your experiment files with "
                "--folder.",
                file=sys.stderr,
            )
            return
    if not folder.is_dir():
        raise ValueError(f"--folder {folder} is no folder. Name one with experiment files.")
    files = sorted(folder.glob("*.toml"))
    if not files:
        print(f"{folder} has no experiment files.", file=sys.stderr)
    for file in files:
        try:
            experiment = load_experiment(file, import_classes=False)
        except ValueError as error:
            print(f"{file.stem:<20} {error}")
            continue
        jobs = plan.jobs_of(experiment, with_defaults=False)
        records = read_records((results or folder / "results") / experiment.name)
        n_done = len(jobs) - len(plan.missing(jobs, records))
        print(
            f"{file.stem:<20} {n_done:>4} of {counted(len(jobs), 'job')} done   {experiment.title}"
        )


@add_options()
def show(file: Path, *, held_out: HeldOut = False, results: Path | None = None) -> None:
    """Print what is stored of an experiment: mean ± standard deviation over seeds.

    Seeds that failed, or were run with other parameters than the file's, are named below.
    """
    from equipoise.cli.bench_table import as_text, notes
    from equipoise.report.tables import results_tables

    experiment, folder, records = stored(file, held_out, results)
    if not records:
        print(f"{folder} has no results yet. Run `equipoise bench run {file}`.", file=sys.stderr)
    folds = experiment.protocol.get("folds")
    for dataset in experiment.datasets:
        rows = f"{'held-out training' if held_out else 'test'} images"
        if folds:
            rows = f"{counted(folds, 'fold')}"
        here = [r for r in records if r["dataset"] == dataset and r["sampler"] is None]
        if not held_out and (other := {r["protocol"].get("test_images") for r in here} - {None}):
            rows = f"test images: {min(other)}"
        for table in results_tables(here, {} if held_out else experiment.published):
            print(f"{dataset}, {rows}\n")
            print(*as_text(table), "", sep="\n")
            if lines := notes(experiment, here, held_out):
                print(*lines, "", sep="\n")


def stored(
    file: Path, held_out: bool, results: Path | None
) -> tuple[Experiment, Path, list[dict[str, Any]]]:
    """An experiment, the folder of its results, and records of what the file has, in its order."""
    from equipoise.experiments import load_experiment, read_records, store

    experiment = load_experiment(file, import_classes=False)
    folder = store.folder_of(results or file.parent / "results", experiment.name, held_out)
    names = [*experiment.methods, *(f"sampler:{name}" for name in experiment.samplers)]
    places = {place: i for i, place in enumerate(product(experiment.datasets, names))}

    def place(record: dict[str, Any]) -> int | None:
        return places.get((record["dataset"], store.name_of(record)))

    known = [record for record in read_records(folder) if place(record) is not None]
    return experiment, folder, sorted(known, key=lambda r: (place(r), r["seed"]))


@add_options()
def pack(file: Path, *, held_out: HeldOut = False, results: Path | None = None) -> None:
    """Gather the stored results of an experiment into two Parquet files.

    Results are read from these and from single files alike. The single files are deleted once
    their content is packed.
    """
    from equipoise.experiments.store import pack as pack_folder

    _, folder, _ = stored(file, held_out, results)
    print(f"{pack_folder(folder)} attempts packed in {folder}")
