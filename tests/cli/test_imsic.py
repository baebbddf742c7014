"""``imsic``: what its runs leave, and what one does with them."""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from equipoise import IMSIC, ConvNetClassifier
from equipoise.cli import pictures
from equipoise.datasets import imbalance, load_dataset
from equipoise.runs.data import DataChoice, fingerprint
from equipoise.runs.training import Recorder

GAN = ("imsic", "train-gan", "--dataset", "digits", "--max-epochs", 1, "--batch-size", 150)
SHARED = {".lock", "run.json", "history.jsonl", "checkpoint.pt", "metrics.json"}
SHARED |= {"model/params.json", "model/weights.safetensors", "pictures/curves.png"}
FILES = {
    "gan": SHARED | {f"pictures/{name}.png" for name in ("samples", "traversals", "structure")},
    "classifier": SHARED
    | {"confusion.csv", "predictions.npz"}
    | {"pictures/confusion.png", "pictures/recall-by-size.png"},
}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def rows(seed=3):
    digits = load_dataset("digits")
    sizes = imbalance.published("digits")
    return imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=seed)


@pytest.fixture
def quick(little_to_judge, monkeypatch):
    """Judge few images and draw none."""
    for name in ("samples", "traversals", "structure", "curves", "confusion", "recall"):
        monkeypatch.setattr(pictures, f"draw_{name}", lambda *_: None)


# What runs leave --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FILES)
def test_run_folder_is_complete(request, kind):
    run = request.getfixturevalue(f"{kind}_run")
    assert {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()} == FILES[kind]
    for picture in (run / "pictures").iterdir():
        assert Image.open(picture).width > 300
    record = read(run / "run.json")
    assert record["status"] == "finished"
    assert {"equipoise", "torch", "python"} <= set(record["versions"])
    assert len((run / "history.jsonl").read_text().splitlines()) == 1


def test_gan_is_the_one_that_the_library_trains(gan_run):
    words = {"n_codes": 3, "code_names": ["a", "b", "c"], "structure": [("a", "b"), ("a", "c")]}
    expected = IMSIC(max_epochs=1, batch_size=150, random_state=3, **words).fit(*rows())
    stored = IMSIC.load(gan_run / "model")
    assert stored.structure_ == expected.structure_
    np.testing.assert_array_equal(stored.sample(2), expected.sample(2))


def test_metrics_of_a_gan_are_its_reports(gan_run, little_to_judge):
    metrics, model = read(gan_run / "metrics.json"), IMSIC.load(gan_run / "model")
    report = model.structure_report()
    assert metrics["structure"]["recovery"] == report.recovery["r2"].to_dict()
    joined = report.pairs[report.pairs["joined"]]["partial_correlation"].abs()
    other = report.pairs[~report.pairs["joined"]]["partial_correlation"].abs()
    assert (len(joined), len(other)) == (2, 1)
    assert metrics["structure"]["edges"] == pytest.approx(joined.mean())
    assert metrics["structure"]["non_edges"] == pytest.approx(other.max())

    # Fitted anew, the sampler has its training rows and can make the same comparison itself.
    digits = load_dataset("digits")
    X, y = imbalance.subset(digits.X_test, digits.y_test, dict.fromkeys(range(10), 10), 0)
    expected = model.set_params(callbacks=None).fit(*rows()).quality_report(X, y, n=10)
    found = metrics["quality"]["classes"]
    for i, (_, scores) in enumerate(sorted(found.items())):
        for name in ("fidelity", "recall", "memorised", "diversity"):
            assert scores[name] == pytest.approx(expected.scores[name][i], abs=1e-3), name
    assert list(metrics["label_purity"].values()) == model.label_purity_.tolist()


def test_classifier_is_the_one_that_the_library_trains(gan_run, classifier_run):
    X, y = rows()
    counts = np.bincount(y)
    more = dict(enumerate(np.maximum(counts, 40).tolist()))
    with pytest.warns(UserWarning, match="interpolated"):
        X_more, y_more = IMSIC.load(gan_run / "model").resample(X, y, more)
    expected = ConvNetClassifier(max_epochs=1, random_state=3).fit(X_more, y_more)
    X_test = load_dataset("digits").X_test
    np.testing.assert_array_equal(
        ConvNetClassifier.load(classifier_run / "model").predict_proba(X_test),
        expected.predict_proba(X_test),
    )
    data = read(classifier_run / "run.json")["data"]
    assert data["class_counts"] == counts.tolist()  # of the real images: what is rare stays rare
    assert list(data["synthetic_counts"].values()) == np.maximum(40 - counts, 0).tolist()


def test_sampling_strategy_and_class_weight_go_by_class_names(call, quick, gan_run, tmp_path):
    classes = ("--sampling-strategy", "9=30,8=20", "--class-weight", "0=2.5,9=1")
    train = ("imsic", "train-classifier", "--gan", gan_run, "--max-epochs", 1, *classes)
    assert call(*train, "--seed", 4, "--out", tmp_path / "run").code == 0
    record = read(tmp_path / "run" / "run.json")
    assert record["data"]["synthetic_counts"] == {**dict.fromkeys("01234567", 0), "8": 12, "9": 24}
    assert record["settings"]["seed"] == 4
    sampler = IMSIC.load(gan_run / "model").set_params(random_state=4)
    with pytest.warns(UserWarning, match="interpolated"):
        more = sampler.resample(*rows(seed=4), {8: 20, 9: 30})
    assert record["data"]["fingerprint"] == fingerprint(*more)
    stored = ConvNetClassifier.load(tmp_path / "run" / "model")
    assert stored.class_weight == {0: 2.5, 9: 1.0}


def test_quiet_prints_results_alone(call, quick, tmp_path):
    answer = call(*GAN, "--quiet", "--out", tmp_path / "run")
    assert (answer.code, answer.err) == (0, "")
    assert "partial_correlation" in answer.out and "fidelity" in answer.out
    assert call(*GAN, "--out", tmp_path / "run").code == 2  # finished


def test_an_interrupted_gan_goes_on(call, quick, tmp_path, monkeypatch):
    train = (*GAN, "--max-epochs", 3, "--out", tmp_path / "run")

    def press(self, progress):
        if progress.epoch == 1:  # in the second epoch
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_batch_end", press)
        assert call(*train).code == 130
    assert not (tmp_path / "run" / "metrics.json").exists()
    out = tmp_path / "half.png"
    assert call("imsic", "sample", tmp_path / "run", "--n", 1, out).code == 0
    answer = call(*train)
    assert answer.code == 0
    assert "epoch   3/3" in answer.err and "epoch   1/3" not in answer.err
    epochs = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in epochs] == [1, 2, 3]


@pytest.mark.parametrize("kind", FILES)
def test_evaluate_gives_the_metrics_of_the_training(request, call, quick, tmp_path, kind):
    run = Path(shutil.copytree(request.getfixturevalue(f"{kind}_run"), tmp_path / "run"))
    metrics = (run / "metrics.json").read_bytes()
    (run / "metrics.json").unlink()
    assert call("imsic", "evaluate", run).code == 0
    assert (run / "metrics.json").read_bytes() == metrics


def test_predict_takes_a_classifier(call, classifier_run, tmp_path):
    Image.fromarray(load_dataset("digits").X_test[0]).save(tmp_path / "digit.png")
    assert call("imsic", "predict", classifier_run, tmp_path / "digit.png").out.count("\n") == 2


# Sampling and traversing ------------------------------------------------------------------


def test_sample_with_fixed_codes(call, gan_run, tmp_path):
    out = tmp_path / "nines.npz"
    words = ("--label", 9, "--n", 5, "--codes", "a=.8,2=-1", "--noise-scale", 0.5, "--seed", 1)
    assert call("imsic", "sample", gan_run, *words, out).code == 0
    stored = np.load(out)
    expected = IMSIC.load(gan_run / "model").sample(5, 9, {"a": 0.8, "c": -1}, 0.5, random_state=1)
    np.testing.assert_array_equal(stored["X"], expected)
    assert stored["y"].tolist() == [9] * 5


def test_sample_every_class_as_a_picture(call, gan_run, tmp_path):
    assert call("imsic", "sample", gan_run, "--n", 3, tmp_path / "all.png").code == 0
    assert Image.open(tmp_path / "all.png").size == (3 * 34 + 2, 10 * 34 + 2)


def test_traverse_draws_what_the_library_traverses(call, gan_run, tmp_path, monkeypatch):
    from equipoise.report import plots

    drawn = {}

    def spy(images, values, **options):
        drawn.update(images=images, values=values, **options)
        return plot(images, values, **options)

    plot = plots.plot_traversals
    monkeypatch.setattr(plots, "plot_traversals", spy)
    out = tmp_path / "codes.png"
    words = ("--code", "b", "--code", 0, "--values=-1,0,1", "--seed", 2)
    assert call("imsic", "traverse", gan_run, *words, out).code == 0
    assert Image.open(out).width > 300
    model = IMSIC.load(gan_run / "model")
    assert list(drawn["images"]) == ["b", "a"]
    expected = model.traverse(7, "b", [-1, 0, 1], random_state=2)[0]
    np.testing.assert_array_equal(drawn["images"]["b"][7], expected)
    assert drawn["class_names"] == [str(c) for c in range(10)]

    assert call("imsic", "traverse", gan_run, out).code == 0
    assert list(drawn["images"]) == ["a", "b", "c"]


# Mistakes ---------------------------------------------------------------------------------

CLASSIFIER = ("imsic", "train-classifier", "--gan", "GAN", "--max-epochs", "1")
MISTAKES = {
    "unknown code in structure": ((*GAN, "--structure", "slant>1"), "'slant'"),
    "cycle": ((*GAN, "--structure", "0>1,1>0"), "code_1 → code_2 → code_1"),
    "half an edge": ((*GAN, "--structure", "0>1>2"), "0>1>2"),
    "too few names": ((*GAN, "--code-names", "a,b"), "4 different strings, one for each code"),
    "label map too short": ((*GAN, "--label-map", "0,1"), "label_map"),
    "label map of words": ((*GAN, "--label-map", "zero,one"), "zero,one"),
    "impossible weight": (
        (*GAN, "--structure-weight", "-1"),
        "Got -1.0 instead",
    ),
    "sample: unknown code": (("imsic", "sample", "GAN", "--codes", "z=1", "o.png"), "'z'"),
    "sample: no number": (("imsic", "sample", "GAN", "--codes", "a=much", "o.png"), "a=much"),
    "sample: unknown class": (("imsic", "sample", "GAN", "--label", "ten", "o.png"), "'ten'"),
    "sample: a classifier": (("imsic", "sample", "DGC", "o.png"), "run of `equipoise dgc train`"),
    "sample: format": (("imsic", "sample", "GAN", "o.gif"), ".npz"),
    "traverse: unknown code": (("imsic", "traverse", "GAN", "--code", "z", "o.png"), "'z'"),
    "traverse: no numbers": (("imsic", "traverse", "GAN", "--values", "a", "o.png"), "'a'"),
    "traverse: format": (("imsic", "traverse", "GAN", "o.npz"), ".png"),
    "generate: a GAN": (("dgc", "generate", "GAN", "o.png"), "run of `equipoise imsic train-gan`"),
    "no GAN": (("imsic", "train-classifier", "--gan", "nowhere"), "nowhere"),
    "other classes": ((*CLASSIFIER, "--dataset", "folder", "--data-dir", "ab"), "'0'"),
    "fewer than there are": ((*CLASSIFIER, "--sampling-strategy", "0=5"), "0"),
    "size of no class": ((*CLASSIFIER, "--sampling-strategy", "ten=5"), "'ten'"),
    "half an image": ((*CLASSIFIER, "--sampling-strategy", "9=7.5"), "9=7.5"),
    "unknown strategy": ((*CLASSIFIER, "--sampling-strategy", "fair"), "fair"),
    "weight of no class": ((*CLASSIFIER, "--class-weight", "ten=5"), "'ten'"),
    "evaluate: no run": (("imsic", "evaluate", "nowhere"), "nowhere"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(call, gan_run, finished_run, tmp_path, monkeypatch, mistake):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / "ab" / name).mkdir(parents=True)
        for i in range(5):
            Image.new("L", (8, 8), 40 * i).save(tmp_path / "ab" / name / f"{i}.png")
    arguments, named = MISTAKES[mistake]
    runs = {"GAN": gan_run, "DGC": finished_run}
    answer = call(*(runs.get(a, a) for a in arguments))
    assert answer.code == 2
    assert answer.out == ""
    assert named in " ".join(answer.err.split()), answer.err
    assert "Traceback" not in answer.err
    left = {p.name for p in tmp_path.iterdir()} - {"ab"}
    assert left <= {"runs"} and not list(tmp_path.glob("runs/*"))


def test_parameters_are_checked_before_data_are_loaded(call, monkeypatch, tmp_path):
    monkeypatch.setattr(DataChoice, "load", None)
    monkeypatch.chdir(tmp_path)
    assert call(*GAN, "--structure", "0>1,1>0").code == 2
    assert call(*GAN, "--class-balance", "2").code == 2
