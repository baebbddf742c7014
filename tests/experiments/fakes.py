"""Estimators that do what tests need: die, stall, count. Every process imports them by name."""

import json
import os
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression


class Stalls(LogisticRegression):
    """Fits; but the first of all fits notes who it is in ``marker``, and waits to be killed."""

    def __init__(self, marker=None, max_iter=20, random_state=None):
        super().__init__(max_iter=max_iter, random_state=random_state)
        self.marker = marker

    def fit(self, X, y):
        path = Path(self.marker)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"process": os.getpid(), "parent": os.getppid()}))
        try:
            os.link(partial, path)  # succeeds once, however many begin at the same moment
        except FileExistsError:
            return super().fit(X, y)
        time.sleep(600)


class Fails(ClassifierMixin, BaseEstimator):
    """Fits only where ``remedy`` exists."""

    def __init__(self, remedy=None):
        self.remedy = remedy

    def fit(self, X, y):
        if not Path(self.remedy).exists():
            raise RuntimeError("no remedy")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class Copies(BaseEstimator):
    """Sampler to share: repeats the mean image; every training adds a line to ``log``."""

    def __init__(self, log=None, fails=False, random_state=None):
        self.log, self.fails, self.random_state = log, fails, random_state

    def fit(self, X, y):
        with open(self.log, "a") as lines:
            lines.write(f"{self.random_state}\n")
        if self.fails:
            raise RuntimeError("no copies today")
        self.mean_ = X.mean(axis=0)
        return self

    def save(self, path):
        path.mkdir()
        np.save(path / "mean.npy", self.mean_)

    @classmethod
    def load(cls, path):
        sampler = cls()
        sampler.mean_ = np.load(path / "mean.npy")
        return sampler

    def resample(self, X, y, sampling_strategy=None):
        missing = {c: n - (y == c).sum() for c, n in sampling_strategy.items()}
        labels = np.repeat(list(missing), list(missing.values()))
        rows = np.tile(self.mean_ + 0.4, (len(labels), 1)).astype(X.dtype)
        return np.concatenate([X, rows]), np.concatenate([y, labels])

    def fit_resample(self, X, y):
        raise NotImplementedError


class Notes(LogisticRegression):
    """Fits, and adds its process and that one's parent to ``log``."""

    def __init__(self, log=None, max_iter=20, random_state=None):
        super().__init__(max_iter=max_iter, random_state=random_state)
        self.log = log

    def fit(self, X, y):
        with open(self.log, "a") as lines:
            lines.write(f"{os.getpid()} {os.getppid()}\n")
        return super().fit(X, y)
