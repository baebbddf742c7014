"""
Good and bad synthetic rows
===========================

Synthetic rows can fail in different ways. Here three simple generators draw rows of malignant
tumours: one interpolates, one copies, and one draws every column by itself. A single score does not
find all of their faults, but a report of several does.
"""

# %%
# Three generators
# ----------------
# Of the breast cancer data in scikit-learn, half of the malignant tumours are for the generators,
# the other half is held out. Distances between rows need columns of the same scale.

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
y = np.where(y == 0, "malignant", "benign")
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
known, held_out = X_train[y_train == "malignant"], X_test[y_test == "malignant"]

# %%
from imblearn.over_sampling import SMOTE

random = np.random.default_rng(0)
n_rows = 100


def interpolate():
    strategy = {"malignant": len(known) + n_rows}
    rows, _ = SMOTE(sampling_strategy=strategy, random_state=0).fit_resample(X_train, y_train)
    return rows[-n_rows:]


def copy():
    rows = known[random.integers(len(known), size=n_rows)]
    return rows + random.normal(0, 0.01, rows.shape)


def draw_columns():
    return random.normal(known.mean(0), known.std(0), (n_rows, known.shape[1]))


generated = {"SMOTE": interpolate(), "copies": copy(), "columns apart": draw_columns()}

# %%
# The rows
# --------
# In the plane of the first two principal components, copies look as good as rows can look. Columns
# that are drawn apart lose the correlations, without which all rows lie in the middle.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

plane = PCA(2).fit(X_train)
figure, panels = plt.subplots(1, 3, figsize=(11, 4), sharex=True, sharey=True, layout="constrained")
for axes, (name, rows) in zip(panels, generated.items(), strict=True):
    axes.scatter(*plane.transform(held_out).T, s=14, color="0.6", label="real, held out")
    axes.scatter(*plane.transform(rows).T, s=14, color="tab:orange", label="generated", alpha=0.7)
    axes.set(title=name, xlabel="first component")
panels[0].set_ylabel("second component")
panels[0].legend()
plt.show()

# %%
# The report
# ----------
# Each generator is compared with rows that it has not seen. Precision is the share of generated
# rows that lie among real ones, recall the share of real rows that lie among generated ones.
# Memorised rows are closer to a training row than training rows are to each other. The last score
# is the accuracy of a classifier that tells generated rows from real ones: 0.5 is best.

import pandas as pd

from equipoise.metrics import synthesis_report

label = np.full(n_rows, "malignant")
reports = {
    name: synthesis_report(
        held_out,
        np.full(len(held_out), "malignant"),
        rows,
        label,
        train=known,
        y_train=np.full(len(known), "malignant"),
        random_state=0,
    )
    for name, rows in generated.items()
}
scores = ["precision", "recall", "memorised", "diversity", "c2st"]
pd.DataFrame({name: report.mean for name, report in reports.items()}).loc[scores].T.round(2)

# %%
# The copies have good scores in everything but the memorised share. Of columns that are drawn
# apart, none is memorised and the diversity is right, but precision and classifier show that no
# such tumours exist. SMOTE draws rows between neighbours, so that most of its rows are close to a
# training row as well, which the report also says in words.

print(reports["SMOTE"])
