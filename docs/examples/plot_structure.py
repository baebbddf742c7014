"""
Codes that depend on each other
===============================

The codes of :class:`equipoise.IMSIC` follow a graph that is prescribed before the training. Which
codes depend on which is measured afterwards on generated images, in the same graph, so that one
sees at a glance whether the network did as it was told.
"""

# %%
# Prescribe
# ---------
# Two codes shall act on a third. The names are only names: a code called ``slant`` does not learn
# the slant. What the codes do is found by looking, as in :doc:`/gallery/plot_codes`.

from equipoise import IMSIC, load_dataset
from equipoise.datasets import imbalance

digits = load_dataset("digits")
sizes = imbalance.published("digits")
X, y = imbalance.subset(digits.X_train, digits.y_train, sizes, random_state=0)
sampler = IMSIC(
    n_codes=3,
    code_names=["a", "b", "result"],
    structure={"a": "result", "b": "result"},
    structure_weight=1.0,
    max_epochs=15,
    min_class_size=6,
    warm_start=True,
    random_state=0,
)
sampler.fit(X, y)

# %%
# Check
# -----
# The report infers the codes of 2,000 generated images. :math:`R^2` says whether a code can be
# seen in the images at all, and the partial correlation of a pair whether the two inferred codes
# depend on each other.

print(sampler.structure_report(2000))

# %%
# Train on
# --------
# With ``warm_start=True``, a further ``fit`` continues where the last one ended. After each we look
# again.

import pandas as pd

reports = {15: sampler.structure_report(2000)}
for epochs in (30, 45, 60):
    sampler.fit(X, y)
    reports[epochs] = sampler.structure_report(2000)
print(pd.DataFrame({n: report.recovery["r2"] for n, report in reports.items()}).round(2))

# %%
# Before and after
# ----------------
# Dark boxes are codes that can be read off the images. Wide arrows are prescribed dependences, and
# dashed lines are those that nobody prescribed.

import matplotlib.pyplot as plt

from equipoise.report import plots


def draw(report, ax):
    names = list(sampler.structure_.names)
    pairs = report.pairs.itertuples()
    plots.plot_structure(
        names,
        sampler.structure_.edges,
        strengths={
            (names.index(p.parent), names.index(p.child)): p.partial_correlation for p in pairs
        },
        recovery=report.recovery["r2"].to_dict(),
        ax=ax,
    )


figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for ax, epochs in zip(axes, (15, 60), strict=True):
    draw(reports[epochs], ax)
    ax.set_title(f"after {epochs} epochs", loc="left")
plt.show()

# %%
print(reports[60])

# %%
# A lost code
# -----------
# The dependences are as prescribed, but one code is lost: the images hardly show it, so that its
# traversals would look the same from left to right. More training has not helped in this run. One
# can ask for less: the next sampler has two codes, one of which acts on the other, and is trained
# for as many epochs. Its report says whether both can be read off the images now. All this is one
# seed, and another may lose another code, or none: always read the report before you rely on one.

fewer = IMSIC(
    n_codes=2,
    code_names=["a", "result"],
    structure={"a": "result"},
    structure_weight=1.0,
    max_epochs=60,
    min_class_size=6,
    random_state=0,
).fit(X, y)
print(fewer.structure_report(2000))

# %%
# Each panel varies one code; within a row nothing else changes.

axes = fewer.plot_traversals()
