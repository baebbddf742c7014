"""The dependency structure of the codes: parse it, and check inferred codes against it.

Source: He, Lin, Yuan, Tzeng, Interpretable Minority Synthesis for Imbalanced Classification,
IJCAI 2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.notebook import as_html

RECOVERED, PARTLY_RECOVERED = 0.8, 0.3  # explained fractions of a code's variance
JOINED, APART = 0.5, 0.1  # absolute partial correlations


# Forms in which a user may pass a structure: the name of one, a mapping from parents to children,
# a graph, or pairs (parent, child).
StructureLike = str | Mapping[Any, Any] | Iterable[Any]


@dataclass(frozen=True)
class Structure:
    """A directed acyclic graph over the codes.

    Attributes
    ----------
    names : tuple of str
    parents : tuple of tuple of int
        For each code, the other codes on which it depends: its inferred value depends on the value
        that the generator received and on the inferred values of these parents.
    """

    names: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs (parent, child)."""
        return tuple((p, child) for child, own in enumerate(self.parents) for p in own)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The codes, parents before their children, otherwise by number."""
        graph = nx.DiGraph(self.edges)
        graph.add_nodes_from(range(len(self.names)))
        return tuple(nx.lexicographical_topological_sort(graph))

    @cached_property
    def non_edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs (earlier, later) in topological order that are not joined."""
        return tuple(
            (earlier, later)
            for place, later in enumerate(self.order)
            for earlier in self.order[:place]
            if earlier not in self.parents[later]
        )

    def given(self, first: int, second: int) -> tuple[int, ...]:
        """The codes to control for in the partial correlation of an edge or a non-edge.

        They are the other parents of the second code. For a non-edge the partial correlation is
        then zero, by the local Markov property.
        """
        return tuple(p for p in self.parents[second] if p != first)


def parse_structure(
    structure: Any, n_codes: int, code_names: Sequence[str] | None = None
) -> Structure:
    """Parse a structure in any of the forms that a user may pass.

    Parameters
    ----------
    structure : {"independent", "paper"}, dict, networkx.DiGraph or iterable of pairs
        ``"paper"`` is the paper's figure: the second and the third code act on the fourth. A dict
        maps a parent to its child or a list of its children; pairs are (parent, child). Codes go
        by name or by number, from 0. Repeated edges count once.
    n_codes : int
    code_names : sequence of str, default=None
        By default ``"code_1"``, ``"code_2"``, and so on.

    Raises
    ------
    InvalidParameterError
        If names are not `n_codes` distinct strings, or the structure has another form, names an
        unknown code or has a cycle.
    """
    names = _names(code_names, n_codes)
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(range(n_codes))
    labels, pairs = _labels_and_pairs(structure, n_codes)
    for label in labels:
        _number(label, names)
    graph.add_edges_from((_number(p, names), _number(child, names)) for p, child in pairs)
    for node in nx.nodes_with_selfloops(graph):
        raise InvalidParameterError(
            f"structure joins {names[node]!r} to itself. Every inferred code depends on its own "
            "code anyway: leave this edge out."
        )
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [p for p, _ in nx.find_cycle(graph)]
        path = " → ".join(names[node] for node in (*cycle, cycle[0]))
        raise InvalidParameterError(f"structure has a cycle: {path}. Remove one of these edges.")
    return Structure(names, tuple(tuple(sorted(graph.pred[j])) for j in range(n_codes)))


def _names(code_names: Sequence[str] | None, n_codes: int) -> tuple[str, ...]:
    if code_names is None:
        return tuple(f"code_{j + 1}" for j in range(n_codes))
    names = tuple(_listed(code_names))
    text = all(isinstance(name, str) for name in names)
    if not text or not len(names) == len(set(names)) == n_codes:
        raise InvalidParameterError(
            f"code_names={code_names!r} must contain {n_codes} different strings, one for each "
            "code. Pass such a list, or None."
        )
    return names


def _labels_and_pairs(structure: Any, n_codes: int) -> tuple[list[Any], list[Any]]:
    """Codes that have to exist although no pair (parent, child) contains them, and the pairs."""
    if isinstance(structure, str) and structure == "independent":
        return [], []
    if isinstance(structure, str) and structure == "paper":
        if n_codes < 4:
            raise InvalidParameterError(
                "structure='paper' joins codes 2 and 3 to code 4, but there are "
                f"{counted(n_codes, 'code')}. Use at least 4 codes, or another structure."
            )
        return [], [(1, 3), (2, 3)]
    if isinstance(structure, nx.DiGraph):
        structure = nx.to_dict_of_lists(structure)
    if isinstance(structure, Mapping):
        pairs = [(p, child) for p, children in structure.items() for child in _listed(children)]
        return list(structure), pairs
    pairs = list(_listed(structure))
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise InvalidParameterError(
            f"structure={structure!r} is not possible. Pass 'independent', 'paper', a dict "
            "parent -> child or list of children, a networkx.DiGraph, or pairs (parent, child)."
        )
    return [], pairs


def _listed(value: Any) -> Iterable[Any]:
    single = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if single else value


def _number(label: Any, names: tuple[str, ...]) -> int:
    if isinstance(label, str) and label in names:
        return names.index(label)
    number = isinstance(label, Integral) and not isinstance(label, bool)
    if number and 0 <= label < len(names):
        return int(label)
    raise InvalidParameterError(
        f"structure names an unknown code, {label!r}. The codes are {', '.join(names)}; their "
        f"numbers are 0 to {len(names) - 1}."
    )


@dataclass(frozen=True)
class StructureReport:
    """How well inferred codes follow a structure.

    Attributes
    ----------
    recovery : DataFrame
        Per code: `r2`, the fraction of its variance that is explained linearly by its inferred
        value and those of its parents, and `verdict` ("recovered", "partly" or "lost").
    pairs : DataFrame
        Per pair of codes: `parent`, `child` (the earlier and the later one where they are not
        joined), `joined`, `partial_correlation` of their inferred values given those of the child's
        other parents, and `verdict` ("as prescribed", "too weak" or "not prescribed").
    """

    recovery: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether every code is recovered and every pair as prescribed."""
        recovered = (self.recovery["verdict"] == "recovered").all()
        return bool(recovered and (self.pairs["verdict"] == "as prescribed").all())

    def __str__(self) -> str:
        tables = [self.recovery.round(2).to_string()]
        if len(self.pairs):
            tables.append(self.pairs.round(2).to_string(index=False))
        return "\n\n".join((*tables, self._sentence()))

    def _repr_html_(self) -> str:
        """The tables and the sentence, for notebooks."""
        tables = [self.recovery, self.pairs] if len(self.pairs) else [self.recovery]
        return as_html(tables, [self._sentence()])

    def _sentence(self) -> str:
        if self.holds:
            return (
                "The samples follow the structure: every code is recovered, and every pair is as "
                "prescribed."
            )
        verdicts = self.recovery["verdict"]
        faults = [f"{name} {v}" for name, v in verdicts.items() if v != "recovered"]
        for p in self.pairs[self.pairs["verdict"] != "as prescribed"].itertuples():
            faults.append(f"{p.parent} {'→' if p.joined else 'and'} {p.child} {p.verdict}")
        return f"The samples do not follow the structure: {'; '.join(faults)}."


def structure_report(
    structure: Structure, codes: ArrayLike, inferred_codes: ArrayLike
) -> StructureReport:
    """Check the codes that were inferred from generated rows against a structure.

    Parameters
    ----------
    structure : Structure
    codes : array-like of shape (n, m), n >= 2
        The codes that the generator received.
    inferred_codes : array-like of shape (n, m)
        The codes that were inferred from the generated rows. A constant column explains nothing
        and depends on nothing.

    Raises
    ------
    InvalidInputError
        If shapes differ from this or values are not finite numbers.
    """
    c, r = (
        _columns("codes", codes, structure),
        _columns("inferred_codes", inferred_codes, structure),
    )
    if len(c) != len(r):
        raise InvalidInputError(
            f"codes has {counted(len(c), 'row')} but inferred_codes has {len(r)}. Pass the codes "
            "inferred from the rows that were generated from these codes."
        )
    r2 = []
    for j, parents in enumerate(structure.parents):
        left = _residual(c[:, j], r[:, [j, *parents]])
        r2.append(float(np.clip(c[:, j].var() - left.var(), 0, 1)))
    recovery = pd.DataFrame({"r2": r2}, index=pd.Index(structure.names, name="code"))
    recovery["verdict"] = [
        "recovered" if v >= RECOVERED else "partly" if v >= PARTLY_RECOVERED else "lost" for v in r2
    ]
    rows = []
    for first, second in (*structure.edges, *structure.non_edges):
        given = r[:, list(structure.given(first, second))]
        rho = _correlation(_residual(r[:, first], given), _residual(r[:, second], given))
        joined = first in structure.parents[second]
        right = abs(rho) >= JOINED if joined else abs(rho) <= APART
        verdict = "as prescribed" if right else "too weak" if joined else "not prescribed"
        rows.append((structure.names[first], structure.names[second], joined, rho, verdict))
    columns = ["parent", "child", "joined", "partial_correlation", "verdict"]
    return StructureReport(recovery, pd.DataFrame(rows, columns=columns))


def _columns(name: str, values: ArrayLike, structure: Structure) -> NDArray[np.float64]:
    """Columns with mean 0 and variance 1; a constant column becomes 0."""
    array, m = np.asarray(values, dtype=np.float64), len(structure.names)
    if array.ndim != 2 or array.shape[1] != m or len(array) < 2 or not np.isfinite(array).all():
        raise InvalidInputError(
            f"{name} of shape {array.shape} is not a finite array with at least 2 rows and one "
            f"column for each of the {counted(m, 'code')}. Pass shape (n, {m})."
        )
    centred = array - array.mean(0)
    constant = np.abs(centred).max(0) <= 1e-12 * np.abs(array).max(0)
    return np.where(constant, 0, centred) / np.where(constant, 1, centred.std(0))


def _residual(y: NDArray[np.float64], X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Residual of a standardised variable after regression; 0 if only a rounding error is left."""
    left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return left if left.var() > 1e-12 else np.zeros_like(y)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    scale = a.std() * b.std()
    return float((a * b).mean() / scale) if scale > 0 else 0.0
