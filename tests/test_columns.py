"""Which columns are categorical: one answer for the estimators and for the evaluation."""

import datetime
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.tree import DecisionTreeClassifier

from equipoise import DGCClassifier, evaluate_resampling
from equipoise.columns import is_categorical
from equipoise.errors import InvalidInputError
from equipoise.experiments.columns import as_floats, categorical_columns

CATEGORICAL = [
    pd.Series(["a", "b", None]),
    pd.Series(["a", None], dtype="string"),
    pd.Series([1, 2], dtype="category"),
    pd.Series([True, False]),
    pd.Series([True, None]),
    pd.Series([True, None], dtype="boolean"),
    pd.Series(pd.period_range("2020", periods=2, freq="M")),
    pd.Series(pd.interval_range(0, 2)),
    pd.Series(["a"], dtype=pd.ArrowDtype(pa.string())),
]
NOT_CATEGORICAL = [
    pd.Series([1, 2]),
    pd.Series([1.5, None]),
    pd.Series([1, None], dtype="Int64"),
    pd.Series([1, 2], dtype=object),
    pd.Series([Decimal("1.5"), None]),
    pd.Series([Decimal("1.5")], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    pd.Series([datetime.date(2020, 1, 1)]),
    pd.Series(pd.to_datetime(["2020-01-01"])),
    pd.Series(pd.to_timedelta(["1h"])),
]


@pytest.mark.parametrize("column", CATEGORICAL, ids=lambda c: str(c.dtype))
def test_categories_strings_and_bools_are_categorical(column):
    assert is_categorical(column)


@pytest.mark.parametrize("column", NOT_CATEGORICAL, ids=lambda c: str(c.dtype))
def test_numbers_and_times_are_not(column):
    assert not is_categorical(column)


@pytest.fixture
def prices():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3 == 0
    values = [Decimal(f"{v:.2f}") for v in rng.normal(size=60) + 3 * y]
    return pd.DataFrame({"price": values, "size": rng.normal(size=60)}), y


def test_decimals_are_numbers_to_an_estimator_and_to_the_evaluation(prices):
    X, y = prices
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y)
    drawn = set(model.sample(30, True)["price"])
    assert {type(value) for value in drawn} == {Decimal}
    assert drawn - set(X["price"])  # numbers between those of the fit, no category has them
    assert categorical_columns(X) == []
    found = evaluate_resampling(  # SMOTE, unlike SMOTENC, takes numbers only
        X, y, {"smote": SMOTE(random_state=0)}, {"tree": DecisionTreeClassifier()}, cv=2
    )
    assert found.scores["balanced_accuracy"].min() > 0.6


def test_decimals_become_floats():
    frame = pd.DataFrame({"price": [Decimal("1.5"), None, Decimal("NaN")]})
    np.testing.assert_array_equal(as_floats(frame)["price"], [1.5, np.nan, np.nan])


def test_a_column_of_numbers_and_strings_is_named():
    with pytest.raises(InvalidInputError, match="Column 'code' of X mixes.*Convert it"):
        as_floats(pd.DataFrame({"code": [1, "a"]}))


def test_import_loads_no_torch():
    code = "import equipoise.columns, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
