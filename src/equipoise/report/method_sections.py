"""What the page shows of methods, data set by data set, each section from the records alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from equipoise import metrics
from equipoise.metrics.names import METRICS

from . import page_figures as figures
from .page_figures import Colours
from .records import Records, data_of, data_sets, finished, labels_of, method_of
from .summary import SCORES, Published, results_table, score_table
from .tables import Table, TableCell, p_text, results_tables

CONFIDENCE = 0.95


def method_sections(
    records: Records, reference: str, published: Published | None, colours: Colours
) -> dict[str, Any]:
    """All that the template ``methods.html`` shows; `reference` is a label."""
    results = results_table(records)
    timed = results.dropna(subset=["acsa", "fit_seconds"])
    hints = {METRICS[name].symbol: METRICS[name].description for name in SCORES}
    return {
        "cards": {data: _card(results.loc[data]) for data in results.index.unique("data")},
        "tables": [_for_page(table) for table in results_tables(records, published)],
        "hints": hints | {"fit s": "seconds to fit, sampler included"},
        "differences": _differences(records, reference, colours),
        "ranks": _ranks(score_table(records), colours),
        "recalls": _recalls(finished(records), reference, colours),
        "costs": {
            data: figures.cost_picture(timed.loc[data], colours)
            for data in timed.index.unique("data")
        },
        "curves": _curves(records, colours),
    }


def _card(results: pd.DataFrame) -> list[tuple[str, str, str]]:
    """The first answers: question, method and number."""
    facts = []
    for question, column, best, pattern in (
        ("highest ACSA", "acsa", "max", "{:.4f}"),
        ("highest recall of the smallest class", "smallest_class_recall", "max", "{:.4f}"),
        ("fastest to fit", "fit_seconds", "min", "{:,.1f} s"),
    ):
        known = results[column].dropna()
        if len(known):
            facts.append((question, known.agg(f"idx{best}"), pattern.format(known.agg(best))))
    return facts


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


def _differences(records: Records, reference: str, colours: Colours) -> list[tuple[Table, str]]:
    """ACSA of every method minus the reference's on the same seeds: intervals and tests."""
    scores, shown = score_table(records), []
    for data in data_sets(finished(records)):
        here = scores[[data]].dropna(how="all")
        if reference not in here.index or len(here) < 2:
            continue
        found = metrics.paired_differences(here, reference, CONFIDENCE)
        found = found[found["n_pairs"] > 0].sort_values("difference", ascending=False)
        rows = [
            [
                TableCell(str(name)),
                TableCell(f"{row['n_pairs']:.0f}", value=row["n_pairs"]),
                TableCell(_signed(row["difference"]), value=row["difference"]),
                TableCell(_interval(row["low"], row["high"]), value=row["low"]),
                TableCell(p_text(row["p_t_holm"], ""), value=row["p_t_holm"]),
                TableCell(p_text(row["p_wilcoxon_holm"], ""), value=row["p_wilcoxon_holm"]),
            ]
            for name, row in found.iterrows()
        ]
        headings = ["method", "pairs", "difference", "95 % interval"]
        headings += ["p\N{NO-BREAK SPACE}(t)", "p\N{NO-BREAK SPACE}(W)"]
        picture = figures.differences_picture(found, reference, colours)
        shown.append((Table(data, headings, rows), picture))
    return shown


def _ranks(scores: pd.DataFrame, colours: Colours) -> dict[str, Any] | None:
    """Average ranks over all data sets and seeds, with Nemenyi's critical difference."""
    n_methods, n_blocks = len(scores), int(scores.notna().all().sum())
    if n_methods < 2 or n_blocks == 0:
        return None
    ranks = metrics.average_ranks(scores)
    critical = metrics.nemenyi_critical_difference(n_methods, n_blocks, CONFIDENCE)
    statistic, p_value = metrics.friedman_test(scores)
    return {
        "means": ranks.sort_values().to_dict(),
        "picture": figures.ranks_picture(ranks, critical, colours),
        "n_blocks": n_blocks,
        "critical": critical,
        "statistic": statistic,
        "p": p_text(p_value, ""),
    }


def _recalls(done: Records, reference: str, colours: Colours) -> dict[str, dict[str, str]]:
    """Recall of each class by its training size: pictures by data set and method."""
    labels = labels_of(done)
    columns = {"class": "classes", "size": "class_counts", "recall": "recall"}
    classes = pd.DataFrame(
        {
            "data": map(data_of, done),
            "method": [labels[method_of(record)] for record in done],
            **{name: [record[key] for record in done] for name, key in columns.items()},
        }
    ).explode(list(columns))
    classes = classes.astype({"size": int, "recall": float}).query("size > 0").dropna()
    groups = classes.groupby(["data", "method", "class", "size"], sort=False)["recall"]
    means = groups.mean().reset_index()
    return {
        str(data): {
            label: figures.recall_picture(here, label, reference, colours)
            for label in here["method"].unique()
        }
        for data, here in means.groupby("data", sort=False)
    }


def _curves(records: Records, colours: Colours) -> dict[str, list[tuple[str, str, str]]]:
    """Loss, and validation score where there is one, over epochs; also of shared samplers."""
    labels = labels_of(records)
    histories: dict[str, dict[tuple[str, str], list[pd.Series]]] = {}
    for record in records:
        epochs = pd.DataFrame(record.get("history") or []).reindex(columns=["loss", "val_acsa"])
        epochs.index += 1
        for key, values in epochs.dropna(axis=1, how="all").items():
            of_data = histories.setdefault(data_of(record), {})
            of_data.setdefault((labels[method_of(record)], str(key)), []).append(values.dropna())
    return {
        data: [
            (label, key, figures.curve_picture(runs, key, colours[label]))
            for (label, key), runs in of_data.items()
        ]
        for data, of_data in histories.items()
    }


def _interval(low: float, high: float) -> str:
    return f"{_signed(low)} to {_signed(high)}" if pd.notna(low) else ""


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")
