"""The step Curate: candidates beside their nearest real rows, accepted or rejected one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from equipoise.imsic.decisions import Proposal
from equipoise.studio.errors import StudioError
from equipoise.studio.pictures import COLUMNS, as_pictures, as_texts, most_different
from equipoise.studio.project import Project

BATCH = 60  # candidates at a time


def counts(project: Project) -> list[dict[str, Any]]:
    """How many candidates of each class were accepted and rejected."""
    project.steered()
    rows = project.open_rows()
    found = []
    for label, name in zip(rows.labels, rows.class_names, strict=True):
        own = [p for p in project.proposals if p.classes == (label,)]
        found.append(
            {
                "name": name,
                "real": int((rows.y == label).sum()),
                "accepted": sum(len(p.accepted) for p in own),
                "rejected": sum(len(p.rejected) for p in own),
            }
        )
    return found


def propose(project: Project, name: str, more: bool) -> dict[str, Any]:
    """The candidates of a class to judge now: those of the last proposal, or ``more``."""
    label = project.label_of(name)
    own = [p for p in project.proposals if p.classes == (label,)]
    if more or not own:
        model = project.steered()
        seed = 1 + max((p.seed for p in project.proposals), default=int(model.random_state or 0))
        own.append(Proposal((label,), BATCH, seed))
        project.proposals.append(own[-1])
        project.keep_decisions()
    return candidates(project, own[-1])


def candidates(project: Project, proposal: Proposal) -> dict[str, Any]:
    """Candidates with what a person wants to know of them, the most confident first."""
    model, rows = project.steered(), project.open_rows()
    X = model.sample(**proposal.drawing)
    found = model.inspect(X, proposal.classes * proposal.n)
    nearest = found["nearest"].to_numpy()
    shown: list[dict[str, Any]]
    if rows.is_table:
        differences = model.column_differences(X, nearest).to_numpy()
        shown = [
            _beside(X.iloc[[i]], rows.X.iloc[[other]], differences[i])
            for i, other in enumerate(nearest)
        ]
    else:
        pictures = zip(as_pictures(X), as_pictures(rows.X[nearest]), strict=True)
        shown = [{"row": row, "real": real} for row, real in pictures]
    lines: list[dict[str, Any]] = [
        {
            "index": i,
            **shown[i],
            "confidence": float(line.confidence),
            "memorised": bool(line.memorised),
            "decision": decision_on(proposal, i),
        }
        for i, line in enumerate(found.itertuples())
    ]
    lines.sort(key=lambda line: -line["confidence"])
    return {"seed": proposal.seed, "candidates": lines}


def _beside(row: pd.DataFrame, real: pd.DataFrame, differences: np.ndarray) -> dict[str, Any]:
    """A candidate and its nearest real row; of many columns, those that differ most."""
    chosen = np.sort(np.argsort(-differences, kind="stable")[:COLUMNS])
    return {
        "row": as_texts(row.iloc[:, chosen])[0],
        "real": as_texts(real.iloc[:, chosen])[0],
        "columns": [str(c) for c in row.columns[chosen]],
        "more": row.shape[1] - len(chosen),
        "marked": most_different(differences[chosen].tolist()),
    }


def decision_on(proposal: Proposal, index: int) -> str:
    """``"accepted"``, ``"rejected"`` or ``""``."""
    if index in proposal.accepted:
        return "accepted"
    return "rejected" if index in proposal.rejected else ""


def judge(
    project: Project, name: str, seed: int, decisions: dict[int, str]
) -> list[dict[str, Any]]:
    """Accept, reject or take back the decision on candidates, and write that at once.

    Parameters
    ----------
    project : Project
    name : str
        Class.
    seed : int
        Of the proposal.
    decisions : dict of int to {"accepted", "rejected", ""}
        By the position of the candidate.
    """
    label = project.label_of(name)
    for place, proposal in enumerate(project.proposals):
        if proposal.classes == (label,) and proposal.seed == seed:
            project.proposals[place] = decided(proposal, decisions)
            project.keep_decisions()
            return counts(project)
    raise StudioError("These candidates are not those of this run any more. Propose new ones.")


def decided(proposal: Proposal, decisions: dict[int, str]) -> Proposal:
    """The proposal with further decisions; a later one replaces an earlier one.

    Examples
    --------
    >>> from equipoise.imsic.decisions import Proposal
    >>> from equipoise.studio.curate import decided
    >>> found = decided(Proposal((9,), 3, seed=1, accepted=(0,)), {0: "", 2: "accepted"})
    >>> found.accepted, found.rejected
    ((2,), ())
    """
    if wrong := [i for i in decisions if not 0 <= i < proposal.n]:
        raise StudioError(f"There is no candidate {wrong[0]}.")
    kept = {
        kind: {*getattr(proposal, kind)} - {*decisions}
        | {i for i, decision in decisions.items() if decision == kind}
        for kind in ("accepted", "rejected")
    }
    return replace(
        proposal,
        accepted=tuple(sorted(kept["accepted"])),
        rejected=tuple(sorted(kept["rejected"])),
    )


def by_threshold(found: dict[str, Any], least: float) -> dict[int, str]:
    """Accept what is undecided, confident enough and not memorised; reject the other undecided.

    Parameters
    ----------
    found : dict
        From :func:`candidates`.
    least : float
        Smallest confidence to accept.
    """
    undecided = [line for line in found["candidates"] if not line["decision"]]
    return {
        line["index"]: "accepted"
        if line["confidence"] >= least and not line["memorised"]
        else "rejected"
        for line in undecided
    }


def accepted_per_class(project: Project) -> dict[Any, int]:
    """Number of accepted candidates of the classes that were judged."""
    model = project.steered().decide(project.proposals)
    labels = {label for p in model.decisions_ for label in p.classes}
    rows = {label: model.accepted_rows(label) for label in labels}
    return {label: len(found) for label, found in rows.items() if found is not None}
