"""Normal scores or mode-specific normalisation for the numbers of a table: which serves DGC better?

    python benchmarks/tables_normalisation.py              runs and stores
    python benchmarks/tables_normalisation.py distances    runs and stores one of the two parts
    python benchmarks/tables_normalisation.py --show       prints

Mode-specific normalisation (Xu, Skoularidou, Cuesta-Infante, Veeramachaneni, Modeling Tabular Data
using Conditional GAN, NeurIPS 2019, section 4.2) stands in front of the same sampler here: every
column of many numbers becomes a category, the mode of a Gaussian mixture that the value belongs to,
and its distance from that mode. Measured are the distance of new values from real ones, column by
column, of IMSIC's too; and what classifiers make of the rows, on the tables that this library is
tuned on.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp
from sklearn.base import BaseEstimator
from sklearn.mixture import BayesianGaussianMixture

from equipoise import IMSIC, DGCClassifier, GenerativeOverSampler, evaluate_resampling
from equipoise.experiments.classifiers import default_classifiers
from equipoise.experiments.tables import load_table

STORED = Path(__file__).parent / "results" / "tables_normalisation.json"
TUNED_ON = [
    *("glass2", "ecoli3", "yeast-1_vs_7", "vehicle3", "car-vgood", "haberman", "new-thyroid2"),
    *("winequality-red-8_vs_6", "flare-F", "page-blocks-1-3_vs_4", "cleveland-0_vs_4"),
    "abalone9-18",
]
MODES, LEAST_WEIGHT, FEW_VALUES = 10, 0.005, 20
SEEDS = (0, 1, 2)


class ModeSpecific(BaseEstimator):
    """A sampler that sees modes and distances in place of numbers, and gives numbers back."""

    def __init__(self, sampler, random_state=0):
        self.sampler = sampler
        self.random_state = random_state

    def fit_resample(self, X, y):
        rng = np.random.default_rng(self.random_state)
        numbers = [c for c in X.select_dtypes("number") if X[c].nunique() > FEW_VALUES]
        modes = {c: _mixture(X[c].to_numpy(float), self.random_state) for c in numbers}
        seen = {}
        for c in X:
            if c not in modes:
                seen[c] = X[c]
                continue
            values = X[c].to_numpy(float)
            mode = _draw(modes[c], values, rng)
            mean, deviation = modes[c].means_[mode, 0], modes[c].covariances_[mode, 0, 0] ** 0.5
            seen[f"{c} mode"] = pd.Categorical(mode)
            seen[f"{c} distance"] = (values - mean) / (4 * deviation)
        rows, labels = self.sampler.fit_resample(pd.DataFrame(seen), y)
        new = {}
        for c in X:
            if c not in modes:
                new[c] = rows[c]
                continue
            mode = rows[f"{c} mode"].astype(int).to_numpy()
            mean, deviation = modes[c].means_[mode, 0], modes[c].covariances_[mode, 0, 0] ** 0.5
            values = mean + rows[f"{c} distance"].to_numpy() * 4 * deviation
            values = values.clip(X[c].min(), X[c].max())
            new[c] = values.round() if X[c].dtype.kind == "i" else values
        made = pd.DataFrame(new)[len(X) :].astype(X.dtypes)
        return pd.concat([X, made], ignore_index=True), labels


def _mixture(values, seed):
    mixture = BayesianGaussianMixture(
        n_components=min(MODES, len(values)),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=seed,
    )
    return mixture.fit(values[:, None])


def _draw(mixture, values, rng):
    """A mode for every value, by its posterior among those of some weight."""
    posterior = mixture.predict_proba(values[:, None]) * (mixture.weights_ > LEAST_WEIGHT) + 1e-12
    edges = posterior.cumsum(1) / posterior.sum(1, keepdims=True)
    return (rng.random((len(values), 1)) > edges).sum(1).clip(max=posterior.shape[1] - 1)


def samplers(seed):
    plain = GenerativeOverSampler(
        DGCClassifier(latent_dim=16, max_epochs=40, random_state=seed), min_confidence=0.5
    )
    return {"normal scores": plain, "mode-specific": ModeSpecific(plain, seed)}


def awkward(n, seed):
    """Skewed columns and such of several modes; one row in ten is rare, and lies elsewhere."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) < n // 10).astype(int)
    shift = 0.5 * y
    centre = np.array([-4.0, 0.0, 5.0])[rng.choice(3, n, p=[0.5, 0.2, 0.3])]
    columns = {
        "normal": rng.normal(shift),
        "skewed": rng.lognormal(shift),
        "heavy tails": rng.standard_t(2, n) + shift,
        "two modes": rng.normal(np.where(rng.random(n) < 0.4 + 0.4 * y, -3, 3)),
        "three narrow modes": centre + 0.2 * rng.normal(size=n) + shift,
        "mostly zero": np.where(rng.random(n) < 0.7 - 0.4 * y, 0, rng.exponential(1 + y)),
        "uniform": rng.random(n) + shift,
    }
    return pd.DataFrame(columns), y


def distances(seed):
    """Kolmogorov and Smirnov's distance of new rare rows from fresh real ones, by column."""
    X, y = awkward(3000, seed)
    fresh, fresh_y = awkward(30000, 100 + seed)
    found = {}
    for name, sampler in samplers(seed).items():
        rows, _ = sampler.fit_resample(X, y)
        new, real = rows[len(X) :], fresh[fresh_y == 1]
        found[name] = {c: float(ks_2samp(new[c], real[c]).statistic) for c in X}
    new = IMSIC(random_state=seed).fit(X, y).sample(2400, 1)
    found["IMSIC"] = {c: float(ks_2samp(new[c], real[c]).statistic) for c in X}
    boot = X[y == 1].sample(2400, replace=True, random_state=seed)
    found["the rare rows again"] = {c: float(ks_2samp(boot[c], real[c]).statistic) for c in X}
    return found


def scores(table):
    """Scores of classifiers on five folds of one table."""
    X, y, _ = load_table(f"keel:{table}")
    found = evaluate_resampling(X, y, samplers(0), default_classifiers(), cv=5, random_state=0)
    kept = found.scores[found.scores["treatment"].isin(samplers(0))]
    means = kept.groupby(["treatment", "classifier"])[["balanced_accuracy", "f1_macro"]].mean()
    return [{"table": table, **row} for row in means.reset_index().to_dict("records")]


def show(stored):
    columns = pd.concat([pd.DataFrame(d) for d in stored["distances"]]).groupby(level=0, sort=False)
    print(columns.mean().round(3).to_string(), "\n")
    frame = pd.DataFrame(stored["scores"])
    for metric in ("balanced_accuracy", "f1_macro"):
        wide = frame.pivot_table(metric, ["table", "classifier"], "treatment")
        wins = (wide["normal scores"] > wide["mode-specific"]).sum()
        print(f"{metric}: {wide.mean().round(4).to_dict()}, normal scores ahead in {wins} of "
              f"{len(wide)}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", nargs="?", choices=["distances", "scores"])
    parser.add_argument("--show", action="store_true", help="print what is stored")
    arguments = parser.parse_args()
    found = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    if not arguments.show:
        warnings.filterwarnings("ignore", category=UserWarning)
        if arguments.part != "scores":
            found["distances"] = [distances(seed) for seed in SEEDS]
        if arguments.part != "distances":
            found["scores"] = [row for table in TUNED_ON for row in scores(table)]
        STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found)


if __name__ == "__main__":
    main()
