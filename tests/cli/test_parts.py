"""The small parts that the commands are made of."""

import json

import pytest

from equipoise import ConvNetClassifier
from equipoise.atomic import replacing
from equipoise.cli.docstrings import read_parameters
from equipoise.runs.files import write_json


def test_a_file_that_breaks_off_leaves_the_old_one(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(target) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
    assert target.read_text() == "old"


def test_a_folder_appears_whole_and_replaces_none_with_files_in_it(tmp_path):
    target = tmp_path / "model"

    def write(content):
        with replacing(target) as partial:
            partial.mkdir()
            (partial / "x.txt").write_text(content)

    write("first")
    with pytest.raises(OSError, match="model"):
        write("second")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert (target / "x.txt").read_text() == "first"


def test_json_has_no_nan(tmp_path):
    write_json(tmp_path / "x.json", {"a": [float("nan"), 1.5], "b": float("inf")})
    text = (tmp_path / "x.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == {"a": [None, 1.5], "b": None}


def test_parameters_of_the_plain_classifier_can_be_read_too():
    found = {p.name: p for p in read_parameters("classifiers/estimator.py", "ConvNetClassifier")}
    assert found["loss"].choices[:2] == ("cross_entropy", "logit_adjusted")
    assert found["learning_rate"].default == ConvNetClassifier().learning_rate
    assert found["learning_rate"].meaning == "Peak learning rate of AdamW."
    assert found["early_stopping"].domain == "bool"
    assert found["focal_gamma"].meaning.startswith("Exponent γ of the focal loss; with 0")
