"""The plain classifier learns, and its losses do what they promise."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import recall_score
from sklearn.utils.class_weight import compute_sample_weight

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.errors import InvalidParameterError
from equipoise.training import Callback, Checkpoint
from equipoise.training.losses import adjusted_cross_entropy, weighted_mean


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# Losses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_adjusted_cross_entropy_has_its_closed_form(tau, weighted):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    log_prior = np.log([0.9, 0.09, 0.01])
    weight = rng.random(20) if weighted else None
    each = -log_softmax(logits + tau * log_prior)[np.arange(20), y]
    loss = adjusted_cross_entropy(
        torch.from_numpy(logits),
        torch.from_numpy(y),
        torch.from_numpy(log_prior),
        tau,
        None if weight is None else torch.from_numpy(weight),
    )
    assert loss.item() == pytest.approx(np.average(each, weights=weight), rel=1e-12)


def test_logits_of_no_information_are_optimal_when_adjusted():
    # One input, drawn from classes of shares 0.9 and 0.1: with equal sizes it would tell nothing.
    log_prior = torch.tensor([0.9, 0.1]).log()
    y = torch.tensor([0] * 9 + [1])
    logits = torch.zeros(1, 2, requires_grad=True)
    adjusted_cross_entropy(logits.expand(10, 2), y, log_prior, 1.0).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(1, 2))


def test_weighted_mean():
    values = torch.tensor([1.0, 2.0, 6.0])
    assert weighted_mean(values, None) == 3
    assert weighted_mean(values, torch.tensor([0.0, 3.0, 1.0])) == 3
    assert weighted_mean(values, torch.zeros(3)) == 0  # a batch without weight teaches nothing


# Learning -----------------------------------------------------------------------------------


def test_learns_digits():
    digits = load_digits()
    X, y = digits.images, digits.target
    model = ConvNetClassifier(max_epochs=4, random_state=0).fit(X[:500], y[:500])
    assert model.score(X[500:900], y[500:900]) > 0.8  # chance is 0.1
    posterior = model.predict_proba(X[500:900])
    assert (posterior.argmax(axis=1) == model.predict(X[500:900])).all()
    assert posterior.max(axis=1).mean() > 0.6


def test_learns_a_table(blobs):
    X, y = blobs
    model = ConvNetClassifier(max_epochs=8, learning_rate=1e-2, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


@pytest.fixture(scope="module")
def imbalanced():
    """400 rows of one class and 20 of another, which overlap."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 20])
    return rng.normal(size=(420, 2)) + 1.2 * y[:, None], y


def test_logit_adjustment_raises_the_recall_of_rare_classes(imbalanced):
    X, y = imbalanced
    recall = {}
    for loss in ("cross_entropy", "logit_adjusted"):
        model = ConvNetClassifier(loss=loss, max_epochs=8, random_state=0).fit(X, y)
        recall[loss] = recall_score(y, model.predict(X), average=None)
    common, rare = recall["logit_adjusted"] - recall["cross_entropy"]
    assert rare > 0.2
    assert common > -0.35
    assert recall["logit_adjusted"].mean() > recall["cross_entropy"].mean() + 0.1


def test_logit_adjustment_counts_weights_not_rows(imbalanced):
    # Weights that make the classes equal leave nothing to adjust.
    X, y = imbalanced
    weight = np.where(y == 0, 1.0, 20.0)
    posteriors = [
        ConvNetClassifier(loss=loss, max_epochs=1, random_state=0)
        .fit(X, y, weight)
        .predict_proba(X)
        for loss in ("cross_entropy", "logit_adjusted")
    ]
    np.testing.assert_allclose(*posteriors, atol=1e-6)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sample_weight_decides_between_contradicting_labels(blobs, early_stopping):
    X, y = np.repeat(blobs[0], 2, axis=0), np.tile([0, 1], 60)
    for favoured in (0, 1):
        weight = np.where(y == favoured, 10.0, 0.1)
        model = ConvNetClassifier(
            max_epochs=8, learning_rate=1e-2, random_state=0, early_stopping=early_stopping
        )
        assert (model.fit(X, y, weight).predict(X) == favoured).mean() > 0.95


def test_the_scale_of_the_weights_does_not_matter(blobs):
    X, y = blobs
    weight = np.linspace(1, 2, len(y))
    one, other = (
        ConvNetClassifier(max_epochs=2, random_state=0).fit(X, y, factor * weight).predict_proba(X)
        for factor in (1.0, 1024.0)
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


# Options ------------------------------------------------------------------------------------

LOSSES = ["cross_entropy", "logit_adjusted", "balanced_softmax", "focal", "ldam"]


class Spy(Callback):
    """Keeps the plan, and the rows of every batch."""

    def __deepcopy__(self, memo):
        return self

    def on_fit_start(self, progress):
        self.plan = progress.plan
        self.drawn = []
        load = self.plan.data.load
        self.plan.data.load = lambda rows: (self.drawn.append(rows), load(rows))[1]


class StopAfter(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, progress):
        if progress.epoch == self.epoch:
            raise KeyboardInterrupt


class NoTraining(Callback):
    def on_fit_start(self, progress):
        pytest.fail("training began")


def fitted(X, y, sample_weight=None, **parameters):
    model = ConvNetClassifier(**{"max_epochs": 1, "random_state": 0, **parameters})
    return model.fit(X, y, sample_weight)


@pytest.mark.parametrize("resampling", ["none", "balanced"])
@pytest.mark.parametrize("class_weight", [None, "balanced", "deferred", {1: 3.0}])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_option_fits_images_and_tables(
    loss, class_weight, resampling, pictures, blobs, tmp_path
):
    options = {"loss": loss, "class_weight": class_weight, "resampling": resampling}
    state = torch.get_rng_state()
    table = fitted(*blobs, **options)
    image = fitted(*pictures, **options, architecture="paper", augmentation="affine")
    assert torch.equal(torch.get_rng_state(), state)
    for model, (X, y) in ((table, blobs), (image, pictures)):
        posterior = model.predict_proba(X)
        np.testing.assert_allclose(posterior.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict_proba(X), posterior)
        np.testing.assert_array_equal(model.class_counts_, np.bincount(y))
    image.save(tmp_path / "model")
    again = ConvNetClassifier.load(tmp_path / "model").predict_proba(pictures[0])
    np.testing.assert_array_equal(again, image.predict_proba(pictures[0]))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns(loss, blobs):
    X, y = blobs
    assert fitted(X, y, loss=loss, max_epochs=8, learning_rate=1e-2).score(X, y) > 0.9


@pytest.mark.parametrize("augmentation", ["none", "shift", "affine"])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_the_paper_network_and_augmentation_take_small_images(size, augmentation):
    X = np.random.default_rng(0).random((12, size, size))
    model = fitted(X, np.arange(12) % 2, architecture="paper", augmentation=augmentation)
    assert np.isfinite(model.predict_proba(X)).all()


def test_the_paper_network_learns_digits():
    digits = load_digits()
    X, y = digits.images, digits.target
    model = fitted(X[:500], y[:500], architecture="paper", learning_rate=1e-3, max_epochs=6)
    assert model.score(X[500:900], y[500:900]) > 0.8


def test_dropout_and_augmentation_are_drawn_from_the_seed(pictures):
    X, y = pictures
    options = {"architecture": "paper", "augmentation": "shift", "resampling": "balanced"}
    torch.manual_seed(1)
    one = fitted(X, y, **options).predict_proba(X)
    torch.manual_seed(2)
    np.testing.assert_array_equal(fitted(X, y, **options).predict_proba(X), one)
    for name in ("augmentation", "resampling"):
        assert (fitted(X, y, **{**options, name: "none"}).predict_proba(X) != one).any()


def test_dropout_leaves_out_half_and_keeps_the_mean(pictures):
    spy = Spy()
    fitted(*pictures, architecture="paper", callbacks=[spy])
    spy.plan.modules[0] = torch.nn.Identity()
    spy.plan.modules[1] = torch.nn.Identity()
    features = spy.plan._logits(torch.ones(100, 1000))
    assert set(features.unique().tolist()) == {0.0, 2.0}
    assert features.mean() == pytest.approx(1, abs=0.02)


# Class weights ------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "linear"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 2: 0.5}])
def test_class_weight_is_a_factor_on_sample_weight(blobs, class_weight, given):
    X, y = blobs
    weight = None if given is None else np.linspace(1, 2, len(y))
    expected = compute_sample_weight(class_weight, y) * (1 if weight is None else weight)
    if class_weight == "balanced" and weight is not None:
        # Classes get equal totals, those of their weighted rows.
        expected = weight / np.bincount(y, weight)[y]
    one = fitted(X, y, weight, class_weight=class_weight)
    same = fitted(X, y, expected)
    np.testing.assert_allclose(one.predict_proba(X), same.predict_proba(X), atol=1e-5)
    plain = fitted(X, y, weight)
    assert np.abs(one.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3
    np.testing.assert_array_equal(one.class_counts_, plain.class_counts_)


@pytest.mark.parametrize("loss", ["logit_adjusted", "ldam"])
def test_class_weight_does_not_change_what_a_loss_makes_of_the_class_sizes(blobs, loss):
    losses = []
    for class_weight in (None, "balanced"):
        spy = Spy()
        fitted(*blobs, loss=loss, class_weight=class_weight, callbacks=[spy])
        losses.append(spy.plan.loss.keywords)
    for one, other in zip(*(kept.values() for kept in losses), strict=True):
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(other))


def test_class_weight_takes_labels_of_any_kind(blobs):
    # Digits as text are where a dict is easily misread.
    X, y = blobs
    text = fitted(X, y.astype(str), class_weight={"0": 5.0})
    number = fitted(X, y, class_weight={np.int64(0): 5.0})
    np.testing.assert_array_equal(text.predict_proba(X), number.predict_proba(X))
    assert (text.predict_proba(X) != fitted(X, y).predict_proba(X)).any()


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: 1.0, 7: 2.0}, r"contains \[7\], but the classes of y are \[0, 1, 2\]"),
        ({"0": 1.0}, r"contains \['0'\]"),
        ({0: 0.0}, "above 0"),
        ({0: np.nan}, "above 0"),
        ({0: "much"}, "above 0"),
        ("even", "'class_weight' parameter .* Got 'even' instead"),
    ],
)
def test_impossible_class_weight(blobs, class_weight, message):
    with pytest.raises(InvalidParameterError, match=message):
        fitted(*blobs, class_weight=class_weight, callbacks=[NoTraining()])


class Weights(Callback):
    """Keeps the weights that every epoch ended with."""

    def __deepcopy__(self, memo):
        return self

    def on_fit_start(self, progress):
        self.seen = []

    def on_epoch_end(self, progress):
        self.seen.append(progress.plan.data.weight)


@pytest.mark.parametrize(("max_epochs", "n_late"), [(1, 1), (8, 2), (12, 2), (20, 4)])
@pytest.mark.parametrize("given", [None, "linear"])
def test_deferred_weights_come_for_the_last_fifth_of_the_epochs(blobs, max_epochs, n_late, given):
    X, y = blobs
    weight = None if given is None else np.linspace(1, 2, len(y))
    spy = Weights()
    fitted(X, y, weight, class_weight="deferred", max_epochs=max_epochs, callbacks=[spy])
    early, late = spy.seen[:-n_late], spy.seen[-n_late:]
    factors = 1 / (1 - 0.9999 ** np.bincount(y, weight))
    expected = (factors / factors.mean())[y] * (1 if weight is None else weight)
    for seen in late:
        np.testing.assert_allclose(seen, expected, rtol=1e-5)
    for seen in early:
        assert seen is None if weight is None else np.allclose(seen, weight)


def test_a_checkpoint_goes_on_with_deferred_weights(blobs, tmp_path):
    X, y = blobs
    options = {"class_weight": "deferred", "max_epochs": 5}
    whole = fitted(X, y, **options).predict_proba(X)
    for stop_after in (2, 4):  # before and between the change
        path = tmp_path / str(stop_after)
        with pytest.warns(UserWarning, match="interrupted"):
            fitted(X, y, **options, callbacks=[Checkpoint(path), StopAfter(stop_after)])
        resumed = fitted(X, y, **options, callbacks=[Checkpoint(path)])
        np.testing.assert_array_equal(resumed.predict_proba(X), whole)


# Mixing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", ["mixup", "remix"])
@pytest.mark.parametrize("loss", LOSSES)
def test_mixing_learns_from_every_loss(loss, mixing, blobs, pictures):
    X, y = blobs
    assert (
        fitted(X, y, loss=loss, mixing=mixing, max_epochs=8, learning_rate=1e-2).score(X, y) > 0.9
    )
    fitted(*pictures, np.linspace(1, 2, 48), loss=loss, mixing=mixing, resampling="balanced")


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_a_mixed_row_is_that_of_its_mixed_label(blobs, weighted):
    X, y = blobs
    factor = np.array([1.0, 2.0, 5.0]) if weighted else np.ones(3)
    spy = Spy()
    fitted(X, y, factor[y] if weighted else None, mixing="mixup", callbacks=[spy])
    plan = spy.plan
    mixed, twice, weights = plan._mixed(torch.tensor(X).float(), torch.tensor(y), plan.data.weight)
    first, second = twice.chunk(2)
    own, others = weights.chunk(2)
    total = own.numpy() / factor[first] + others.numpy() / factor[second]
    np.testing.assert_allclose(total, 1, rtol=1e-6)
    if not weighted:
        # The blobs are far enough apart to tell what a row was mixed of, to a deviation of 1.
        centres = 6 * torch.eye(3)
        expected = own[:, None] * centres[first] + others[:, None] * centres[second]
        assert (mixed - expected).std() < 1.1
    soft = own[:, None] * torch.eye(3)[first] + others[:, None] * torch.eye(3)[second]
    logits = torch.randn(len(y), 3)
    expected = -(soft * logits.log_softmax(1)).sum() / weights.sum()
    torch.testing.assert_close(plan.loss(logits.repeat(2, 1), twice, weight=weights), expected)


@pytest.mark.parametrize("mixing", ["cutmix", "cmo"])
def test_pasting_keeps_the_label_of_what_is_seen(mixing):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 30, 10])
    X = np.zeros((100, 8, 8, 1), np.uint8) + (1 + y[:, None, None, None]).astype(np.uint8) * 60
    order = rng.permutation(100)
    X, y = X[order], y[order]
    spy = Spy()
    fitted(X, y, mixing=mixing, augmentation="none", max_epochs=1, callbacks=[spy])
    plan = spy.plan
    x, labels, _ = plan.data.batch(np.arange(100))
    mixed, twice, weights = plan._mixed(x, labels, None)
    first, second = twice.chunk(2)
    own, others = weights.chunk(2)
    level = np.array([x[y == c].mean() for c in range(3)])
    expected = own.numpy() * level[first] + others.numpy() * level[second]
    np.testing.assert_allclose(mixed.mean((1, 2, 3)), expected, rtol=1e-5)
    np.testing.assert_allclose(own + others, 1, rtol=1e-6)
    share = np.bincount(second, minlength=3) / 100
    # CMO draws a class by the inverse of its size: 1/60, 1/30 and 1/10.
    wanted = [1 / 9, 2 / 9, 6 / 9] if mixing == "cmo" else [0.6, 0.3, 0.1]
    np.testing.assert_allclose(share, wanted, atol=0.15 if mixing == "cmo" else 1e-9)


def test_pasting_needs_images(blobs):
    with pytest.raises(InvalidParameterError, match="mixing='cmo' pastes parts of images"):
        fitted(*blobs, mixing="cmo")


def test_remix_favours_rare_classes(imbalanced):
    X, y = imbalanced
    rare = {}
    for mixing in ("mixup", "remix"):
        model = fitted(X, y, mixing=mixing, max_epochs=8)
        rare[mixing] = model.predict_proba(X)[400:, 1].mean()
    assert rare["remix"] > rare["mixup"] + 0.02


def test_hardly_any_mixing_is_none(blobs):
    X, y = blobs
    # Almost every share is 0 or 1, so that a row stands in a batch whole, or another in its place.
    spy = Spy()
    fitted(X, y, mixing="mixup", mixing_alpha=1e-3, callbacks=[spy])
    x = torch.tensor(X).float()
    mixed, _, _ = spy.plan._mixed(x, torch.tensor(y), None)
    nearest = (mixed[:, None] - x).square().sum(-1).amin(1)
    assert (nearest < 1e-6).float().mean() > 0.9


# Resampling and losses ----------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_batches_draw_classes_equally_and_rows_by_weight(blobs, weighted):
    X, y = blobs
    weight = np.where(np.arange(len(y)) % 2, 3.0, 1.0) if weighted else None
    spy = Spy()
    fitted(X, y, weight, resampling="balanced", max_epochs=300, callbacks=[spy])
    assert {len(rows) for rows in spy.drawn} == {15}  # four steps an epoch, as without
    assert len(spy.drawn) == 4 * 300
    counts = np.bincount(np.concatenate(spy.drawn), minlength=len(y))
    expected = 1 / 3 / np.bincount(y, weight)[y] * (1 if weight is None else weight)
    deviation = (counts / counts.sum() - expected) / np.sqrt(expected / counts.sum())
    assert np.abs(deviation).max() < 4.5
    assert np.bincount(y, counts) / counts.sum() == pytest.approx(1 / 3, abs=0.015)
    assert spy.plan.data.weight is None  # used up


def test_logit_adjustment_has_nothing_to_adjust_in_balanced_batches(blobs):
    X, y = blobs
    one, other = (
        fitted(X, y, loss=loss, resampling="balanced").predict_proba(X)
        for loss in ("cross_entropy", "logit_adjusted")
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_balanced_softmax_is_logit_adjustment(blobs):
    X, y = blobs
    one, other, plain = (
        fitted(X, y, loss=loss).predict_proba(X)
        for loss in ("balanced_softmax", "logit_adjusted", "cross_entropy")
    )
    np.testing.assert_array_equal(one, other)
    assert np.abs(one - plain).max() > 1e-3


def test_focal_loss_without_gamma_is_cross_entropy(blobs):
    X, y = blobs
    plain = fitted(X, y).predict_proba(X)
    without, focal = (
        fitted(X, y, loss="focal", focal_gamma=g).predict_proba(X) for g in (0.0, 2.0)
    )
    np.testing.assert_allclose(without, plain, atol=1e-6)
    assert np.abs(focal - plain).max() > 1e-3


def test_ldam_has_cosine_logits_and_the_margins_of_the_class_sizes(blobs):
    X, y = blobs
    spy = Spy()
    model = fitted(X, y, loss="ldam", callbacks=[spy])
    expected = 30 * 0.5 * (10 / np.array([30, 20, 10])) ** 0.25
    np.testing.assert_allclose(spy.plan.loss.keywords["margins"], expected, rtol=1e-6)
    with torch.no_grad():
        logits = model.network_(model._codec.encode(X).float())
    assert logits.abs().max() <= 30 + 1e-4


# Augmentation -------------------------------------------------------------------------------


@pytest.mark.parametrize("augmentation", ["shift", "affine"])
def test_a_table_cannot_be_augmented(blobs, augmentation):
    with pytest.raises(InvalidParameterError, match=f"augmentation='{augmentation}'.*table"):
        fitted(*blobs, augmentation=augmentation, callbacks=[NoTraining()])


def test_flat_images_can_be_augmented(pictures):
    X, y = pictures
    flat = fitted(X.reshape(len(X), -1), y, augmentation="affine", image_shape=(8, 8))
    whole = fitted(X, y, augmentation="affine")
    np.testing.assert_array_equal(flat.predict_proba(X.reshape(len(X), -1)), whole.predict_proba(X))


@pytest.mark.parametrize("method", [ConvNetClassifier, DGCClassifier])
def test_a_function_augments(method, pictures, tmp_path):
    X, y = pictures
    seen = []

    def noisy(x):
        seen.append((x.shape[1:], float(x.min()) >= 0, float(x.max()) <= 1))
        return (x + 0.1 * torch.randn(x.shape)).clamp(0, 1)

    def fit(augmentation):
        return method(max_epochs=1, random_state=0, augmentation=augmentation).fit(X, y)

    state = torch.get_rng_state()
    model = fit(noisy)
    assert torch.equal(torch.get_rng_state(), state)
    assert len(seen) > 1
    assert set(seen) == {((1, 8, 8), True, True)}
    found = model.predict_proba(X)
    np.testing.assert_array_equal(found, fit(noisy).predict_proba(X))
    assert (found != fit("none").predict_proba(X)).any()
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(method.load(tmp_path / "model").predict_proba(X), found)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x.flatten(1), r"returns \(2, 64\) for images of shape \(2, 1, 8, 8\)"),
        (lambda x: x.numpy(), "returns ndarray"),
        (lambda x: x * 2 - 1, "values from -1 to .*normalisation"),
        (lambda x: x / 0 * 0, "values from nan to nan"),
        (lambda x: x.no_such_method(), "fails on 2 images .*AttributeError"),
    ],
)
def test_a_function_that_does_not_augment_is_refused(function, message, pictures):
    with pytest.raises(InvalidParameterError, match=message):
        fitted(*pictures, augmentation=function, callbacks=[NoTraining()])


def test_a_function_cannot_augment_tables(blobs):
    with pytest.raises(InvalidParameterError, match="augmentation=<built-in.*table"):
        fitted(*blobs, augmentation=torch.clone, callbacks=[NoTraining()])
