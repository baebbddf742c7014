"""Around every plot's test: no warnings, no changed settings, no figures left open."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

LONG_NAMES = [
    f"{first} {second}"
    for first in ("northern spotted", "lesser black-backed", "ruby-throated", "red-breasted")
    for second in ("woodpecker", "nuthatch", "gull", "hummingbird", "warbler")
    for _ in range(2)
]
LONG_NAMES = [f"{name} {i}" for i, name in enumerate(LONG_NAMES)]  # 40 of them


@pytest.fixture(autouse=True)
def nothing_global_changes(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a plot must not be shown")

    monkeypatch.setattr(plt, "show", refuse)
    settings, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == settings
    assert matplotlib.get_backend() == backend


@pytest.fixture
def long_names():
    return list(LONG_NAMES)


@pytest.fixture
def assert_nothing_cut():
    def check(figure):
        figure.draw_without_rendering()
        ink, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(ink.x0, ink.y0) >= -0.02, ink
        assert ink.x1 <= width + 0.02 and ink.y1 <= height + 0.02, (ink, width, height)

    return check


DEMO_METHODS = {  # name: label, group, skill, seconds
    "plain": ("plain CNN", "what a user does instead", -0.02, 120),
    "smote": ("SMOTE, then CNN", "what a user does instead", -0.012, 150),
    "logit-adjusted": ("logit adjustment", "what a user does instead", 0.0, 125),
    "dgc": ("DGC", "deep generative", 0.008, 210),
}


@pytest.fixture
def benchmark_records():
    """Records as the benchmark stores them, of chance but in a plausible order."""

    def make(datasets=("mnist", "digits"), seeds=(1, 2, 3), methods=DEMO_METHODS):
        records = []
        for d, dataset in enumerate(datasets):
            for name, (label, group, skill, seconds) in methods.items():
                for seed in seeds:
                    records.append(_record(dataset, d, name, label, group, skill, seconds, seed))
        return records

    return make


def _record(dataset, d, name, label, group, skill, seconds, seed):
    rng = np.random.default_rng([d, seed, *name.encode()])
    sizes = [4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40]
    loss = 0.5 + 0.25 * skill
    recall = 0.99 - (0.1 - 2 * skill) * np.linspace(0, 1, 10) ** 2 - 0.04 * d
    recall = (recall + rng.normal(0, 0.006, 10)).clip(0, 1)
    acsa = float(recall.mean())
    return {
        "experiment": "demo",
        "dataset": dataset,
        "treatment": name,
        "classifier": None,
        "sampler": None,
        "seed": seed,
        "attempt": 1,
        "status": "done",
        "error": None,
        "scored_on": "test",
        "treatment_label": label,
        "classifier_label": None,
        "group": group,
        "spec": {
            "class": "equipoise.ConvNetClassifier",
            "params": {"max_epochs": 12},
            "sampler": {"class": "imblearn.over_sampling.SMOTE", "params": {}}
            if name == "smote"
            else None,
        },
        "protocol": {"sizes": "published", "permute_classes": False},
        "classes": [str(c) for c in range(10)],
        "class_counts": sizes,
        "n_test": [100] * 10,
        "metrics": {
            "acsa": acsa,
            "f_macro": acsa - 0.001,
            "g_macro": acsa**0.5,
            "smallest_class_recall": float(recall[-1]),
            "largest_class_precision": acsa - 0.01,
        },
        "recall": recall.tolist(),
        "fit_seconds": seconds * rng.uniform(0.95, 1.05),
        "sampler_seconds": 7.0 if name == "smote" else None,
        "predict_seconds": 9.5,
        "peak_mib": 900.0,
        "n_parameters": 424171,
        "threads": 1,
        "history": [
            {"epoch": i, "loss": loss + 1.5 / i + rng.normal(0, 0.01), "seconds": 10.0}
            for i in range(1, 13)
        ],
        "versions": {"equipoise": "0.1.0", "torch": "2.13.0"},
        "git": {"commit": "0123456789abcdef", "dirty": False},
        "finished": f"2026-01-0{seed}T12:00:00Z",
    }
