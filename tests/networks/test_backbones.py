"""Backbones take images of any size and give back what they promise."""

import math
import re

import pytest
import torch
from torch import nn

from equipoise.networks import build_decoder, build_trunk, conv

IMAGES = [
    (1, 1, 1),
    (1, 9, 2),
    (5, 7, 1),
    (8, 8, 1),
    (28, 28, 1),
    (32, 32, 3),
    (33, 40, 1),
    (64, 64, 3),
    (65, 300, 3),
    (225, 130, 3),
]


def shapes(module: nn.Module, kind: type) -> list[tuple[int, ...]]:
    """Weight shapes of all layers of one kind, in their order."""
    return [tuple(m.weight.shape) for m in module.modules() if isinstance(m, kind)]


@pytest.mark.parametrize("shape", IMAGES)
def test_compact_trunk(shape):
    trunk = build_trunk(shape, "compact")
    height, width, channels = shape
    features = trunk(torch.rand(2, channels, height, width))
    assert features.shape == (2, trunk.out_features)
    features.sum().backward()
    assert all(p.grad is not None for p in trunk.parameters())


@pytest.mark.parametrize("shape", IMAGES)
def test_compact_decoder(shape):
    decoder = build_decoder(5, shape, "compact")
    height, width, channels = shape
    images = decoder(20 * torch.randn(3, 5))
    assert images.shape == (3, channels, height, width)
    assert images.min() >= 0
    assert images.max() <= 1
    images.sum().backward()
    assert all(p.grad is not None for p in decoder.parameters())


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 2), (28, 28, 1), (64, 64, 3)])
def test_paper_sizes(shape):
    # On the "meta" device layers have shapes and no values: the widths of the paper cost nothing.
    with torch.device("meta"):
        trunk, decoder = build_trunk(shape, "paper"), build_decoder(5, shape, "paper")
        height, width, channels = shape
        assert trunk(torch.empty(2, channels, height, width)).shape == (2, trunk.out_features)
        assert decoder(torch.empty(3, 5)).shape == (3, channels, height, width)


def test_paper_pair_for_mnist_has_the_widths_of_the_release():
    trunk, decoder = build_trunk((28, 28, 1), "paper"), build_decoder(100, (28, 28, 1), "paper")
    assert shapes(trunk, nn.Conv2d) == [
        (128, 1, 4, 4),
        (256, 128, 4, 4),
        (512, 256, 4, 4),
        (1024, 512, 4, 4),
    ]
    assert trunk.out_features == 1024 * 2 * 2
    assert shapes(decoder, nn.Linear) == [(1024 * 7 * 7, 100)]
    # A transposed convolution keeps its inputs first.
    assert shapes(decoder, nn.ConvTranspose2d) == [(1024, 512, 4, 4), (512, 1, 4, 4)]
    images = decoder(torch.randn(2, 100))
    assert images.shape == (2, 1, 28, 28)
    assert images.min() >= 0
    assert images.max() <= 1
    assert trunk(images).shape == (2, 4096)


def test_paper_pair_for_64_pixels_has_the_widths_of_the_release():
    with torch.device("meta"):
        trunk = build_trunk((64, 64, 3), "paper")
        decoder = build_decoder(100, (64, 64, 3), "paper")
    widths = [3, 64, 128, 256, 512, 1024]
    assert shapes(trunk, nn.Conv2d) == [
        (n_out, n_in, 5, 5) for n_in, n_out in zip(widths[:-1], widths[1:], strict=True)
    ]
    assert shapes(decoder, nn.ConvTranspose2d) == [
        (1024, 512, 5, 5),
        (512, 256, 5, 5),
        (256, 3, 5, 5),
    ]
    assert trunk.out_features == 1024 * 2 * 2
    assert shapes(decoder, nn.Linear) == [(1024 * 8 * 8, 100)]


@pytest.mark.parametrize("architecture", ["compact", "paper"])
@pytest.mark.parametrize("n_features", [1, 7])
def test_tables_get_dense_layers_whatever_the_architecture(architecture, n_features):
    torch.manual_seed(0)
    trunk = build_trunk((n_features,), architecture)
    assert trunk(torch.randn(1, n_features)).shape == (1, trunk.out_features)  # one row is enough
    rows = build_decoder(5, (n_features,), architecture)(100 * torch.randn(200, 5))
    assert rows.shape == (200, n_features)
    assert rows.min() < 0
    assert not shapes(trunk, nn.Conv2d)


def test_compact_pair_costs_what_its_docstring_says():
    def multiply_adds(module, x):
        total = 0

        def count(layer, inputs, output):
            nonlocal total
            per_output = layer.weight.numel() / layer.weight.shape[0]
            if isinstance(layer, nn.ConvTranspose2d):
                total += layer.weight.shape[1:].numel() * inputs[0].numel() / len(output)
            elif isinstance(layer, nn.Conv2d):
                total += per_output * output[0].numel()
            else:
                total += layer.weight.numel()

        for layer in module.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                layer.register_forward_hook(count)
        module(x)
        return total

    trunk = multiply_adds(build_trunk((28, 28, 1), "compact"), torch.rand(2, 1, 28, 28))
    decoder = multiply_adds(build_decoder(64, (28, 28, 1), "compact"), torch.randn(2, 64))
    photograph = multiply_adds(build_trunk((32, 32, 3), "compact"), torch.rand(2, 3, 32, 32))
    said = list(map(int, re.findall(r"(\d+)\s+million", conv.__doc__)))
    assert math.isclose(trunk, 1e6 * said[0], rel_tol=0.1)
    assert math.isclose(decoder, 1e6 * said[1], rel_tol=0.2)
    assert math.isclose(photograph, 1e6 * said[2], rel_tol=0.1)


@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 48, 3), (130, 225, 3)])
def test_spatial_features_of_photographs_keep_their_positions(shape):
    height, width, channels = shape
    trunk = build_trunk(shape, "compact", spatial=True)
    mean = build_trunk(shape, "compact")
    features = trunk(torch.rand(2, channels, height, width))
    assert features.shape == (2, trunk.out_features)
    assert trunk.out_features % mean.out_features == 0 and trunk.out_features > mean.out_features
