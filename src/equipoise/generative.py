"""Any generator of rows as an oversampler: fit it, then append what is missing."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags

from equipoise.base_sampler import joined, like, plain_strategy
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import adopt_features, as_array, check_resampled_labels
from equipoise.parameters import Constraint, Instance, Number, check_parameters
from equipoise.polars import as_given, as_pandas

DRAWS = (2, 10)  # times the rows that are wanted, the second where the first have too few


class GenerativeOverSampler(MetaEstimatorMixin, BaseOverSampler):
    """Oversample with the rows that a generative model draws.

    Makes an oversampler of any estimator that has ``fit(X, y)`` and ``sample(n, y)``, such as
    :class:`DGCClassifier`, which is a classifier and a generator at once.

    Parameters
    ----------
    generator : estimator
        With ``fit(X, y)`` and ``sample(n, y)``. It is cloned and fitted; a fitted one inside a
        :class:`sklearn.frozen.FrozenEstimator` is used as it is. What it draws depends on its own
        ``random_state``.
    sampling_strategy : float, str, dict or callable, default="auto"
        What to generate, as imbalanced-learn understands it: ``"auto"`` brings every class to the
        size of the largest.
    min_confidence : float in [0, 1], default=0.9
        Of a generator with ``predict_proba``: rows in which it finds their class less probable than
        this are left out, unless up to ten times as many draws as are wanted have too few others;
        then the most probable of them are taken. Less finds more of the rare classes, more takes
        fewer others for them. 0 takes the first rows drawn.

    Attributes
    ----------
    generator_ : estimator
        The fitted generator.
    sampling_strategy_ : dict
        Class → how many rows were generated.
    synthetic_mask_ : ndarray of shape (n_resampled,), bool
        Which rows of the last resampling are synthetic; only after ``fit_resample``.
    n_features_in_ : int
        Values per row.
    feature_names_in_ : ndarray of str
        Column names, when fitted on a DataFrame.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from equipoise import DGCClassifier, GenerativeOverSampler
    >>> X, y = load_iris(return_X_y=True)
    >>> sampler = GenerativeOverSampler(DGCClassifier(max_epochs=2, random_state=0))
    >>> X_more, y_more = sampler.fit_resample(X[:110], y[:110])
    >>> len(X_more), int(sampler.synthetic_mask_.sum())
    (150, 40)
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        "generator": [Instance((BaseEstimator,), "an estimator with fit and sample")],
        "sampling_strategy": [Instance((object,), "what imbalanced-learn understands")],
        "min_confidence": [Number(0, 1)],
    }

    def __init__(
        self, generator: Any, *, sampling_strategy: Any = "auto", min_confidence: float = 0.9
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.min_confidence = min_confidence

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the generator and count what it would be asked for.

        Parameters
        ----------
        X : array-like
            Rows as the generator takes them.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Impossible parameters or data, before any training.
        """
        check_resampled_labels(as_pandas(y))
        labels, _ = check_target_type(as_pandas(y), indicate_one_vs_all=True)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, labels, self._sampling_type
        )
        self._train(as_pandas(X), labels)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Fit the generator, then append what it draws.

        Parameters
        ----------
        X : array-like
            Rows as the generator takes them. Never modified.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        X_resampled, y_resampled
            The originals, untouched and first, then the synthetic rows, in the containers and
            dtypes of ``X`` and ``y``; ``synthetic_mask_`` tells them apart.

        Raises
        ------
        ValueError
            Impossible parameters or data, before any training.
        """
        check_resampled_labels(as_pandas(y))
        X_new, y_new = super().fit_resample(as_pandas(X), as_pandas(y))
        return as_given(X_new, X), as_given(y_new, y)

    def _check_X_y(  # noqa: N802 (imbalanced-learn's name)
        self, X: Any, y: Any, accept_sparse: Any = None
    ) -> tuple[Any, np.ndarray, bool]:
        """Called by imbalanced-learn; rows are the generator's to check."""
        labels, is_one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        return X, np.asarray(labels), is_one_vs_all

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        self._train(X, y)
        rows = X if isinstance(X, pd.DataFrame) else as_array(X)
        parts, labels = [rows], [y]
        for label, n in self.sampling_strategy_.items():
            if n:
                drawn = self._drawn(label, n)
                if len(drawn) != n:
                    raise InvalidInputError(
                        f"{type(self).__name__}: generator drew {len(drawn)} rows of class "
                        f"{label!r} in place of {n}. Its sample(n, y) has to return n rows."
                    )
                parts.append(like(drawn, rows))
                labels.append(np.full(n, label, dtype=y.dtype))
        self.synthetic_mask_ = np.arange(sum(map(len, parts))) >= len(rows)
        return joined(parts), np.concatenate(labels)

    def _drawn(self, label: Any, n: int) -> Any:
        """``n`` rows of a class that the generator itself takes for that class."""
        judges = all(hasattr(self.generator_, name) for name in ("predict_proba", "classes_"))
        if self.min_confidence == 0 or not judges:
            return self.generator_.sample(n, label)
        column = np.flatnonzero(self.generator_.classes_ == label)[0]
        for times in DRAWS:
            rows = self.generator_.sample(times * n, label)
            confidence = self.generator_.predict_proba(rows)[:, column]
            if (confidence >= self.min_confidence).sum() >= n:
                break
        # Those with enough of it in the order of their draw, then the best of the others.
        chosen = np.argsort(-np.minimum(confidence, self.min_confidence), kind="stable")[:n]
        return rows.iloc[chosen] if isinstance(rows, pd.DataFrame) else rows[chosen]

    def _train(self, X: Any, y: np.ndarray) -> None:
        name = type(self).__name__
        check_parameters(name, self.get_params(deep=False), self._constraints)
        if not _samples_classes(self.generator):
            raise InvalidParameterError(
                f"{name}: generator={self.generator!r} has no sample(n, y). Pass one that has it, "
                "such as DGCClassifier."
            )
        # A frozen one stays the same through both.
        self.generator_ = clone(self.generator).fit(X, y)
        if getattr(self.generator_, "n_features_in_", None) not in (None, _n_values(X)):
            raise InvalidInputError(
                f"X has {_n_values(X)} features, but {name}'s frozen generator was fitted with "
                f"{self.generator_.n_features_in_} features. Pass rows like those of its fit."
            )
        fitted = getattr(self.generator_, "feature_names_in_", None)
        if fitted is not None and isinstance(X, pd.DataFrame) and list(fitted) != list(X.columns):
            raise InvalidInputError(
                f"X has the columns {list(X.columns)}, but {name}'s frozen generator was fitted "
                f"with {list(fitted)}. Pass the same columns in the same order."
            )
        self.sampling_strategy_ = plain_strategy(self.sampling_strategy_)
        known = getattr(self.generator_, "classes_", list(self.sampling_strategy_))
        for label, n in self.sampling_strategy_.items():
            if n and label not in list(known):
                raise InvalidInputError(
                    f"y has the class {label!r}, of which {n} rows are wanted, but {name}'s frozen "
                    f"generator was fitted with {np.asarray(known).tolist()}. Fit it with all."
                )
        adopt_features(self, self.generator_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        theirs = get_tags(self.generator).input_tags
        for name in ("three_d_array", "categorical", "string", "allow_nan", "sparse"):
            setattr(tags.input_tags, name, getattr(theirs, name))
        return tags


def _n_values(X: Any) -> int:
    return int(np.prod(np.shape(X)[1:]))


def _samples_classes(generator: Any) -> bool:
    """Whether its ``sample`` takes a class after the number of rows, as far as can be told."""
    if not hasattr(generator, "sample"):
        return False
    names = list(inspect.signature(generator.sample).parameters)
    return len(names) > 1 and names[1] != "random_state"
