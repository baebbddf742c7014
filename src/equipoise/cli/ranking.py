"""The cells of a grid search as a table."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from equipoise.cli.cell import Cell
from equipoise.cli.runs import Run

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = {
    "val_acsa": "val.\nACSA",
    "fidelity": "label\nfidelity",
    "recovery": "codes\nR²",
    "edges": "edges\n|ρ|",
    "non_edges": "others\n|ρ|",
    "seconds": "time\nin s",
}
LEGEND = (
    "ACSA on held-out training images of the classifier that each GAN feeds; share of generated "
    "images that are recognised; mean R² of the codes; |partial correlation| of their readings: "
    "mean over the edges, largest over the other pairs."
)


def row_of(point: dict[str, Any], cell: Cell) -> dict[str, Any] | None:
    """Values and scores of a cell, NaN for a score without value; None if it is not finished."""
    run = Run.find(cell.path)
    if run is None or run.status != "finished":
        return None
    found = json.loads((cell.path / "metrics.json").read_text(encoding="utf-8"))
    scores = {name: math.nan if found[name] is None else found[name] for name in HEADINGS}
    values = {name: written(value) for name, value in point.items()}
    return values | scores | {"run": str(cell.path)}


def in_order(rows: Sequence[dict[str, Any]], first: str) -> list[dict[str, Any]]:
    """Best first by this score, then by the others that are better the larger they are."""
    scores = [first, *(name for name in ("val_acsa", "fidelity", "recovery") if name != first)]
    return sorted(rows, key=lambda row: [-row[name] for name in scores])


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The table with all digits; empty where a score has no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["rank", *rows[0]])
    for rank, row in enumerate(rows, 1):
        writer.writerow([rank, *("" if value != value else value for value in row.values())])
    return text.getvalue()


def as_table(rows: Sequence[dict[str, Any]]) -> Table:
    """The table to read, best first."""
    from rich import box
    from rich.table import Table

    varied = [name for name in rows[0] if name not in HEADINGS and name != "run"]
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("", *(name.replace("_", "\n") for name in varied), *HEADINGS.values()):
        table.add_column(heading, justify="right", overflow="fold")
    for rank, row in enumerate(rows, 1):
        numbers = [
            "-" if math.isnan(row[name]) else f"{row[name]:.{0 if name == 'seconds' else 3}f}"
            for name in HEADINGS
        ]
        table.add_row(str(rank), *(row[name] for name in varied), *numbers)
    return table


def written(value: Any) -> str:
    """A value as one would write it on the command line."""
    if isinstance(value, list):
        edges = all(isinstance(one, list) for one in value)
        return ",".join(">".join(map(str, one)) if edges else str(one) for one in value)
    return str(value)
