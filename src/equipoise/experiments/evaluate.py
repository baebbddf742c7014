"""``evaluate_resampling``: every treatment with every classifier, on one table."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.metrics import get_scorer
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import check_one_label_per_row
from equipoise.metrics._labels import check_labels
from equipoise.parameters import BOOLEAN, Number, check_parameters

from .classifiers import AUTO, auto_classifiers, default_classifiers, prepared_if_bare
from .columns import as_table
from .compare import compare_on_fold
from .result import FIXED, SCORES, ResamplingEvaluation
from .splits import make_folds
from .treated import TreatedClassifier
from .treatments.remedies import NONE, REMEDIES, remedies_for
from .treatments.samplers import make_sampler


def evaluate_resampling(
    X: Any,
    y: Any,
    samplers: Mapping[str, Any] | None = None,
    classifiers: Mapping[str, Any] | Literal["auto"] | None = None,
    *,
    cv: Any = 5,
    n_repeats: int = 1,
    groups: Any = None,
    scoring: Mapping[str, str | Callable[..., float]] | None = None,
    refit: str | None = "balanced_accuracy",
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> ResamplingEvaluation:
    """Does resampling help on this table? Compare it with simpler remedies by cross-validation.

    In every fold each sampler is fitted once, on the training part alone, and all classifiers
    learn from what it returns. The test part stays as it is. Beside the samplers there are always
    the treatments that make no rows:

    - ``"none"``: the classifier as it is.
    - ``"uniform prior"``: the class with the largest probability after division by the class
      shares of the training rows, which is post-hoc logit adjustment [1]_. Nothing is tuned, and
      the probabilities are those of ``"none"``.
    - ``"class weight"``: ``class_weight="balanced"``, or such a ``sample_weight`` where the
      classifier has no class weights.
    - ``"threshold"``: for two classes the threshold with the best balanced accuracy in an inner
      5-fold cross-validation (:class:`sklearn.model_selection.TunedThresholdClassifierCV`), on one
      of its folds where there are more than 20,000 rows. The probabilities are those of
      ``"none"``. Left out for more classes.

    The combination of classifier and treatment that scores best is then fitted to all rows.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
        A table. In a DataFrame, columns of strings, categories, bools and objects are categorical;
        dates and durations count as numbers; values may be missing. Never modified.
    y : array-like of shape (n_rows,)
        Class labels, at least two classes.
    samplers : dict of str to sampler, default=None
        Anything with ``fit_resample``, by a name of your choice. None compares imbalanced-learn's
        ``RandomOverSampler`` and ``SMOTE`` (``SMOTENC`` or ``SMOTEN`` where X has categorical
        columns). Samplers of imbalanced-learn that compute distances get a completed table:
        missing values are filled by the median or the most frequent category of the training part,
        numbers and dates are floats, and categories are one-hot encoded for those that take only
        numbers; the test part is then completed in the same way before prediction. All others
        get the rows as they are.
    classifiers : dict of str to classifier, or "auto", default=None
        With ``predict_proba``. One that is no pipeline gets the preparation that its kind needs for
        this table. None compares logistic regression, random forest and gradient boosting of
        scikit-learn; ``"auto"`` also CatBoost, LightGBM and XGBoost, where they are installed, with
        their defaults and their own treatment of categories.
    cv : int, splitter or iterable, default=5
        Folds, stratified and shuffled; or a splitter of scikit-learn.
    n_repeats : int, default=1
        How often an int `cv` is repeated with other folds.
    groups : array-like of shape (n_rows,), default=None
        For splitters that keep groups together.
    scoring : dict of str to (str or callable), default=None
        Scores besides the five below: a name that scikit-learn knows, or a scorer
        ``(model, X, y) -> float``. They count as higher is better.
    refit : str or None, default="balanced_accuracy"
        The score by which ``best_estimator_`` is chosen: the combination with the best mean over
        the folds, of those that failed in none. None fits nothing to all rows.
    n_jobs : int, default=None
        Folds at a time, as in scikit-learn; ``None`` is 1, ``-1`` all cores.
    random_state : int, RandomState or None, default=None
        Of the folds, and of every sampler and classifier that has a ``random_state``: within a
        fold all get the same seed.
    verbose : int, default=0
        Above 0 shows progress, with the combination that was tried last and the time left; with
        several folds at a time once per fold.

    Returns
    -------
    ResamplingEvaluation
        Scores of every fold, with a summary, paired comparisons, a verdict and a plot, and the best
        combination fitted to all rows. Treatments that failed have NaN and their error in it, and
        a warning counts them.

    Raises
    ------
    InvalidInputError
        The table or the labels cannot be used, a class has fewer rows than `cv`, a training part
        has one class only, every test part lacks some class, or everything failed.
    InvalidParameterError
        An impossible parameter.

    Notes
    -----
    The scores of each test part:

    - ``balanced_accuracy``: mean of the recalls of the classes.
    - ``f1_macro``: mean of their F1 scores.
    - ``g_macro``: mean of their √(recall · specificity), for two classes the geometric mean of
      the recalls.
    - ``average_precision``: of the rarer of two classes; of more classes the mean, each against
      the rest.
    - ``brier``: :func:`equipoise.metrics.brier_score` of the probabilities, lower is better.

    and ``fit_seconds`` of sampler and classifier together. A test part without rows of some class
    cannot show whether that class is found: there all but the Brier score are NaN. A warning and
    the verdict count such parts, as a ``GroupKFold`` makes them where a class is in few groups.

    Which rows are in `X` is all that is compared: no hyperparameter is tuned, of the samplers no
    more than of the classifiers.

    References
    ----------
    .. [1] Menon, Jayasumana, Rawat, Jain, Veit, Kumar. "Long-Tail Learning via Logit Adjustment",
       ICLR 2021.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from equipoise import evaluate_resampling
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> found = evaluate_resampling(
    ...     X, y, classifiers={"lr": LogisticRegression()}, cv=3, random_state=0
    ... )
    >>> list(found.summary("balanced_accuracy").loc["lr"].index)
    ['none', 'uniform prior', 'class weight', 'threshold', 'random', 'SMOTE']
    >>> found.best_estimator_.predict_proba(X[:5]).shape
    (5, 2)
    """
    X = as_table(X)
    y = check_labels("y", y)
    check_one_label_per_row(len(X), len(y))
    if len(np.unique(y)) < 2:
        raise InvalidInputError(f"y has only one class, {y[0]!r}. Pass rows of at least two.")
    check_parameters(
        "evaluate_resampling",
        {"n_repeats": n_repeats, "verbose": verbose},
        {"n_repeats": [Number(1, integer=True)], "verbose": [BOOLEAN, Number(0, integer=True)]},
    )
    random = check_random_state(random_state)
    folds = make_folds(X, y, cv, n_repeats, groups, random)
    smallest = min(np.unique(y[fold.train], return_counts=True)[1].min() for fold in folds)
    if samplers is None:
        samplers = {name: make_sampler(name.lower(), X, smallest) for name in ("random", "SMOTE")}
    models: Any = classifiers
    if models is None:
        models = default_classifiers()
    elif isinstance(models, str) and models == AUTO:
        models = auto_classifiers(one_thread=effective_n_jobs(n_jobs) > 1)
    _check_treatments(samplers, models)
    scorers = _scorers(scoring)
    if refit is not None and refit not in (known := [*SCORES, *scorers]):
        listed = ", ".join(map(repr, known))
        raise InvalidParameterError(f"refit={refit!r} is unknown. Choose one of {listed}, or None.")
    models = {name: prepared_if_bare(model, X) for name, model in models.items()}

    n_each = len(models) * (len(remedies_for(len(np.unique(y)))) + len(samplers))
    with tqdm(desc="evaluate", total=n_each * len(folds), unit="fit", disable=not verbose) as bar:

        def report(done: str) -> None:
            bar.set_postfix_str(done, refresh=False)
            bar.update()

        compared = (samplers, models, scorers)
        records = []
        if effective_n_jobs(n_jobs) == 1:
            for fold in folds:
                records += compare_on_fold(X, y, fold, *compared, report)
        else:  # other processes cannot report before their fold is done
            for of_fold in Parallel(n_jobs=n_jobs, return_as="generator")(
                delayed(compare_on_fold)(X, y, fold, *compared) for fold in folds
            ):
                records += of_fold
                bar.update(n_each)
    scores = pd.DataFrame(records)
    found = ResamplingEvaluation(_checked(scores), refit)
    if refit is None:
        return found
    try:
        name, treatment = found.best_classifier_, found.best_treatment_
        best = TreatedClassifier(
            models[name],
            remedy=NONE if treatment in samplers else treatment,
            sampler=samplers.get(treatment),
            random_state=int(random.randint(2**31)),
        )
        return replace(found, best_estimator_=best.fit(X, y, groups))
    except Exception as error:  # whatever it is, the scores are not lost for it
        warnings.warn(
            f"The best combination cannot be fitted to all rows, so there is no best_estimator_: "
            f"{type(error).__name__}: {error}",
            stacklevel=2,
        )
        return found


def _check_treatments(samplers: Mapping[str, Any], classifiers: Mapping[str, Any]) -> None:
    for parameter, given, needed in (
        ("samplers", samplers, "fit_resample"),
        ("classifiers", classifiers, "predict_proba"),
    ):
        if not isinstance(given, Mapping):
            raise InvalidParameterError(
                f"{parameter}={given!r} must be a dict of names to estimators, or None"
                f"{' or ' + repr(AUTO) if given is classifiers else ''}."
            )
        for name, estimator in given.items():
            if isinstance(estimator, type) or not hasattr(estimator, needed):
                hint = ", for example wrapped in CalibratedClassifierCV" * (given is classifiers)
                raise InvalidParameterError(
                    f"{parameter}[{name!r}] is {estimator!r}, without {needed}. Pass an object "
                    f"that has it{hint}."
                )
    if not classifiers:
        raise InvalidParameterError("classifiers is empty. Pass at least one, or None.")
    if taken := samplers.keys() & REMEDIES.keys():
        raise InvalidParameterError(
            f"samplers has the name {taken.pop()!r}, which is always compared. Choose another name."
        )


def _scorers(scoring: Mapping[str, Any] | None) -> dict[str, Callable[..., float]]:
    if scoring is None:
        return {}
    if not isinstance(scoring, Mapping):
        raise InvalidParameterError(
            f"scoring={scoring!r} must be a dict of names to scorers, such as "
            "{'roc_auc': 'roc_auc'}."
        )
    for name, scorer in scoring.items():
        if name in FIXED or name in SCORES:
            raise InvalidParameterError(f"scoring has {name!r}, which is taken. Rename it.")
        if not isinstance(scorer, str) and not callable(scorer):
            raise InvalidParameterError(
                f"scoring[{name!r}] is {scorer!r}. Pass a name that scikit-learn knows or a scorer."
            )
    return {name: get_scorer(scorer) for name, scorer in scoring.items()}


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    failed = scores[scores["error"] != ""]
    if failed.empty:
        return scores
    first = failed.iloc[0]
    what = (
        f"first {first['treatment']!r} with {first['classifier']!r}: {first['error'].rstrip('.')}."
    )
    if len(failed) == len(scores):
        raise InvalidInputError(f"All {len(scores)} fits failed, {what}")
    warnings.warn(
        f"{len(failed)} of {len(scores)} fits failed and have no scores, {what} All errors are in "
        "scores['error'].",
        stacklevel=3,
    )
    return scores
