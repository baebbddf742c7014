"""
New images of rare digits
=========================

Of scikit-learn's handwritten digits we keep 120 zeros, but only 6 nines. A plain network
recognises the rare digits less often than the others. :class:`equipoise.DGCClassifier` learns a
generative model of all digits and classifies with it, and the same model draws new images of any
class.
"""

# %%
# An imbalanced data set
# ----------------------
# The test images are balanced, so that every class counts the same.

import numpy as np

from equipoise import ConvNetClassifier, DGCClassifier, load_dataset
from equipoise.datasets import imbalance

digits = load_dataset("digits")
sizes = imbalance.published("digits")
X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)
print(sizes)

# %%
# Training
# --------
# Both networks see the same images. The training of the second takes about ten seconds.

plain = ConvNetClassifier(random_state=0).fit(X, y)
model = DGCClassifier(random_state=0).fit(X, y)

# %%
# Drawn beside real
# -----------------
# Each drawn image stands above the training image that is nearest to it. The drawn images resemble
# the real ones without being copies: a drawing that comes too close to a training image is refused.

from equipoise.metrics import nearest_rows
from equipoise.report import plots

drawn = {digit: model.sample(10, y=digit, random_state=0) for digit in (6, 7, 8, 9)}
nearest = {}
for digit, images in drawn.items():
    real = X[y == digit]
    nearest[digit] = real[nearest_rows(images, real)[0]]
axes = plots.plot_samples(drawn, nearest=nearest, counts=[sizes[digit] for digit in drawn])

# %%
# Recall of each class
# --------------------
# The share of test images of each class that is recognised, against the number of training images.


def recalls(classifier):
    correct = classifier.predict(digits.X_test) == digits.y_test
    return {digit: correct[digits.y_test == digit].mean() for digit in sizes}


recall = {"plain network": recalls(plain), "DGC": recalls(model)}
axes = plots.plot_recall_by_size(sizes, recall)

# %%
# The mean over all classes is the balanced accuracy.

for name, values in recall.items():
    print(f"{name}: {np.mean(list(values.values())):.3f}")
