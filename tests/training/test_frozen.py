"""The inputs that a frozen backbone leaves to the rest of a network."""

import numpy as np
import pytest
import torch
from torch import nn

from equipoise.classifiers.network import ClassifierNetwork
from equipoise.dgc.network import DGCNetwork
from equipoise.networks.backbone import backbone_of
from equipoise.preprocessing import EncodedRows, ImageCodec
from equipoise.training.frozen import FrozenRows


@pytest.mark.parametrize("size", [(8, 10), (80, 100)])
def test_the_network_sees_in_them_what_it_sees_in_the_images(size):
    X = np.random.default_rng(0).integers(0, 256, (5, *size, 3), dtype=np.uint8)
    images = EncodedRows(ImageCodec.fit(X, None), X)
    network = DGCNetwork(X.shape[1:], 2, 4, nn.Conv2d(3, 6, 3), "linear")
    backbone_of(network).freeze()
    known = FrozenRows(images, network, verbose=False)
    some = np.array([3, 1])
    with torch.no_grad():
        assert torch.equal(network.recognise(known[some])[0], network.recognise(images[some])[0])
        assert (network.targets(known[some]) - network.targets(images[some])).abs().max() < 1 / 500
    assert network.targets(known[:]).shape == (5, 8 * 10 * 3 if size == (8, 10) else 51 * 64 * 3)


def test_without_a_decoder_they_are_features_alone(capsys):
    X = np.random.default_rng(0).random((5, 6, 6))
    images = EncodedRows(ImageCodec.fit(X, None), X)
    network = ClassifierNetwork((6, 6, 1), 2, nn.Flatten()).train()
    backbone_of(network).freeze()
    known = FrozenRows(images, network, verbose=True)
    assert capsys.readouterr().err == ""  # nothing is computed before it is needed
    assert torch.equal(known.loader(torch.device("cpu"))(np.array([2])), images[2:3].flatten(1))
    assert torch.equal(known[:], images[:].flatten(1))
    assert capsys.readouterr().err == "computing the features of 5 images\n"
    assert network[1].training  # the rest of the network is left in its mode
