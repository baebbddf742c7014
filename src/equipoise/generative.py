"""An oversampler made of any generative model: fit the model, then append what it draws."""

from __future__ import annotations

import copy
import inspect
import warnings
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags, get_tags

from equipoise.base_sampler import concatenate, like, with_python_types
from equipoise.columns import Rows
from equipoise.dgc import DGCClassifier
from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.inputs import adopt_features, as_array, check_resampled_labels
from equipoise.notebook import DocumentedEstimator
from equipoise.parameters import (
    SAMPLING_STRATEGY,
    Constraint,
    Methods,
    Number,
    OneOf,
    check_parameters,
)
from equipoise.polars import as_given, as_pandas

# Draws per row to append; the second number applies if the first yields too few confident rows.
DRAWS_PER_ROW = (2, 10)
MOST_BYTES = 2**29  # of an array of such draws; the second number does not apply if it needs more


class GenerativeOverSampler(DocumentedEstimator, MetaEstimatorMixin, BaseOverSampler):
    """Oversample with the rows that a generative model draws.

    It makes an oversampler of any estimator that has ``fit(X, y)`` and ``sample(n, y)``, such as
    :class:`DGCClassifier`, which is both a classifier and a generative model. The row of a class
    that has a single one is repeated with a warning, unless the generator was fitted before.

    To keep what was trained, save ``generator_``, and later pass the loaded one in a
    :class:`sklearn.frozen.FrozenEstimator`.

    Parameters
    ----------
    generator : estimator, default=None
        Estimator with ``fit(X, y)`` and ``sample(n, y)``; None is ``DGCClassifier()``. It is cloned
        and fitted; a fitted one inside a :class:`sklearn.frozen.FrozenEstimator` is used as it is.
        What it draws depends on its own ``random_state``.
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows to generate, as in imbalanced-learn: ``"auto"`` brings every class to the
        size of the largest.
    min_confidence : float in [0, 1], default=0.9
        Smallest probability of its class, by the generator's own ``predict_proba``, at which a row
        is accepted. If ten draws per wanted row do not yield enough such rows, the most probable
        others are accepted, too. A smaller value increases the recall of the rare classes, a larger
        one their precision. With 0, or if the generator has no ``predict_proba``, the first rows
        drawn are accepted.

    Attributes
    ----------
    generator_ : estimator
        The fitted generator.
    sampling_strategy_ : dict
        Number of generated rows by class.
    synthetic_mask_ : ndarray of shape (n_resampled,), bool
        Whether each row of the last resampling is synthetic; only after ``fit_resample``.
    n_features_in_ : int
        Number of values per row.
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
        "generator": [
            OneOf((None,)),
            Methods(("fit", "get_params"), "an estimator with fit and sample"),
        ],
        "sampling_strategy": SAMPLING_STRATEGY,
        "min_confidence": [Number(0, 1)],
    }

    sampling_strategy_: dict[Any, int]

    def __init__(
        self, generator: Any = None, *, sampling_strategy: Any = "auto", min_confidence: float = 0.9
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.min_confidence = min_confidence

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the generator, and count the rows that it would have to draw.

        Parameters
        ----------
        X : array-like
            Rows as the generator accepts them.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        """
        y = as_pandas(y)
        check_resampled_labels(y)
        labels, _ = check_target_type(y, indicate_one_vs_all=True)
        fitted = copy.copy(self)  # a fit that fails leaves this estimator as it was
        fitted.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, labels, self._sampling_type
        )
        fitted._train(as_pandas(X), labels)
        self.__dict__ = fitted.__dict__
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Fit the generator, then append what it draws.

        Parameters
        ----------
        X : array-like
            Rows as the generator accepts them. Never modified.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        X_resampled, y_resampled
            The original rows, unchanged and first, then the synthetic rows, in the containers and
            dtypes of ``X`` and ``y``; ``synthetic_mask_`` tells them apart.

        Raises
        ------
        ValueError
            If parameters or data are invalid; it is raised before any training.
        """
        table, labels = as_pandas(X), as_pandas(y)
        check_resampled_labels(labels)
        fitted = copy.copy(self)
        X_new, y_new = BaseOverSampler.fit_resample(fitted, table, labels)
        self.__dict__ = fitted.__dict__
        return as_given(X_new, X), as_given(y_new, y)

    def _check_X_y(  # noqa: N802 (imbalanced-learn's name)
        self, X: Any, y: Any, accept_sparse: Any = None
    ) -> tuple[Any, np.ndarray, bool]:
        """Called by imbalanced-learn; the generator itself validates the rows."""
        labels, is_one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        return X, np.asarray(labels), is_one_vs_all

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Rows, np.ndarray]:
        self._train(X, y)
        rows = X if isinstance(X, pd.DataFrame) else as_array(X)
        parts, labels = [rows], [y]
        for label, n in self.sampling_strategy_.items():
            if n and self._has_no_spread(label, n, y):
                parts.append(_take(rows, np.repeat(np.flatnonzero(y == label), n)))
                labels.append(np.full(n, label, dtype=y.dtype))
            elif n:
                drawn = self._draw(label, n)
                if len(drawn) != n:
                    raise InvalidInputError(
                        f"{type(self).__name__}: generator drew {counted(len(drawn), 'row')} of "
                        f"class {label!r} instead of {n}. Its sample(n, y) has to return n rows."
                    )
                parts.append(like(drawn, rows))
                labels.append(np.full(n, label, dtype=y.dtype))
        self.synthetic_mask_ = np.arange(sum(map(len, parts))) >= len(rows)
        return concatenate(parts), np.concatenate(labels)

    def _has_no_spread(self, label: Any, n: int, y: np.ndarray) -> bool:
        """Whether a class has a single row, around which nothing supports any spread."""
        if (y == label).sum() > 1 or isinstance(self.generator, FrozenEstimator):
            return False
        warnings.warn(
            f"Class {label!r} has a single row, which says nothing of how its rows vary: it is "
            f"repeated {counted(n, 'time')}, not generated. Add rows of the class, or leave it "
            "out of sampling_strategy.",
            stacklevel=2,
        )
        return True

    def _draw(self, label: Any, n: int) -> Rows:
        """Draw ``n`` rows of a class, preferably those that the generator assigns to the class."""
        classifies = all(hasattr(self.generator_, name) for name in ("predict_proba", "classes_"))
        if self.min_confidence == 0 or not classifies:
            return self.generator_.sample(n, label)
        column = np.flatnonzero(self.generator_.classes_ == label)[0]
        for times in DRAWS_PER_ROW:
            rows = self.generator_.sample(times * n, label)
            confidence = self.generator_.predict_proba(rows)[:, column]
            enough = (confidence >= self.min_confidence).sum() >= n
            if enough or getattr(rows, "nbytes", 0) > MOST_BYTES / DRAWS_PER_ROW[-1] * times:
                break
        # The confident rows in the order of their draw, then the most confident of the others.
        chosen = np.argsort(-np.minimum(confidence, self.min_confidence), kind="stable")[:n]
        return _take(rows, chosen)

    def _train(self, X: Any, y: np.ndarray) -> None:
        name = type(self).__name__
        check_parameters(name, self.get_params(deep=False), self._constraints)
        generator = self._given_generator()
        if not _samples_by_class(generator):
            raise InvalidParameterError(
                f"{name}: generator={self.generator!r} has no sample(n, y). Pass one that has it, "
                "such as DGCClassifier."
            )
        # Neither clone nor fit changes a frozen generator.
        self.generator_ = clone(generator).fit(X, y)
        n_features = int(np.prod(np.shape(X)[1:]))
        if getattr(self.generator_, "n_features_in_", None) not in (None, n_features):
            raise InvalidInputError(
                f"X has {counted(n_features, 'feature')}, but {name}'s frozen generator was fitted "
                f"with {counted(self.generator_.n_features_in_, 'feature')}. Pass rows like those "
                "of its fit."
            )
        fitted = getattr(self.generator_, "feature_names_in_", None)
        if fitted is not None and isinstance(X, pd.DataFrame) and list(fitted) != list(X.columns):
            raise InvalidInputError(
                f"X has the columns {list(X.columns)}, but {name}'s frozen generator was fitted "
                f"with {list(fitted)}. Pass the same columns in the same order."
            )
        self.sampling_strategy_ = with_python_types(self.sampling_strategy_)
        known = getattr(self.generator_, "classes_", list(self.sampling_strategy_))
        for label, n in self.sampling_strategy_.items():
            if n and label not in list(known):
                raise InvalidInputError(
                    f"y has the class {label!r}, of which it has to draw {counted(n, 'row')}, but "
                    f"{name}'s frozen generator was fitted with {np.asarray(known).tolist()}. Fit "
                    "it with all classes of y."
                )
        adopt_features(self, self.generator_)

    def _given_generator(self) -> Any:
        return DGCClassifier() if self.generator is None else self.generator

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        theirs = get_tags(self._given_generator()).input_tags
        for name in ("three_d_array", "categorical", "string", "allow_nan", "sparse"):
            setattr(tags.input_tags, name, getattr(theirs, name))
        return tags


def _take(rows: Any, index: np.ndarray) -> Any:
    return rows.iloc[index] if isinstance(rows, pd.DataFrame) else rows[index]


def _samples_by_class(generator: Any) -> bool:
    """Whether its ``sample`` takes a class as the second argument, by the argument's name."""
    if not hasattr(generator, "sample"):
        return False
    names = list(inspect.signature(generator.sample).parameters)
    return len(names) > 1 and names[1] != "random_state"
