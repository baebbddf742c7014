"""The scores of a trained IMSIC: how well it keeps its structure, and how good its images are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equipoise.datasets import imbalance
from equipoise.imsic import IMSIC
from equipoise.imsic.alignment import fit_judge
from equipoise.imsic.judging import MOST_COMPARED
from equipoise.imsic.structure import StructureReport
from equipoise.metrics import SynthesisReport, label_fidelity, synthesis_report
from equipoise.runs.files import write_json

PER_CLASS = 200  # generated images of each class, and at most as many held-out ones


@dataclass(frozen=True)
class Quality:
    """The scores of a GAN, stored as files and printed as tables.

    Attributes
    ----------
    structure : StructureReport
    synthesis : SynthesisReport
        Its classes are called by their names.
    purity : dict of str to float
        Share of each class's training images that the GAN puts into the category of the class.
    """

    structure: StructureReport
    synthesis: SynthesisReport
    purity: dict[str, float]

    @classmethod
    def of(
        cls,
        model: IMSIC,
        X_train: np.ndarray,
        y_train: np.ndarray,
        X_test: np.ndarray,
        y_test: np.ndarray,
        class_names: Sequence[str],
    ) -> Quality:
        """Compare generated images with held-out ones.

        The images are those of :meth:`equipoise.IMSIC.quality_report`, which needs a sampler
        that has its training rows, as a loaded one does not. As there, training images of large
        classes are compared in part.
        """
        names = np.array(class_names)
        X_test, y_test = _at_most(PER_CLASS, X_test, y_test)
        if np.bincount(y_train).max() > MOST_COMPARED:
            X_train, y_train = _at_most(MOST_COMPARED, X_train, y_train)
        made = model.sample(PER_CLASS)
        synthesis = synthesis_report(
            _flat(X_test),
            names[y_test],
            _flat(made),
            names[np.repeat(model.classes_, PER_CLASS)],
            train=_flat(X_train),
            y_train=names[y_train],
            y_predicted=names[judge(X_test, y_test, made)],
            random_state=0,
        )
        purity = zip(names[model.classes_].tolist(), model.label_purity_.tolist(), strict=True)
        return cls(model.structure_report(), synthesis, dict(purity))

    def report(self) -> str:
        """The scores as tables to read."""
        return f"{self.structure}\n\n{self.synthesis}"

    def save(self, folder: Path) -> None:
        """Write the scores by name as ``metrics.json``."""
        scores = {
            "structure": {
                **structure_scores(self.structure),
                "holds": self.structure.holds,
                "recovery": self.structure.recovery["r2"].to_dict(),
                "pairs": self.structure.pairs.to_dict("records"),
            },
            "quality": self.synthesis.to_dict(),
            "label_purity": self.purity,
        }
        write_json(folder / "metrics.json", scores)


def structure_scores(report: StructureReport) -> dict[str, float]:
    """Summarise a structure report in three numbers; NaN where there is no pair of a kind.

    Returns
    -------
    dict
        ``recovery``, the mean R² of the codes; ``edges``, the mean |partial correlation| of pairs
        that are joined; ``non_edges``, the largest of those that are not.
    """
    strength = report.pairs["partial_correlation"].abs()
    joined = report.pairs["joined"].astype(bool)
    return {
        "recovery": float(report.recovery["r2"].mean()),
        "edges": float(strength[joined].mean()),
        "non_edges": float(strength[~joined].max()),
    }


def fidelity(model: IMSIC, X: np.ndarray, y: np.ndarray) -> float:
    """Mean label fidelity of the classes, by a classifier that is trained on real images.

    Parameters
    ----------
    model : IMSIC
    X, y : ndarray
        Real images and their labels.
    """
    predicted = judge(X, y, model.sample(PER_CLASS))
    shares = label_fidelity(np.repeat(model.classes_, PER_CLASS), predicted)
    return float(np.mean(list(shares.values())))


def judge(X: np.ndarray, y: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Labels of images as a support-vector machine predicts them that is trained on X and y."""
    return fit_judge(_flat(X), y).predict(_flat(images))


def _at_most(n: int, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most ``n`` images of each class, chosen at random but always alike."""
    labels, counts = np.unique(y, return_counts=True)
    sizes = dict(zip(labels.tolist(), np.minimum(counts, n).tolist(), strict=True))
    X, y = imbalance.subset(X, y, sizes, random_state=0)
    return X, y


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / np.float32(255)
