"""``demo`` and ``datasets``."""

import re

import numpy as np
import pytest
from PIL import Image

from equipoise.cli import demo as module
from equipoise.cli.demo import verdict
from equipoise.datasets import imbalance, load_dataset


@pytest.fixture(scope="module")
def pictures():
    return ["samples.png", "recall-by-size.png", "confusion-plain.png", "confusion-dgc.png"]


def test_demo_prints_a_comparison_and_draws(call, tmp_path, monkeypatch, pictures):
    monkeypatch.setattr(module, "EPOCHS", 1)
    monkeypatch.setattr(module, "SUBSETS", 2)
    answer = call("demo", "--out", tmp_path / "new" / "demo", "--seed", 1)
    assert answer.code == 0
    sizes = imbalance.published("digits")
    rows = [line.split() for line in answer.out.splitlines()]
    for label, size in sizes.items():
        (row,) = (r for r in rows if r[:2] == [str(label), str(size)])
        assert all(0 <= float(recall) <= 1 for recall in row[2:]) and len(row) == 4
    for metric in ("ACSA", "F:", "G:", "R_MI", "P_MA"):
        assert metric in answer.out
    for name in pictures:
        assert Image.open(tmp_path / "new" / "demo" / name).width > 400
        assert name in answer.out.replace("\n", "")
    assert "trained and tested" in answer.err


def test_demo_compares_like_with_like(monkeypatch, call, tmp_path):
    """Same rows, seed, epochs and trunk; the recalls are those of the models."""
    from equipoise.classifiers import ConvNetClassifier
    from equipoise.cli import pictures
    from equipoise.dgc import DGCClassifier

    fitted = []
    for cls in (ConvNetClassifier, DGCClassifier):

        def fit(self, X, y, fit=cls.fit):
            fitted.append((self, X, y))
            return fit(self, X, y)

        monkeypatch.setattr(cls, "fit", fit)
    monkeypatch.setattr(module, "EPOCHS", 1)
    monkeypatch.setattr(module, "SUBSETS", 2)
    for name in ("draw_samples", "draw_confusion", "draw_recall"):
        monkeypatch.setattr(pictures, name, lambda *_: None)
    answer = call("demo", "--out", tmp_path, "--quiet")
    assert answer.err == ""
    assert len(fitted) == 4
    for (plain, X, y), (dgc, X_dgc, y_dgc) in (fitted[:2], fitted[2:]):
        np.testing.assert_array_equal(X, X_dgc)
        np.testing.assert_array_equal(y, y_dgc)
        for name in ("max_epochs", "batch_size", "architecture", "random_state"):
            assert getattr(plain, name) == getattr(dgc, name)
    digits = load_dataset("digits")
    zeros = digits.X_test[digits.y_test == 0]
    expected = [
        f"{np.mean([model.predict(zeros) == 0 for model, _, _ in fitted[i::2]]):.3f}"
        for i in range(2)
    ]
    assert re.search(rf"^ *0\s+120\s+{expected[0]}\s+{expected[1]}\s*$", answer.out, re.M)


def test_datasets_lists_all_and_where(call, tmp_path):
    (tmp_path / "svhn").mkdir()
    for part in ("train", "test"):
        (tmp_path / "svhn" / f"{part}_32x32.mat").touch()
    answer = call("datasets", "--data-dir", tmp_path)
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines() if line.strip()}
    for name in ("digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "celeba", "folder"):
        assert name in lines
    assert "not here" in lines["mnist"]
    assert "not here" not in lines["svhn"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], list(imbalance.published("digits").values())),
        (["--protocol", "step:13:1"], [130] * 9 + [10]),
    ],
)
def test_datasets_counts_before_and_after_a_protocol(call, options, kept):
    answer = call("datasets", "digits", *options)
    rows = [line.split() for line in answer.out.splitlines()]
    digits = load_dataset("digits")
    train, test = np.bincount(digits.y_train), np.bincount(digits.y_test)
    for c in range(10):
        assert [str(c), str(train[c]), str(kept[c]), str(test[c])] in rows
    assert ["all", "1,347", f"{sum(kept):,}", "450"] in rows


@pytest.mark.parametrize(
    ("plain", "dgc", "said"),
    [
        (0.9, 0.923, "2.3 more than the plain classifier (92.3 and 90.0)"),
        (0.92, 0.9, "2.0 fewer than"),
        (0.9, 0.9002, "equally many"),
    ],
)
def test_the_demo_says_who_is_better(plain, dgc, said):
    assert said in verdict(plain, dgc)
