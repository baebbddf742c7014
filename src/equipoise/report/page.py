"""One HTML page of a benchmark that needs nothing beside itself: no network, no other files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.atomic import write_text
from equipoise.errors import InvalidInputError

from . import page_sections as sections
from . import treatment_sections
from ._html import Html, joined, picture, table, tag
from .cells import Cell
from .page_figures import group_colours, look
from .records import (
    Records,
    data_of,
    data_sets,
    distinct,
    finished,
    groups_of,
    labels_of,
    machine_seconds,
)
from .tables import Published, results_table
from .treatments import has_treatments, treatment_labels, treatment_of

_HERE = Path(__file__).parent


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
    run. The same records give the same file.

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
    with look():
        page = _document(records, title, reference, published, commands or (), images)
    write_text(path, page)


def _check(records: Records, path: Path, reference: str, images: Mapping[str, bytes]) -> None:
    done = finished(records)
    if not done:
        raise InvalidInputError(
            f"records has {len(records)} jobs and results of none. Run the benchmark first."
        )
    methods = distinct(treatment_of(record["method"]) for record in done)
    if not has_treatments(done):
        methods = distinct(record["method"] for record in done)
    if reference not in methods:
        raise InvalidInputError(
            f"reference={reference!r} has no results. Choose one of {', '.join(methods)}."
        )
    for caption, data in images.items():
        if not data.startswith(b"\x89PNG"):
            raise InvalidInputError(f"images[{caption!r}] is no PNG. Convert it.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"path={str(path)!r}: there is no folder {path.parent}. Make it.")


def _document(
    records: Records,
    title: str,
    reference: str,
    published: Published | None,
    commands: Sequence[str],
    images: Mapping[str, bytes],
) -> str:
    labels, groups = labels_of(records), groups_of(records)
    treatments = has_treatments(finished(records))
    if treatments:
        labels = treatment_labels(records)
        groups = {treatment_of(method): group for method, group in groups.items()}
    colours = {labels[m]: c for m, c in group_colours(groups).items()}
    if treatments:
        parts = treatment_sections.all_sections(records, reference, colours)
        links = dict(treatment_sections.LINKS)
        cards = treatment_sections.cards(records, reference)
    else:
        parts = [
            sections.results(records, published, colours),
            sections.differences(records, reference, colours),
            sections.ranks(records, colours),
            sections.recalls(records, reference, colours),
            sections.quality_and_cost(records, colours),
            sections.curves(records, colours),
        ]
        links = {"results": "Results", "differences": "Differences", "ranks": "Ranks"}
        links |= {"recall": "Recall by size", "cost": "Cost", "curves": "Curves"}
        cards = _cards(records)
    if images:
        shown = [picture(data, caption, caption) for caption, data in images.items()]
        grid = tag("div", *shown, class_="pictures samples")
        parts.append(tag("section", tag("h2", "Samples"), grid, id="samples"))
    parts.append(_what_was_run(records, commands, colours))
    links |= {"samples": "Samples"} if images else {}
    links |= {"run": "What was run"}
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),  # else browsers ask for one
        tag("title", title),
        tag("style", _file("page.css")),
    )
    body = tag(
        "body",
        tag("h1", title),
        tag("p", _lead(records), class_="lead"),
        tag("nav", *(tag("a", text, href=f"#{name}") for name, text in links.items())),
        tag("div", *cards, class_="cards"),
        sections.legend(labels, groups, colours),
        *parts,
        tag("script", _file("page.js")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _file(name: str) -> Html:
    return Html((_HERE / name).read_text(encoding="utf-8"))


def _lead(records: Records) -> str:
    done = finished(records)
    methods, seeds = distinct(r["method"] for r in done), distinct(r["seed"] for r in done)
    failed = sum(record["status"] == "failed" for record in records)
    data = data_sets(done)
    on = ", ".join(data) if len(data) <= 5 else f"{len(data)} data sets"
    return (
        f"{_count(len(methods), 'method')} on {on}, "
        f"{_count(len(seeds), 'seed')}: {_count(len(done), 'run')} finished"
        + (f", {failed} failed." if failed else ".")
    )


def _cards(records: Records) -> list[Html]:
    """The first answers, a card per data set."""
    found, cards = results_table(records), []
    for data in found.index.unique("data"):
        rows = found.loc[data]
        facts = []
        for question, column, pick, pattern in (
            ("highest ACSA", "acsa", "idxmax", "{:.4f}"),
            ("highest recall of the smallest class", "smallest_class_recall", "idxmax", "{:.4f}"),
            ("fastest to fit", "fit_seconds", "idxmin", "{:,.1f} s"),
        ):
            if rows[column].notna().any():
                label = getattr(rows[column], pick)()
                value = pattern.format(rows.loc[label, column])
                facts += [tag("dt", question), tag("dd", tag("b", label), f" {value}")]
        cards.append(tag("div", tag("h3", data), tag("dl", *facts), class_="card"))
    return cards


def _what_was_run(records: Records, commands: Sequence[str], colours: Mapping[str, str]) -> Html:
    done = finished(records)
    labels, groups = labels_of(done), groups_of(done)
    first = {record["method"]: record for record in reversed(done)}
    rows = [
        [Cell(label), Cell(groups[m]), *(Cell(text) for text in _spec_texts(first[m]))]
        for m, label in labels.items()
    ]
    versions: dict[str, Any] = {}
    for record in done:
        for package, version in (record.get("versions") or {}).items():
            versions.setdefault(package, {})[version] = None
    commits = distinct(
        f"{git['commit'][:10]}{' with changes' if git['dirty'] else ''}"
        for record in done
        if (git := record.get("git"))
    )
    facts = {
        "protocol": "; ".join(
            distinct(json.dumps(r["protocol"])[1:-1].replace('"', "") for r in done)
        ),
        "training rows of each class": "; ".join(_class_sizes(done)),
        "seeds": ", ".join(map(str, sorted(distinct(r["seed"] for r in done)))),
        "scored on": ", ".join(distinct(r.get("scored_on") for r in done)) + " rows",
        "versions": ", ".join(f"{p} {' and '.join(found)}" for p, found in versions.items()),
        "commit": ", ".join(commits),
        "threads per job": ", ".join(map(str, distinct(r.get("threads") for r in done))),
        "machine time": f"{machine_seconds(done) / 3600:.1f} h for all finished runs together",
        "last run finished": str(max(r["finished"] for r in done)),
    }
    items = [tag("li", tag("b", f"{name}: "), text) for name, text in facts.items() if text]
    again = joined(
        [tag("h3", "Run it again"), tag("pre", tag("code", "\n".join(commands)))]
        if commands
        else []
    )
    return tag(
        "section",
        tag("h2", "What was run"),
        table(["method", "group", "class", "parameters", "sampler"], rows, colours=colours),
        tag("ul", *items),
        again,
        id="run",
    )


def _spec_texts(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Class, parameters and sampler of a method as one would write them."""
    spec = record.get("spec") or {}
    sampler = spec.get("sampler") or {}
    made = f"{sampler['class']}({_written(sampler.get('params'))})" if sampler else ""
    for key in ("sampling_strategy", "fill_to"):
        if spec.get(key) is not None:
            made += f", {key}={spec[key]!r}"
    params = [_written(spec.get("params"))]
    params += [f"{name} chosen from {values}" for name, values in (spec.get("tune") or {}).items()]
    return str(spec.get("class", "")), "; ".join(filter(None, params)), made


def _written(params: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in (params or {}).items())


def _class_sizes(records: Records) -> list[str]:
    """Per data set the sizes, largest first, as the first seed has them."""
    found: dict[str, Sequence[int]] = {}
    for record in records:
        found.setdefault(data_of(record), record["class_counts"])
    return [
        f"{data} {', '.join(f'{size:,}' for size in np.sort(counts)[::-1].tolist())}"
        for data, counts in found.items()
    ]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
