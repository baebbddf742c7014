"""The result of ``evaluate_resampling``: scores, comparisons, a verdict and a plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from equipoise.errors import InvalidParameterError
from equipoise.metrics import cross_validated_differences
from equipoise.notebook import as_html

from .treatments.remedies import NONE, REMEDIES
from .verdict import best_combination, lower_is_better, sentences, words_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .treated import TreatedClassifier

# Names of the scores, and their names in the records of experiments.
SCORES = {
    "balanced_accuracy": "acsa",
    "f1_macro": "f_macro",
    "g_macro": "g_macro",
    "average_precision": "average_precision",
    "brier": "brier",
}
# Columns of the scores that are no metrics.
FIXED = (
    *("classifier", "treatment", "repeat", "fold", "n_train", "n_test", "lacks"),
    *("fit_seconds", "error"),
)


@dataclass(frozen=True, eq=False)
class ResamplingEvaluation:
    """Scores of every classifier, treatment and fold.

    What :func:`equipoise.evaluate_resampling` returns.

    Attributes
    ----------
    scores : DataFrame
        A row per classifier, treatment, repeat and fold (both from 1), with ``n_train`` and
        ``n_test`` rows, ``lacks`` (the classes without a row in the test part, mostly empty), the
        metrics, ``fit_seconds`` and ``error``, which is empty where all went well. Metrics are NaN
        where it did not; those that need every class, all but the Brier score, also where the test
        part lacks one.
    refit : str or None
        The score by which the best combination was chosen.
    best_estimator_ : TreatedClassifier or None
        The combination of classifier and treatment with the best mean of ``refit``, fitted to all
        rows: it takes rows like those of the table, and its ``predict_proba`` is for the class
        shares of the table. None where nothing was fitted to all rows.
    """

    scores: pd.DataFrame
    refit: str | None = None
    best_estimator_: TreatedClassifier | None = None

    @property
    def best_classifier_(self) -> str:
        """Name of the classifier with the best mean of ``refit``."""
        return self._best()[0]

    @property
    def best_treatment_(self) -> str:
        """Name of the treatment with the best mean of ``refit``."""
        return self._best()[1]

    def _best(self) -> tuple[str, str]:
        if self.refit is None:
            raise AttributeError("There is no best combination with refit=None. Pass a score.")
        return best_combination(self, self.refit)

    @property
    def metrics(self) -> list[str]:
        """Names of the scores."""
        return [name for name in self.scores if name not in FIXED]

    @property
    def treatments(self) -> list[str]:
        """The remedies from ``"none"`` on, then the samplers."""
        return self.scores["treatment"].unique().tolist()

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers."""
        return [name for name in self.treatments if name not in REMEDIES]

    @property
    def test_to_train(self) -> float:
        """Test rows of a fold divided by its training rows, on average."""
        return float((self.scores["n_test"] / self.scores["n_train"]).mean())

    def summary(self, metric: str | None = None) -> pd.DataFrame:
        """Mean and standard deviation over the folds.

        Parameters
        ----------
        metric : str, default=None
            One of ``metrics``, or ``"fit_seconds"``; None for all.

        Returns
        -------
        DataFrame
            A row per classifier and treatment. Columns ``mean``, ``sd`` and ``n_folds`` (those
            with a score), below the name of the metric where all are asked for.

        Raises
        ------
        InvalidParameterError
            There is no such metric.
        """
        if metric is not None:
            self._check("metric", metric, [*self.metrics, "fit_seconds"])
        chosen = [*self.metrics, "fit_seconds"] if metric is None else metric
        groups = self.scores.groupby(["classifier", "treatment"], sort=False)[chosen]
        return groups.agg(["mean", "std", "count"]).rename(
            columns={"std": "sd", "count": "n_folds"}
        )

    def compare(
        self, metric: str = "balanced_accuracy", reference: str = NONE, confidence: float = 0.95
    ) -> pd.DataFrame:
        """Every other treatment minus the reference, fold by fold.

        Parameters
        ----------
        metric : str, default="balanced_accuracy"
            One of ``metrics``, or ``"fit_seconds"``. Of ``"brier"`` and seconds less is better, so
            there a negative difference is good.
        reference : str, default="none"
            One of ``treatments``.
        confidence : float, default=0.95
            Of the intervals, in (0, 1).

        Returns
        -------
        DataFrame
            A row per classifier and treatment with the columns of
            :func:`equipoise.metrics.cross_validated_differences`: the corrected resampled t-test.
            ``p_holm``, ``low_holm`` and ``high_holm`` are corrected over the treatments of one
            classifier.

        Raises
        ------
        InvalidParameterError
            There is no such metric or treatment, or an impossible confidence.
        """
        self._check("metric", metric, [*self.metrics, "fit_seconds"])
        self._check("reference", reference, self.treatments)
        tables = {
            classifier: cross_validated_differences(
                part.pivot(index="treatment", columns=["repeat", "fold"], values=metric).reindex(
                    self.treatments
                ),
                reference,
                self.test_to_train,
                confidence,
            )
            for classifier, part in self.scores.groupby("classifier", sort=False)
        }
        return pd.concat(tables, names=["classifier", "treatment"])

    def verdict(self, metric: str = "balanced_accuracy") -> str:
        """What the comparison says, in a few sentences.

        Parameters
        ----------
        metric : str, default="balanced_accuracy"
            One of ``metrics``.

        Returns
        -------
        str
            A line on the metric, one per classifier, one in short, one on the best combination of
            all and a caveat. A difference counts where its p-value, corrected by Holm, is below
            .05. A combination is simpler than another one if its fits take less time and its
            treatment does not come later in this order: nothing, uniform prior, class weight,
            threshold, samplers; with the same classifier an earlier treatment is enough. It is as
            good as the best one if it cannot be distinguished from it and its mean is at most .01
            worse. Of such combinations the verdict names that with the earliest treatment, and
            of these the fastest.

        Raises
        ------
        InvalidParameterError
            There is no such metric.
        """
        self._check("metric", metric, self.metrics)
        return sentences(self, metric)

    def plot(self, metric: str = "balanced_accuracy", ax: Axes | None = None) -> Axes:
        """Draw the differences from doing nothing, with their 95 % intervals.

        The intervals have Holm's correction over the treatments of a classifier (``low_holm``
        and ``high_holm`` of :meth:`compare`), as the verdict has: an interval leaves 0 out exactly
        where the verdict calls a treatment better or worse than doing nothing.

        Parameters
        ----------
        metric : str, default="balanced_accuracy"
            One of ``metrics``.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidParameterError
            There is no such metric.
        """
        from equipoise.report.plots import plot_treatment_effects

        self._check("metric", metric, self.metrics)
        level = self.summary(metric)["mean"].xs(NONE, level="treatment")
        differences = self.compare(metric)
        return plot_treatment_effects(
            differences.assign(low=differences["low_holm"], high=differences["high_holm"]),
            reference=NONE,
            reference_scores=level.to_dict(),
            metric=words_of(metric),
            lower_is_better=lower_is_better(metric),
            interval="95 % interval with Holm's correction",
            ax=ax,
        )

    def _repr_html_(self) -> str:
        """The mean scores and the verdict on the score of ``refit``, for notebooks."""
        metric = self.refit or "balanced_accuracy"
        means = self.summary(metric)["mean"].unstack("treatment", sort=False)
        return as_html([means], self.verdict(metric).splitlines())

    def _check(self, parameter: str, value: str, known: list[str]) -> None:
        if value not in known:
            raise InvalidParameterError(
                f"{parameter}={value!r} is unknown. Choose one of {', '.join(map(repr, known))}."
            )
