"""``equipoise bench``: run experiments, see how far they are, print what came out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.parsing import words

File = Annotated[Path, typer.Argument(metavar="FILE.toml", help="Experiment file.")]
HeldOut = Annotated[
    bool,
    typer.Option(
        "--held-out",
        help="Score on training images that the protocol leaves over, at most 1,000 of each "
        "class, and do not open the test set. These results are kept apart.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with the data sets.",
        show_default="$EQUIPOISE_DATA, else the system's cache",
    ),
]
Results = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of stored results.", show_default="results beside FILE"
    ),
]


def run(
    file: File,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="1-5|1,3", help="Seeds to run.", show_default="those of the file"),
    ] = None,
    methods: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Methods to run.", show_default="all")
    ] = None,
    datasets: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Data sets to run on.", show_default="all"),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Processes at a time, which share the cores.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Dask scheduler to run on, such as tcp://10.0.0.1:8786.",
            show_default="this machine",
        ),
    ] = None,
    held_out: HeldOut = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also run what is done; earlier results are kept."),
    ] = False,
    data_dir: DataDir = None,
    results: Results = None,
    models: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of trained samplers.", show_default="runs/EXPERIMENT"
        ),
    ] = None,
) -> None:
    """Run the jobs of an experiment that are not done, one per data set, method and seed.

    Each has a process of its own and is stored when it ends. After Ctrl-C or a kill, the same
    command goes on. A job that fails does not stop the others and is tried again next time.
    """
    from equipoise import benchmark
    from equipoise.benchmark.experiment import parse_seeds

    experiment = benchmark.load_experiment(file)
    try:
        records = benchmark.run(
            experiment,
            seeds=parse_seeds(seeds) if seeds else None,
            methods=_names(methods),
            datasets=_names(datasets),
            jobs=jobs,
            scheduler=scheduler,
            held_out=held_out,
            again=again,
            data_dir=data_dir,
            results=results,
            models=models,
            on_record=_tell,
        )
    except KeyboardInterrupt:
        print("interrupted. Run the same command again to go on.", file=sys.stderr)
        raise typer.Exit(130) from None
    if not records:
        print("No job is left to run. --again also runs what is done.", file=sys.stderr)
    n_failed = sum(record["status"] == "failed" for record in records)
    if n_failed:
        print(
            f"error: {n_failed} of {len(records)} jobs failed. The same command runs only them.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def list_experiments(
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where the files are.")] = Path(
        "benchmarks"
    ),
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of stored results.", show_default="results in --folder"
        ),
    ] = None,
) -> None:
    """List experiment files and how many of their jobs are done."""
    from equipoise.benchmark import load_experiment, plan, read_records

    if not folder.is_dir():
        raise ValueError(f"--folder {folder} is no folder. Name one with experiment files.")
    files = sorted(folder.glob("*.toml"))
    if not files:
        print(f"{folder} has no experiment files.", file=sys.stderr)
    for file in files:
        try:
            experiment = load_experiment(file)
        except ValueError as error:
            print(f"{file.stem:<20} {error}")
            continue
        jobs = plan.jobs_of(experiment)
        records = read_records((results or folder / "results") / experiment.name)
        n_done = len(jobs) - len(plan.missing(jobs, records))
        print(f"{file.stem:<20} {n_done:>4} of {len(jobs)} jobs done   {experiment.title}")


def show(file: File, held_out: HeldOut = False, results: Results = None) -> None:
    """Print what is stored of an experiment: mean ± standard deviation over seeds.

    Seeds that failed, or were run with other parameters than the file's, are named below.
    """
    from equipoise.benchmark import load_experiment, plan, read_records
    from equipoise.benchmark.store import folder_of
    from equipoise.cli.bench_table import notes, table
    from equipoise.report.tables import results_table

    experiment = load_experiment(file)
    folder = folder_of(results or file.parent / "results", experiment.name, held_out)
    records = read_records(folder)
    if not records:
        print(f"{folder} has no results yet. Run `equipoise bench run {file}`.", file=sys.stderr)
    methods = list(experiment.methods)
    for dataset in experiment.datasets:
        here = [r for r in records if r["dataset"] == dataset and r["method"] in methods]
        if not here:
            continue
        seeds = sorted({record["seed"] for record in here})
        jobs = plan.jobs_of(experiment, seeds=seeds, datasets=[dataset], held_out=held_out)
        folds = experiment.protocol.get("folds")
        rows = (
            f"{folds} folds" if folds else f"{'held-out training' if held_out else 'test'} images"
        )
        print(f"{dataset}, {rows}\n")
        here.sort(key=lambda record: methods.index(record["method"]))
        print(*table(results_table(here, experiment.published).droplevel("data")), sep="\n")
        print(*notes(here, jobs), sep="\n")


def _names(text: str | None) -> list[str] | None:
    return words(text) if text else None


def _tell(record: dict[str, Any], done: int, total: int) -> None:
    from equipoise.cli.bench_table import line

    print(f"done {done} of {total}  {line(record)}", flush=True)
