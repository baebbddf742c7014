"""Impossible parameters are refused before any work, by name, value and remedy."""

import math

import numpy as np
import pytest

from equipoise import ConvNetClassifier
from equipoise.errors import InvalidParameterError
from equipoise.parameters import BOOLEAN, Instance, Number, OneOf, check_parameters


@pytest.mark.parametrize(
    ("constraint", "legal", "illegal"),
    [
        (Number(0), [0, 1e300, np.float32(2)], [-1e-9, math.inf, math.nan, "1", None, True, 1j]),
        (Number(0, 1, open_low=True, open_high=True), [1e-9, 0.5], [0, 1, 1.5]),
        (Number(1, integer=True), [1, np.int64(7)], [0, 1.0, np.bool_(True), [1]]),
        (OneOf(("a", "b")), ["a", np.str_("b")], ["A", b"a", None, 1, ["a"], np.array(["a"])]),
        (OneOf((None,)), [None], ["None", 0, False]),
        (BOOLEAN, [True, np.False_], [0, 1, "yes", None]),
        (Instance((tuple, list), "a pair"), [(1,), []], [1, "ab", np.zeros(2)]),
    ],
)
def test_constraint(constraint, legal, illegal):
    assert all(constraint.accepts(value) for value in legal)
    assert not any(constraint.accepts(value) for value in illegal)


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        (Number(0), "a float in the range [0, inf)"),
        (Number(0, open_low=True), "a float in the range (0, inf)"),
        (Number(1, integer=True), "an int in the range [1, inf)"),
        (Number(0, 2**32 - 1, integer=True), "an int in the range [0, 4294967295]"),
        (Number(0, 1, open_low=True, open_high=True), "a float in the range (0, 1)"),
        (OneOf(("a", "b")), "a str among {'a', 'b'}"),
        (OneOf((None, "a", "b")), "a str among {'a', 'b'} or None"),
        (OneOf(("auto",)), "'auto'"),
        (OneOf((None,)), "None"),
        (BOOLEAN, "a bool"),
    ],
)
def test_constraint_in_words(constraint, text):
    assert str(constraint) == text


def test_error_names_owner_parameter_value_and_remedy():
    with pytest.raises(InvalidParameterError) as error:
        check_parameters("Model", {"size": 0}, {"size": [OneOf(("auto",)), Number(1)]})
    assert str(error.value) == (
        "The 'size' parameter of Model must be 'auto' or a float in the range [1, inf). "
        "Got 0 instead. Set size to such a value."
    )


WRONG = {
    "image_shape": [8, "8x8"],
    "categorical_features": ["all", None, 3],
    "allow_missing": ["yes", None],
    "architecture": ["huge", None, "timm:"],
    "freeze_backbone": ["yes", None],
    "backbone_learning_rate": [0, -1, "fast"],
    "loss": ["hinge"],
    "focal_gamma": [-1, None],
    "class_weight": ["even", [1, 2]],
    "resampling": [None, "smote"],
    "augmentation": [None, "mirror"],
    "mixing": [None, "cutout"],
    "mixing_alpha": [0, -1, math.inf],
    "max_epochs": [0, -1, 2.5, "12"],
    "batch_size": [0, "all", 16.0],
    "learning_rate": [0, -1, math.nan, math.inf],
    "lr_schedule": ["linear"],
    "weight_decay": [-1],
    "early_stopping": [1, "yes"],
    "validation_fraction": [0, 1, 2],
    "n_iter_no_change": [0],
    "warm_start": [None],
    "precision": ["float16"],
    "device": [0, "abacus"],
    "random_state": [-1, 2**32, "seed", 1.5],
    "callbacks": ["bar"],
    "verbose": [-1, "loud"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_estimator_refuses_when_it_is_fitted(name, value):
    model = ConvNetClassifier(**{name: value})  # nothing is checked, as scikit-learn wants it
    with pytest.raises(InvalidParameterError) as error:
        model.fit(np.ones((4, 2)), [0, 0, 1, 1])
    message = str(error.value)
    assert f"The {name!r} parameter of ConvNetClassifier must be " in message
    assert f"Got {value!r} instead." in message


def test_every_parameter_can_be_wrong():
    assert set(WRONG) == set(ConvNetClassifier().get_params())
