"""
An experiment file and its report
=================================

Who compares methods for a paper needs every method on every data set with several seeds, the same
training rows for all, and results that can be read again next year. An experiment is a file that
says what to compare; one command runs what is missing, another one writes the report.
"""

# %%
# The file
# --------
# Two tables that are part of scikit-learn, three treatments and two classifiers. A treatment is a
# sampler, or a remedy that adds no rows.

from pathlib import Path
from tempfile import mkdtemp

folder = Path(mkdtemp())
file = folder / "small.toml"
file.write_text(
    """
title = "What helps on two small tables"
datasets = ["sklearn:breast_cancer", "sklearn:wine"]
seeds = [1, 2]
reference = "none"

[protocol]
folds = 3

[samplers.smote]
class = "imblearn.over_sampling.SMOTE"

[classifiers.tree]
class = "sklearn.tree.DecisionTreeClassifier"
params = { min_samples_leaf = 3 }
label = "decision tree"

[classifiers.svm]
class = "sklearn.svm.SVC"
params = { probability = true }
label = "SVM"

[treatments.none]
label = "nothing"

[treatments.weights]
remedy = "class weight"
label = "class weights"

[treatments.smote]
sampler = "smote"
label = "SMOTE"
"""
)

# %%
# Run
# ---
# On the command line this is ``equipoise bench run small.toml``, with ``--jobs 2`` for two jobs at
# a time. Each job is a process of its own and is stored when it ends. After an interruption the
# same command runs only what is missing, and a job that fails does not stop the others.

import subprocess
import sys


def equipoise(*words):
    command = [sys.executable, "-m", "equipoise", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


lines = equipoise("bench", "run", "small.toml").splitlines()
print(*lines[:3], "...", lines[-1], sep="\n")

# %%
# Results
# -------
# A record has the scores, times and versions of one job. The predictions are stored as well, so
# that any other metric can be computed later.

import pandas as pd

from equipoise.experiments import read_records

records = [record for record in read_records(folder / "results/small") if record["metrics"]]
scores = pd.DataFrame(
    [
        {
            "data set": record["dataset"],
            "treatment": record["treatment"],
            "classifier": record["classifier"],
            "seed": record["seed"],
            "balanced accuracy": record["metrics"]["acsa"],
        }
        for record in records
    ]
)
print(
    scores.groupby(["data set", "classifier", "treatment"])["balanced accuracy"]
    .mean()
    .unstack("treatment")
    .round(3)
)

# %%
# The report
# ----------
# One page that needs no network, and with ``--latex`` the tables for a paper.

equipoise("bench", "report", "small.toml", "--out", "page.html", "--latex", "table.tex")
for name in ("page.html", "table.tex"):
    print(f"{name}: {(folder / name).stat().st_size / 1024:.0f} KiB")

# %%
# Whatever the page shows can be drawn from the records. Here each point is a data set with one
# seed, compared with the same folds without a treatment. Two data sets are far too few for a
# significance test; what one sees is whether differences between treatments are larger than those
# between seeds.

import matplotlib.pyplot as plt

pairs = ["data set", "classifier", "seed"]
wide = scores.set_index([*pairs, "treatment"])["balanced accuracy"].unstack()
difference = wide[["smote", "weights"]].sub(wide["none"], axis=0).reset_index()
rows = list(difference.groupby(["data set", "classifier"]))
figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
for place, (_, row) in enumerate(rows):
    for shift, (treatment, colour) in enumerate({"smote": "C0", "weights": "C1"}.items()):
        label = treatment if place == 0 else None
        ax.scatter(row[treatment], [place + 0.25 * shift] * len(row), color=colour, label=label)
ax.axvline(0, color="0.6", zorder=0)
ax.set_yticks(range(len(rows)), [f"{data}, {classifier}" for (data, classifier), _ in rows])
ax.set_xlabel("balanced accuracy minus that of no treatment, a point for each seed")
ax.legend()
plt.show()
