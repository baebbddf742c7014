"""Tables of the user's own and of OpenML, and classifiers that handle imbalance by themselves."""

import gzip
import hashlib
import json
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments import plan, read_records, run, tables
from equipoise.experiments.classifiers import prepared
from equipoise.experiments.treatments import row_files

START = """
datasets = ["csv:own.csv.gz"]
seeds = [1]
reference = "{reference}"
target = "sick"
[protocol]
folds = 3
"""
METHODS = """
[methods.constant]
class = "sklearn.dummy.DummyClassifier"
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
"""


@pytest.fixture
def own(tmp_path):
    """A table of numbers, words, bools and dates with missing values, and a rare class."""
    random = np.random.default_rng(0)
    sick = random.random(90) < 0.2
    rows = pd.DataFrame(
        {
            "age": random.integers(20, 90, 90),
            "dose": random.normal(size=90) + 2 * sick,
            "town": random.choice(["Rome", "Oslo"], 90),
            "smokes": random.random(90) < 0.5,
            "sick": np.where(sick, "yes", "no"),
        }
    )
    rows.loc[::7, ["dose", "town"]] = None
    rows.to_csv(tmp_path / "own.csv.gz", index=False)
    rows.assign(day=pd.Timestamp("2024-01-01")).to_parquet(tmp_path / "own.parquet")
    return rows


def test_a_file_is_a_data_set(own, experiment, at_once, tmp_path):
    run(experiment(METHODS, "constant", START))
    constant, logistic = read_records(tmp_path / "results/tiny")
    assert (constant["status"], logistic["status"]) == ("done", "done")
    assert logistic["dataset"] == "csv:own.csv.gz" and logistic["classes"] == ["no", "yes"]
    assert logistic["class_counts"] == own["sick"].value_counts().loc[["no", "yes"]].tolist()
    assert logistic["metrics"]["acsa"] > constant["metrics"]["acsa"] == 0.5
    assert (tmp_path / "results/tiny/csv-own.csv.gz/logistic/1.1.json").exists()


def test_words_for_missing_values(tmp_path):
    """The country NA and the class None, by the rule of the commands on tables."""
    lines = "NA;1,5;None\nNO;2,5;ill\nNA;3,5;ill\n;;None\n"
    (tmp_path / "own.csv").write_text("country;dose;sick\n" + lines)
    with pytest.warns(UserWarning) as caught:
        X, _, names = tables.load_table("csv:own.csv", "sick", tmp_path)
    told = [str(one.message) for one in caught]
    assert "'None' is taken as a class" in told[0]
    assert "csv:own.csv: column 'country': 2 cells 'NA' count as missing" in told[1]
    assert all("the key missing_values" in one for one in told)
    assert names == ["None", "ill"] and X["country"].isna().tolist() == [True, False, True, True]
    assert X["dose"].tolist()[:3] == [1.5, 2.5, 3.5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X, _, names = tables.load_table("csv:own.csv", "sick", tmp_path, ["?"])
    assert names == ["None", "ill"] and X["country"].tolist()[:3] == ["NA", "NO", "NA"]
    assert X["country"].isna().sum() == X["dose"].isna().sum() == 1
    with pytest.raises(InvalidInputError, match="2 rows without a label.*key missing_values"):
        tables.load_table("csv:own.csv", "sick", tmp_path, ["None"])


def test_an_experiment_names_words_for_missing_values(own, experiment, at_once, tmp_path):
    rows = own.fillna({"town": "NA"}).drop(columns="dose")
    rows["age"] = rows["age"].where(rows["town"] != "Oslo", "unknown")
    rows.to_csv(tmp_path / "own.csv.gz", index=False)
    named = START.replace("[protocol]", 'missing_values = ["unknown"]\n[protocol]')
    here = experiment(METHODS, "constant", named)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jobs = plan.jobs_of(here)
        X = tables.of_job(jobs[0]).X
    assert X["age"].dtype == float and set(X["town"]) == {"Rome", "Oslo", "NA"}
    assert jobs[0]["protocol"]["missing_values"] == ["unknown"]
    with pytest.raises(InvalidInputError, match="missing_values has 9. Write it as text"):
        experiment(METHODS, "constant", named.replace('"unknown"', "9"))


def test_columns_are_typed_and_parquet_is_read(own, tmp_path):
    X, y, names = tables.load_table("csv:own.parquet", "sick", tmp_path)
    assert names == ["no", "yes"] and y.tolist() == (own["sick"] == "yes").astype(int).tolist()
    kinds = dict(age="int64", dose="float64", town="category", smokes="category")
    assert X.dtypes.astype(str).to_dict() == kinds | {"day": "datetime64[ns]"}
    assert X["dose"].isna().sum() == own["dose"].isna().sum() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("own.csv.gz", "other.csv"), "'csv:other.csv', but there is no file"),
        (('target = "sick"', ""), "target is missing.*csv:own.csv.gz"),
        (('"sick"', '"ill"'), "target='ill' is no column.*age, dose, town, smokes, sick"),
        (('"sick"', '"town"'), "13 rows without a label in the column 'town'"),
        (("folds = 3", "folds = 40"), "folds=40, but the smallest class has"),
    ],
)
def test_mistakes_are_named_before_anything_runs(own, experiment, at_once, change, message):
    assert change[0] in START
    with pytest.raises(InvalidInputError, match=message):
        run(experiment(METHODS, "constant", START.replace(*change)))
    assert at_once == []


ENSEMBLES = {
    "imblearn.ensemble.BalancedRandomForestClassifier": "n_estimators = 5",
    "imblearn.ensemble.EasyEnsembleClassifier": "n_estimators = 2",
    "imblearn.ensemble.RUSBoostClassifier": "n_estimators = 5",
    "imblearn.ensemble.BalancedBaggingClassifier": "n_estimators = 2",
    "lightgbm.LGBMClassifier": "n_estimators = 9, min_child_samples = 2, verbose = -1, "
    "subsample = 0.5, subsample_freq = 1",
    "xgboost.XGBClassifier": "n_estimators = 5, subsample = 0.5",
    "catboost.CatBoostClassifier": "iterations = 5, verbose = 0, allow_writing_files = false",
}


@pytest.mark.parametrize("name", ENSEMBLES)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_ensembles_and_boosting_take_missing_values_and_the_seed(name, own, experiment, at_once):
    pytest.importorskip(name.partition(".")[0])
    methods = f'[methods.it]\nclass = "{name}"\nparams = {{ {ENSEMBLES[name]} }}\n'
    here = experiment(methods, "it", START)
    (first,) = run(here)
    (again,) = run(here, again=True)
    (other,) = run(here, seeds=[2])
    assert (first["error"], first["status"]) == (None, "done")
    assert first["metrics"] == again["metrics"] != other["metrics"]
    assert first["metrics"]["acsa"] > 0.6


def test_trees_get_categories_as_codes():
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.svm import SVC

    X = pd.DataFrame({"a": [1.0, 2, 3, 4], "k": pd.Categorical(["u", "v", "w", "u"])})
    for model, n in ((RandomForestClassifier(), 2), (SVC(), 4)):
        fitted = prepared(model, X).fit(X, [0, 0, 1, 1])
        assert fitted[-1].n_features_in_ == n


ARFF = """@RELATION own
@ATTRIBUTE a REAL
@ATTRIBUTE kind {u,v}
@ATTRIBUTE class {no,yes}
@DATA
"""


def test_a_table_of_openml(tmp_path, monkeypatch):
    """From the files that scikit-learn keeps of OpenML's answers."""
    from sklearn import datasets

    api, home = "api/v1/json/data", tmp_path / "openml/openml.org"
    rows = [f"{i}.5,{'uv'[i % 2]},{'yes' if i > 7 else 'no'}\n" for i in range(10)]
    features = [
        {"index": str(i), "name": name, "data_type": kind, "is_target": is_target}
        | {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
        for i, (name, kind, is_target) in enumerate(
            [("a", "numeric", "false"), ("kind", "nominal", "false"), ("class", "nominal", "true")]
        )
    ]
    about = {"id": "9", "name": "own", "version": "1", "description": "", "format": "ARFF"}
    about |= {"file_id": "7"}
    about |= {"url": "https://www.openml.org/data/v1/download/7", "status": "active"}
    table = ARFF + "".join(rows)
    about |= {"default_target_attribute": "class"}
    about |= {"md5_checksum": hashlib.md5(table.encode()).hexdigest()}
    answers = {
        f"{api}/9": {"data_set_description": about},
        f"{api}/features/9": {"data_features": {"feature": features}},
        f"{api}/qualities/9": {"data_qualities": {"quality": []}},
    }
    files = {path: json.dumps(answer) for path, answer in answers.items()}
    files["data/v1/download/7"] = table
    for path, text in files.items():
        file = home / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text.encode()))

    def from_files(**which):
        return fetch(**which, data_home=tmp_path, parser="pandas", n_retries=1, delay=0.01)

    fetch = datasets.fetch_openml
    monkeypatch.setattr(datasets, "fetch_openml", from_files)
    X, y, names = tables.load_table("openml:9")
    assert names == ["no", "yes"] and y.sum() == 2
    assert X["a"].tolist() == [i + 0.5 for i in range(10)] and X["kind"].dtype == "category"
    X, y, names = tables.load_table("openml:9", "kind")
    assert names == ["u", "v"] and list(X) == ["a", "class"]
    with pytest.raises(InvalidInputError, match="'openml:8' cannot be had from OpenML"):
        tables.load_table("openml:8")


def test_rows_of_such_a_table_survive_as_files(own, tmp_path):
    own["class"] = own["town"]  # a column may have the name that the labels have in these files
    own["dose"] = [None if pd.isna(v) else Decimal(str(v)) for v in own["dose"]]
    own["zoned"] = pd.Timestamp("2024-01-01", tz="Europe/Oslo")
    own["lists"] = [[1, 2]] * len(own)
    own.to_parquet(tmp_path / "more.PARQUET")
    X, y, _ = tables.load_table("csv:more.PARQUET", "sick", tmp_path)
    assert X.dtypes.astype(str)[["dose", "smokes", "zoned", "lists"]].tolist() == [
        *("float64", "category", "datetime64[ns]", "category")
    ]
    row_files.write(tmp_path, 0, X, y, 1.0)
    found, labels, _ = row_files.read(tmp_path, 0, X)
    pd.testing.assert_frame_equal(found, X)
    np.testing.assert_array_equal(labels, y)


def test_another_target_or_file_is_told_and_has_rows_of_its_own(own, experiment, at_once, tmp_path):
    sampled = """
[samplers.dgc]
class = "equipoise.GenerativeOverSampler"
params = { generator = { class = "equipoise.DGCClassifier", params = { max_epochs = 1 } } }
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
sampler = "dgc"
"""
    run(experiment(sampled, "logistic", START))
    own.assign(town="Rome").to_csv(tmp_path / "own.csv.gz", index=False)
    here = experiment(sampled, "logistic", START)
    records = read_records(tmp_path / "results/tiny")
    jobs = plan.jobs_of(here)
    (told,) = plan.other_parameters(jobs[0], records[-1])
    assert told.startswith("content '")
    run(here, again=True)
    assert at_once == ["sampler:dgc 1", "logistic 1"] * 2  # no row of the old file is used


@pytest.mark.parametrize("content", [b"", b"a,b\n1", b"\x1f\x8b\x08\0broken"])
def test_a_damaged_file_is_named(content, experiment, tmp_path):
    here = experiment(METHODS, "constant", START)
    (tmp_path / "own.csv.gz").write_bytes(content)
    with pytest.raises(InvalidInputError, match="own.csv.gz cannot be read as a table"):
        run(here)


def test_infinite_values_and_no_process_are_refused(own, experiment, at_once, tmp_path):
    own.assign(age=np.inf).to_csv(tmp_path / "own.csv.gz", index=False)
    here = experiment(METHODS, "constant", START)
    with pytest.raises(InvalidInputError, match="Column 'age' has infinite values"):
        run(here)
    with pytest.raises(InvalidParameterError, match="jobs=0"):
        run(here, jobs=0)
