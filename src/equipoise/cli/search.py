"""Points of a grid search that Optuna chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.cli.grid import Axis, Point, written


class Search:
    """A search by a tree-structured Parzen estimator.

    The same seed and the same scores give the same proposals. To go on after a kill, the search
    starts again and finds its first trials finished.

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
                "every point of the grid."
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.axes = axes
        self.study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
        )
        self.asked: list[Any] = []

    def propose(self, n: int) -> list[Point]:
        """Choose ``n`` further points."""
        self.asked = [self.study.ask() for _ in range(n)]
        return [
            {name: _suggest(trial, name, axis) for name, axis in self.axes.items()}
            for trial in self.asked
        ]

    def learn(self, scores: Sequence[float | None]) -> None:
        """Take in the scores of the last proposal; None for a trial that failed."""
        from optuna.trial import TrialState

        for trial, score in zip(self.asked, scores, strict=True):
            state = TrialState.FAIL if score is None else TrialState.COMPLETE
            self.study.tell(trial, score, state)


def _suggest(trial: Any, name: str, axis: Axis) -> Any:
    if isinstance(axis, list):
        words = [written(value) for value in axis]  # Optuna takes no lists as values
        return axis[words.index(trial.suggest_categorical(name, words))]
    suggest = trial.suggest_int if isinstance(axis.low, int) else trial.suggest_float
    value = suggest(name, axis.low, axis.high, log=axis.log)
    return value if isinstance(value, int) else float(f"{value:.4g}")  # as the folder is named
