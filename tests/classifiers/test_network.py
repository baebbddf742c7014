"""The networks have the layers of their papers and take images of any size."""

import numpy as np
import pytest
import torch
from torch import nn

from equipoise import ConvNetClassifier
from equipoise.classifiers.network import ClassifierNetwork, CosineLinear


@pytest.mark.parametrize("cosine", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 2), (5, 7, 1), (28, 28, 1), (33, 40, 3)])
def test_paper_network(shape, cosine):
    network = ClassifierNetwork(shape, 4, "paper", cosine)
    height, width, channels = shape
    logits = network(torch.rand(2, channels, height, width))
    assert logits.shape == (2, 4)
    logits.sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_paper_network_has_the_layers_of_the_paper():
    network = ClassifierNetwork((32, 32, 1), 10, "paper")
    weights = [tuple(p.shape) for p in network.parameters() if p.ndim > 1]
    assert weights == [(32, 1, 5, 5), (64, 32, 5, 5), (1000, 64 * 8 * 8), (10, 1000)]
    names = [type(m).__name__ for m in network.modules() if not list(m.children())]
    stage = ["Conv2d", "ReLU", "MaxPool2d"]
    assert names == [*stage, *stage, "Flatten", "Linear", "ReLU", "Linear"]
    assert network.dropout == 0.5


def test_tables_have_no_paper_network():
    one, other = (ClassifierNetwork((3,), 2, name) for name in ("compact", "paper"))
    assert str(one) == str(other)
    assert other.dropout == 0
    assert not any(isinstance(m, nn.Conv2d) for m in other.modules())


def test_cosine_layer_sees_directions_only():
    layer = CosineLinear(5, 3)
    features = torch.randn(8, 5)
    logits = layer(features)
    each = nn.functional.cosine_similarity(features[:, None], layer.weight[None], dim=2)
    torch.testing.assert_close(logits, 30 * each)
    torch.testing.assert_close(layer(7 * features), logits)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(layer(features), logits)
    assert layer.double()(features.double()).dtype == torch.float64


@pytest.mark.parametrize(("architecture", "width"), [("compact", 128), ("paper", 1000)])
def test_features_are_what_the_last_layer_sees(pictures, architecture, width):
    X, y = pictures
    model = ConvNetClassifier(
        architecture=architecture, max_epochs=1, learning_rate=1e-3, random_state=0
    ).fit(X, y)
    features = model.transform(X)
    assert features.shape == (len(X), width) and features.dtype == np.float32
    last = [m for m in model.network_.modules() if isinstance(m, nn.Linear)][-1]
    logits = features @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    odds = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(1, keepdims=True), model.predict_proba(X), atol=1e-5)
