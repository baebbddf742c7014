"""Synthetic rows belong to the groups of the rows that they are like."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn import config_context
from sklearn.linear_model import LogisticRegression

from equipoise import IMSIC
from equipoise.errors import InvalidInputError


@pytest.fixture
def grouped():
    """Two minority groups far apart, and a large class between them."""
    rng = np.random.default_rng(0)
    X = np.concatenate(
        [rng.normal(0, 1, (60, 2)), rng.normal(-9, 0.3, (10, 2)), rng.normal(9, 0.3, (10, 2))]
    )
    y = np.repeat([0, 1], [60, 20])
    return X, y, np.array([f"p{i % 6}" for i in range(60)] + ["left"] * 10 + ["right"] * 10)


def test_a_synthetic_row_joins_the_nearest_group_of_its_class(grouped):
    X, y, groups = grouped
    sampler = IMSIC(max_epochs=1, min_class_size=30, random_state=0)
    with pytest.warns(UserWarning, match="interpolated"):
        X_new, y_new = sampler.fit_resample(X, y, groups=groups)
    assert sampler.groups_[:80].tolist() == groups.tolist()
    made = sampler.synthetic_mask_
    assert set(sampler.groups_[made]) == {"left", "right"}
    assert ((X_new[made, 0] < 0) == (sampler.groups_[made] == "left")).all()


def test_groups_of_a_frame_and_none_without(grouped):
    X, y, groups = grouped
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(kind=np.where(X[:, 0] < 0, "l", "r"))
    sampler = IMSIC(max_epochs=1, random_state=0).fit(frame, y)
    sampler.resample(frame, pd.Series(y), groups=pd.Series(groups))
    assert len(sampler.groups_) == len(sampler.synthetic_mask_)
    sampler.resample(frame, pd.Series(y))
    assert sampler.groups_ is None


def test_wrong_groups_are_refused_before_training(grouped):
    X, y, groups = grouped
    sampler = IMSIC(max_epochs=1)
    with pytest.raises(InvalidInputError, match=r"groups has shape \(3,\), but y has 80"):
        sampler.fit_resample(X, y, groups=groups[:3])
    assert not hasattr(sampler, "network_")


def test_a_pipeline_routes_groups_to_the_sampler(grouped):
    X, y, groups = grouped
    with config_context(enable_metadata_routing=True):
        sampler = IMSIC(max_epochs=1, random_state=0).set_fit_resample_request(groups=True)
        pipeline = make_pipeline(sampler, LogisticRegression()).fit(X, y, groups=groups)
    assert len(pipeline[0].groups_) == 120
