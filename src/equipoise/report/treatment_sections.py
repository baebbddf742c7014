"""What the page shows of treatments over many tables, in place of the sections by data set."""

from __future__ import annotations

from typing import Any

from .comparison import COMPARED, compare, cost_table
from .page_figures import Colours, ranks_picture
from .records import Records, failed_jobs, part_labels
from .summary import finished_jobs
from .tables import HEADINGS, rank_note, treatment_tables


def treatment_sections(records: Records, reference: str, colours: Colours) -> dict[str, Any]:
    """All that the template ``treatments.html`` shows; `reference` is a name."""
    label, jobs = part_labels(records, "treatment")[reference], finished_jobs(records)
    costs, cards, drawn = cost_table(jobs), {}, []
    for metric in COMPARED:
        found = compare(jobs, metric, label)
        if found.table.empty:
            continue
        ranks = found.table["rank"]
        picture = ranks_picture(ranks, found.critical_difference, colours)
        drawn.append((picture, ranks.to_dict(), rank_note(found, metric)))
        if metric in ("acsa", "f_macro"):
            best = found.table.iloc[0]
            cards[HEADINGS[metric]] = [
                ("best average rank", best.name, ""),
                ("its rank, its mean", "", f"{best['rank']:.2f}, {best['score']:.4f}"),
                ("a fit takes", "", f"{costs.loc[best.name, 'fit_seconds']:,.1f} s"),
            ]
    combinations, overall, differences, *by_classifier = treatment_tables(records, reference)
    return {
        "combinations": combinations,
        "cards": cards,
        "overall": overall,
        "drawn": drawn,
        "differences": differences,
        "by_classifier": by_classifier,
        "failed": failed_jobs(records),
    }
