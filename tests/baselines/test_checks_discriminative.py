"""The common checks, and those of the docstrings, over the discriminative baselines."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.utils.estimator_checks import parametrize_with_checks as imblearn_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from equipoise.baselines import DGCMM, MMDGM, BayesCNN

COMMON = Path(__file__).parents[1] / "common"
DOCSTRINGS = runpy.run_path(str(COMMON / "test_docstrings.py"))
EXPECTED_FAILURES = runpy.run_path(str(COMMON / "test_sklearn_checks.py"))["EXPECTED_FAILURES"]

# Arguments that are small, but enough for the checks that ask for accuracy.
SMALL = {"max_epochs": 4, "batch_size": 16, "learning_rate": 1e-2}
INSTANCES = [
    BayesCNN(**SMALL, n_draws=4),
    DGCMM(**SMALL, latent_dim=8, n_importance_samples=4),
    MMDGM(**SMALL, latent_dim=8),
]
over_instances = pytest.mark.parametrize("model", INSTANCES, ids=lambda m: type(m).__name__)


def tiny(model, **parameters):
    return type(model)(**{**model.get_params(), "max_epochs": 1, "random_state": 0, **parameters})


@imblearn_checks(INSTANCES)
def test_imblearn_check(estimator, check):
    check(estimator)


# A check may be about warnings, or cause some that are no concern of a user.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(INSTANCES, expected_failed_checks=lambda estimator: EXPECTED_FAILURES)
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore")
@over_instances
def test_default_arguments_pass_the_checks_too(model):
    check_estimator(type(model)(), expected_failed_checks=EXPECTED_FAILURES, on_skip=None)


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


@over_instances
def test_attributes_are_those_of_a_fitted_estimator(model, blobs):
    X, y = blobs
    model = tiny(model).fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    fitted = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert set(DOCSTRINGS["section"](type(model), "Attributes")) == fitted


# What every baseline promises of images -----------------------------------------------------


@over_instances
def test_images_are_learnt_from_the_seed_alone_and_predicted_row_by_row(model, pictures, tmp_path):
    X, y = pictures
    state = torch.get_rng_state()
    one = tiny(model, max_epochs=30, learning_rate=4e-3).fit(X, y)
    posterior = one.predict_proba(X)
    assert torch.equal(torch.get_rng_state(), state)
    assert one.score(X, y) > 0.9
    torch.manual_seed(1)
    again = tiny(model, max_epochs=30, learning_rate=4e-3).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), posterior)
    alone = np.concatenate([one.predict_proba(X[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(alone, posterior[:4], atol=2e-5)
    one.save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(X), posterior)


@over_instances
def test_training_stops_early_goes_on_warm_and_heeds_weights(model, blobs):
    X, y = np.repeat(blobs[0], 2, axis=0), np.tile([0, 1], 60)
    for favoured in (0, 1):
        weight = np.where(y == favoured, 10.0, 0.1)
        options = {"max_epochs": 8, "early_stopping": True, "warm_start": True}
        trained = tiny(model, **options).fit(X, y, weight)
        assert (trained.fit(X, y, weight).predict(X) == favoured).mean() > 0.95
        assert "val_acsa" in trained.history_[-1]
