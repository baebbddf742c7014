"""``equipoise bench report``: the stored results as a page and as tables."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.atomic import write_text
from equipoise.cli.bench import File, HeldOut, Results
from equipoise.cli.files import check_target

if TYPE_CHECKING:
    from equipoise.experiments import Experiment


def _target(text: str) -> Any:
    return typer.Option(metavar="FILE", help=text, show_default=False)


def bench_report(
    file: File,
    out: Annotated[Path | None, _target("Write all results as one HTML page.")] = None,
    markdown: Annotated[Path | None, _target("Write the table in Markdown.")] = None,
    latex: Annotated[Path | None, _target("Write the table in LaTeX, with booktabs.")] = None,
    readme: Annotated[
        Path | None,
        _target(
            "Put an overview between the lines <!-- results:NAME:start --> and "
            "<!-- results:NAME:end --> of this file, NAME that of the experiment."
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of PNG files for the page; their names become captions.",
            show_default=False,
        ),
    ] = None,
    held_out: HeldOut = False,
    results: Results = None,
) -> None:
    """Report what is stored of an experiment: a page, tables, or the table on the screen.

    Runs nothing. Results of other parameters than the file's are named on stderr.
    """
    from equipoise.experiments import load_experiment
    from equipoise.experiments.store import folder_of
    from equipoise.report import treatment_tables
    from equipoise.report.cells import in_markdown
    from equipoise.report.overview import overview_table
    from equipoise.report.page import write_page
    from equipoise.report.records import failed_jobs
    from equipoise.report.tables import (
        replace_between_marks,
        results_table,
        to_latex,
        to_markdown,
    )

    targets = [path for path in (out, markdown, latex, readme) if path]
    for path in targets:
        check_target(path)
    if images and not out:
        raise ValueError("--images is for the page. Name the page with --out.")
    pictures = _pictures(images) if images else {}
    experiment = load_experiment(file)
    folder = folder_of(results or file.parent / "results", experiment.name, held_out)
    records = _records(experiment, folder)
    if not any(record["metrics"] for record in records):
        raise ValueError(f"{folder} has no results. Run `equipoise bench run {file}` first.")
    _warn(experiment, records, held_out)

    published = {} if held_out else experiment.published
    if experiment.treatments:
        text = treatment_tables.to_markdown(records, experiment.reference)
        short = treatment_tables.overall_markdown(records, experiment.reference)
        in_latex = treatment_tables.to_latex(records, experiment.reference)
    else:
        table, failed = results_table(records, published), failed_jobs(records)
        text, in_latex = to_markdown(table, failed), to_latex(table, failed)
        short = in_markdown(overview_table(records, experiment.reference, published))
    if readme:
        before = readme.read_text(encoding="utf-8")
        filled = replace_between_marks(before, experiment.name, short)
    if out:
        write_page(
            records,
            out,
            title=experiment.title,
            reference=experiment.reference,
            published=published,
            commands=_commands(file, held_out),
            images=pictures,
        )
    if markdown:
        write_text(markdown, text)
    if latex:
        write_text(latex, in_latex)
    if readme:
        write_text(readme, filled)
    if not targets:
        print(text, end="")
    for path in targets:
        print(path)


def _records(experiment: Experiment, folder: Path) -> list[dict[str, Any]]:
    """Records of what the file still has, in its order."""
    from equipoise.experiments import plan, read_records

    order = {name: i for i, name in enumerate(experiment.datasets)}
    names = [*experiment.methods, *(f"sampler:{name}" for name in experiment.samplers)]
    rank = {name: i for i, name in enumerate(names)}
    known = [r for r in read_records(folder) if r["dataset"] in order and plan.name_of(r) in rank]
    return sorted(known, key=lambda r: (order[r["dataset"]], rank[plan.name_of(r)], r["seed"]))


def _warn(experiment: Experiment, records: list[dict[str, Any]], held_out: bool) -> None:
    from equipoise.cli.bench_table import notes
    from equipoise.experiments import plan

    here = [record for record in records if plan.name_of(record) in experiment.methods]
    seeds = sorted({record["seed"] for record in here})
    jobs = plan.jobs_of(experiment, seeds=seeds, held_out=held_out)
    for line in filter(None, notes(here, jobs)):
        print(line, file=sys.stderr)


def _commands(file: Path, held_out: bool) -> list[str]:
    words = [shlex.quote(str(file)), *(["--held-out"] if held_out else [])]
    return [
        f"equipoise bench run {' '.join(words)}",
        f"equipoise bench report {' '.join(words)} --out page.html",
    ]


def _pictures(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.glob("*.png"))
    if not found:
        raise ValueError(f"--images {folder} has no PNG files. Name a folder that has some.")
    return {path.stem.replace("-", " ").replace("_", " "): path.read_bytes() for path in found}
