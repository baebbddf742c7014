"""Every option of a method takes each kind of value that its help names."""

import pytest

from equipoise.classifiers import ConvNetClassifier
from equipoise.cli.options import _syntax, value_of
from equipoise.cli.train import DGC_PARAMETERS, IMSIC_PARAMETERS
from equipoise.cli.train_classifier import PARAMETERS as CLASSIFIER_PARAMETERS
from equipoise.dgc import DGCClassifier
from equipoise.imsic import IMSIC
from equipoise.parameters import check_parameters

WORDS = {
    "int": ["1", "3"],
    "float": ["0.5", "1"],
    "bool": ["true", "false"],
    "str": ["cpu"],  # device
    "timm:NAME": ["timm:resnet18"],
    "P,P,...": [".5,.5"],
    "NAME=W,...": ["0=2,1=.5"],
    "NAME,NAME,...": ["slant,width"],
    "int,int,...": ["1,0"],
    "A>B,A>C,...": ["0>1,0>2"],
}
CASES = [
    pytest.param(method, parameter, text, id=f"{method.__name__}-{parameter.name}-{text}")
    for method, parameters in [
        (DGCClassifier, DGC_PARAMETERS),
        (IMSIC, IMSIC_PARAMETERS),
        (ConvNetClassifier, CLASSIFIER_PARAMETERS),
    ]
    for parameter in parameters
    if parameter.annotation != "bool"
    for kind in _syntax(parameter)[0].strip("<>").split("|")
    for text in WORDS.get(kind, [kind])
    if not (text == "1" and parameter.interval.endswith(", 1)"))  # which the help says, too
]


@pytest.mark.parametrize(("method", "parameter", "text"), CASES)
def test_each_kind_of_value_is_accepted(method, parameter, text):
    value = value_of(parameter, text)
    model = method(**{parameter.name: value})
    check_parameters(method.__name__, model.get_params(deep=False), model._constraints)


def test_fractions_and_words_are_told_apart():
    weight = next(p for p in DGC_PARAMETERS if p.name == "reconstruction_weight")
    assert [value_of(weight, text) for text in ("0.2", "2", "auto")] == [0.2, 2, "auto"]
