"""Both classifiers train, save and load with a backbone that somebody else has made."""

import copy
import json
import pickle
import sys
import types

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from torch import nn

from equipoise import ConvNetClassifier, DGCClassifier, SyntheticPretrainingClassifier
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.training import Callback, Checkpoint


class Small(nn.Module):
    """Features of an image by layers that depend on the mode, the batch and noise."""

    def __init__(self, channels=1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
        )

    def forward(self, images):
        Small.n_images += len(images)
        return self.layers(images)


@pytest.fixture
def small():
    Small.n_images = 0
    torch.manual_seed(0)
    return Small()


def weights_of(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))


def backbone_weights(model):
    """Weights of the copy of ``Small`` in a fitted model."""
    (module,) = (m for m in model.network_.modules() if isinstance(m, Small))
    return weights_of(module)


# Training -----------------------------------------------------------------------------------


@pytest.mark.parametrize("freeze", [False, True])
def test_classes_are_learnt(build, pictures, small, freeze):
    X, y = pictures
    before = weights_of(small)
    model = build(architecture=small, freeze_backbone=freeze, max_epochs=20, learning_rate=0.03)
    model.fit(X, y)
    assert model.score(X, y) > 0.9
    assert same_weights(before, weights_of(small))
    assert small.training
    assert same_weights(before, backbone_weights(model)) == freeze
    assert model.transform(X).shape == (48, 72 if isinstance(model, ConvNetClassifier) else 4)
    assert len(model.get_feature_names_out()) == model.transform(X).shape[1]


def test_features_of_a_frozen_backbone_are_computed_once(build, pictures, small):
    def images_seen(**parameters):
        Small.n_images = 0
        build(architecture=small, freeze_backbone=True, **parameters).fit(*pictures)
        return Small.n_images

    assert images_seen(max_epochs=1) == images_seen(max_epochs=9)
    stopped = images_seen(max_epochs=9, early_stopping=True)
    assert stopped <= images_seen(max_epochs=1)


def test_the_backbone_has_a_learning_rate_of_its_own(build, pictures, small):
    def change(**parameters):
        model = build(architecture=small, learning_rate=1e-2, **parameters).fit(*pictures)
        after = backbone_weights(model)["layers.0.weight"]
        return (after - small.layers[0].weight).abs().max()

    assert change(backbone_learning_rate=1e-6) < 1e-4 < change(backbone_learning_rate=1e-2)
    assert change() == change(backbone_learning_rate=1e-3)  # a tenth


def test_the_seed_governs_the_noise_of_the_backbone(build, pictures, small):
    X, y = pictures
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = build(architecture=small).fit(X, y)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    other = build(architecture=small).fit(X, y)
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    another = build(architecture=small, random_state=1).fit(X, y)
    assert (one.predict_proba(X) != another.predict_proba(X)).any()


def test_a_fit_can_continue(build, pictures, small):
    model = build(architecture=small, warm_start=True).fit(*pictures)
    before = backbone_weights(model)
    model.set_params(freeze_backbone=True).fit(*pictures)
    assert len(model.history_) == 2
    assert same_weights(before, backbone_weights(model))


class PowerCut(Callback):
    def on_epoch_end(self, progress):
        if progress.epoch == 2:
            raise KeyError


@pytest.mark.parametrize("freeze", [False, True])
def test_a_resumed_run_equals_an_uninterrupted_one(build, pictures, small, freeze, tmp_path):
    X, y = pictures
    parameters = {"architecture": small, "freeze_backbone": freeze, "max_epochs": 4}
    whole = build(**parameters).fit(X, y)
    path = tmp_path / "state.pt"
    with pytest.raises(KeyError):
        build(**parameters, callbacks=[Checkpoint(path), PowerCut()]).fit(X, y)
    resumed = build(**parameters, callbacks=[Checkpoint(path)]).fit(X, y)
    assert same_weights(whole.network_.state_dict(), resumed.network_.state_dict())
    with pytest.raises(InvalidInputError, match="checkpoint of another fit"):
        other = {**parameters, "architecture": Small()}
        build(**other, callbacks=[Checkpoint(path)]).fit(X, y)


def test_a_snapshot_in_the_middle_of_the_training(build, pictures, small):
    found = []

    class Snap(Callback):
        def on_epoch_end(self, progress):
            found.append(progress.snapshot().predict_proba(pictures[0]))

    model = build(architecture=small, freeze_backbone=True, callbacks=[Snap()]).fit(*pictures)
    assert_array_equal(found[-1], model.predict_proba(pictures[0]))


def test_pretraining_on_generated_images(pictures, small):
    X, y = pictures
    from equipoise import GenerativeOverSampler

    tiny = {"max_epochs": 2, "random_state": 0, "architecture": small, "freeze_backbone": True}
    sampler = GenerativeOverSampler(DGCClassifier(latent_dim=4, **tiny))
    model = SyntheticPretrainingClassifier(ConvNetClassifier(**tiny), sampler).fit(X, y)
    assert same_weights(backbone_weights(model.estimator_), weights_of(small))


@pytest.mark.parametrize("freeze", [False, True])
def test_large_images_are_generated_at_their_size(small, freeze):
    X = np.random.default_rng(0).integers(0, 256, (12, 70, 130), dtype=np.uint8)
    y = np.arange(12) % 2
    model = DGCClassifier(
        architecture=small, freeze_backbone=freeze, latent_dim=4, max_epochs=1, random_state=0
    ).fit(X, y)
    assert model.sample(2).shape == (4, 70, 130)
    assert model.reconstruct(X).dtype == np.uint8
    assert model.network_.decoder(torch.zeros(1, 4)).shape == (1, 1, 34, 64)


# Errors -------------------------------------------------------------------------------------


def test_a_table_needs_no_backbone(build, blobs, small):
    with pytest.raises(InvalidInputError, match=r"architecture=Small\(...\) is .* X is a table"):
        build(architecture=small).fit(*blobs)


def test_a_network_that_is_not_trained_is_not_frozen(build, pictures):
    with pytest.raises(InvalidParameterError, match="freeze_backbone=True.*not trained yet"):
        build(freeze_backbone=True).fit(*pictures)


def test_features_cannot_be_augmented(pictures, small):
    model = ConvNetClassifier(architecture=small, freeze_backbone=True, augmentation="shift")
    with pytest.raises(InvalidParameterError, match="augmentation='shift'.*freeze_backbone=True"):
        model.fit(*pictures)
    assert Small.n_images <= 2 + 48  # no features of the images yet, but of some for their scale


def test_a_batch_of_one_is_refused_before_the_training(build, pictures):
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.BatchNorm1d(3))
    with pytest.raises(InvalidParameterError, match="fails on 1 image .* in training mode"):
        build(architecture=module, batch_size=1).fit(*pictures)
    build(architecture=module, batch_size=2).fit(*pictures)
    build(architecture=module, batch_size=1, freeze_backbone=True).fit(*pictures)


def test_a_module_that_does_not_fit_the_images(build, pictures):
    X, y = pictures
    model = build(architecture=Small(channels=3))
    model.fit(X, y)  # grey images are repeated
    with pytest.raises(InvalidParameterError, match=r"fails on 2 images of shape \(4, 8, 8\)"):
        model.fit(np.stack([X] * 4, 3), y)
    assert model.network_.training is False
    assert model.input_shape_ == (8, 8, 1)


# Copies and files ---------------------------------------------------------------------------


def test_clones_and_copies(build, pictures, small):
    X, y = pictures
    model = build(architecture=small, freeze_backbone=True).fit(X, y)
    expected = model.predict_proba(X)
    other = clone(model)
    assert other.architecture is not small
    assert_array_equal(other.fit(X, y).predict_proba(X), expected)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_array_equal(copied.predict_proba(X), expected)
    assert "Small" in repr(model)


@pytest.mark.parametrize("freeze", [False, True])
def test_a_module_is_put_in_when_the_estimator_is_loaded(build, pictures, small, freeze, tmp_path):
    X, y = pictures
    model = build(architecture=small, freeze_backbone=freeze).fit(X, y)
    model.save(tmp_path / "model")
    described = json.loads((tmp_path / "model" / "params.json").read_text())
    assert described["params"]["architecture"] == {"pairs": [["module", "Small"]]}
    other = Small()
    before = weights_of(other)
    again = type(model).load(tmp_path / "model", backbone=other)
    assert again.architecture is other
    assert same_weights(before, weights_of(other))
    assert_array_equal(again.predict_log_proba(X), model.predict_log_proba(X))
    again.set_params(warm_start=True).fit(X, y)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (None, "one as its architecture, a Small, .* Pass a module of the same layers: load"),
        ("resnet18", "backbone='resnet18' is no torch.nn.Module"),
        (nn.Flatten(), r"backbone=Flatten\(...\) does not fit the saved weights"),
        (nn.Identity, "is no torch.nn.Module"),
        (nn.Conv2d(1, 72, 2), r"needs .*module.bias of shape \(72,\) and has no .*layers.0.bias"),
        (nn.Conv2d(5, 8, 2), r"fails on 2 images of shape \(1, 8, 8\)"),
    ],
)
def test_a_backbone_that_cannot_be_put_in(build, pictures, small, tmp_path, backbone, message):
    build(architecture=small).fit(*pictures).save(tmp_path / "model")
    with pytest.raises(InvalidParameterError, match=message):
        build.func.load(tmp_path / "model", backbone=backbone)


def test_a_backbone_that_is_not_needed(build, pictures, tmp_path):
    build().fit(*pictures).save(tmp_path / "model")
    with pytest.raises(InvalidParameterError, match="architecture='compact'. Leave out backbone"):
        build.func.load(tmp_path / "model", backbone=nn.Flatten())


def test_layers_that_share_their_weights_are_saved(build, pictures, tmp_path):
    layer = nn.Linear(64, 64)
    module = nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer)
    model = build(architecture=module).fit(*pictures)
    model.save(tmp_path / "model")
    again = build.func.load(tmp_path / "model", backbone=module)
    assert_array_equal(again.predict(pictures[0]), model.predict(pictures[0]))


def test_a_model_of_timm_is_saved_by_its_name(build, pictures, tmp_path, monkeypatch):
    X, y = pictures

    def create_model(name, pretrained, num_classes):
        loaded.append(pretrained)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1))

    loaded = []
    fake = types.ModuleType("timm")
    fake.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", fake)
    model = build(architecture="timm:some.tag", freeze_backbone=True).fit(X, y)
    assert True in loaded
    loaded.clear()
    model.save(tmp_path / "model")
    again = build.func.load(tmp_path / "model")
    assert True not in loaded
    assert again.architecture == "timm:some.tag"
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InvalidParameterError, match=r"pip install 'equipoise\[timm\]'"):
        build.func.load(tmp_path / "model")
