"""DeepSMOTE: its penalty, and rows of the class that is asked for."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from equipoise.baselines import DeepSMOTE
from equipoise.baselines.deep_smote import DeepSMOTEPlan
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.training import TrainingRows

TINY = {"max_epochs": 1, "batch_size": 16, "random_state": 0}


class Identity(torch.nn.Module):
    """An autoencoder that gives back what it got."""

    def __init__(self):
        super().__init__()
        self.trunk = self.to_code = torch.nn.Identity()
        self.decoder = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.ones_(self.decoder.weight)


@pytest.mark.parametrize(("permuted", "expected"), [(False, 0.0), (True, 4.0)])
def test_penalty_is_on_one_class_in_the_order_that_is_asked_for(permuted, expected):
    """With the classes {0, 2} and {10, 12}, a code in the other row's place is off by 2."""
    x = torch.tensor([[0.0], [2.0], [10.0], [12.0]])
    plan = DeepSMOTEPlan(
        Identity(),
        TrainingRows(
            lambda rows: x[rows],
            torch.tensor([0, 0, 1, 1]),
            None,
            class_counts=torch.tensor([2.0, 2.0]),
            generator=(generator := torch.Generator().manual_seed(0)),
            noise=generator,
            autocast=torch.autocast("cpu", enabled=False),
        ),
        permuted=permuted,
        penalty_weight=0.5,
        learning_rate=1e-12,
    )
    for _ in range(5):
        parts = plan.step(np.arange(4))
        assert parts["reconstruction"] == pytest.approx(0, abs=1e-9)
        assert parts["penalty"] == pytest.approx(expected)
        assert parts["loss"] == pytest.approx(expected / 2)


def test_rows_are_of_the_class_asked_for_and_depend_on_the_seed_alone(few_digits):
    X, y = few_digits
    arguments = {"max_epochs": 10, "batch_size": 32, "random_state": 0}
    sampler = DeepSMOTE(**arguments).fit(X, y)
    wanted = {label: int((y == label).sum()) + 40 for label in np.unique(y)}
    X_new, y_new = sampler.resample(X, y, sampling_strategy=wanted)
    made, labels = X_new[sampler.synthetic_mask_], y_new[sampler.synthetic_mask_]
    judge = KNeighborsClassifier(3).fit(X.reshape(len(X), -1), y)
    assert (judge.predict(made.reshape(160, -1)) == labels).mean() > 0.8
    assert made.dtype == X.dtype and len(np.unique(made.reshape(160, -1), axis=0)) > 150
    again = DeepSMOTE(**arguments).fit(X, y)
    assert (again.resample(X, y, sampling_strategy=wanted)[0] == X_new).all()


def test_one_fit_for_many_resamplings_and_for_a_saved_sampler(few_digits, tmp_path):
    X, y = few_digits
    sampler = DeepSMOTE(**TINY).fit(X, y)
    single = (y != "four") | (np.cumsum(y == "four") == 1)  # rows other than those of the fit
    expected, labels = sampler.resample(X[single], y[single])
    assert (expected[: single.sum()] == X[single]).all()
    assert (labels == "four").sum() == (y == "one").sum()
    sampler.save(tmp_path / "sampler")
    assert (
        DeepSMOTE.load(tmp_path / "sampler").resample(X[single], y[single])[0] == expected
    ).all()


def test_a_table_comes_back_with_its_integers():
    random = np.random.default_rng(0)
    X, y = random.integers(0, 50, (40, 3)), np.repeat([0, 1], [30, 10])
    X_new, y_new = DeepSMOTE(**TINY).fit_resample(X, y)
    assert X_new.dtype == X.dtype and np.bincount(y_new).tolist() == [30, 30]


def test_impossible_requests(few_digits):
    X, y = few_digits
    with pytest.raises(InvalidParameterError, match="'penalty' parameter .* Got 'none' instead"):
        DeepSMOTE(penalty="none").fit(X, y)
    with pytest.raises(InvalidInputError, match="shape"):
        DeepSMOTE(**TINY).fit(X, y).resample(X[:, :7], y)
