"""What notebooks show of estimators and results."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler, PriorCorrectedClassifier
from equipoise.baselines import BAGAN
from equipoise.experiments import ResamplingEvaluation, TreatedClassifier
from equipoise.imsic.structure import parse_structure, structure_report
from equipoise.metrics import synthesis_report

API = Path(__file__).resolve().parents[1] / "docs" / "api.rst"


def documented() -> set[str]:
    """Full names of what the API reference lists."""
    home, names = "", set()
    for line in API.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            home = found[1]
        elif found := re.match(r"   (\w+)$", line):
            names.add(f"{home}.{found[1]}")
    return names


@pytest.mark.parametrize(
    "estimator",
    [
        DGCClassifier(),
        IMSIC(),
        GenerativeOverSampler(),
        PriorCorrectedClassifier(LogisticRegression()),
        BAGAN(),
        TreatedClassifier(LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_diagram_links_to_a_page_that_exists(estimator):
    link = re.search(
        r'href="https://equipoise[^"]*/generated/(.*?)\.html"', estimator._repr_html_()
    )
    assert link is not None
    assert link[1] in documented()


def test_class_of_a_user_has_no_link():
    mine = type("Mine", (DGCClassifier,), {"__module__": "mine"})
    assert "equipoise.readthedocs.io" not in mine()._repr_html_()


def test_report_on_synthesis_escapes_labels():
    rows = np.random.default_rng(0).normal(size=(12, 2))
    label = ["<b>rare</b>"] * 12
    shown = synthesis_report(rows, label, rows, label, random_state=0)._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;rare" in shown
    assert "near copies" in shown


def test_report_on_structure_escapes_names():
    structure = parse_structure([(0, 1)], 2, ["<i>a</i>", "b"])
    codes = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    shown = structure_report(structure, codes, codes)._repr_html_()
    assert "<i>" not in shown
    assert "&lt;i&gt;a" in shown
    assert "The samples do not follow the structure" in shown


def test_evaluation_shows_means_and_verdict():
    scores = pd.DataFrame(
        [
            {
                "classifier": "<u>tree</u>",
                "treatment": treatment,
                "repeat": 1,
                "fold": fold,
                "n_train": 20,
                "n_test": 10,
                "lacks": "",
                "balanced_accuracy": score + fold / 100,
                "fit_seconds": 0.1,
                "error": "",
            }
            for treatment, score in {"none": 0.6, "class weight": 0.7}.items()
            for fold in (1, 2, 3)
        ]
    )
    shown = ResamplingEvaluation(scores)._repr_html_()
    assert "<u>" not in shown
    assert "0.620" in shown
    assert "0.720" in shown
    assert "In short:" in shown
