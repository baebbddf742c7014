"""Do these synthetic rows help a classifier? Fits with and without them, on held-out real rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from equipoise.columns import Rows

from .compare import seeded
from .job import equal_steps

N_DRAWS = 2000  # of the test rows, for the interval
LEVEL = 0.95


@dataclass(frozen=True)
class AddedRowsResult:
    """The same classifier without and with added rows.

    Attributes
    ----------
    recalls : DataFrame
        A line per class: ``without`` and ``with`` the added rows, and ``n_test`` rows.
    difference : float
        Of the mean recall over the classes, with less without.
    interval : (float, float)
        95 % interval of the difference, by resampling the test rows of each class.
    untested : list
        Classes without a test row, of which nothing is known.
    """

    recalls: pd.DataFrame
    difference: float
    interval: tuple[float, float]
    untested: list[Any]

    def verdict(self) -> str:
        """Say in words whether the rows help."""
        before, after = self.recalls["without"].mean(), self.recalls["with"].mean()
        low, high = self.interval
        numbers = (
            f"The mean recall over the classes is {before:.3f} without and {after:.3f} with the "
            f"synthetic rows, a difference of {self.difference:+.3f} (between {low:+.3f} and "
            f"{high:+.3f} with other test rows)."
        )
        numbers = numbers.replace("-", "−")
        if self.untested:
            names = ", ".join(map(str, self.untested))
            numbers += f" It says nothing of classes without test rows: {names}."
        if low > 0:
            return f"These rows help. {numbers}"
        if high < 0:
            return f"These rows do harm. {numbers}"
        return f"These rows do not help beyond chance. {numbers}"


def judge_added_rows(
    classifier: Any,
    without: tuple[Rows, np.ndarray],
    added: tuple[Rows, np.ndarray],
    test: tuple[Rows, np.ndarray],
    *,
    seeds: Sequence[int] = (0,),
    begin: Callable[[int, int], None] | None = None,
) -> AddedRowsResult:
    """Train a classifier without and with added rows, and compare its recalls on test rows.

    A network is trained for as many steps with the added rows as without.

    Parameters
    ----------
    classifier : classifier
        Not fitted, and not changed.
    without : (X, y)
        The real training rows.
    added : (X, y)
        The same rows and synthetic ones.
    test : (X, y)
        Held-out real rows.
    seeds : sequence of int, default=(0,)
        A fit with each of these; the recalls are means over them.
    begin : callable, default=None
        Called before each fit with its number, from 0, and the number of all fits; an error that
        it raises ends the comparison.

    Returns
    -------
    AddedRowsResult
    """
    X_test, y_test = test
    classes = np.unique(y_test)
    right = np.zeros((2, len(seeds), len(y_test)))
    for i, (X, y) in enumerate((without, added)):
        for j, seed in enumerate(seeds):
            if begin:
                begin(i * len(seeds) + j, 2 * len(seeds))
            model = seeded(classifier, seed)
            if epochs := equal_steps(model, len(without[1]), len(y)):
                model.set_params(max_epochs=epochs)
            model.fit(X, y)
            right[i, j] = np.asarray(model.predict(X_test)) == y_test
    share = right.mean(1)  # of the fits that were right, for each test row
    means = [[share[i][y_test == label].mean() for label in classes] for i in (0, 1)]
    found = pd.DataFrame({"without": means[0], "with": means[1]}, index=classes)
    found["n_test"] = [int((y_test == label).sum()) for label in classes]
    gain = share[1] - share[0]
    random = np.random.default_rng(0)
    draws = np.zeros(N_DRAWS)
    for label in classes:
        of_class = gain[y_test == label]
        drawn = random.integers(len(of_class), size=(N_DRAWS, len(of_class)))
        draws += of_class[drawn].mean(1) / len(classes)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    difference = float(found["with"].mean() - found["without"].mean())
    untested = np.setdiff1d(without[1], y_test).tolist()
    return AddedRowsResult(found, difference, (float(low), float(high)), untested)
