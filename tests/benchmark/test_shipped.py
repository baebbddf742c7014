"""The experiments in benchmarks/: they can be read, and README shows what is stored of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from equipoise import DGCClassifier
from equipoise.benchmark import load_experiment

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "benchmarks").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_experiment_file_is_sound(file):
    assert load_experiment(file).methods


def test_the_published_objective_is_that_of_the_estimator():
    here = load_experiment(ROOT / "benchmarks/images.toml").methods["dgc-paper"]["params"]
    assert DGCClassifier(**here).get_params() == DGCClassifier.paper().get_params()


@pytest.mark.parametrize("name", ["images", "tables"])
def test_readme_shows_what_is_stored(name, tmp_path):
    readme = tmp_path / "README.md"
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    readme.write_text(before, encoding="utf-8")
    command = [sys.executable, "-m", "equipoise", "bench", "report", f"benchmarks/{name}.toml"]
    subprocess.run([*command, "--readme", str(readme)], cwd=ROOT, check=True, capture_output=True)
    # Otherwise: equipoise bench report benchmarks/NAME.toml --readme README.md
    assert readme.read_text(encoding="utf-8") == before
