"""One HTML page of a benchmark that needs nothing beside itself: no network, no other files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from equipoise.atomic import write_text
from equipoise.errors import InvalidInputError

from .markup import TEMPLATES
from .method_sections import method_sections
from .page_figures import Picture, group_colours, look
from .records import (
    Records,
    data_sets,
    distinct,
    finished,
    groups_of,
    has_classifiers,
    method_of,
    part_labels,
)
from .run_section import run_facts, run_table
from .summary import Published
from .treatment_sections import treatment_sections


def write_page(
    records: Records,
    path: str | Path,
    *,
    title: str,
    reference: str,
    published: Published | None = None,
    commands: Sequence[str] | None = None,
    images: Mapping[str, bytes] | None = None,
) -> None:
    """Write all that a benchmark found as one self-contained HTML file.

    Results beside published ones, differences to a reference with intervals and tests, average
    ranks, recall by class size, quality against cost, training curves, sample images, and what was
    run. Of treatments and classifiers, ranks and differences only. The same records give the same
    file.

    Parameters
    ----------
    records : sequence of mappings
        One per job of one experiment, as the benchmark stores them. Methods and data sets keep
        their order.
    path : path
        The file; replaced when the page is complete.
    title : str
        Heading of the page.
    reference : str
        Method, or treatment, that the others are compared with.
    published : mapping of data set to (mapping of row name to five floats), default=None
        Rows of papers, in the order of the metrics.
    commands : sequence of str, default=None
        What to type to run all this again.
    images : mapping of caption to PNG bytes, default=None
        Pictures of samples.

    Raises
    ------
    InvalidInputError
        If no record has results, `reference` is none of the methods, a published row has not five
        numbers, an image is no PNG, or the folder of `path` does not exist.
    """
    path, images = Path(path), images or {}
    _check(records, path, reference, images)
    label = part_labels(records, "treatment")[reference]
    groups = groups_of(records)
    colours = group_colours(groups)
    with look():
        if has_classifiers(records):
            page = "treatments.html"
            sections = treatment_sections(records, reference, colours)
        else:
            page = "methods.html"
            sections = method_sections(records, label, published, colours)
    text = TEMPLATES.get_template(page).render(
        title=title,
        lead=_lead(records),
        reference=label,
        colours=colours,
        groups={group: colours[name] for name, group in groups.items() if group},
        images=[Picture(data, caption, caption) for caption, data in images.items()],
        what_was_run=run_table(records),
        facts=run_facts(finished(records)),
        commands=commands or (),
        **sections,
    )
    write_text(path, text)


def _check(records: Records, path: Path, reference: str, images: Mapping[str, bytes]) -> None:
    done = finished(records)
    if not done:
        raise InvalidInputError(
            f"records has {len(records)} jobs and results of none. Run the benchmark first."
        )
    known = distinct(record["treatment"] for record in done)
    if reference not in known:
        raise InvalidInputError(
            f"reference={reference!r} has no results. Choose one of {', '.join(known)}."
        )
    for caption, data in images.items():
        if not data.startswith(b"\x89PNG"):
            raise InvalidInputError(f"images[{caption!r}] is no PNG. Convert it.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"path={str(path)!r}: there is no folder {path.parent}. Make it.")


def _lead(records: Records) -> str:
    done = finished(records)
    methods, seeds = distinct(map(method_of, done)), distinct(r["seed"] for r in done)
    failed = sum(record["status"] == "failed" for record in records)
    data = data_sets(done)
    on = ", ".join(data) if len(data) <= 5 else f"{len(data)} data sets"
    return (
        f"{_count(len(methods), 'method')} on {on}, "
        f"{_count(len(seeds), 'seed')}: {_count(len(done), 'run')} finished"
        + (f", {failed} failed." if failed else ".")
    )


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
