"""The experiments in benchmarks/: they can be read, and README shows what is stored of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise import DGCClassifier
from equipoise.experiments import load_experiment

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "benchmarks").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_experiment_file_is_sound(file):
    assert load_experiment(file).methods


def test_the_published_objective_is_that_of_the_estimator():
    here = load_experiment(ROOT / "benchmarks/images.toml").methods["dgc-paper"]["params"]
    # The file says nothing of these: images never have a forest, and what draws does not change
    # the scores.
    unsaid = {"forest_weight": 0.0, "drawing": "gaussian"}
    published = DGCClassifier(**here, **unsaid)
    assert published.get_params() == DGCClassifier.paper().get_params()


@pytest.mark.skipif(
    not (ROOT / "benchmarks/results/images").is_dir(),
    reason="the source distribution leaves out the stored results",
)
@pytest.mark.parametrize("name", ["images", "tables"])
def test_readme_and_the_full_tables_show_what_is_stored(name, tmp_path):
    shipped = {"--readme": ROOT / "README.md", "--markdown": ROOT / f"benchmarks/results/{name}.md"}
    command = [sys.executable, "-m", "equipoise", "bench", "report", f"benchmarks/{name}.toml"]
    for option, file in shipped.items():
        shutil.copy(file, tmp_path)
        command += [option, str(tmp_path / file.name)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    # Otherwise: make results
    for file in shipped.values():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()
