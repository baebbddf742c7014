"""One HTML page of a benchmark that needs nothing beside itself: no network, no other files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from equipoise.atomic import write_text
from equipoise.errors import InvalidInputError, counted

from .markup import TEMPLATES
from .method_sections import method_sections
from .page_figures import embedded, group_colours, look
from .records import (
    Records,
    data_sets,
    distinct,
    finished,
    groups_of,
    has_classifiers,
    machine_seconds,
    part_labels,
)
from .run_section import methods_table, provenance
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
    done, groups = finished(records), groups_of(records)
    label = part_labels(records, "treatment")[reference]
    colours = group_colours(groups)
    with look():
        if has_classifiers(records):
            page, sections = "treatments.html", treatment_sections(records, reference, colours)
        else:
            page = "methods.html"
            sections = method_sections(records, label, published, colours)
    text = TEMPLATES.get_template(page).render(
        title=title,
        reference=label,
        colours=colours,
        groups={group: colours[name] for name, group in groups.items() if group},
        images={caption: embedded(data) for caption, data in images.items()},
        commands=commands,
        done=done,
        n_failed=sum(record["status"] == "failed" for record in records),
        data_sets=data_sets(done),
        seeds=sorted({record["seed"] for record in done}),
        methods=methods_table(done),
        machine_hours=machine_seconds(done) / 3600,
        **provenance(done),
        **sections,
    )
    write_text(path, text)


def _check(records: Records, path: Path, reference: str, images: Mapping[str, bytes]) -> None:
    done = finished(records)
    if not done:
        raise InvalidInputError(
            f"records has {counted(len(records), 'job')} and results of none. Run the benchmark "
            "first."
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
