"""The common checks, and those of the docstrings, over the generative baselines."""

import runpy
from pathlib import Path

import pandas as pd
import pytest
from imblearn.utils.estimator_checks import parametrize_with_checks as imblearn_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from equipoise.baselines import BAGAN, DFBS, GAMO, DeepSMOTE

COMMON = Path(__file__).parents[1] / "common"
DOCSTRINGS = runpy.run_path(str(COMMON / "test_docstrings.py"))
EXPECTED_FAILURES = runpy.run_path(str(COMMON / "test_sklearn_checks.py"))["EXPECTED_FAILURES"]

# Arguments that are small, but enough for the checks that ask for accuracy.
INSTANCES = [
    BAGAN(max_epochs=1, pretrain_epochs=1, batch_size=16, latent_dim=4, random_state=0),
    DeepSMOTE(max_epochs=1, batch_size=16, latent_dim=4, random_state=0),
    DFBS(max_epochs=4, batch_size=16, learning_rate=1e-2, n_features=8),
    GAMO(max_epochs=4, batch_size=16, noise_dim=4),
]


@imblearn_checks(INSTANCES)
def test_imblearn_check(estimator, check):
    check(estimator)


# A check may be about warnings, or cause some that are no concern of a user.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(INSTANCES, expected_failed_checks=lambda estimator: EXPECTED_FAILURES)
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", [type(model) for model in INSTANCES])
@pytest.mark.parametrize(
    "name",
    [
        "test_parameters_are_those_of_the_signature_in_its_order",
        "test_documented_defaults_are_the_real_ones",
        "test_every_parameter_has_a_constraint",
    ],
)
def test_docstring(cls, name):
    DOCSTRINGS[name](cls)


@pytest.mark.parametrize("model", INSTANCES, ids=lambda model: type(model).__name__)
def test_attributes_are_those_of_a_fitted_estimator(model, blobs):
    X, y = blobs
    X = pd.DataFrame(X, columns=["a", "b", "c"])
    model = type(model)(**model.get_params())
    getattr(model, "fit_resample", model.fit)(X, y)
    fitted = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert set(DOCSTRINGS["section"](type(model), "Attributes")) == fitted
