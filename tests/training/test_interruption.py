"""Ctrl-C: kept where the user has called fit, passed on everywhere else."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler, evaluate_resampling
from equipoise.training import Callback


class Interrupt(Callback):
    """Ctrl-C after the first epoch of every training; counts the trainings."""

    n = 0

    def on_epoch_end(self, progress):
        type(self).n += 1
        raise KeyboardInterrupt


@pytest.fixture
def table():
    Interrupt.n = 0
    X = np.random.default_rng(0).normal(size=(60, 3))
    return X, (X[:, 0] > 0.7).astype(int)


def dgc(**parameters):
    return DGCClassifier(max_epochs=4, callbacks=[Interrupt()], random_state=0, **parameters)


def imsic():
    return IMSIC(max_epochs=4, callbacks=[Interrupt()], random_state=0)


def test_fit_of_the_user_keeps_the_model(table):
    with pytest.warns(UserWarning, match="interrupted in epoch 2 of 4; the model is kept"):
        model = dgc().fit(*table)
    assert len(model.history_) == 1
    assert np.isfinite(model.predict_proba(table[0])).all()


@pytest.mark.parametrize(
    "run",
    [
        lambda X, y: cross_val_score(dgc(), X, y, cv=3),
        lambda X, y: GridSearchCV(dgc(), {"latent_dim": [2, 3]}, cv=3).fit(X, y),
        lambda X, y: make_pipeline(StandardScaler(), dgc()).fit(X, y),
        lambda X, y: imsic().fit_resample(X, y),
        lambda X, y: GenerativeOverSampler(dgc()).fit(X, y),
        lambda X, y: GenerativeOverSampler(dgc()).fit_resample(X, y),
        lambda X, y: evaluate_resampling(
            X, y, samplers={"imsic": imsic()}, classifiers={"lr": LogisticRegression()}
        ),
    ],
    ids=["cross_val", "grid", "pipeline", "imsic", "over_fit", "over_resample", "evaluate"],
)
def test_interruption_reaches_the_loop_around_the_fit(table, run):
    with pytest.raises(KeyboardInterrupt):
        run(*table)
    assert Interrupt.n == 1


def test_interrupted_fit_in_a_loop_leaves_the_model_as_it_was(table):
    model = imsic()
    with pytest.raises(KeyboardInterrupt):
        model.fit_resample(*table)
    assert not hasattr(model, "network_")
