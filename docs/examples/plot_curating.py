"""
Accept or reject what is drawn
==============================

A generator that has seen six nines draws some that nobody would call a nine. Those who know the
data can sort them out before they reach a classifier: :class:`equipoise.IMSIC` proposes
candidates, shows the real image that is nearest to each, and appends only what was accepted.
"""

# %%
# Candidates
# ----------
# The sampler is trained on 412 digits, of which 8 are eights and 6 are nines.

from equipoise import IMSIC, load_dataset
from equipoise.datasets import imbalance

digits = load_dataset("digits")
sizes = imbalance.published("digits")
X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)
sampler = IMSIC(n_codes=2, max_epochs=40, min_class_size=6, random_state=0).fit(X, y)
candidates, labels = sampler.propose(60, y=[8, 9], random_state=1)

# %%
# What is known of each
# ---------------------
# ``confidence`` is how sure the network is of the class. ``nearest`` is the closest training image
# of the class, and ``memorised`` says whether it is so close that the candidate adds nothing.

about = sampler.inspect(candidates, labels)
print(about.groupby(labels)[["confidence", "distance", "memorised"]].mean().round(2))

# %%
# A judgement
# -----------
# In the studio (``equipoise studio``) a person decides by looking. A script needs a judge: here a
# support-vector machine that knows all 1,347 training digits takes the part of a person who knows
# the handwriting. It is for demonstration only, since with such a judge nobody would need the
# candidates. We accept what it takes for the intended digit, unless it is a copy.

from sklearn.svm import SVC

judge = SVC(gamma="scale").fit(digits.X_train.reshape(-1, 64), digits.y_train)
right = judge.predict(candidates.reshape(-1, 64)) == labels
accepted = right & ~about["memorised"].to_numpy()
sampler.accept(accepted)
for digit in (8, 9):
    of_digit = labels == digit
    print(f"{digit}: {(accepted & of_digit).sum()} of {of_digit.sum()} accepted")

# %%
# Candidates above their nearest real image
# -----------------------------------------
# On the left what was accepted, on the right what was rejected.

import matplotlib.pyplot as plt
import numpy as np

figure, halves = plt.subplots(1, 2, figsize=(11, 3), layout="constrained")
for axes, (title, chosen) in zip(
    halves, {"accepted": accepted, "rejected": ~accepted}.items(), strict=True
):
    rows = []
    for digit in (8, 9):
        members = np.flatnonzero(chosen & (labels == digit))[:8]
        for images in (candidates[members], X[about["nearest"].iloc[members]]):
            tiles = np.zeros((8, 10, 10))
            tiles[: len(members), 1:-1, 1:-1] = images
            rows.append(np.concatenate(list(tiles), axis=1))
    axes.imshow(np.concatenate(rows), cmap="gray_r", interpolation="nearest")
    axes.set_yticks([5, 15, 25, 35], ["drawn 8", "real 8", "drawn 9", "real 9"])
    axes.set(title=title, xticks=[])
plt.show()

# %%
# Only accepted images are appended
# ---------------------------------
# ``resample`` takes the accepted images for the classes that were judged. We compare a network
# that is trained with them, one with as many candidates as they come, and one with the real images
# alone.

from equipoise import ConvNetClassifier

filled = {digit: int((accepted & (labels == digit)).sum()) + sizes[digit] for digit in (8, 9)}
as_they_come = [np.flatnonzero(labels == digit)[: filled[digit] - sizes[digit]] for digit in (8, 9)]
sets = {
    "real images alone": (X, y),
    "and candidates as they come": (
        np.concatenate([X, *(candidates[part] for part in as_they_come)]),
        np.concatenate([y, *(labels[part] for part in as_they_come)]),
    ),
    "and accepted candidates": sampler.resample(X, y, filled),
}
rare = np.isin(digits.y_test, (8, 9))
for name, (images, classes) in sets.items():
    recalls = []
    for seed in range(3):
        model = ConvNetClassifier(random_state=seed).fit(images, classes)
        predicted = model.predict(digits.X_test[rare])
        recalls.append((predicted == digits.y_test[rare]).mean())
    print(f"{name}: {np.mean(recalls):.2f} of eights and nines recognised ({len(classes)} images)")

# %%
# Appended images are no replacement for real ones, and they can cost accuracy. With the 40 epochs
# above, hardly anything separates the three: .91 of the rare digits are recognised with the real
# images alone, .91 with candidates as they come and .90 with accepted ones. With 60 epochs of the
# sampler, the same script gives .91, .82 and .85: both sets of candidates do harm, and judging them
# repairs only a part of it. (Means of three seeds of the network and one of the sampler; they
# differ a little between machines.) Judge candidates because you want the images themselves, or
# because a single wrong one does harm, and compare with the real images alone before you train on
# them. :ref:`imsic-limitations` has more numbers of this kind, and names the remedies that raise
# the recall.
#
# The decisions are saved with the sampler, so that another session continues where this one ended.

for decision in sampler.decisions_:
    print(f"{len(decision.accepted)} accepted, {len(decision.rejected)} rejected")
