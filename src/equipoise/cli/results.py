"""Predictions on a test set, and what is stored and printed of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

from equipoise.atomic import replacing, write_text
from equipoise.cli.files import write_json
from equipoise.metrics import imbalance_report


@dataclass(frozen=True)
class Results:
    """Predictions of one model on one test set.

    Attributes
    ----------
    y_true : ndarray of shape (n,)
    probabilities : ndarray of shape (n, n_classes)
        Columns in the order of ``class_names``.
    class_names : sequence of str
        What the labels 0 to C - 1 stand for.
    class_counts : sequence of int
        Training images of each.
    """

    y_true: np.ndarray
    probabilities: np.ndarray
    class_names: Sequence[str]
    class_counts: Sequence[int]

    @property
    def y_pred(self) -> np.ndarray:
        """Most probable label of every row."""
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """All labels, also those without a test image."""
        return np.arange(len(self.class_names))

    def report(self) -> str:
        """Readable table."""
        return imbalance_report(*self._given(), **self._names())

    def metrics(self) -> dict[str, Any]:
        """The same numbers by name."""
        return imbalance_report(*self._given(), **self._names(), output_dict=True)

    def _given(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.y_true, self.y_pred, np.repeat(self.labels, self.class_counts)

    def _names(self) -> dict[str, Any]:
        return {"labels": self.labels, "target_names": self.class_names}

    def save(self, folder: Path) -> None:
        """Write ``predictions.npz``, ``confusion.csv`` and ``metrics.json``."""
        with replacing(folder / "predictions.npz") as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                y_true=self.y_true,
                y_pred=self.y_pred,
                probabilities=self.probabilities.astype(np.float32),
                class_names=np.array(self.class_names),
                class_counts=np.array(self.class_counts),
            )
        table = confusion_matrix(self.y_true, self.y_pred, labels=self.labels)
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["true \\ predicted", *self.class_names])
        rows.writerows([name, *row] for name, row in zip(self.class_names, table, strict=True))
        write_text(folder / "confusion.csv", text.getvalue())
        write_json(folder / "metrics.json", self.metrics())
