"""The sections of the benchmark page for treatments over many tables, in place of those by data."""

from __future__ import annotations

from ._html import Html, picture, table, tag
from .cells import Table
from .page_figures import ranks_figure, svg
from .records import Records, failed_jobs
from .treatment_tables import difference_table, rank_note, rank_tables
from .treatments import METRICS, compare, cost_table, treatment_labels

LINKS = {"ranks": "Ranks", "differences": "Differences", "classifiers": "By classifier"}
Colours = dict[str, str]


def all_sections(records: Records, reference: str, colours: Colours) -> list[Html]:
    """Ranks over all classifiers, differences to the reference, ranks by classifier, failures."""
    label = treatment_labels(records)[reference]
    whole, *by_classifier = rank_tables(records, reference)
    drawn = []
    for metric in METRICS:
        found = compare(records, metric, label)
        if len(found.table):
            figure = ranks_figure(found.table["rank"], found.critical_difference, colours)
            words = ", ".join(f"{one} {rank:.2f}" for one, rank in found.table["rank"].items())
            drawn.append(picture(svg(figure), f"Average ranks: {words}", rank_note(found, metric)))
    differences = difference_table(records, reference)
    parts = [
        _section("ranks", "Average ranks", _shown(whole, colours), _grid(drawn)),
        _section("differences", differences.title, _shown(differences, colours)),
        _section(
            "classifiers",
            "Ranks by classifier",
            *(Html(tag("h3", one.title) + _shown(one, colours)) for one in by_classifier),
        ),
    ]
    if failed := failed_jobs(records):
        lines = [tag("li", f"{data}: {line}") for data, jobs in failed.items() for line in jobs]
        parts.append(_section("failed", "Failed", tag("div", tag("ul", *lines), class_="failed")))
    return parts


def cards(records: Records, reference: str) -> list[Html]:
    """The first answers: the best rank by metric, and what it takes."""
    label = treatment_labels(records)[reference]
    found, spent = [], cost_table(records)
    for metric in ("acsa", "f_macro"):
        ranks = compare(records, metric, label).table
        if len(ranks):
            best = ranks.index[0]
            facts = [
                *(tag("dt", "best average rank"), tag("dd", tag("b", best))),
                *(tag("dt", "its rank, its mean"), tag("dd", _two(ranks.iloc[0]))),
                *(tag("dt", "a fit takes"), tag("dd", f"{spent.loc[best, 'fit_seconds']:,.1f} s")),
            ]
            found.append(tag("div", tag("h3", METRICS[metric]), tag("dl", *facts), class_="card"))
    return found


def _two(row: object) -> str:
    return f"{row['rank']:.2f}, {row['score']:.4f}"  # type: ignore[index]


def _shown(one: Table, colours: Colours) -> Html:
    note = tag("p", one.note, class_="note")
    return Html(note + table(one.headings, one.rows, colours=colours))


def _grid(pictures: list[Html]) -> Html:
    return tag("div", *pictures, class_="pictures")


def _section(name: str, heading: str, *parts: Html) -> Html:
    return tag("section", tag("h2", heading), *parts, id=name)
