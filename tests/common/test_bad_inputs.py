"""Wrong parameters and wrong data, over every public estimator: each error says what to do."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

import equipoise
from equipoise import baselines

Y = np.repeat([0, 1], [12, 8])
X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def given(at, value, like=X):
    """A copy with another value in one place."""
    array = like.astype(np.result_type(like, np.float32))
    array[at] = value
    return array


BAD_DATA = {
    "NaN as label": (X, given(3, np.nan, Y)),
    "measurements as labels": (X, Y + 0.3 * np.arange(20)),
    "too few labels": (X, Y[:-1]),
    "no labels": (X, None),
    "labels in two columns": (X, np.stack([Y, Y], 1)),
    "one class": (X, np.zeros(20, int)),
    "infinite": (given((2, 1), np.inf), Y),
    "no rows": (X[:0], Y[:0]),
    "one axis": (X[:, 0], Y),
    "five axes": (X.reshape(20, 3, 1, 1, 1), Y),
    "sparse": (csr_array(X), Y),
    "complex": (X * 1j, Y),
}
REMEDIES = (
    *("Pass", "Set", "Remove", "Convert", "Give", "Fill", "Call", "Replace", "Reshape", "Add"),
    *("Write", "Use", "Drop", "Leave", "needs", "supports", "toarray", "is required"),
)


def estimators():
    """Every class that the package and its baselines hand out."""
    for module in (equipoise, baselines):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, BaseEstimator):
                yield value


ESTIMATORS = {one.__name__: one for one in estimators()}

# The others hand their data to an estimator of the user's first, which checks them.
OF_OTHERS = ("PriorCorrectedClassifier", "SyntheticPretrainingClassifier")
WITH_OWN_CHECKS = [name for name in ESTIMATORS if name not in OF_OTHERS]


def built(name, **parameters):
    """With small ones where it needs other estimators."""
    needed = {
        "PriorCorrectedClassifier": {"estimator": LogisticRegression()},
        "SyntheticPretrainingClassifier": {
            "estimator": equipoise.ConvNetClassifier(max_epochs=1),
            "sampler": RandomOverSampler(),
        },
    }
    return ESTIMATORS[name](**needed.get(name, {}) | parameters)


class Nonsense:
    """A value that no parameter takes."""

    def __repr__(self):
        return "<nonsense>"


PARAMETERS = [(name, one) for name in ESTIMATORS for one in ESTIMATORS[name]._constraints]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_wrong_parameters(name, parameter):
    with pytest.raises(ValueError) as error:
        built(name, **{parameter: Nonsense()}).fit(X, Y)
    message = str(error.value)
    assert parameter in message and "<nonsense>" in message
    assert any(word in message for word in REMEDIES), message


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("name", WITH_OWN_CHECKS)
def test_wrong_data(name, case):
    with pytest.raises((ValueError, TypeError)) as error:
        built(name).fit(*BAD_DATA[case])
    message = str(error.value)
    assert message.split()[0] and any(word in message for word in REMEDIES), message
    assert any(word in message for word in ("X", "y", "sparse", "Sparse", "label")), message


def test_there_are_many():
    assert len(PARAMETERS) + len(WITH_OWN_CHECKS) * len(BAD_DATA) > 300
