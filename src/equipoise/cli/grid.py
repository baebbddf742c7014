"""The points of a grid search: read from the command line, chosen, and written as a table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from equipoise.cli.console import print_table
from equipoise.cli.docstrings import Parameter
from equipoise.cli.options import value_of

if TYPE_CHECKING:
    import pandas as pd

Point = dict[str, Any]
HEADINGS = {
    "val_acsa": "val.\nACSA",
    "fidelity": "label\nfidelity",
    "recovery": "codes\nR²",
    "edges": "edges\n|ρ|",
    "non_edges": "others\n|ρ|",
    "seconds": "time\nin s",
}
LEGEND = (
    "val. ACSA: of the classifier that each GAN feeds, on held-out training images; label "
    "fidelity: share of generated images recognised as their class; codes R²: mean over the codes; "
    "|ρ|: partial correlation of the inferred codes, the mean over the edges and the largest over "
    "the other pairs."
)


@dataclass(frozen=True)
class Range:
    """Whole numbers or numbers between two ends, both included."""

    low: float
    high: float
    log: bool = False


Axis = list[Any] | Range


def axes_of(grid: Sequence[str], parameters: Sequence[Parameter]) -> dict[str, Axis]:
    """Values of each parameter in texts such as ``"n_codes=2,4"`` or ``"n_codes=2:6"``.

    Raises
    ------
    ValueError
        A text is written otherwise, or names no parameter.
    """
    known = {p.name: p for p in parameters}
    axes: dict[str, Axis] = {}
    for text in grid:
        name, _, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known or not values.strip():
            raise ValueError(
                f"--grid {text!r} is not like structure_weight=.1,.2 with one of the parameters "
                f"{', '.join(known)}."
            )
        if name in axes:
            raise ValueError(f"--grid {text!r}: {name} has values already. Name it once.")
        try:
            axes[name] = _axis(known[name], values)
        except (ValueError, typer.BadParameter) as error:
            raise ValueError(f"--grid {text!r}: {error}") from None
    return axes


def _axis(parameter: Parameter, text: str) -> Axis:
    """The values, or the range, that one text gives a parameter."""
    if ":" in text and parameter.annotation in {"int", "float"}:
        low, _, rest = text.partition(":")
        high, _, scale = rest.partition(":")
        ends = [value_of(parameter, end.strip()) for end in (low, high)]
        if scale not in {"", "log"} or not ends[0] < ends[1] or (scale and ends[0] <= 0):
            raise ValueError(f"{text!r} is not like LOW:HIGH or, above 0, LOW:HIGH:log.")
        return Range(ends[0], ends[1], scale == "log")
    parts = text.split("|" if "|" in text else ",")
    values = [value_of(parameter, part.strip()) for part in parts]
    if repeated := [value for i, value in enumerate(values) if value in values[:i]]:
        raise ValueError(f"{repeated[0]!r} is given twice.")
    return values


def product(axes: Mapping[str, Axis]) -> Iterator[Point]:
    """Every combination of the values.

    Raises
    ------
    ValueError
        There is a range among them.
    """
    lists = {name: axis for name, axis in axes.items() if isinstance(axis, list)}
    if ranges := axes.keys() - lists:
        raise ValueError(f"--grid {min(ranges)}: a range has no end of values. Add --trials.")
    for combination in itertools.product(*lists.values()):
        yield dict(zip(lists, combination, strict=True))


def corners(axes: Mapping[str, Axis]) -> Iterator[Point]:
    """Points that contain every value and both ends of every range."""
    ends = {
        name: [axis.low, axis.high] if isinstance(axis, Range) else axis
        for name, axis in axes.items()
    }
    for i in range(max(map(len, ends.values()))):
        yield {name: values[min(i, len(values) - 1)] for name, values in ends.items()}


def written(value: Any) -> str:
    """A value as one would write it on the command line."""
    if isinstance(value, list):
        edges = all(isinstance(one, list) for one in value)
        return ",".join(">".join(map(str, one)) if edges else str(one) for one in value)
    return str(value)


def folder_name(point: Point) -> str:
    """Name of the run folder of a point."""
    text = ",".join(f"{name}={written(value)}" for name, value in point.items())
    return re.sub(r"[^\w.,=+-]+", "-", text)


def new_study(seed: int) -> Any:
    """A study of Optuna's, by a tree-structured Parzen estimator.

    Raises
    ------
    ValueError
        Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ValueError(
            "--trials needs Optuna: pip install 'equipoise[tune]', or leave it out to run every "
            "point of the grid."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    return optuna.create_study(direction="maximize", sampler=sampler)


def proposals(
    study: Any,
    axes: Mapping[str, Axis],
    n_trials: int,
    n_jobs: int,
    score_of: Callable[[Point], float | None],
) -> Iterator[list[Point]]:
    """Yield points, ``n_jobs`` at a time, each chosen after the scores of those before.

    The same seed and the same scores give the same points. To go on after a kill, a search starts
    again and finds its first trials finished.

    Parameters
    ----------
    study : optuna.Study
    axes : mapping of str to list or Range
    n_trials, n_jobs : int
    score_of : callable
        Score of a point that was yielded; None if its trial failed.
    """
    from optuna.trial import TrialState

    for start in range(0, n_trials, n_jobs):
        asked = [study.ask() for _ in range(min(n_jobs, n_trials - start))]
        points = [
            {name: _suggest(trial, name, axis) for name, axis in axes.items()} for trial in asked
        ]
        yield points
        for trial, score in zip(asked, map(score_of, points), strict=True):
            study.tell(trial, score, TrialState.FAIL if score is None else TrialState.COMPLETE)


def _suggest(trial: Any, name: str, axis: Axis) -> Any:
    if isinstance(axis, list):
        words = [written(value) for value in axis]  # Optuna takes no lists as values
        return axis[words.index(trial.suggest_categorical(name, words))]
    suggest = trial.suggest_int if isinstance(axis.low, int) else trial.suggest_float
    value = suggest(name, axis.low, axis.high, log=axis.log)
    return value if isinstance(value, int) else float(f"{value:.4g}")  # as the folder is named


def ranked(rows: Sequence[Mapping[str, Any]], first: str) -> pd.DataFrame:
    """Points with their scores, best first by one score, then by the others that should be high."""
    import pandas as pd

    scores = dict.fromkeys([first, "val_acsa", "fidelity", "recovery"])
    table = pd.DataFrame(rows).astype(dict.fromkeys(HEADINGS, float))
    table = table.sort_values(list(scores), ascending=False, kind="stable")
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="rank"))


def print_ranked(table: pd.DataFrame) -> None:
    """Print the table, best first."""
    numbers = {name: table[name].map("{:.3f}".format) for name in HEADINGS}
    numbers["seconds"] = table["seconds"].map("{:.0f}".format)
    cells = table.drop(columns="run").assign(**numbers).replace("nan", "-")
    headings = [HEADINGS.get(name, name.replace("_", "\n")) for name in cells]
    print_table(["", *headings], cells.reset_index().astype(str).to_numpy().tolist())
