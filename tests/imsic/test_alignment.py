"""Categories found without labels, and maps written by hand."""

import numpy as np
import pytest
import torch

from equipoise import IMSIC, load_dataset
from equipoise.errors import InvalidParameterError
from equipoise.imsic.alignment import align
from equipoise.imsic.network import IMSICNetwork

from .test_released import released


def test_every_class_gets_one_category_whatever_its_size():
    confusion = np.array([[900, 100, 0], [0, 8, 2], [3, 0, 4]])
    assert align(confusion).tolist() == [0, 1, 2]
    # Both classes prefer category 0; the small one loses more by giving it up.
    assert align(np.array([[600, 400], [10, 0]])).tolist() == [1, 0]


def test_unsupervised_categories_are_aligned_and_overridden(few_digits):
    options = {"label_use": "unsupervised", "max_epochs": 2, "random_state": 0}
    found = IMSIC(**options).fit(*few_digits)
    assert sorted(found.label_map_.tolist()) == [0, 1, 2, 3, 4]
    assert ((found.label_purity_ >= 0) & (found.label_purity_ <= 1)).all()
    given = IMSIC(label_map=[4, 3, 2, 1, 0], **options).fit(*few_digits)
    category = found.label_map_.tolist().index(2)
    assert (given.sample(3, found.classes_[2]) == found.sample(3, found.classes_[category])).all()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A file in the released format with random weights."""
    path = tmp_path_factory.mktemp("released") / "gan.pt"
    torch.save(released(), path)
    return path


def test_a_released_checkpoint_samples_and_resamples(checkpoint):
    sampler = IMSIC.from_released_checkpoint(
        checkpoint, label_map=[6, 1, 4, 9, 0, 8, 5, 2, 7, 3], random_state=0
    )
    assert isinstance(sampler.network_, IMSICNetwork)
    images = sampler.sample(2, [0, 9], noise_scale=0.5)
    assert images.shape == (4, 32, 32, 1) and 0 <= images.min() <= images.max() <= 1
    direct = sampler.network_.generator.eval()
    torch.manual_seed(0)
    z, c = torch.randn(1, 62), torch.rand(1, 4)
    with torch.inference_mode():
        assert direct(z, torch.tensor([6]), c).shape == (1, 1, 32, 32)
    assert (sampler.propose(1, 0)[0] == sampler.sample(1, 0)).all()


def test_a_wrong_map_warns_class_by_class(checkpoint):
    digits = load_dataset("digits")
    X, y = digits.X_train[:200], digits.y_train[:200]
    X = np.kron(X, np.ones((1, 4, 4), dtype=np.uint8))
    with pytest.warns(UserWarning, match="label_map: class .* is drawn by category"):
        sampler = IMSIC.from_released_checkpoint(checkpoint, X=X, y=y, label_map=range(10))
    assert sampler.sample(1, 3).dtype == np.uint8
    aligned = IMSIC.from_released_checkpoint(checkpoint, X=X, y=y)
    assert sorted(aligned.label_map_.tolist()) == list(range(10))
    with pytest.raises(InvalidParameterError, match="label_map"):
        IMSIC.from_released_checkpoint(checkpoint)
