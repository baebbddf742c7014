"""What one does with a run: evaluate, generate, predict; and images of one's own."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from equipoise.datasets import load_dataset
from equipoise.dgc import DGCClassifier
from equipoise.runs.run import Run


@pytest.fixture
def pngs(tmp_path):
    """Three test digits as files, and as an array."""
    images = load_dataset("digits").X_test[:3]
    paths = [tmp_path / f"digit {i}.png" for i in range(3)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths, images


# evaluate ---------------------------------------------------------------------------------


def test_evaluate_gives_and_stores_the_metrics_of_the_training(call, own_run):
    metrics = (own_run / "metrics.json").read_bytes()
    (own_run / "metrics.json").unlink()
    answer = call("dgc", "evaluate", own_run)
    assert answer.code == 0
    assert (own_run / "metrics.json").read_bytes() == metrics
    assert f"{json.loads(metrics)['acsa']:.4f}" in answer.out
    assert not (own_run / "evaluations").exists()


def test_evaluate_on_other_images_leaves_the_runs_own_metrics(call, own_run, tmp_path):
    digits, metrics = load_dataset("digits"), (own_run / "metrics.json").read_bytes()
    for i in range(40):
        folder = tmp_path / "scans" / str(digits.y_test[i])
        folder.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(digits.X_test[i]).resize((20, 20))  # the model wants 8x8, grey
        image = image.convert("RGB") if i % 2 else image
        image.save(folder / f"{i}.png")
    scans = load_dataset("folder", tmp_path / "scans", image_size=8)
    answer = call(
        "dgc", "evaluate", own_run, "--dataset", "folder", "--data-dir", tmp_path / "scans"
    )
    assert answer.code == 0
    assert (own_run / "metrics.json").read_bytes() == metrics
    stored = np.load(own_run / "evaluations" / "scans" / "predictions.npz")
    X = np.concatenate([scans.X_train, scans.X_test])[..., 0]  # all of them are new
    expected = DGCClassifier.load(own_run / "model").predict(X)
    np.testing.assert_array_equal(stored["y_pred"], expected)
    july = tmp_path / "july" / "scans"  # a folder of the same name
    july.parent.mkdir()
    (tmp_path / "scans").rename(july)
    next(july.glob("*/*.png")).unlink()
    for _ in range(2):
        assert call("dgc", "evaluate", own_run, "--dataset", "folder", "--data-dir", july).code == 0
    assert len(list((own_run / "evaluations").iterdir())) == 2
    again = np.load(own_run / "evaluations" / "scans" / "predictions.npz")
    np.testing.assert_array_equal(again["y_pred"], expected)


def test_evaluate_matches_classes_by_name(call, own_run, tmp_path):
    digits = load_dataset("digits")
    for i in np.flatnonzero(digits.y_test >= 8)[:20]:
        folder = tmp_path / "pair" / str(digits.y_test[i])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits.X_test[i]).save(folder / f"{i}.png")
    own = ("dgc", "evaluate", own_run, "--dataset", "folder", "--data-dir", tmp_path / "pair")
    assert call(*own).code == 0
    stored = np.load(own_run / "evaluations" / "pair" / "predictions.npz")
    assert set(stored["y_true"]) == {8, 9}

    (tmp_path / "pair" / "8").rename(tmp_path / "pair" / "eight")
    answer = call(*own)
    assert answer.code == 2
    assert "'eight'" in answer.err


def test_evaluate_never_takes_a_place_of_data_sets_for_a_folder_of_images(call, own_run, tmp_path):
    record = json.loads((own_run / "run.json").read_text())
    record["data"]["source"]["data_dir"] = str(tmp_path)
    (own_run / "run.json").write_text(json.dumps(record))
    answer = call("dgc", "evaluate", own_run, "--dataset", "folder")
    assert answer.code == 2
    assert "needs the folder" in answer.err


# generate ---------------------------------------------------------------------------------


def test_generate_arrays_of_one_class(call, finished_run, tmp_path):
    out = tmp_path / "nines.npz"
    assert call("dgc", "generate", finished_run, "--label", 9, "--n", 5, out).code == 0
    stored = np.load(out)
    assert stored["X"].shape == (5, 8, 8)
    assert stored["X"].dtype == np.uint8
    assert stored["y"].tolist() == [9] * 5
    expected = DGCClassifier.load(finished_run / "model").sample(5, y=9)
    np.testing.assert_array_equal(stored["X"], expected)


def test_generate_every_class_by_default(call, finished_run, tmp_path):
    assert call("dgc", "generate", finished_run, tmp_path / "all.npz", "--n", 2).code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "all.npz")["y"], np.repeat(np.arange(10), 2))


def test_generate_seed(call, finished_run, tmp_path):
    def images(name, *options):
        out = tmp_path / f"{name}.npz"
        assert call("dgc", "generate", finished_run, out, "--n", 3, *options).code == 0
        return np.load(out)["X"]

    np.testing.assert_array_equal(images("a", "--seed", 1), images("b", "--seed", 1))
    assert (images("c", "--seed", 2) != images("a", "--seed", 1)).any()


def test_generate_picture_is_a_grid_of_the_arrays(call, finished_run, tmp_path):
    arguments = ("dgc", "generate", finished_run, "--label", 0, "--label", 9, "--n", 3)
    assert call(*arguments, tmp_path / "grid.png").code == 0
    assert call(*arguments, tmp_path / "grid.npz").code == 0
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    # A row per class, three tiles in each, 8 pixels magnified to 32 and 2 white pixels around.
    assert picture.shape == (2 * 34 + 2, 3 * 34 + 2)
    tile = picture[36:68, 70:102]
    np.testing.assert_array_equal(tile[::4, ::4], np.load(tmp_path / "grid.npz")["X"][5])
    assert (picture[34:36] == 255).all()


# predict ----------------------------------------------------------------------------------


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_predict_prints_class_and_probabilities(call, finished_run, pngs):
    paths, images = pngs
    answer = call("dgc", "predict", finished_run, *paths)
    assert (answer.code, answer.err) == (0, "")
    rows = rows_of(answer.out)
    assert [row["file"] for row in rows] == list(map(str, paths))
    model = DGCClassifier.load(finished_run / "model")
    assert [row["predicted"] for row in rows] == list(map(str, model.predict(images)))
    found = np.array([[float(row[f"p_{c}"]) for c in range(10)] for row in rows])
    np.testing.assert_allclose(found, model.predict_proba(images), atol=1e-6)


def test_predict_to_a_file(call, finished_run, pngs, tmp_path):
    out = tmp_path / "out.csv"
    answer = call("dgc", "predict", finished_run, *pngs[0], "--out", out)
    assert (answer.code, answer.out) == (0, "")
    assert str(out) in answer.err
    assert len(rows_of(out.read_text(encoding="utf-8"))) == 3


def test_predict_says_what_it_converts(call, finished_run, pngs, tmp_path):
    paths, images = pngs
    large = tmp_path / "large.png"
    Image.fromarray(images[0]).resize((80, 80), Image.Resampling.NEAREST).convert("RGB").save(large)
    answer = call("dgc", "predict", finished_run, *paths, large)
    assert "1 of 4 images stretched to 8x8" in answer.err
    assert "1 of 4 images made grey" in answer.err
    small, *_, shrunk = rows_of(answer.out)
    assert small["predicted"] == shrunk["predicted"]
    assert call("dgc", "predict", finished_run, paths[0], large, "--quiet").err == ""


def test_predict_classifies_the_others_where_a_file_is_damaged(call, finished_run, pngs, tmp_path):
    paths, _ = pngs
    cut = tmp_path / "cut.png"
    cut.write_bytes(paths[0].read_bytes()[:60])
    (tmp_path / "text.png").write_text("no image")
    bad = [cut, tmp_path / "text.png", tmp_path / "absent.png"]
    answer = call("dgc", "predict", finished_run, bad[0], paths[0], *bad[1:], paths[1])
    assert answer.code == 1
    assert [row["file"] for row in rows_of(answer.out)] == [str(path) for path in paths[:2]]
    assert rows_of(answer.out) == rows_of(call("dgc", "predict", finished_run, *paths[:2]).out)
    assert sorted(line.split(":")[0] for line in answer.err.splitlines()) == ["error"] * 3
    assert all(str(path) in answer.err for path in bad)
    answer = call("dgc", "predict", finished_run, *bad)
    assert answer.code == 1 and answer.out == ""


def test_predict_takes_folders_of_what_training_reads(call, finished_run, pngs, tmp_path):
    folder = tmp_path / "new" / "below"
    folder.mkdir(parents=True)
    for ending in ("gif", "webp", "bmp", "jpg", "TIF"):
        Image.open(pngs[0][0]).save(folder / f"digit.{ending}")
    (folder / "notes.txt").write_text("no image")
    answer = call("dgc", "predict", finished_run, tmp_path / "new")
    assert answer.code == 0
    names = [row["file"].rpartition("/")[2] for row in rows_of(answer.out)]
    assert names == ["digit.TIF", "digit.bmp", "digit.gif", "digit.jpg", "digit.webp"]
    (tmp_path / "none").mkdir()
    answer = call("dgc", "predict", finished_run, tmp_path / "none")
    assert answer.code == 2 and "holds no image" in answer.err


def test_predict_turns_photos_upright(call, finished_run, pngs, tmp_path):
    paths, images = pngs
    exif = Image.Exif()
    exif[274] = 6  # stored a quarter turn to the left
    sideways = tmp_path / "sideways.png"
    Image.fromarray(np.rot90(images[1]).copy()).save(sideways, exif=exif)
    upright, turned = rows_of(call("dgc", "predict", finished_run, paths[1], sideways).out)
    assert {**turned, "file": ""} == {**upright, "file": ""}


# Images of one's own ----------------------------------------------------------------------


def test_train_on_a_folder_of_colour_pictures(train, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, level, n in (("rust", 60, 12), ("clean", 200, 20)):
        (tmp_path / "tiles" / name).mkdir(parents=True)
        for i in range(n):
            image = rng.integers(level - 40, level + 40, (10 + i % 2, 12, 3)).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / "tiles" / name / f"{i}.png")
    folder = ("--dataset", "folder", "--data-dir", "tiles")
    answer = train(*folder)
    assert answer.code == 2
    assert "different sizes" in answer.err

    assert train(*folder, "--image-size", "8x6", "--batch-size", 8).code == 0
    run = tmp_path / "runs" / "dgc-tiles-seed0"
    record = json.loads((run / "run.json").read_text())
    assert record["settings"]["protocol"] == "none"
    assert record["data"]["class_names"] == ["clean", "rust"]
    assert record["data"]["class_counts"] == [16, 10]
    assert DGCClassifier.load(run / "model").input_shape_ == (8, 6, 3)

    monkeypatch.chdir(tmp_path.parent)  # the record has absolute paths
    assert call("dgc", "evaluate", run).code == 0
    assert not (run / "evaluations").exists()
    photo = tmp_path / "tiles" / "rust" / "1.png"
    answer = call("dgc", "predict", run, photo, "--out", photo)
    assert answer.code == 2 and "not an image" in answer.err
    Image.open(photo).close()
    for old in (tmp_path / "tiles" / "clean").glob("1*.png"):
        old.unlink()
    assert "images that it was trained on" in call("dgc", "evaluate", run).err
    monkeypatch.chdir(tmp_path / "tiles")
    here = ("--dataset", "folder", "--data-dir", ".", "--image-size", "8x6")
    answer = train(*here)
    assert answer.code == 2 and "would be taken for a class" in answer.err
    assert not (tmp_path / "tiles" / "runs").exists()
    answer = call("dgc", "predict", run, tmp_path / "tiles" / "rust" / "0.png")
    assert rows_of(answer.out)[0]["predicted"] in ("clean", "rust")
    assert call("dgc", "generate", run, tmp_path / "r.npz", "--label", "rust", "--n", 2).code == 0
    assert np.load(tmp_path / "r.npz")["X"].shape == (2, 8, 6, 3)


def test_predict_scales_deep_images_as_those_of_the_training(train, call, tmp_path):
    for name, values in {"dark": [400, 0], "light": [4095, 2000]}.items():
        (tmp_path / "tiles" / name).mkdir(parents=True)
        image = Image.fromarray(np.tile(np.array(values, dtype=np.uint16), (8, 4)))
        for i in range(3):
            image.save(tmp_path / "tiles" / name / f"{i}.png")
    data = load_dataset("folder", tmp_path / "tiles")
    zipped = shutil.make_archive(str(tmp_path / "tiles"), "zip", tmp_path / "tiles")
    options = ("--dataset", "folder", "--data-dir", zipped, "--out", tmp_path / "run")
    answer = train(*options)
    assert answer.code == 0 and "use 12 bits" in answer.err
    run = Run.open(tmp_path / "run", "DGCClassifier")
    assert run.record["data"]["full_scale"] == {"integer": 4095.0}
    # On its own, a dark image would count as one of 10 bits.
    answer = call("dgc", "predict", tmp_path / "run", tmp_path / "tiles" / "dark" / "0.png")
    expected = run.load_model().predict_proba(data.X_train[:1])
    (row,) = rows_of(answer.out)
    assert float(row["p_dark"]) == pytest.approx(expected[0, 0], abs=1e-6)


def test_predict_finds_the_scale_of_deep_images_that_the_training_lacked(train, call, tmp_path):
    for name, values in {"dark": [25, 0], "light": [255, 125]}.items():
        (tmp_path / "tiles" / name).mkdir(parents=True)
        image = np.tile(np.array(values, dtype=np.uint8), (8, 4))
        for i in range(3):
            Image.fromarray(image).save(tmp_path / "tiles" / name / f"{i}.png")
    Image.fromarray(image.astype(np.uint16) * 16).save(tmp_path / "deep.png")
    options = ("--dataset", "folder", "--data-dir", tmp_path / "tiles", "--out", tmp_path / "run")
    assert train(*options).code == 0
    shallow = call("dgc", "predict", tmp_path / "run", tmp_path / "tiles" / "light" / "0.png")
    deep = call("dgc", "predict", tmp_path / "run", tmp_path / "deep.png")
    assert "use 12 bits" in deep.err
    expected, found = rows_of(shallow.out)[0], rows_of(deep.out)[0]
    assert float(found["p_light"]) == pytest.approx(float(expected["p_light"]), abs=0.01)


@pytest.mark.parametrize("command", ["evaluate", "sample", "traverse", "predict"])
def test_commands_for_a_run_of_another_method_are_named(call, finished_run, command, tmp_path):
    rest = [] if command == "evaluate" else [tmp_path / "x.png"]
    answer = call("imsic", command, finished_run, *rest)
    if command == "predict":  # is the same for both
        assert "x.png" in answer.err
        return
    assert answer.code == 2
    assert "is a run of `equipoise dgc train`" in answer.err
    assert "dgc evaluate, dgc generate, dgc predict" in answer.err


def test_errors_of_the_command_line_do_not_speak_python(call, train, tmp_path):
    for answer in (
        call("dgc", "train", "--dataset", "folder"),
        call("dgc", "train", "--dataset", "folder", "--data-dir", tmp_path / "absent"),
        call("dgc", "train", "--dataset", "mnist", "--data-dir", tmp_path, "--no-download"),
        call("dgc", "train", "--dataset", "celeba", "--data-dir", tmp_path, "--no-download"),
    ):
        assert "--data-dir" in answer.err
        assert answer.code in (1, 2)
        assert not any(word in answer.err for word in ("None", "name=", "data_dir="))


def test_one_image_is_no_images(call, finished_run, pngs, tmp_path):
    large = tmp_path / "large.png"
    Image.open(pngs[0][0]).resize((20, 20)).save(large)
    answer = call("dgc", "predict", finished_run, large, "--out", tmp_path / "p.csv")
    assert "1 of 1 image stretched" in answer.err and "1 prediction in" in answer.err
