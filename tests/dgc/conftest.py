import numpy as np
import pytest
from sklearn.datasets import load_digits

from equipoise import DGCClassifier


@pytest.fixture(scope="session")
def digits():
    """Imbalanced training digits (0 to 4, uint8 8×8) and a test part."""
    images, labels = load_digits(n_class=5, return_X_y=True)
    images = np.rint(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    train = np.concatenate(
        [np.flatnonzero(labels == c)[:n] for c, n in enumerate((100, 80, 60, 40, 12))]
    )
    test = np.concatenate([np.flatnonzero(labels == c)[110:] for c in range(5)])
    return images[train], labels[train], images[test], labels[test]


@pytest.fixture(scope="session")
def model(digits):
    """A small fitted classifier; do not refit it."""
    X, y, _, _ = digits
    return DGCClassifier(latent_dim=8, max_epochs=15, batch_size=16, random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def paper_model(digits):
    """The published objective, fitted; do not refit it."""
    X, y, _, _ = digits
    return DGCClassifier.paper(
        latent_dim=8, max_epochs=15, batch_size=16, random_state=0, pretrain_steps=20
    ).fit(X, y)
