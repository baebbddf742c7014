"""``evaluate --save`` and ``predict``: the best combination, kept and applied to another table."""

import json

import joblib
import numpy as np
import pandas as pd
import pytest

from equipoise.cli import saved_model
from equipoise.experiments import TreatedClassifier
from equipoise.experiments.classifiers import default_classifiers
from equipoise.runs import tables

KINDS = ("--dates", "since", "--categories", "postcode", "--ignore", "id")


def customers(n, seed):
    """Customers of whom the older ones leave."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    frame = pd.DataFrame(
        {
            "id": np.arange(n) + 1000 * seed,
            "age": age,
            "postcode": [f"{v:05d}" for v in rng.integers(1, 5, n)],
            "since": days.strftime("%Y-%m-%d"),
            "member": rng.random(n) < 0.5,
            "town": rng.choice(["Rome", "Oslo"], n),
            "churn": np.where(age + rng.normal(0, 4, n) > 65, "left", "stayed"),
        }
    )
    frame.loc[3, ["age", "town"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model as ``evaluate --save`` writes it, and the rows that it was fitted to."""
    folder = tmp_path_factory.mktemp("saved")
    table, model = folder / "in.csv", folder / "model"
    customers(200, 1).to_csv(table, index=False)
    read = tables.read_table(table, "churn", ["since"], ["postcode"], ["id"])
    classifier = default_classifiers()["logistic regression"]
    fitted = TreatedClassifier(classifier, remedy="uniform prior").fit(read.X, read.y)
    saved_model.save(model, fitted, read.X, {"target": "churn"})
    return model


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new.csv"
    customers(50, 2).to_csv(path, index=False)
    return path


def test_the_best_is_saved_and_predicts_the_rows_of_another_table(call, new, tmp_path):
    table, model, out = tmp_path / "in.csv", tmp_path / "model", tmp_path / "out.csv"
    customers(200, 1).to_csv(table, index=False)
    words = ("--samplers", "random", "--classifiers", "logistic-regression,gradient-boosting")
    scores = tmp_path / "scores.csv"
    more = ("--folds", 2, "--metric", "f1_macro", "--save", model, "--out", scores)
    answer = call("evaluate", table, "--target", "churn", *KINDS, *words, *more)
    assert answer.code == 0 and "fitted to all rows, in" in answer.err
    about = json.loads((model / "about.json").read_text())
    means = pd.read_csv(scores).groupby(["classifier", "treatment"])["f1_macro"].mean()
    assert means[(about["classifier"], about["treatment"])] == pytest.approx(means.max())
    assert about["scores"]["f1_macro"] == pytest.approx(means.max())
    answer = call("predict", model, new, "--out", out)
    assert answer.code == 0 and answer.out == ""
    assert "does not use: id, churn" in answer.err and "warning" not in answer.err
    found, truth = pd.read_csv(out), pd.read_csv(new)["churn"]
    assert list(found) == ["predicted", "p_left", "p_stayed"]
    np.testing.assert_allclose(found[["p_left", "p_stayed"]].sum(axis=1), 1, atol=1e-5)
    assert (found["predicted"] == truth).mean() > 0.85


def test_columns_are_read_as_for_the_model(call, saved, new, tmp_path):
    """In another order and format, with cells that alone would be read as something else."""
    rows = pd.read_csv(new, dtype=str)
    expected = call("predict", saved, new, "-q").out
    rows[rows.columns[::-1]].to_csv(tmp_path / "other.csv", sep=";", index=False)
    assert call("predict", saved, tmp_path / "other.csv", "-q").out == expected
    alone = rows.iloc[[5]].assign(postcode="12345", town="", member="")
    alone.to_csv(tmp_path / "one.csv", index=False)
    answer = call("predict", saved, tmp_path / "one.csv", "-q")
    assert answer.code == 0 and len(answer.out.splitlines()) == 2
    typed = tables.read_table(new, "churn", ["since"], ["postcode"], None).rows
    typed.to_parquet(tmp_path / "other.parquet")
    assert call("predict", saved, tmp_path / "other.parquet", "-q").out == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"town": None}, "has no column 'town'"),
        ({"age": "old"}, "'age' of X holds text or categories, such as 'old', but numbers"),
        ({"since": "yesterday"}, "'since' has 'yesterday'. Write dates"),
    ],
)
def test_columns_are_checked(call, saved, new, tmp_path, change, message):
    rows = pd.read_csv(new).assign(**change)
    rows.drop(columns=[c for c, v in change.items() if v is None]).to_csv(new, index=False)
    before = sorted(tmp_path.iterdir())
    answer = call("predict", saved, new, "--out", tmp_path / "out.csv")
    assert answer.code == 2 and message in " ".join(answer.err.split())
    assert sorted(tmp_path.iterdir()) == before


def copied(saved, place, **changes):
    place.mkdir()
    about = json.loads((saved / "about.json").read_text())
    (place / "about.json").write_text(json.dumps(about | changes))
    (place / "model.joblib").write_bytes((saved / "model.joblib").read_bytes())
    return place


def test_other_versions_are_told(call, saved, new, tmp_path):
    versions = json.loads((saved / "about.json").read_text())["versions"]
    other = copied(saved, tmp_path / "other", versions=versions | {"scikit-learn": "1.0"})
    answer = call("predict", other, new)
    assert answer.code == 0 and "was saved with scikit-learn 1.0 (now " in answer.err
    gone = copied(saved, tmp_path / "gone", versions=versions | {"not-installed": "1.0"})
    answer = call("predict", gone, new)
    assert answer.code == 2 and "needs the package not-installed" in answer.err


class Harmful:
    """Code that loading would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('it was run')",))


def test_what_is_no_model_is_refused_before_it_is_loaded(call, saved, new, tmp_path):
    replaced = copied(saved, tmp_path / "replaced")
    joblib.dump(Harmful(), replaced / "model.joblib")
    later = copied(saved, tmp_path / "later", format="equipoise table model 2")
    bare = tmp_path / "bare"
    bare.mkdir()
    joblib.dump(Harmful(), bare / "model.joblib")
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "about.json").write_text("[]")
    messages = {
        replaced: "model.joblib is missing, damaged or replaced",
        later: "in this version, but 'equipoise table model 2'",
        bare: "is no model that equipoise evaluate --save has written",
        tmp_path / "list": "is no model that",
        new: "is no model that",
        tmp_path / "nowhere": "is no model that",
    }
    for path, message in messages.items():
        answer = call("predict", path, new)
        assert answer.code == 2 and message in " ".join(answer.err.split()), path


def test_the_table_is_not_overwritten(call, saved, new):
    before = new.read_bytes()
    answer = call("predict", saved, new, "--out", new)
    assert answer.code == 2 and "is the table itself" in answer.err
    assert new.read_bytes() == before
