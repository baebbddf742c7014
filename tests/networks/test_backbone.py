"""A module of somebody else becomes a trunk, or an error says what is wrong with it."""

import sys
import types

import pytest
import torch
from torch import nn

from equipoise.errors import InvalidParameterError
from equipoise.networks import build_trunk
from equipoise.networks.backbone import Backbone


def convolution(channels=3):
    return nn.Sequential(nn.Conv2d(channels, 5, 3, stride=2), nn.ReLU())


class Returns(nn.Module):
    """Computes what a function makes of the images."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


def test_features_are_those_of_the_module():
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 7))
    x = torch.rand(2, 3, 4, 4)
    trunk = build_trunk((4, 4, 3), module)
    assert trunk.out_features == 7
    assert torch.equal(trunk(x), module(x))


def test_feature_maps_are_averaged():
    module, x = convolution(), torch.rand(2, 3, 8, 6)
    trunk = Backbone(module, (8, 6, 3))
    assert trunk.out_features == 5
    assert torch.allclose(trunk(x), module(x).mean((2, 3)))


def test_grey_images_are_repeated_for_a_module_of_colours():
    module, x = convolution(), torch.rand(2, 1, 8, 8)
    expected = module(x.repeat(1, 3, 1, 1)).mean((2, 3))
    assert torch.allclose(Backbone(module, (8, 8, 1))(x), expected)
    grey = convolution(1)
    assert torch.allclose(Backbone(grey, (8, 8, 1))(x), grey(x).mean((2, 3)))


def test_images_are_scaled_and_normalised_as_timm_says():
    seen = []
    module = Returns(lambda x: seen.append(x) or x)
    module.pretrained_cfg = {"input_size": (3, 8, 8), "mean": (0.5, 0.4, 0.3), "std": (0.1, 0.2, 1)}
    trunk = Backbone(module, (16, 24, 3))
    trunk(torch.full((1, 3, 16, 24), 0.6))
    assert seen[-1].shape == (1, 3, 8, 8)
    assert torch.allclose(seen[-1][0, :, 0, 0], torch.tensor([1.0, 1.0, 0.3]))
    # Without aliasing: stripes of one pixel become grey.
    stripes = torch.zeros(1, 3, 16, 24)
    stripes[..., ::2] = 1
    trunk(stripes)
    assert (seen[-1][0, 2, 3:5, 3:5] - 0.2).abs().max() < 0.1


def test_modules_may_view_their_values_in_the_usual_order():
    class Views(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = convolution()

        def forward(self, images):
            return self.layers(images).view(len(images), -1)

    module, x = Views(), torch.rand(2, 3, 8, 8)
    trunk = nn.Sequential(Backbone(module, (8, 8, 3))).to(memory_format=torch.channels_last)
    assert torch.allclose(trunk(x.to(memory_format=torch.channels_last)), module(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_copy_computes_in_float32(dtype):
    module = convolution().to(dtype)
    trunk = Backbone(module, (8, 8, 3))
    assert trunk(torch.rand(2, 3, 8, 8)).dtype == torch.float32
    assert module[0].weight.dtype == dtype


def test_the_module_itself_stays_as_it_is():
    module = nn.Sequential(*convolution(), nn.BatchNorm2d(5)).eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    trunk = Backbone(module, (8, 8, 3))
    trunk.train()(torch.rand(4, 3, 8, 8))
    trunk.freeze()
    assert not module.training
    assert all(p.requires_grad for p in module.parameters())
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_frozen_backbone_does_not_change():
    trunk = Backbone(nn.Sequential(*convolution(), nn.BatchNorm2d(5), nn.Dropout()), (8, 8, 3))
    trunk.freeze()
    trunk.train()
    x = torch.rand(4, 3, 8, 8)
    assert torch.equal(trunk(x), trunk(x))
    assert not trunk(x).requires_grad


def test_features_are_scaled_for_the_layer_after_them():
    x = 50 * torch.rand(64, 400, 1, 1)
    trunk = Backbone(nn.Flatten(), (1, 1, 400))
    trunk.rescale(trunk(x))
    assert trunk(x).std(0).mean() == pytest.approx(128 / 400)
    trunk.rescale(torch.ones(5, 400))  # no spread: nothing to scale by
    assert torch.isfinite(trunk(x)).all()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Returns(lambda x: (x, x)), "returns a tuple. Pass a module that returns one float tensor"),
        (Returns(lambda x: x.flatten()), r"returns a tensor of shape \(384,\) and torch.float32"),
        (Returns(lambda x: x[0]), r"returns a tensor of shape \(3, 8, 8\) and torch.float32"),
        (Returns(lambda x: x.mean((0, 2, 3))[None]), "returns 1 row of features for 2 images"),
        (Returns(lambda x: x.long()), r"returns a tensor of .* and torch.int64. Pass a module"),
        (convolution(4), r"fails on 2 images of shape \(3, 8, 8\): RuntimeError: .* Pass a module"),
        (Returns(n for n in ()), "cannot be copied: TypeError.*copy.deepcopy can copy"),
    ],
)
def test_what_comes_out_is_checked(module, message):
    with pytest.raises(InvalidParameterError, match=rf"architecture=\w+\(...\) {message}"):
        Backbone(module, (8, 8, 3))


def test_training_mode_is_checked_too():
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 3), nn.BatchNorm1d(3))
    trunk = Backbone(module, (8, 8, 3))
    trunk.check_training(2)
    with pytest.raises(InvalidParameterError, match="fails on 1 image .* in training mode: Value"):
        trunk.check_training(1)
    assert trunk.module[2].num_batches_tracked == 0


# timm ---------------------------------------------------------------------------------------


@pytest.fixture
def timm(monkeypatch):
    """A stand-in for timm, whose models have weights of 1 if they are pretrained, otherwise 0."""
    calls = []

    def create_model(name, pretrained, num_classes):
        calls.append((name, pretrained))
        if name == "unknown" or (pretrained and name == "offline"):
            raise OSError("the server is not there")
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for parameter in model.parameters():
            nn.init.constant_(parameter, float(pretrained))
        model.pretrained_cfg = {"input_size": (3, 6, 6), "mean": (0.5,) * 3, "std": (0.5,) * 3}
        return model

    fake = types.ModuleType("timm")
    fake.create_model, fake.calls = create_model, calls
    monkeypatch.setitem(sys.modules, "timm", fake)
    return fake


def test_pretrained_weights_are_loaded_only_when_they_are_wanted(timm):
    trunk = build_trunk((9, 9, 1), "timm:small.best")
    assert timm.calls == [("small.best", False)]
    assert trunk.out_features == 4
    trunk.freeze()
    trunk.load_pretrained()
    assert timm.calls[1:] == [("small.best", True)]
    assert trunk.module[0].bias.tolist() == [1, 1, 1, 1]
    assert not trunk.module[0].bias.requires_grad


def test_a_model_that_timm_does_not_have(timm):
    with pytest.raises(
        InvalidParameterError,
        match=r"architecture='timm:unknown': the model is not to be had: OSError: .*list_models",
    ):
        build_trunk((9, 9, 1), "timm:unknown")


def test_weights_that_cannot_be_downloaded(timm):
    trunk = build_trunk((9, 9, 1), "timm:offline")
    with pytest.raises(
        InvalidParameterError,
        match=r"pretrained weights are not to be had: OSError: the server is not there .*HF_HOME"
        r".*timm.create_model\('offline', num_classes=0\)",
    ):
        trunk.load_pretrained()


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InvalidParameterError, match=r"pip install 'equipoise\[timm\]'"):
        build_trunk((9, 9, 1), "timm:resnet18")


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_models_of_the_real_timm(name):
    try:
        import timm
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"needs timm, which cannot be imported: {error}")
    grey = torch.rand(2, 1, 32, 48)
    trunk = Backbone(f"timm:{name}", (32, 48, 1)).eval()
    assert trunk(grey).shape == (2, trunk.out_features)
    module = timm.create_model(name, num_classes=0).eval()
    trunk = Backbone(module, (160, 160, 3)).eval()
    x = torch.rand(2, 3, 160, 160)
    assert torch.allclose(trunk(x), module((x - 0.5) / 0.5), atol=1e-5)
