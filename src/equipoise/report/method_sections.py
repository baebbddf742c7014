"""What the page shows of methods, data set by data set, each section from the records alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from equipoise.metrics import (
    average_ranks,
    friedman_test,
    nemenyi_critical_difference,
    paired_differences,
)
from equipoise.metrics.names import METRICS

from .page_figures import (
    Colours,
    Picture,
    cost_figure,
    curve_figure,
    differences_figure,
    picture,
    ranks_figure,
    recall_figure,
)
from .records import Records, data_of, data_sets, finished, labels_of, method_of, number
from .summary import SCORES, Published, results_table, score_table
from .tables import Table, TableCell, number_cell, p_text, results_tables, signed

CONFIDENCE = 0.95


def method_sections(
    records: Records, reference: str, published: Published | None, colours: Colours
) -> dict[str, Any]:
    """All that the template ``methods.html`` shows; `reference` is a label."""
    measured = results_table(records)
    hints = {METRICS[name].symbol: METRICS[name].description for name in SCORES}
    return {
        "cards": _cards(measured),
        "tables": [_for_page(table) for table in results_tables(records, published)],
        "hints": hints | {"fit s": "seconds to fit, sampler included"},
        "differences": _differences(records, reference, colours),
        "ranks": _ranks(records, colours),
        "recalls": _recalls(finished(records), reference, colours),
        "costs": _costs(measured, colours),
        "curves": _curves(records, colours),
    }


def _cards(results: pd.DataFrame) -> dict[str, list[tuple[str, str, str]]]:
    """The first answers, for each data set."""
    cards = {}
    for data in results.index.unique("data"):
        rows = results.loc[data]
        facts = []
        for question, column, best, pattern in (
            ("highest ACSA", "acsa", "max", "{:.4f}"),
            ("highest recall of the smallest class", "smallest_class_recall", "max", "{:.4f}"),
            ("fastest to fit", "fit_seconds", "min", "{:,.1f} s"),
        ):
            known = rows[column].dropna()
            if len(known):
                value = known.agg(best)
                facts.append((question, str(known.agg(f"idx{best}")), pattern.format(value)))
        cards[data] = facts
    return cards


def _for_page(table: Table) -> Table:
    """The table without its column of groups, for which coloured dots stand."""
    rows, muted = [], []
    for name, group, *cells in table.rows:
        if group.text == "published":
            name = replace(name, text=f"{name.text}, published")
            muted.append(name.text)
        rows.append([name, *cells])
    headings = [heading for heading in table.headings if heading != "group"]
    return table._replace(headings=headings, rows=rows, muted=muted)


def _differences(records: Records, reference: str, colours: Colours) -> list[tuple[Table, Picture]]:
    """ACSA of every method minus the reference's on the same seeds: intervals and tests."""
    shown = []
    scores = score_table(records)
    for data in data_sets(finished(records)):
        here = scores.xs(data, axis=1, level="data", drop_level=False).dropna(how="all")
        if reference not in here.index or len(here) < 2:
            continue
        found = paired_differences(here, reference, CONFIDENCE)
        found = found[found["n_pairs"] > 0].sort_values("difference", ascending=False)
        rows = [
            [
                TableCell(str(name)),
                number_cell(row["n_pairs"], "{:.0f}"),
                TableCell(signed(row["difference"]), value=row["difference"]),
                TableCell(_interval(row["low"], row["high"]), value=row["low"]),
                *(
                    TableCell(p_text(p, undefined=""), value=p)
                    for p in (row["p_t_holm"], row["p_wilcoxon_holm"])
                ),
            ]
            for name, row in found.iterrows()
        ]
        headings = ["method", "pairs", "difference", "95 % interval"]
        headings += ["p\N{NO-BREAK SPACE}(t)", "p\N{NO-BREAK SPACE}(W)"]
        alt = (
            f"ACSA of {len(rows)} methods minus that of {reference} on {data}; numbers in the table"
        )
        figure = differences_figure(found, reference, colours)
        shown.append((Table(data, headings, rows), picture(figure, alt)))
    return shown


def _ranks(records: Records, colours: Colours) -> dict[str, Any] | None:
    """Average ranks over all data sets and seeds, with Nemenyi's critical difference."""
    scores = score_table(records)
    n_methods, n_blocks = len(scores), int(scores.notna().all().sum())
    if n_methods < 2 or n_blocks == 0:
        return None
    found = average_ranks(scores)
    critical = nemenyi_critical_difference(n_methods, n_blocks, CONFIDENCE)
    statistic, p_value = friedman_test(scores)
    words = ", ".join(f"{name} {rank:.2f}" for name, rank in found.sort_values().items())
    return {
        "picture": picture(ranks_figure(found, critical, colours), f"Average ranks: {words}"),
        "n_methods": n_methods,
        "n_blocks": n_blocks,
        "critical": f"{critical:.2f}",
        "friedman": "Friedman's test is undefined here."
        if math.isnan(p_value)
        else f"Friedman: χ² = {statistic:.2f}, p {p_text(p_value, equals='= ')}.",
    }


def _recalls(done: Records, reference: str, colours: Colours) -> dict[str, list[Picture]]:
    """Recall of each class by its training size, a panel per method, for each data set."""
    labels = labels_of(done)
    points = pd.DataFrame(
        [
            (data_of(record), labels[method_of(record)], name, size, number(recall))
            for record in done
            for name, size, recall in zip(
                record["classes"], record["class_counts"], record["recall"], strict=True
            )
            if size > 0
        ],
        columns=["data", "method", "class", "size", "recall"],
    ).dropna()
    points = points.groupby(["data", "method", "class", "size"], as_index=False, sort=False).mean()
    shown = {}
    for data, here in points.groupby("data", sort=False):
        methods = dict(list(here.groupby("method", sort=False)))
        sizes, lowest = (here["size"].min(), here["size"].max()), here["recall"].min()
        shown[str(data)] = [
            picture(
                recall_figure(
                    frame,
                    None if label == reference else methods.get(reference),
                    colours[label],
                    sizes,
                    lowest,
                ),
                f"Recall by class size of {label} on {data}",
                label,
            )
            for label, frame in methods.items()
        ]
    return shown


def _costs(results: pd.DataFrame, colours: Colours) -> list[Picture]:
    """ACSA against the time to fit, a picture per data set."""
    known = results.dropna(subset=["acsa", "fit_seconds"])
    return [
        picture(
            cost_figure(known.loc[data], colours),
            f"ACSA over seconds to fit on {data}; numbers in the table of results",
            data,
        )
        for data in known.index.unique("data")
    ]


def _curves(records: Records, colours: Colours) -> dict[str, list[Picture]]:
    """Loss, and validation score where there is one, over epochs; also of shared samplers."""
    labels = labels_of(records)
    histories: dict[str, dict[str, list]] = {}
    for record in records:
        if record.get("history"):
            of_data = histories.setdefault(data_of(record), {})
            of_data.setdefault(labels[method_of(record)], []).append(record["history"])
    return {
        data: [
            picture(curve_figure(known, key, colours[label]), f"{key} of {label} on {data}", label)
            for label, runs in of_data.items()
            for key in ("loss", "val_acsa")
            if (known := [run for run in runs if any(r.get(key) is not None for r in run)])
        ]
        for data, of_data in histories.items()
    }


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{signed(low)} to {signed(high)}"
