"""Cells that Optuna chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.cli.cell import Cell
from equipoise.cli.ranking import written


@dataclass(frozen=True)
class Range:
    """Whole numbers or numbers between two ends, both included."""

    low: float
    high: float
    log: bool = False


Axis = list[Any] | Range


def corners(axes: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    """Points that show every value and both ends of every range."""
    ends = {
        name: [axis.low, axis.high] if isinstance(axis, Range) else axis
        for name, axis in axes.items()
    }
    for i in range(max(map(len, ends.values()))):
        yield {name: values[min(i, len(values) - 1)] for name, values in ends.items()}


class Trials:
    """A search by a tree-structured Parzen estimator.

    The same seed and the same scores give the same proposals: to go on after a kill, the search
    starts anew, and finds its first cells finished.

    Parameters
    ----------
    axes : mapping of str to list or Range
    seed : int

    Raises
    ------
    ValueError
        Optuna is not installed.
    """

    def __init__(self, axes: Mapping[str, Axis], seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise ValueError(
                "--trials needs Optuna: pip install 'equipoise[tune]', or leave it out to run "
                "every cell of the grid."
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.axes = axes
        self.study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
        )
        self.asked: list[Any] = []

    def propose(self, n: int) -> list[dict[str, Any]]:
        """So many further points."""
        self.asked = [self.study.ask() for _ in range(n)]
        return [
            {name: _suggest(trial, name, axis) for name, axis in self.axes.items()}
            for trial in self.asked
        ]

    def learn(self, score: str, cells: Sequence[Cell]) -> None:
        """Take in what the cells of the last proposal scored; one without a score failed."""
        from optuna.trial import TrialState

        for trial, cell in zip(self.asked, cells, strict=True):
            path = cell.path / "metrics.json"
            value = json.loads(path.read_text(encoding="utf-8"))[score] if path.exists() else None
            if value is None:
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, value)


def _suggest(trial: Any, name: str, axis: Axis) -> Any:
    if isinstance(axis, list):
        words = [written(value) for value in axis]  # Optuna takes no lists as values
        return axis[words.index(trial.suggest_categorical(name, words))]
    suggest = trial.suggest_int if isinstance(axis.low, int) else trial.suggest_float
    value = suggest(name, axis.low, axis.high, log=axis.log)
    return value if isinstance(value, int) else float(f"{value:.4g}")  # as the folder is named
