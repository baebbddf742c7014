"""Draw the synthetic rows that were chosen, in the background of the page."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator

from equipoise.generative import GenerativeOverSampler
from equipoise.imsic import IMSIC
from equipoise.runs.rows import RunRows
from equipoise.studio.follow import Follow
from equipoise.studio.jobs import said_in
from equipoise.studio.project import Project

ROWS_AT_ONCE = 2048  # whose confidence is judged between two looks at the progress


@dataclass(frozen=True)
class Drawn:
    """All rows with the synthetic ones last, their labels, which are synthetic, and warnings."""

    X: Any
    y: np.ndarray
    synthetic: np.ndarray
    notes: list[str]


class Drawing:
    """What is to be drawn, as it was when a person asked for it.

    Parameters
    ----------
    project : Project
        Locked; it may change afterwards.
    """

    def __init__(self, project: Project) -> None:
        self.rows: RunRows = project.open_rows()
        self.sizes = {
            project.label_of(name): n for name, n in project.choices["class_sizes"].items()
        }
        if isinstance(project.model, IMSIC):
            project.model.decide(project.proposals)
        self.model = copy.copy(project.model)

    def draw(self, follow: Follow) -> Drawn:
        """Draw the rows; a request to stop ends it with an error."""
        rows = self.rows
        follow.tell(None, "The synthetic rows are drawn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            if isinstance(self.model, IMSIC):
                X, y = self.model.resample(rows.X, rows.y, self.sizes)
            else:
                self._follow_judging(follow)
                generator = FrozenEstimator(self.model)
                sampler: Any = GenerativeOverSampler(generator, sampling_strategy=self.sizes)
                X, y = sampler.fit_resample(rows.X, rows.y)
        follow.check()
        y = np.asarray(y)
        return Drawn(X, y, np.arange(len(y)) >= len(rows.y), said_in(caught))

    def _follow_judging(self, follow: Follow) -> None:
        """Let the copy of a DGC tell how far it is where it takes long: judging what it drew."""
        names = dict(zip(self.rows.labels, self.rows.class_names, strict=True))
        sample, judge = self.model.sample, self.model.predict_proba
        what = ""

        def drawn(n: int, y: Any) -> Any:
            nonlocal what
            what = f"Rows of class {names[y]} are drawn and judged"
            follow.tell(None, what)
            return sample(n, y)

        def judged(X: Any) -> np.ndarray:
            found = []
            for start in range(0, len(X), ROWS_AT_ONCE):
                follow.tell(start / len(X), what)
                part = slice(start, start + ROWS_AT_ONCE)
                found.append(judge(X.iloc[part] if isinstance(X, pd.DataFrame) else X[part]))
            return np.concatenate(found)

        self.model.sample, self.model.predict_proba = drawn, judged
