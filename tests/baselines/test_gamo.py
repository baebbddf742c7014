"""GAMO: generated features in the convex hull of their class, and a classifier that learns."""

import numpy as np
import pytest
import torch

from equipoise.baselines import GAMO
from equipoise.baselines.gamo import ConvexGenerator, FeatureClassifier, GAMOPlan, squared_error
from equipoise.errors import InvalidParameterError
from equipoise.training import TrainingRows


def plan_of(counts, n_features=4):
    y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    x = torch.randn(len(y), n_features, generator=torch.Generator().manual_seed(1))
    plan = GAMOPlan(
        FeatureClassifier((n_features,), len(counts), "compact"),
        TrainingRows(
            lambda rows: x[rows],
            y,
            None,
            class_counts=torch.tensor(counts, dtype=torch.float32),
            generator=(generator := torch.Generator().manual_seed(0)),
            noise=generator,
            autocast=torch.autocast("cpu", enabled=False),
        ),
        noise_dim=3,
        learning_rate=1e-2,
        adversary_rate=1e-2,
        weight_decay=0.0,
    )
    return plan, x, y


def test_weights_are_convex_and_on_points_of_the_class_alone():
    owner = torch.tensor([0, 0, 0, 2, 2, 1])
    convex = ConvexGenerator(owner, n_classes=3, n_features=2, noise_dim=4)
    convex.points.copy_(torch.randn(6, 2))
    noise, y = torch.randn(30, 4), torch.arange(3).repeat(10)
    weights = convex.weights(noise, y)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(30))
    assert (weights[owner != y[:, None]] == 0).all()
    torch.testing.assert_close(convex(noise, y)[y == 1], convex.points[5].expand(10, 2))


def test_generated_features_stay_within_their_class_while_the_game_is_played():
    plan, x, y = plan_of([20, 10, 4])
    for start in range(0, 30, 3):
        parts = plan.step(np.arange(start, start + 4))
        assert set(parts) == {"loss", "discriminator", "generator"}
    labels, fake = plan._generated(200)
    for c in (1, 2):
        points = plan.convex.points[plan.convex.owner == c]
        made = fake[labels == c]
        assert (made >= points.min(0).values - 1e-5).all()
        assert (made <= points.max(0).values + 1e-5).all()
    assert set(labels.tolist()) == {1, 2}  # the largest class needs none


def test_remembered_features_are_those_of_the_last_step():
    plan, x, _ = plan_of([6, 3])
    plan.step(np.array([0, 7]))
    before = plan.convex.points.clone()
    features = plan.network.trunk(x[[7]])
    plan.step(np.array([7]))
    torch.testing.assert_close(plan.convex.points[[1]], features.detach())
    assert torch.equal(plan.convex.points[[0, 2]], before[[0, 2]])


def test_classes_are_generated_in_the_shares_that_they_lack():
    plan, _, _ = plan_of([50, 30, 10])
    labels, _ = plan._generated(6000)
    np.testing.assert_allclose(torch.bincount(labels) / 6000, [0, 1 / 3, 2 / 3], atol=0.03)
    assert plan.lacking.sum() == pytest.approx(60 / 90)


def test_equal_classes_need_no_generator():
    plan, _, _ = plan_of([5, 5])
    assert set(plan.step(np.arange(10))) == {"loss"} and len(plan.optimizers) == 1


def test_squared_error_by_hand():
    logits = torch.log(torch.tensor([[0.2, 0.3, 0.5]]))
    target = torch.tensor([[0.0, 1.0, 0.0]])
    assert squared_error(logits, target).item() == pytest.approx(0.04 + 0.49 + 0.25)
    assert squared_error(logits, 1 - target).item() == pytest.approx(0.64 + 0.09 + 0.25)


def test_learns_imbalanced_digits_and_is_deterministic(few_digits, tmp_path):
    X, y = few_digits
    arguments = {"max_epochs": 8, "batch_size": 16, "random_state": 0}
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    model = GAMO(**arguments).fit(X, y)
    assert torch.rand(1) == expected
    recall = [(model.predict(X[y == c]) == c).mean() for c in model.classes_]
    assert np.mean(recall) > 0.9
    proba = model.predict_proba(X)
    assert (GAMO(**arguments).fit(X, y).predict_proba(X) == proba).all()
    model.save(tmp_path / "model")
    assert (GAMO.load(tmp_path / "model").predict_proba(X) == proba).all()


def test_warm_start_and_early_stopping(few_digits):
    X, y = few_digits
    model = GAMO(max_epochs=1, early_stopping=True, warm_start=True, random_state=0).fit(X, y)
    assert len(model.fit(X, y).history_) == 2 and "val_acsa" in model.history_[1]


def test_impossible_parameters():
    with pytest.raises(InvalidParameterError, match="'adversary_rate' parameter .* Got 0 instead"):
        GAMO(adversary_rate=0).fit([[0.0], [1.0]], [0, 1])
