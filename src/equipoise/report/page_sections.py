"""The sections of the benchmark page that show scores, each from the records alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from equipoise.metrics import (
    average_ranks,
    friedman_test,
    nemenyi_critical_difference,
    paired_differences,
)

from ._html import Html, dot, picture, table, tag
from .cells import Cell, number_cell
from .page_figures import (
    cost_figure,
    curve_figure,
    differences_figure,
    ranks_figure,
    recall_figure,
    svg,
)
from .records import (
    Records,
    data_of,
    data_sets,
    failed_jobs,
    finished,
    labels_of,
    number,
    score_table,
)
from .tables import HEADINGS, Published, results_table, table_cells

Colours = Mapping[str, str]  # of methods, by label

CONFIDENCE = 0.95
_HINTS = {
    "ACSA": "mean of the per-class recalls",
    "F": "mean of the per-class F1 scores",
    "G": "mean over classes of the square root of recall times specificity",
    "R_MI": "recall of the smallest class",
    "P_MA": "precision of the largest class",
    "fit s": "seconds to fit, sampler included",
}


def results(records: Records, published: Published | None, colours: Colours) -> Html:
    """All metrics and costs, a table per data set, with its failed jobs."""
    found, failed = results_table(records, published), failed_jobs(records)
    known = found.index.unique("data")
    parts = []
    for data in dict.fromkeys([*known, *failed]):
        parts.append(tag("h3", data))
        if data in known:
            parts.append(_results_of(found.loc[data], colours))
        if data in failed:
            lines = [tag("li", line) for line in failed[data]]
            parts.append(tag("div", tag("b", "Failed"), tag("ul", *lines), class_="failed"))
    legend = (
        "Mean ± standard deviation over seeds, the best of each column in bold. ACSA, F and G "
        "are means over classes of recall, F1 and √(recall × specificity); R_MI is the recall of "
        "the smallest class, P_MA the precision of the largest. Published rows are as printed in "
        "the papers. Fitting includes the sampler."
    )
    return _section("results", "Results", tag("p", legend, class_="note"), *parts)


def _results_of(rows: pd.DataFrame, colours: Colours) -> Html:
    """A table in which dots stand for the groups."""
    cells = table_cells(rows)
    for row, is_published in zip(cells, rows["published"], strict=True):
        del row[1]
        if is_published:
            row[0] = Cell(f"{row[0].text}, published")
    muted = [row[0].text for row, p in zip(cells, rows["published"], strict=True) if p]
    headings = [heading for heading in HEADINGS if heading != "group"]
    return table(headings, cells, hints=_HINTS, colours=colours, muted=muted)


def differences(records: Records, reference: str, colours: Colours) -> Html:
    """ACSA of every method minus the reference's on the same seeds: intervals and tests."""
    label = labels_of(records)[reference]
    parts = []
    for data, scores in _tables_by_data(records):
        if label not in scores.index or len(scores) < 2:
            continue
        found = paired_differences(scores, label, CONFIDENCE)
        found = found[found["n_pairs"] > 0].sort_values("difference", ascending=False)
        rows = [
            [
                Cell(str(name)),
                number_cell(row["n_pairs"], "{:.0f}"),
                Cell(_signed(row["difference"]), value=row["difference"]),
                Cell(_interval(row["low"], row["high"]), value=row["low"]),
                *(Cell(_p(p), value=p) for p in (row["p_t_holm"], row["p_wilcoxon_holm"])),
            ]
            for name, row in found.iterrows()
        ]
        alt = f"ACSA of {len(rows)} methods minus that of {label} on {data}; numbers in the table"
        shown = table(
            [
                "method",
                "pairs",
                "difference",
                "95 % interval",
                "p\N{NO-BREAK SPACE}(t)",
                "p\N{NO-BREAK SPACE}(W)",
            ],
            rows,
            colours=colours,
        )
        drawn = picture(svg(differences_figure(found, label, colours)), alt)
        parts += [tag("h3", data), tag("div", drawn, shown, class_="beside")]
    if not parts:
        parts = [tag("p", f"{label} and another method have no finished run in common.")]
    note = (
        f"Methods are compared with {label} on the same seeds. Intervals are of Student's t and "
        "not corrected; p-values, of the paired t-test (t) and of Wilcoxon's signed-rank test (W), "
        "are Holm-corrected over the methods. With n pairs Wilcoxon's p is at least 2 to the power "
        "1 − n before correction (.0625 for 5), so look at the interval first. Seeds of a data set "
        "share its test rows: all this speaks of that data set only."
    )
    return _section("differences", f"Differences to {label}", tag("p", note, class_="note"), *parts)


def ranks(records: Records, colours: Colours) -> Html:
    """Average ranks over all data sets and seeds, with Nemenyi's critical difference."""
    scores = score_table(records).rename(index=labels_of(records))
    n_methods, n_blocks = len(scores), int(scores.notna().all().sum())
    heading = "Average ranks"
    if n_methods < 2 or n_blocks == 0:
        return _section("ranks", heading, tag("p", "No block is common to two or more methods."))
    found = average_ranks(scores)
    critical = nemenyi_critical_difference(n_methods, n_blocks, CONFIDENCE)
    statistic, p_value = friedman_test(scores)
    friedman = (
        "Friedman's test is undefined here."
        if math.isnan(p_value)
        else f"Friedman: χ² = {statistic:.2f}, p {_p(p_value, equals='= ')}."
    )
    note = (
        f"ACSA ranked within each of {n_blocks} blocks (a data set and a seed) that all "
        f"{n_methods} methods finished. {friedman} Nemenyi's critical difference is "
        f"{critical:.2f} at 95 %: two methods differ if their bars, as wide as that, do not "
        "overlap. The seeds of a data set count as blocks of their own, so this is less sure than "
        "it would be over as many data sets."
    )
    alt = "Average ranks: " + ", ".join(
        f"{name} {rank:.2f}" for name, rank in found.sort_values().items()
    )
    drawn = picture(svg(ranks_figure(found, critical, colours)), alt)
    shown = tag("div", drawn, tag("p", note, class_="note"), class_="beside")
    return _section("ranks", heading, shown)


def recalls(records: Records, reference: str, colours: Colours) -> Html:
    """Recall of each class by its training size, a panel per method."""
    labels, parts = labels_of(records), []
    for data in data_sets(finished(records)):
        here = [record for record in finished(records) if data_of(record) == data]
        frames = {method: _recall_points(here, method) for method in _methods(here)}
        together = pd.concat(frames.values())
        sizes = float(together["size"].min()), float(together["size"].max())
        panels = [
            picture(
                svg(
                    recall_figure(
                        frame,
                        None if method == reference else frames.get(reference),
                        colours[labels[method]],
                        sizes,
                        float(together["recall"].min()),
                    )
                ),
                f"Recall by class size of {labels[method]} on {data}",
                labels[method],
            )
            for method, frame in frames.items()
        ]
        parts += [tag("h3", data), tag("div", *panels, class_="grid")]
    note = (
        "A point is a class, averaged over seeds; the line joins classes by their number of "
        f"training rows. Dashed and grey: {labels[reference]}. A level line serves all alike."
    )
    return _section("recall", "Recall by class size", tag("p", note, class_="note"), *parts)


def quality_and_cost(records: Records, colours: Colours) -> Html:
    """ACSA against the time to fit."""
    found, parts = results_table(records), []
    for data in found.index.unique("data"):
        rows = found.loc[data].dropna(subset=["acsa", "fit_seconds"])
        if not rows.empty:
            alt = f"ACSA over seconds to fit on {data}; numbers in the table of results"
            parts.append(picture(svg(cost_figure(rows, colours)), alt, data))
    note = "Up and to the left is better. Means over seeds."
    grid = tag("div", *parts, class_="pictures")
    return _section("cost", "Quality against cost", tag("p", note, class_="note"), grid)


def curves(records: Records, colours: Colours) -> Html:
    """Loss, and validation score where there is one, over epochs; also of shared samplers."""
    labels, parts = labels_of(records), []
    recorded = [record for record in records if record.get("history")]
    for data in data_sets(recorded):
        panels = []
        for method in _methods(recorded):
            histories = [
                r["history"] for r in recorded if (data_of(r), r["method"]) == (data, method)
            ]
            label = labels[method]
            for key in ("loss", "val_acsa"):
                known = [h for h in histories if any(r.get(key) is not None for r in h)]
                if known:
                    figure = curve_figure(known, key, colours[label])
                    panels.append(picture(svg(figure), f"{key} of {label} on {data}", label))
        grid = tag("div", *panels, class_="grid")
        parts.append(tag("details", tag("summary", f"{data}: {len(panels)} panels"), grid))
    if not parts:
        parts = [tag("p", "No method recorded a history.")]
    note = "A line per seed. Losses of different methods are different quantities."
    return _section("curves", "Training curves", tag("p", note, class_="note"), *parts)


def legend(labels: Mapping[str, str], groups: Mapping[str, str], colours: Colours) -> Html:
    """What the colours stand for, where methods have groups."""
    found = {group: colours[labels[m]] for m, group in groups.items() if group}
    items = [tag("li", dot(c), group) for group, c in found.items()]
    return tag("ul", *items, class_="legend") if items else Html()


def _section(name: str, heading: str, *parts: Html) -> Html:
    return tag("section", tag("h2", heading), *parts, id=name)


def _tables_by_data(records: Records) -> Iterable[tuple[str, pd.DataFrame]]:
    scores, labels = score_table(records), labels_of(records)
    for data in data_sets(finished(records)):
        part = scores.loc[:, [column for column in scores.columns if column[0] == data]]
        yield data, part.dropna(how="all").rename(index=labels)


def _methods(records: Records) -> list[str]:
    return list(dict.fromkeys(record["method"] for record in records))


def _recall_points(records: Records, method: str) -> pd.DataFrame:
    points = pd.DataFrame(
        [
            (name, size, number(recall))
            for record in records
            if record["method"] == method
            for name, size, recall in zip(
                record["classes"], record["class_counts"], record["recall"], strict=True
            )
            if size > 0
        ],
        columns=["class", "size", "recall"],
    ).dropna()
    return points.groupby(["class", "size"], as_index=False)["recall"].mean()


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{_signed(low)} to {_signed(high)}"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def _p(value: float, equals: str = "") -> str:
    if math.isnan(value):
        return ""
    return "< .001" if value < 0.001 else equals + f"{value:.3f}".removeprefix("0")
