"""Pre-training on resampled rows: what is trained on what, and for how long."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from equipoise import IMSIC, ConvNetClassifier, SyntheticPretrainingClassifier
from equipoise.errors import InvalidParameterError


def network(**params):
    params = {"max_epochs": 8, "batch_size": 16, "random_state": 0, **params}
    return ConvNetClassifier(**params)


def test_both_parts_together_take_the_steps_of_the_estimator(blobs):
    X, y = blobs  # 30, 20 and 10 rows; 90 once resampled
    model = SyntheticPretrainingClassifier(
        network(max_epochs=12), RandomOverSampler(random_state=0), pretraining_share=0.5
    ).fit(X, y)
    history = model.estimator_.history_
    assert len(history) == round(6 * 60 / 90) + 6
    assert model.estimator_.max_epochs == 12 and not model.estimator_.warm_start
    assert model.sampler_.sampling_strategy_ == {1: 10, 2: 20}


def test_it_is_a_warm_start_on_the_real_rows(blobs):
    X, y = blobs
    sampler = RandomOverSampler(random_state=0)
    model = SyntheticPretrainingClassifier(network(loss="logit_adjusted"), sampler).fit(X, y)
    by_hand = network(loss="logit_adjusted", max_epochs=1, warm_start=True)
    by_hand.fit(*clone(sampler).fit_resample(X, y))
    by_hand.set_params(max_epochs=6).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    np.testing.assert_array_equal(model.estimator_.class_counts_, [30, 20, 10])


def test_a_frozen_sampler_is_used_as_it_is(blobs):
    X, y = blobs
    sampler = IMSIC(max_epochs=1, random_state=0).fit(X, y)
    weights = sampler.network_
    model = SyntheticPretrainingClassifier(network(), FrozenEstimator(sampler)).fit(X, y)
    assert model.sampler_ is sampler and sampler.network_ is weights
    assert sampler.synthetic_mask_.sum() == 30  # it was asked for rows
    assert set(model.predict(X)) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("estimator", "sampler", "message"),
    [
        (network(), StandardScaler(), r"sampler=StandardScaler\(\) cannot resample"),
        (StandardScaler(), RandomOverSampler(), r"estimator=StandardScaler\(\) has no warm_start"),
        (LogisticRegression(), RandomOverSampler(), "has no max_epochs"),
        (network(), None, "'sampler' parameter .* Got None instead"),
    ],
)
def test_what_cannot_be_trained_in_two_parts_is_refused(blobs, estimator, sampler, message):
    with pytest.raises(InvalidParameterError, match=message):
        SyntheticPretrainingClassifier(estimator, sampler).fit(*blobs)


def test_a_bad_estimator_is_refused_before_the_sampler_trains(blobs):
    class Trains(RandomOverSampler):
        def fit_resample(self, X, y):
            raise AssertionError("trained")

    with pytest.raises(InvalidParameterError, match="'learning_rate' parameter .* Got -1 instead"):
        SyntheticPretrainingClassifier(network(learning_rate=-1), Trains()).fit(*blobs)


def test_the_share_is_a_share(blobs):
    for share in (0, 1, "half"):
        model = SyntheticPretrainingClassifier(
            network(), RandomOverSampler(), pretraining_share=share
        )
        with pytest.raises(InvalidParameterError, match="pretraining_share"):
            model.fit(*blobs)
