"""A user's mistake: one message, no stack trace, an exit code for the shell, nothing left."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from equipoise.runs.data import DataChoice

TRAIN = ("dgc", "train", "--dataset", "digits")
MISTAKES = {
    # Found by the parser of the arguments, which shows the usage as well.
    "unknown command": ("dgc", "trian"),
    "unknown option": (*TRAIN, "--sede", "1"),
    "no data set": ("dgc", "train"),
    "no number": (*TRAIN, "--max-epochs", "many"),
    "unknown choice": (*TRAIN, "--head", "round"),
    "unknown preset": (*TRAIN, "--preset", "best"),
    "negative seed": (*TRAIN, "--seed", "-1"),
    "bad image size": (*TRAIN, "--image-size", "big"),
    "no images to generate": ("dgc", "generate", "RUN", "out.png", "--n", "0"),
    "no images to predict": ("dgc", "predict", "RUN"),
    # Found by us or by the library.
    "unknown data set": ("dgc", "train", "--dataset", "mnits"),
    "unknown protocol": (*TRAIN, "--protocol", "unfair"),
    "half a protocol": (*TRAIN, "--protocol", "step:10"),
    "protocol asks for too much": (*TRAIN, "--protocol", "exponential:5000"),
    "nothing published": ("datasets", "folder", "--data-dir", ".", "--protocol", "published"),
    "impossible parameter": (*TRAIN, "--oversampling-rate", "3"),
    "not a number": (*TRAIN, "--learning-rate", "nan"),
    "prior of wrong length": (*TRAIN, "--class-prior", ".5,.5"),
    "prior that is no word": (*TRAIN, "--class-prior", "mine"),
    "unknown device": (*TRAIN, "--device", "toaster"),
    "huge seed": (*TRAIN, "--seed", str(2**40)),
    "unknown hair": (*TRAIN, "--hair", "long"),
    "zero image size": (*TRAIN, "--image-size", "0"),
    "folder of nothing said": ("dgc", "train", "--dataset", "folder"),
    "run inside a file": (*TRAIN, "--out", "file.txt/run"),
    "run is a file": (*TRAIN, "--out", "file.txt"),
    "evaluate: no run there": ("dgc", "evaluate", "nowhere"),
    "evaluate: no run": ("dgc", "evaluate", "folder"),
    "evaluate: a file": ("dgc", "evaluate", "file.txt"),
    "evaluate: unknown data set": ("dgc", "evaluate", "RUN", "--dataset", "mnits"),
    "generate: no run": ("dgc", "generate", "folder", "out.png"),
    "generate: unknown label": ("dgc", "generate", "RUN", "out.png", "--label", "ten"),
    "generate: unknown format": ("dgc", "generate", "RUN", "out.gif"),
    "generate: no such folder": ("dgc", "generate", "RUN", "nowhere/out.png"),
    "generate: folder in the way": ("dgc", "generate", "RUN", "folder.png"),
    "predict: no run": ("dgc", "predict", "folder", "good.png"),
    "predict: a folder": ("dgc", "predict", "RUN", "folder"),
    "predict: no such folder": ("dgc", "predict", "RUN", "good.png", "--out", "nowhere/o.csv"),
    "demo: a file": ("demo", "--out", "file.txt"),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a few things to stumble over."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thing").write_text("")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file.txt").write_text("words")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save("good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:200])
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(call, place, finished_run, mistake):
    before = sorted(place.rglob("*"))
    answer = call(*(str(finished_run) if a == "RUN" else a for a in MISTAKES[mistake]))
    assert answer.code == 2
    assert answer.out == ""
    lines = answer.err.strip().splitlines()
    by_parser = lines[0].startswith("Usage:")
    assert sum(line.lower().startswith("error: ") for line in lines) == 1
    assert (
        by_parser
        or len(lines) == 1
        or lines[0].endswith("classes, run folder runs/dgc-digits-seed0")
    )
    assert "Traceback" not in answer.err
    left = {p for p in place.rglob("*") if p not in before}
    assert left <= {place / "runs"}


def test_messages_name_what_is_wrong(call, place, finished_run):
    def message(*arguments):
        return call(*arguments).err

    assert "fashion-mnist" in message("dgc", "train", "--dataset", "mnits")
    assert "Got 3.0 instead. Set oversampling_rate" in message(*TRAIN, "--oversampling-rate", "3")
    assert "missing.png: No such file" in message("dgc", "predict", finished_run, "missing.png")
    assert "no folder nowhere" in message("dgc", "generate", finished_run, "nowhere/out.png")
    assert "0, 1, 2" in message("dgc", "generate", finished_run, "o.png", "--label", "ten")


def test_parameters_are_checked_before_data_are_loaded(call, place, monkeypatch):
    monkeypatch.setattr(DataChoice, "load", None)
    assert call(*TRAIN, "--oversampling-rate", "3").code == 2
    assert call(*TRAIN, "--protocol", "unfair").code == 2
    assert not (place / "runs").exists()


def test_missing_data_is_a_failure_with_the_remedy(call, place):
    for arguments in (
        ("dgc", "train", "--dataset", "mnist", "--no-download"),
        ("datasets", "mnist"),
    ):
        answer = call(*arguments, "--data-dir", place)
        assert (answer.code, answer.out) == (1, "")
        assert "train-images-idx3-ubyte.gz" in answer.err
        assert "Traceback" not in answer.err
    assert not (place / "runs").exists()


def test_damaged_data_are_a_failure(call, place):
    (place / "pictures" / "a").mkdir(parents=True)
    (place / "pictures" / "b").mkdir()
    for name in "ab":
        shutil.copy("good.png", place / "pictures" / name / "w.png")
        shutil.copy("cut.png", place / "pictures" / name / "x.png")
    answer = call("dgc", "train", "--dataset", "folder", "--data-dir", "pictures")
    assert answer.code == 1
    assert "x.png is damaged" in answer.err


def test_divergence_is_a_failure_and_needs_no_overwrite(train, place):
    answer = train("--learning-rate", "1e30", "--max-epochs", "3")
    assert answer.code == 1
    assert "error: The loss is no longer finite at step" in answer.err
    assert "Traceback" not in answer.err
    run = place / "runs" / "dgc-digits-seed0"
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    if not (run / "checkpoint.pt").exists():
        assert train().code == 0


def test_damaged_runs(call, own_run):
    weights = own_run / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    answer = call("dgc", "evaluate", own_run)
    assert (answer.code, answer.err[:6]) == (2, "error:")
    assert "damaged" in answer.err

    shutil.rmtree(own_run / "model")
    answer = call("dgc", "evaluate", own_run)
    assert answer.code == 2
    assert "no model" in answer.err

    (own_run / "run.json").write_text('{"format": ')
    assert "damaged" in call("dgc", "evaluate", own_run).err
    (own_run / "run.json").write_text('{"format": 99}')
    assert "of another version" in call("dgc", "evaluate", own_run).err


def test_bugs_are_not_hidden(call, monkeypatch):
    from equipoise.cli import datasets

    def broken(*_):
        raise KeyError("a bug")

    monkeypatch.setattr(datasets, "print_known", broken)
    with pytest.raises(KeyError, match="a bug"):
        call("datasets")


def test_the_stack_trace_is_there_for_who_asks(call, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_TRACEBACK", "1")
    with pytest.raises(ValueError, match="mnits"):
        call("dgc", "train", "--dataset", "mnits")


def test_interrupted_resampling_writes_nothing(call, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    rows = "".join(f"{i},{i * i % 7},{int(i > 30)}\n" for i in range(40))
    (tmp_path / "in.csv").write_text("a,b,y\n" + rows)
    monkeypatch.setattr("equipoise.training.loop.learning_rate_factor", interrupt)
    answer = call("resample", tmp_path / "in.csv", tmp_path / "out.csv", "--target", "y")
    assert answer.code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["good.png", "missing.png"], "missing.png: No such file"),
        (["file.txt"], "file.txt is damaged: it is no image"),
        (["good.png", "cut.png"], "cut.png is damaged"),
    ],
)
def test_predict_names_bad_files_and_goes_on(call, place, finished_run, files, problem):
    answer = call("dgc", "predict", str(finished_run), *files)
    assert answer.code == 1
    assert problem in answer.err
    assert answer.err.count("error: ") == 1
    assert ("good.png" in answer.out) == ("good.png" in files)
