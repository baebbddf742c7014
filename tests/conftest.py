"""What every test needs: no windows, few threads, and the real data where there is some."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

# Both are read when matplotlib and torch are first imported, which is after this file.
os.environ["MPLBACKEND"] = "Agg"
# `make test` runs a worker on every core: more threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the tests in the background ignores what some of them press.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Read now: tests of the loaders change the variable.
NAMED = os.environ.get("EQUIPOISE_DATA")
REAL = Path(NAMED) if NAMED else Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """Folder with the real MNIST files in ``mnist/``; without them, what asks for it skips."""
    if not any((REAL / "mnist").glob("train-images-idx3-ubyte*")):
        where = f"EQUIPOISE_DATA={NAMED}" if NAMED else "../shared/data (no EQUIPOISE_DATA is set)"
        pytest.skip(f"needs the real MNIST: there is no mnist/train-images-idx3-ubyte in {where}")
    return REAL


# Arguments with which a fit takes a fraction of a second.
TINY = {
    "ConvNetClassifier": {"max_epochs": 1, "batch_size": 16, "random_state": 0},
    "DGCClassifier": {
        "max_epochs": 1,
        "batch_size": 16,
        "random_state": 0,
        "latent_dim": 4,
        "n_codes": 1,
        "n_importance_samples": 2,
    },
}


@pytest.fixture(params=TINY)
def build(request):
    """Constructor of each public classifier, with tiny arguments that a test may override."""
    import equipoise

    return partial(getattr(equipoise, request.param), **TINY[request.param])


def frozen(*arrays):
    """The arrays, made read-only: code that writes to its input fails every test."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


@pytest.fixture(scope="session")
def blobs():
    """Table of three features and labels 0, 1, 2 with 30, 20 and 10 rows, far apart."""
    import numpy as np

    y = np.repeat([0, 1, 2], [30, 20, 10])
    X = np.random.default_rng(0).normal(size=(60, 3)) + 6 * np.eye(3)[y]
    return frozen(X, y)


@pytest.fixture(scope="session")
def pictures():
    """8-bit images of 8 × 8 pixels, 32 bright on the left and 16 bright on the right."""
    import numpy as np

    y = np.repeat([0, 1], [32, 16])
    X = np.random.default_rng(0).integers(0, 100, (48, 8, 8), dtype=np.uint8)
    X[:32, :, :4] += 150
    X[32:, :, 4:] += 150
    return frozen(X, y)
