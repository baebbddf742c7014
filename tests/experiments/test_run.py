"""Runs without processes: what is stored, what is run, and that the methods are comparable."""

import json
import math
import shutil

import numpy as np
import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments import images as module
from equipoise.experiments import read_records, run, store
from equipoise.experiments.scoring import average_precision
from equipoise.metrics import summary

pytestmark = pytest.mark.filterwarnings("ignore:lbfgs failed to converge")


def names(records):
    return sorted(f"{store.name_of(record)} {record['seed']}" for record in records)


def test_a_record_can_be_recomputed(experiment, at_once, predictions, tmp_path):
    told = []
    run(experiment(), seeds=[2], on_record=lambda r, done, total: told.append((done, total)))
    (record,) = read_records(tmp_path / "results" / "tiny")
    assert told == [(1, 1)]
    assert (record["status"], record["scored_on"], record["attempt"]) == ("done", "test", 1)
    arrays = predictions(record)
    y_train = np.repeat(np.arange(10), record["class_counts"])
    expected = summary(arrays["y_true"], arrays["y_pred"], y_train)
    assert {name: record["metrics"][name] for name in expected} == pytest.approx(expected)
    shown = arrays["y_true"][:, None] == np.arange(10), arrays["proba"], np.arange(10)
    assert record["metrics"]["average_precision"] == pytest.approx(average_precision(*shown), 0.01)
    assert math.isclose(np.mean(record["recall"]), record["metrics"]["acsa"])
    assert np.bincount(arrays["y_true"]).tolist() == record["n_test"]
    assert (arrays["proba"].argmax(axis=1) == arrays["y_pred"]).mean() > 0.99
    assert arrays["proba"].dtype == np.float16
    assert record["classes"] == list("0123456789")
    assert record["spec"]["params"] == {"max_iter": 20} and record["spec"]["defaults"]["C"] == 1
    assert (
        record["fit_seconds"] > 0 and record["peak_mib"] > 10 and record["sampler_seconds"] is None
    )


def test_what_is_done_stays_and_again_appends(experiment, at_once, tmp_path):
    run(experiment())
    assert at_once == ["logistic 1", "logistic 2"]
    files = {p: p.read_bytes() for p in (tmp_path / "results").rglob("*.*")}
    run(experiment())
    run(experiment(), seeds=[1, 3])
    assert at_once[2:] == ["logistic 3"]
    run(experiment(), seeds=[2], again=True)
    assert at_once[3:] == ["logistic 2"]
    records = read_records(tmp_path / "results" / "tiny")
    assert [(r["seed"], r["attempt"]) for r in records] == [(1, 1), (2, 2), (3, 1)]
    assert {p: p.read_bytes() for p in files} == files
    assert not list((tmp_path / "results").rglob(".partial*"))


FAILING = """
[methods.fails]
class = "fakes.Fails"
params = {{ remedy = "{remedy}" }}
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
"""


def test_a_failure_is_recorded_and_tried_again(experiment, at_once, tmp_path):
    here = experiment(FAILING.format(remedy=tmp_path / "remedy"), "constant")
    records = run(here, seeds=[1])
    assert names(records) == ["constant 1", "fails 1"]
    failed = next(r for r in read_records(tmp_path / "results/tiny") if r["treatment"] == "fails")
    assert failed["status"] == "failed" and "no remedy" in failed["error"]
    assert failed["metrics"] is None and failed["spec"]["params"]["remedy"]
    (tmp_path / "remedy").touch()
    assert names(run(here, seeds=[1])) == ["fails 1"]
    (tmp_path / "remedy").unlink()
    run(here, seeds=[1], again=True)
    now = next(r for r in read_records(tmp_path / "results/tiny") if r["treatment"] == "fails")
    assert (now["status"], now["attempt"]) == ("done", 2)  # a failure later takes nothing away
    stored = sorted(path.name for path in (tmp_path / "results/tiny/digits/fails").iterdir())
    assert stored == ["1.1.json", "1.2.json", "1.2.npz", "1.3.json"]


RESAMPLED = """
[samplers.smote]
class = "imblearn.over_sampling.SMOTE"
[methods.plain]
class = "equipoise.ConvNetClassifier"
params = { max_epochs = 6, batch_size = 16 }
[methods.smote]
class = "equipoise.ConvNetClassifier"
params = { max_epochs = 6, batch_size = 16 }
sampler = "smote"
[methods.flat]
class = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 5 }
sampler = "smote"
fill_to = 50
"""


def test_resampled_rows_are_passed_over_less_often(experiment, at_once):
    by_name = {r["treatment"]: r for r in run(experiment(RESAMPLED, "plain"), seeds=[1])}
    n_real, n_resampled = 412, 1200
    assert sum(by_name["smote"]["class_counts"]) == n_real  # of real rows in every record
    epochs = {name: len(by_name[name]["history"]) for name in ("plain", "smote")}
    assert epochs == {"plain": 6, "smote": round(6 * n_real / n_resampled)}
    steps = epochs["plain"] * math.ceil(n_real / 16), epochs["smote"] * math.ceil(n_resampled / 16)
    assert steps[1] == pytest.approx(steps[0], rel=0.05)
    assert by_name["smote"]["spec"]["as_run"] == {"max_epochs": epochs["smote"]}
    assert by_name["smote"]["spec"]["params"]["max_epochs"] == 6
    assert by_name["smote"]["n_parameters"] == by_name["plain"]["n_parameters"] > 1000
    assert by_name["smote"]["sampler_seconds"] > 0
    assert by_name["flat"]["status"] == "done" and by_name["flat"]["spec"]["as_run"] == {}


SHARED = """
[samplers.copies]
class = "fakes.Copies"
params = {{ log = "{log}", fails = {fails} }}
[methods.a]
class = "sklearn.dummy.DummyClassifier"
sampler = "copies"
fill_to = 40
[methods.b]
class = "sklearn.dummy.DummyClassifier"
sampler = "copies"
fill_to = 50
"""


def test_a_sampler_is_trained_once_and_shared(experiment, at_once, tmp_path):
    log = tmp_path / "log"
    here = experiment(SHARED.format(log=log, fails="false"), "a")
    run(here)
    assert log.read_text().split() == ["1", "2"]
    assert at_once[:3] == ["sampler:copies 1", "a 1", "b 1"]
    records = {(store.name_of(r), r["seed"]): r for r in read_records(tmp_path / "results/tiny")}
    trained = records["sampler:copies", 1]
    assert trained["status"] == "done" and trained["metrics"] is None
    assert records["a", 1]["sampler_seconds"] >= trained["fit_seconds"]
    assert (tmp_path / "results/tiny/digits/sampler-copies/1.1.json").exists()

    run(here, methods=["b"], again=True)
    assert at_once[6:] == ["b 1", "b 2"] and len(log.read_text().split()) == 2
    shutil.rmtree(tmp_path / "runs")
    run(here, methods=["a"], seeds=[1], again=True)  # a job trains what it does not find
    assert log.read_text().split() == ["1", "2", "1"]


PRETRAINED = """
[samplers.imsic]
class = "equipoise.IMSIC"
params = { max_epochs = 1, min_class_size = 1 }
[samplers.smote]
class = "imblearn.over_sampling.SMOTE"
[methods.pretrained]
class = "equipoise.SyntheticPretrainingClassifier"
sampler = "SAMPLER"
fill_to = 50
[methods.pretrained.params]
pretraining_share = 0.5
estimator = { class = "equipoise.ConvNetClassifier", params = { max_epochs = 2 } }
"""


def test_a_classifier_that_resamples_gets_the_shared_sampler(experiment, at_once, monkeypatch):
    from equipoise import SyntheticPretrainingClassifier

    fitted = []
    fit = SyntheticPretrainingClassifier.fit
    monkeypatch.setattr(
        SyntheticPretrainingClassifier, "fit", lambda *args: fitted.append(fit(*args)) or fitted[0]
    )
    here = experiment(PRETRAINED.replace("SAMPLER", "imsic"), "pretrained")
    sampler, method = run(here, seeds=[3])
    assert at_once == ["sampler:imsic 3", "pretrained 3"] and method["status"] == "done"
    assert method["sampler_seconds"] == sampler["fit_seconds"]
    assert method["n_parameters"] > 1000 and len(method["history"]) == 2  # of its network
    (model,) = fitted
    assert model.estimator.random_state == 3 and model.pretraining_share == 0.5
    assert sorted(model.sampler_.sampling_strategy_.values())[-1] == 50 - 6


def test_a_classifier_that_resamples_needs_a_sampler_that_is_saved(experiment):
    with pytest.raises(InvalidInputError, match=r"pretrained\].*resamples by itself"):
        experiment(PRETRAINED.replace("SAMPLER", "smote"), "pretrained")
    with pytest.raises(InvalidInputError, match=r"estimator|no_epochs"):
        experiment(
            PRETRAINED.replace("SAMPLER", "imsic").replace("max_epochs = 2", "no_epochs = 2"),
            "pretrained",
        )


def test_methods_fail_with_their_sampler(experiment, at_once, tmp_path):
    here = experiment(SHARED.format(log=tmp_path / "log", fails="true"), "a")
    records = run(here, seeds=[1])
    assert at_once == ["sampler:copies 1"]
    assert names(records) == ["a 1", "b 1", "sampler:copies 1"]
    assert all("no copies today" in r["error"] for r in records)


TUNED = """
[methods.tuned]
class = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 20 }
tune = { C = [1e-6, 1.0] }
"""


def test_the_tuned_value_is_used_and_recorded(experiment, at_once, predictions):
    (tuned,) = run(experiment(TUNED, "tuned"), seeds=[1])
    assert tuned["spec"]["as_run"] == {"C": 1.0}
    (plain,) = run(experiment(), seeds=[1])
    chosen, default = (predictions(r | {"attempt": 1}) for r in (tuned, plain))
    np.testing.assert_array_equal(chosen["proba"], default["proba"])  # refitted on all rows


def test_test_images_are_loaded_after_the_fit_and_their_labels_go_nowhere(
    experiment, at_once, monkeypatch
):
    from sklearn.dummy import DummyClassifier

    events = []
    load = module.load_part

    def load_noted(name, part, data_dir):
        events.append(part)
        return load(name, part, data_dir)

    def noted(name):
        method = getattr(DummyClassifier, name)

        def call(self, *arrays):
            events.append((name, [len(a) for a in arrays]))
            return method(self, *arrays)

        return call

    monkeypatch.setattr(module, "load_part", load_noted)
    for name in ("fit", "predict"):
        monkeypatch.setattr(DummyClassifier, name, noted(name))
    constant = '[methods.constant]\nclass = "sklearn.dummy.DummyClassifier"\n'
    here = experiment(constant, "constant")
    run(here, seeds=[1])
    assert events == ["train", ("fit", [412, 412]), "test", ("predict", [450])]
    events.clear()
    (record,) = run(here, seeds=[1], held_out=True)
    assert events[:3] == ["train", ("fit", [412, 412]), "train"] and "test" not in events
    assert record["scored_on"] == "held-out" and sum(record["n_test"]) == 1347 - 412


def test_held_out_results_are_apart(experiment, at_once, tmp_path):
    run(experiment(), seeds=[1])
    run(experiment(), seeds=[1], held_out=True)
    assert at_once == ["logistic 1", "logistic 1"]
    folders = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert folders == ["tiny", "tiny@held-out"]


def test_unknown_names(experiment, at_once):
    for given in ({"methods": ["magic"]}, {"datasets": ["mnist"]}):
        with pytest.raises(InvalidParameterError, match="Choose from"):
            run(experiment(), **given)
    assert at_once == []


def test_a_damaged_record_is_named(experiment, at_once, tmp_path):
    run(experiment(), seeds=[1])
    path = tmp_path / "results/tiny/digits/logistic/1.1.json"
    path.write_text(json.dumps({"status": "done"}))
    with pytest.raises(ValueError, match="1.1.json is a damaged record"):
        read_records(tmp_path / "results/tiny")
