"""Released checkpoints: the networks that they hold, and files that are refused."""

import argparse
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from equipoise.errors import InvalidInputError
from equipoise.imsic.network import IMSICNetwork
from equipoise.imsic.released import read_released

# Layers of the release by number in its Sequential: convolutions (out, in) and batch norms.
GENERATOR_CONVOLUTIONS, GENERATOR_NORMS = {2: (128, 128), 6: (64, 128)}, {0: 128, 3: 128, 7: 64}
DISCRIMINATOR_CONVOLUTIONS = {3: (32, 16), 7: (64, 32), 11: (128, 64)}
DISCRIMINATOR_NORMS = {6: 32, 10: 64, 14: 128}


def released(n_codes=4, channels=1, side=32, n_classes=10, noise_dim=62, seed=0):
    """State dicts with the names and shapes of the release and random values."""
    rng = torch.Generator().manual_seed(seed)

    def state(linear, convolutions, norms):
        tensors = OrderedDict()
        for name, (n_out, n_in) in linear.items():
            tensors[f"{name}.weight"] = torch.randn(n_out, n_in, generator=rng) / n_in**0.5
            tensors[f"{name}.bias"] = 0.3 * torch.randn(n_out, generator=rng)
        for i, (n_out, n_in) in convolutions.items():
            weight = torch.randn(n_out, n_in, 3, 3, generator=rng) / (9 * n_in) ** 0.5
            tensors[f"conv_blocks.{i}.weight"] = weight
            tensors[f"conv_blocks.{i}.bias"] = 0.3 * torch.randn(n_out, generator=rng)
        for i, n in norms.items():
            name = f"conv_blocks.{i}"
            tensors[f"{name}.weight"] = 1 + 0.3 * torch.randn(n, generator=rng)
            tensors[f"{name}.bias"] = 0.3 * torch.randn(n, generator=rng)
            tensors[f"{name}.running_mean"] = 0.3 * torch.randn(n, generator=rng)
            tensors[f"{name}.running_var"] = 0.1 + torch.rand(n, generator=rng)
            tensors[f"{name}.num_batches_tracked"] = torch.tensor(468_750)
        tensors._metadata = OrderedDict({"": {"version": 1}})  # as state_dict() attaches it
        return tensors

    width = 128 * (side // 16) ** 2
    return {
        "generator": state(
            {"l1.0": (128 * (side // 4) ** 2, noise_dim + n_classes + n_codes)},
            GENERATOR_CONVOLUTIONS | {9: (channels, 64)},
            GENERATOR_NORMS,
        ),
        "discriminator": state(
            {
                "adv_layer.0": (1, width),
                "aux_layer.0": (n_classes, width),
                "latent_layer.0": (n_codes, width),
            },
            DISCRIMINATOR_CONVOLUTIONS | {0: (16, channels)},
            DISCRIMINATOR_NORMS,
        ),
        "parameters": argparse.Namespace(latent_dim=62, lr=0.0002, dataset="mnist", evaluate=True),
    }


def norm(x, s, i, eps):
    name = f"conv_blocks.{i}"
    scale = s[f"{name}.weight"] / (s[f"{name}.running_var"] + eps).sqrt()
    shift = s[f"{name}.bias"] - s[f"{name}.running_mean"] * scale
    return x * scale[:, None, None] + shift[:, None, None]


def convolve(x, s, i, stride):
    return F.conv2d(x, s[f"conv_blocks.{i}.weight"], s[f"conv_blocks.{i}.bias"], stride, padding=1)


def linear(x, s, name):
    return x @ s[f"{name}.weight"].T + s[f"{name}.bias"]


def released_images(s, inputs):
    """Generator of the release, in evaluation mode; images in [−1, 1]."""
    x = linear(inputs, s, "l1.0")
    side = int((x.shape[1] / 128) ** 0.5)
    x = norm(x.reshape(-1, 128, side, side), s, 0, eps=1e-5)
    x = convolve(F.interpolate(x, scale_factor=2), s, 2, stride=1)
    x = F.leaky_relu(norm(x, s, 3, eps=0.8), 0.2)
    x = convolve(F.interpolate(x, scale_factor=2), s, 6, stride=1)
    x = F.leaky_relu(norm(x, s, 7, eps=0.8), 0.2)
    return convolve(x, s, 9, stride=1).tanh()


def released_heads(s, images):
    """Realness, logits of the categories and codes, in evaluation mode."""
    x = F.leaky_relu(convolve(images, s, 0, stride=2), 0.2)
    for convolution, bn in ((3, 6), (7, 10), (11, 14)):
        x = norm(F.leaky_relu(convolve(x, s, convolution, stride=2), 0.2), s, bn, eps=0.8)
    h = x.flatten(1)
    return linear(h, s, "adv_layer.0"), linear(h, s, "aux_layer.0"), linear(h, s, "latent_layer.0")


@pytest.mark.parametrize(
    ("sizes", "legacy"),
    [
        ({"n_codes": 4}, False),
        ({"n_codes": 3}, False),
        ({"n_codes": 2, "channels": 3, "side": 48, "n_classes": 5, "noise_dim": 7}, True),
    ],
    ids=["mnist", "fashion", "other sizes, older format"],
)
def test_the_networks_compute_what_the_release_computes(tmp_path, sizes, legacy):
    checkpoint, path = released(**sizes), tmp_path / "gan.pt"
    torch.save(checkpoint, path, _use_new_zipfile_serialization=not legacy)
    before = torch.get_rng_state()
    found = read_released(path)
    assert torch.equal(torch.get_rng_state(), before)

    channels, side = sizes.get("channels", 1), sizes.get("side", 32)
    n_classes, noise_dim = sizes.get("n_classes", 10), sizes.get("noise_dim", 62)
    assert found.image_shape == (side, side, channels)
    assert (found.n_classes, found.n_codes) == (n_classes, sizes["n_codes"])
    assert found.noise_dim == noise_dim
    network = IMSICNetwork(
        found.image_shape, found.n_classes, found.n_codes, found.noise_dim, "paper"
    )
    network.load_state_dict(found.state)
    network.eval()

    y = torch.arange(24) % n_classes
    rng = torch.Generator().manual_seed(1)
    noise = torch.randn(24, noise_dim, generator=rng)
    codes = 2 * torch.rand(24, sizes["n_codes"], generator=rng) - 1
    inputs = torch.cat([noise, F.one_hot(y, n_classes).float(), codes], 1)
    with torch.no_grad():
        images = released_images(checkpoint["generator"], inputs)
        for generator in (network.generator, network.average):
            torch.testing.assert_close(
                generator(noise, y, codes), (images + 1) / 2, rtol=0, atol=1e-5
            )
        images = 2 * torch.rand(24, channels, side, side, generator=rng) - 1
        realness, category, readings = released_heads(checkpoint["discriminator"], images)
        for label in (None, y):
            judged = network.discriminator((images + 1) / 2, label)
            expected = (realness[:, 0], category, readings)
            torch.testing.assert_close(tuple(judged), expected, rtol=0, atol=1e-5)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("how", ["entry", "weight", "whole", "older format", "plain pickle"])
def test_a_malicious_file_is_refused_and_nothing_runs(tmp_path, how):
    trace, path = tmp_path / "trace", tmp_path / "gan.pt"
    checkpoint = released()
    if how == "weight":
        checkpoint["generator"]["l1.0.bias"] = Touch(trace)
    else:
        checkpoint["parameters"] = Touch(trace)
    if how == "plain pickle":
        path.write_bytes(pickle.dumps(Touch(trace), protocol=2))
    else:
        saved = Touch(trace) if how == "whole" else checkpoint
        torch.save(saved, path, _use_new_zipfile_serialization=how != "older format")
    allowed = set(torch.serialization.get_safe_globals())
    with pytest.raises(
        InvalidInputError, match=r"gan\.pt' holds _?io\.open, which .* If you trust"
    ):
        read_released(path)
    assert not trace.exists()
    assert set(torch.serialization.get_safe_globals()) == allowed
    if how == "whole":  # the file does what the test says it does
        torch.load(path, weights_only=False).close()
        assert trace.exists()


class Model(nn.Linear):
    pass


@pytest.mark.parametrize("model", [Model(2, 2), nn.Linear(2, 2)], ids=["own", "torch"])
def test_a_whole_pickled_model_is_refused_by_name(tmp_path, model):
    path = tmp_path / "model.pt"
    torch.save({"generator": model, "discriminator": model}, path)
    with pytest.raises(InvalidInputError, match=f"model.pt' holds .*{type(model).__name__}, which"):
        read_released(path)


def without(part, name):
    def change(checkpoint):
        del checkpoint[part][name]

    return change


def put(part, name, value):
    def change(checkpoint):
        checkpoint[part][name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("generator"), "holds no state dict 'generator'"),
        (lambda c: c.update(discriminator=[1]), "holds no state dict 'discriminator'"),
        (without("generator", "l1.0.weight"), r"lacks generator\.l1\.0\.weight"),
        (without("discriminator", "conv_blocks.6.running_var"), r"lacks .*conv_blocks\.6\.runn"),
        (put("generator", "l2.0.weight", torch.ones(2)), r"unknown tensors: generator\.l2\.0\.we"),
        (put("generator", "average.bias", torch.ones(2)), r"unknown tensors: generator\.average"),
        (put("generator", "l1.0.weight", torch.ones(8192)), r"l1\.0\.weight of shape \(8192,\)"),
        (put("generator", "l1.0.weight", torch.ones(8192, 14)), "too small"),
        (put("generator", "l1.0.weight", torch.ones(100, 76)), "too small"),
        (
            put("generator", "l1.0.weight", torch.ones(128 * 63, 76)),
            r"l1\.0\.weight of shape \(8064, 76\), where the others ask for \(6272, 76\)",
        ),
        (
            put("discriminator", "adv_layer.0.weight", torch.ones(1, 128)),
            r"adv_layer\.0\.weight of shape \(1, 128\), where the others ask for \(1, 512\)",
        ),
        (put("generator", "l1.0.bias", [0.0]), r"holds a list as generator\.l1\.0\.bias"),
        (put("generator", "l1.0.bias", torch.full((8192,), torch.nan)), r"l1\.0\.bias .*finite"),
        (put("generator", "l1.0.bias", torch.ones(8192).long()), r"l1\.0\.bias with values"),
        (put("generator", "l1.0.bias", torch.ones(8192).to_sparse()), r"l1\.0\.bias with values"),
        (put("generator", "l1.0.bias", torch.ones(8192, device="meta")), r"l1\.0\.bias with valu"),
    ],
)
def test_other_tensors_are_refused(tmp_path, change, message):
    checkpoint, path = released(), tmp_path / "gan.pt"
    change(checkpoint)
    torch.save(checkpoint, path)
    with pytest.raises(InvalidInputError, match=rf"gan\.pt' .*{message}.*Pass a GAN checkpoint"):
        read_released(path)


def test_files_that_are_no_checkpoint(tmp_path):
    path = tmp_path / "gan.pt"

    def refused(fault):
        with pytest.raises(InvalidInputError, match=rf"gan\.pt' {fault}.*Pass a GAN checkpoint"):
            read_released(str(path))

    refused("cannot be read: No such file")
    torch.save(released(), path)
    whole = path.read_bytes()
    for content in (b"", b"weights", bytes(range(256)), whole[: len(whole) // 2], whole[9:]):
        path.write_bytes(content)
        refused("is no checkpoint, or a damaged one")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("gan/notes.txt", "weights")
    refused("is no checkpoint, or a damaged one")
    torch.save(torch.ones(3), path)
    refused("holds no state dict 'generator'")
    path.unlink()
    path.mkdir()
    refused("cannot be read: Is a directory")
