"""``equipoise bench report``: the stored results as a page and as tables."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from equipoise.atomic import write_text
from equipoise.cli.bench import stored
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import HeldOut
from equipoise.runs.files import check_target


@add_options()
def bench_report(
    file: Path,
    *,
    out: Path | None = None,
    markdown: Path | None = None,
    latex: Path | None = None,
    readme: Path | None = None,
    images: Path | None = None,
    held_out: HeldOut = False,
    results: Path | None = None,
) -> None:
    """Report what is stored of an experiment: a page, tables, or the table on the screen.

    Nothing is run. Results of other parameters than the file's are named on stderr.

    Parameters
    ----------
    out : FILE
        Write all results as one HTML page.
    markdown : FILE
        Write the table in Markdown.
    latex : FILE
        Write the table in LaTeX, with booktabs.
    readme : FILE
        Put an overview between the lines <!-- results:NAME:start --> and <!-- results:NAME:end -->
        of this file, where NAME is that of the experiment.
    images : DIR
        Folder of PNG files for the page; their names become captions.
    """
    from equipoise import report
    from equipoise.cli.bench_table import notes

    targets = [path for path in (out, markdown, latex, readme) if path]
    for path in targets:
        check_target(path)
    if images and not out:
        raise ValueError("--images is for the page. Name the page with --out.")
    pictures = _pictures(images) if images else {}
    experiment, folder, records = stored(file, held_out, results)
    if not any(record["metrics"] for record in records):
        raise ValueError(f"{folder} has no results. Run `equipoise bench run {file}` first.")
    here = [record for record in records if record["sampler"] is None]
    for line in notes(experiment, here, held_out):
        print(line, file=sys.stderr)

    given = (records, experiment.reference, {} if held_out else experiment.published)
    texts: dict[Path, str] = {}
    if readme:
        texts[readme] = report.replace_between_marks(
            readme.read_text(encoding="utf-8"), experiment.name, report.overview(*given)
        )
    if markdown:
        texts[markdown] = report.to_markdown(*given)
    if latex:
        texts[latex] = report.to_latex(*given)
    if out:
        report.write_page(
            records,
            out,
            title=experiment.title,
            reference=experiment.reference,
            published=given[2],
            commands=_commands(file, held_out),
            images=pictures,
        )
    for path, text in texts.items():
        write_text(path, text)
    print("\n".join(map(str, targets)) or report.to_markdown(*given).rstrip("\n"))


def _commands(file: Path, held_out: bool) -> list[str]:
    words = shlex.join([str(file), *(["--held-out"] if held_out else [])])
    return [f"equipoise bench run {words}", f"equipoise bench report {words} --out page.html"]


def _pictures(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.glob("*.png"))
    if not found:
        raise ValueError(f"--images {folder} has no PNG files. Name a folder that has some.")
    return {path.stem.replace("-", " ").replace("_", " "): path.read_bytes() for path in found}
