"""The step Codes: see what each code does, name it, and prescribe the structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from equipoise.imsic.structure import parse_structure
from equipoise.studio.pictures import COLUMNS, as_shown
from equipoise.studio.project import Project

VALUES = (-1.0, -0.67, -0.33, 0.0, 0.33, 0.67, 1.0)
REPORTED = 2000  # rows of a structure report


def overview(project: Project) -> dict[str, Any]:
    """Names and edges of the codes, and the values of the grid."""
    model = project.steered()
    names = list(model.structure_.names)
    trained = [list(edge) for edge in model.structure_.edges]
    return {
        "names": names,
        "values": list(VALUES),
        "classes": project.open_rows().class_names,
        "trained": trained,
        "edges": project.choices.get("structure", trained),
    }


def grid(project: Project, code: int, seed: int) -> dict[str, Any]:
    """Every class at every value of a code, from one starting point."""
    model, rows = project.steered(), project.open_rows()
    if not rows.is_table:
        shown = [
            as_shown(model.traverse(label, code, VALUES, random_state=seed)[0])
            for label in model.classes_
        ]
        return {"images": shown}
    profiles = model.code_profiles([code], VALUES, random_state=seed)
    return {
        "profiles": [
            {"name": name, "lines": _numbers(values[0])} for name, values in profiles.items()
        ]
    }


def sample(
    project: Project, name: str, codes: list[float], seed: int, first: Sequence[str] = ()
) -> dict[str, Any]:
    """One row of a class with these values of all codes.

    Of a table with many columns, those of the profiles ``first`` are shown before others.
    """
    model = project.steered()
    label = project.label_of(name)
    row = model.sample(1, label, codes=dict(enumerate(codes)), random_state=seed)
    confidence = model.class_confidence(row, [label])[0]
    columns: list[str] = []
    more = 0
    if isinstance(row, pd.DataFrame):
        moved = [c for f in first for c in row.columns if f == str(c) or f.startswith(f"{c} ")]
        chosen = list(dict.fromkeys([*moved, *row.columns]))[:COLUMNS]
        more = row.shape[1] - len(chosen)
        row, columns = row[chosen], list(map(str, chosen))
    shown = as_shown(row)[0]
    return {"row": shown, "columns": columns, "more": more, "confidence": float(confidence)}


def rename(project: Project, code: int, name: str) -> dict[str, Any]:
    """Name a code; edges that were chosen follow."""
    project.steered().rename_codes({code: name.strip()})
    project.keep_decisions()
    return overview(project)


def choose_structure(project: Project, edges: list[list[int]]) -> dict[str, Any]:
    """Prescribe edges (parent, child) between codes; a cycle is refused with its path.

    Raises
    ------
    ValueError
        There is a cycle, or no such code.
    """
    names = project.steered().structure_.names
    structure = parse_structure([tuple(edge) for edge in edges], len(names), names)
    project.keep_choices(structure=[list(edge) for edge in structure.edges])
    return overview(project)


def report(project: Project) -> dict[str, Any]:
    """How well generated rows follow the chosen structure."""
    model = project.steered()
    edges = project.choices.get("structure", [list(e) for e in model.structure_.edges])
    found = model.structure_report(REPORTED, structure=[tuple(edge) for edge in edges])
    return {
        "holds": found.holds,
        "recovery": [
            {"code": code, "r2": row.r2, "verdict": row.verdict}
            for code, row in zip(found.recovery.index, found.recovery.itertuples(), strict=True)
        ],
        "pairs": found.pairs.to_dict("records"),
        "sentence": str(found).rsplit("\n\n", 1)[-1],
    }


def _numbers(values: np.ndarray) -> list[list[float | None]]:
    """Lines of numbers; dates become seconds, what is missing None."""
    if values.dtype.kind in "mM":
        missing = np.isnat(values)
        values = np.where(missing, np.nan, values.astype("datetime64[s]").astype(float))
    return [[None if np.isnan(v) else float(v) for v in line] for line in values]
