"""Judging the rows of IMSIC: accept or reject candidates, and compare them with real rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from equipoise.base_sampler import concatenate
from equipoise.errors import InvalidInputError, counted
from equipoise.imsic.alignment import fit_judge
from equipoise.imsic.decisions import Proposal
from equipoise.imsic.profiles import column_differences
from equipoise.metrics import SynthesisReport, memorised_rows, synthesis_report
from equipoise.preprocessing import TableCodec
from equipoise.sequences import at_most_of_each, select

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_COMPARED = 5000  # training rows of a class, in a report on the quality


class Judging:
    """Mixin of :class:`equipoise.IMSIC`: what a person does with its rows."""

    # Provided by the sampler that this class is mixed into.
    sample: Callable[..., Any]
    classes_: np.ndarray
    class_counts_: np.ndarray
    input_shape_: tuple[int, ...]
    random_state: Any
    _codec: Any
    _class_index: Callable[[Any], np.ndarray]
    _confidence: Callable[[Any, np.ndarray], np.ndarray]
    _nearest: Callable[[np.ndarray, Any], tuple[np.ndarray, np.ndarray]]
    _rows_like_fit: Callable[[Any], Any]
    _flat: Callable[[Any], np.ndarray]
    _encoded: Callable[[np.ndarray], np.ndarray]

    # The training rows as the codec holds them, unless the sampler was loaded, and their classes.
    _rows: Any
    _target: np.ndarray
    _candidates: tuple[Any, np.ndarray] | None = None
    _accepted: Mapping[Any, Any] = MappingProxyType({})
    _proposals: tuple[Proposal, ...] = ()  # those of the accepted rows, and the pending one
    _pending: Proposal | None = None

    # Candidates -----------------------------------------------------------------------------

    def propose(self, n: int, y: Any = None, **options: Any) -> tuple[Any, np.ndarray]:
        """Generate candidates to judge with :meth:`accept` or :meth:`reject`.

        Parameters
        ----------
        n : int
            Number of candidates of every class in ``y``.
        y : label or array-like of labels, default=None
            Class or classes of the candidates; None for every class.
        **options
            ``codes``, ``noise_scale`` and ``random_state`` of :meth:`sample`. To get other
            candidates than before, pass another ``random_state``.

        Returns
        -------
        X : ndarray or DataFrame
            The candidates.
        y : ndarray of shape (len(X),)
            Their class labels.
        """
        given = options.get("random_state")
        seed = self.random_state if given is None else given
        if not isinstance(seed, Integral):  # to draw the same candidates again later
            seed = check_random_state(seed).randint(2**31)
        X = self.sample(n, y, **options | {"random_state": int(seed)})
        classes = self.classes_ if y is None else np.atleast_1d(y)
        labels = np.repeat(classes, n)
        codes = {str(c): np.asarray(v).tolist() for c, v in (options.get("codes") or {}).items()}
        scale = float(options.get("noise_scale", 1.0))
        self._pending = Proposal(tuple(classes.tolist()), int(n), int(seed), codes, scale)
        self._candidates = (X.copy(), labels.copy())  # the caller may change those returned
        return X, labels

    def accept(self, mask: Any) -> Any:
        """Accept some of the proposed candidates and reject the others.

        From then on, resampling appends only accepted rows of the judged classes. Rows of classes
        that were never judged are still generated.

        Parameters
        ----------
        mask : array-like of bool, or of int
            The accepted rows of the last :meth:`propose`, as a mask or as indices.

        Returns
        -------
        self
        """
        rows, labels, chosen = self._judged(mask)
        for label in np.unique(labels).tolist():
            earlier = self._accepted.get(label, rows[:0])
            kept = rows[chosen & (labels == label)]
            self._accepted = {**self._accepted, label: concatenate([earlier, kept])}
        assert self._pending is not None  # as there are candidates
        accepted, rejected = (np.flatnonzero(part).tolist() for part in (chosen, ~chosen))
        judged = replace(self._pending, accepted=tuple(accepted), rejected=tuple(rejected))
        self._proposals = (*self._proposals, judged)
        self._candidates = self._pending = None
        return self

    def reject(self, mask: Any) -> Any:
        """Reject some of the proposed candidates and accept the others; see :meth:`accept`."""
        return self.accept(~self._judged(mask)[2])

    @property
    def decisions_(self) -> tuple[Proposal, ...]:
        """What was decided about proposed candidates since the last fit."""
        return self._proposals

    def decide(self, proposals: Sequence[Proposal]) -> Self:
        """Take over decisions, in place of all earlier ones.

        Parameters
        ----------
        proposals : sequence of Proposal
            As in ``decisions_``, or from :func:`equipoise.imsic.decisions.read_decisions`. Their
            candidates are drawn again; those that are neither accepted nor rejected are not used.

        Returns
        -------
        self
        """
        worker = copy(self)
        worker._accepted, worker._proposals = {}, ()
        for proposal in proposals:
            if proposal.accepted or proposal.rejected:
                worker.propose(**proposal.drawing)
                worker.accept(list(proposal.accepted))
        self._accepted, self._candidates, self._pending = worker._accepted, None, None
        self._proposals = tuple(proposals)
        return self

    def accepted_rows(self, y: Any) -> Any:
        """The accepted rows of a class, in the order of the decisions.

        Parameters
        ----------
        y : label

        Returns
        -------
        ndarray, DataFrame or None
            None if no candidate of this class was ever judged.
        """
        self._class_index([y])
        return self._accepted.get(y)

    def _judged(self, mask: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return the candidates, their labels, and the mask as bools."""
        if self._candidates is None:
            raise InvalidInputError("There are no candidates to judge. Call propose() first.")
        rows, labels = self._candidates
        given = np.asarray(mask)
        if given.dtype == bool and given.shape == labels.shape:
            return rows, labels, given
        positions = given.dtype.kind in "iu" or given.size == 0
        if not positions or (given.size and not 0 <= given.min() <= given.max() < len(rows)):
            raise InvalidInputError(
                f"mask={mask!r} must contain {len(rows)} bools, one for each candidate, or indices "
                f"from 0 to {len(rows) - 1}."
            )
        chosen = np.zeros(len(rows), dtype=bool)
        chosen[given.astype(np.intp)] = True
        return rows, labels, chosen

    def _accepted_rows(self, label: Any, n: int) -> Any:
        """Return up to ``n`` accepted rows of a class, or None if it was never judged."""
        rows = self._accepted.get(label)
        if rows is not None and len(rows) < n:
            warnings.warn(
                f"Class {label!r}: of the {counted(n, 'row')} to append, only {len(rows)} were "
                "accepted, and no others are appended. Propose and accept more.",
                stacklevel=2,
            )
        return None if rows is None else rows[:n]

    # Quality --------------------------------------------------------------------------------

    def nearest_real(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest training row of every row.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`, for example synthetic ones.

        Returns
        -------
        index : ndarray of shape (n,)
            Indices of training rows.
        distance : ndarray of shape (n,)
            Euclidean distances on the scale that the networks see: pixels in [0, 1], columns
            standardised.
        """
        return self._nearest(self._flat(X), self._own_rows())

    def inspect(self, X: Any, y: Any) -> pd.DataFrame:
        """What a person wants to know of synthetic rows before accepting them.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`, for example those of :meth:`propose`.
        y : array-like of shape (n,)
            The classes that they are meant to belong to.

        Returns
        -------
        DataFrame
            A line per row: ``confidence``, the probability of its class by the category head;
            ``nearest``, the index of the nearest training row of this class; ``distance`` to that
            row, on the scale of :meth:`nearest_real`; and ``memorised``, whether it is as close as
            only the closest training rows of the class are to each other. That is never so for a
            class with a single row.
        """
        rows, classes = self._flat(X), self._class_index(np.asarray(y))
        found = pd.DataFrame({"confidence": self._confidence(X, classes)})
        found["nearest"], found["distance"], found["memorised"] = 0, 0.0, False
        for number in np.unique(classes):
            of_class, members = classes == number, np.flatnonzero(self._target == number)
            train = select(self._own_rows(), members)
            nearest, distance = self._nearest(rows[of_class], train)
            found.loc[of_class, "nearest"] = members[nearest]
            found.loc[of_class, "distance"] = distance
            if len(members) > 1:
                copies = memorised_rows(rows[of_class], self._encoded(train))
                found.loc[of_class, "memorised"] = copies
        return found

    def column_differences(self, X: Any, nearest: Any) -> pd.DataFrame:
        """How much each column of synthetic rows of a table differs from that of training rows.

        Parameters
        ----------
        X : array-like of shape (n, n_columns)
            Rows as in :meth:`fit`.
        nearest : array-like of int, shape (n,)
            The training row to compare each with, from :meth:`inspect` or :meth:`nearest_real`.

        Returns
        -------
        DataFrame of shape (n, n_columns)
            Differences in standard deviations of the column; for a category, and where one of the
            two values is missing, 1 if they differ and 0 if they do not.
        """
        self._check_table("column_differences")
        train = self._own_rows()
        return column_differences(self._codec, self._rows_like_fit(X), train, np.asarray(nearest))

    def plot_samples(
        self, n: int = 10, *, random_state: Any = None, ax: Axes | None = None
    ) -> Axes:
        """Generated images of every class above their nearest training images of that class."""
        from equipoise.report.plots import plot_samples

        self._check_images("plot_samples")
        made, real = {}, {}
        for number, label in enumerate(self.classes_.tolist()):
            members = select(self._own_rows(), self._target == number)
            X = self.sample(n, label, random_state=random_state)
            nearest = self._nearest(self._flat(X), members)[0]
            made[label], real[label] = self._as_images(X), self._as_images(members[nearest])
        return plot_samples(
            made,
            nearest=real,
            counts=[int(count) for count in self.class_counts_],
            max_columns=n,
            value_range=(self._codec.low, self._codec.high),
            ax=ax,
        )

    def quality_report(
        self, X: Any, y: Any, *, classifier: Any = None, n: int = 500, random_state: Any = None
    ) -> SynthesisReport:
        """Compare generated rows of every class with real ones that training did not see.

        Parameters
        ----------
        X, y : array-like
            Held-out rows and their labels.
        classifier : fitted classifier, default=None
            Predicts the labels of generated rows. If it has a ``transform``, distances are computed
            between the features that it returns. None fits a support-vector machine to the held-out
            rows and computes distances between the rows themselves.
        n : int, default=500
            Number of rows to generate per class; they are compared with at most 5,000 training rows
            of the class.
        random_state : int, RandomState or None, default=None

        Returns
        -------
        SynthesisReport
            Per class: label fidelity, precision, recall, density, coverage, fraction of memorised
            rows, diversity and two-sample test; with warnings of collapse and memorisation.
        """
        check_is_fitted(self)
        made = self.sample(n, random_state=random_state)
        y_made = np.repeat(self.classes_, n)
        compared = at_most_of_each(self._target, len(self.classes_), MOST_COMPARED)
        train = self._codec.container(select(self._own_rows(), compared))
        features = self._flat
        if classifier is None:
            judge = fit_judge(self._flat(X), np.asarray(y))
            predicted = judge.predict(self._flat(made))
        else:
            predicted = classifier.predict(made)
            if hasattr(classifier, "transform"):
                features = classifier.transform
        return synthesis_report(
            features(X),
            np.asarray(y),
            features(made),
            y_made,
            train=features(train),
            y_train=self.classes_[self._target[compared]],
            y_predicted=predicted,
            random_state=0 if random_state is None else random_state,
        )

    def remember(self, X: Any, y: Any) -> Self:
        """Give a loaded sampler the rows that it was fitted on, which are not saved with it.

        Afterwards the methods that compare with training rows work as after a fit.

        Parameters
        ----------
        X, y : array-like
            The training rows and their labels.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            If the classes do not have as many rows as in the fit.
        """
        rows, target = self._rows_like_fit(X), self._class_index(np.asarray(y))
        counts = np.bincount(target, minlength=len(self.classes_))
        if len(rows) != len(target) or not np.array_equal(counts, self.class_counts_):
            raise InvalidInputError(
                f"X and y have {counts.tolist()} rows of the classes, but the sampler was fitted "
                f"on {self.class_counts_.astype(int).tolist()}. Pass the rows of the fit."
            )
        self._rows, self._target = rows, target
        return self

    def _own_rows(self) -> Any:
        """Return the training rows as the codec holds them."""
        check_is_fitted(self)
        if self._rows is None:
            raise InvalidInputError(
                "The training rows are not kept in a saved sampler. Pass them to remember(), or "
                "fit it again."
            )
        return self._rows

    def _as_images(self, rows: np.ndarray) -> np.ndarray:
        leading = rows.shape[: rows.ndim - len(self._codec.row_shape)]
        return rows.reshape(*leading, *self._codec.image_shape)

    def _check_table(self, method: str) -> None:
        check_is_fitted(self)
        if not isinstance(self._codec, TableCodec):
            raise InvalidInputError(
                f"{method} compares the columns of a table, but this sampler was fitted on images."
            )

    def _check_images(self, method: str) -> None:
        check_is_fitted(self)
        if len(self.input_shape_) == 1:
            raise InvalidInputError(
                f"{method} draws images, but this sampler was fitted on a table. For flat "
                "images pass image_shape=(height, width)."
            )
