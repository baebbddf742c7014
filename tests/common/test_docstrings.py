"""The numpydoc sections of an estimator say what its signature and its fitted self say."""

import ast
import inspect
import re

import pandas as pd
import pytest
from sklearn.base import BaseEstimator

import equipoise

ESTIMATORS = [
    value
    for value in (getattr(equipoise, name) for name in equipoise.__all__)
    if isinstance(value, type) and issubclass(value, BaseEstimator)
]


def section(cls: type, title: str) -> dict[str, str]:
    """Names and types in one section of a class's docstring."""
    text = inspect.getdoc(cls) + "\n"
    body = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n---|\Z)", text, re.DOTALL | re.MULTILINE)
    entries = re.findall(r"^(\w[\w, ]*?)(?: : (.*))?$", body[1], re.MULTILINE)
    return dict(entries)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_parameters_are_those_of_the_signature_in_its_order(cls):
    assert list(section(cls, "Parameters")) == list(inspect.signature(cls).parameters)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_documented_defaults_are_the_real_ones(cls):
    for name, kind in section(cls, "Parameters").items():
        documented = re.search(r"default=(.*)$", kind)
        default = inspect.signature(cls).parameters[name].default
        if documented is None:
            assert default is inspect.Parameter.empty, name
        else:
            assert ast.literal_eval(documented[1]) == default, name


def test_attributes_are_those_of_a_fitted_estimator(build, blobs):
    X, y = blobs
    model = build().fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    fitted = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert set(section(type(model), "Attributes")) == fitted


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_has_a_constraint(cls):
    assert set(cls._constraints) == set(inspect.signature(cls).parameters)
