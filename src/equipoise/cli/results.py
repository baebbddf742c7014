"""The results of a classifier on test images: stored as files, printed as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from equipoise.atomic import replacing, write_text
from equipoise.metrics import imbalance_report
from equipoise.runs.csv_cells import csv_text
from equipoise.runs.files import write_json


@dataclass(frozen=True)
class Results:
    """Predictions of one model on one test set.

    Attributes
    ----------
    y_true : ndarray of shape (n,)
    probabilities : ndarray of shape (n, n_classes)
        Columns in the order of ``class_names``.
    class_names : sequence of str
        Names of the labels 0 to C - 1.
    class_counts : sequence of int
        Number of training images of each class.
    """

    y_true: np.ndarray
    probabilities: np.ndarray
    class_names: Sequence[str]
    class_counts: Sequence[int]

    @classmethod
    def of(cls, model: Any, X: np.ndarray, y: np.ndarray, about: Mapping[str, Any]) -> Self:
        """Predict images; ``about`` is what the record of the run says of its data."""
        return cls(y, model.predict_proba(X), about["class_names"], about["class_counts"])

    @property
    def y_pred(self) -> np.ndarray:
        """Most probable label of every row."""
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """All labels, also those without a test image."""
        return np.arange(len(self.class_names))

    def report(self, **options: Any) -> Any:
        """The metrics as a table to read; with ``output_dict=True`` by name."""
        return imbalance_report(
            self.y_true,
            self.y_pred,
            np.repeat(self.labels, self.class_counts),
            labels=self.labels,
            target_names=self.class_names,
            **options,
        )

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
        counts = confusion_matrix(self.y_true, self.y_pred, labels=self.labels)
        table = pd.DataFrame(counts, self.class_names, self.class_names)
        text = csv_text(table, index_label="true \\ predicted")
        write_text(folder / "confusion.csv", text)
        write_json(folder / "metrics.json", self.report(output_dict=True))
