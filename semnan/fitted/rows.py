"""What a fit says of rows: factor scores, predictions, their influence, and heavy tails."""

from __future__ import annotations

from collections.abc import Sequence

from semnan import report
from semnan.data.frames import Frame
from semnan.effects.prediction import Prediction, predict
from semnan.errors import Unavailable
from semnan.estimation.factor_scores import FactorScores, factor_scores
from semnan.estimation.reliability import (
    CompositeReliability,
    ScoreReliability,
    composite_reliability,
    score_reliability,
)
from semnan.estimation.scores import Method
from semnan.estimation.threads import blas_threads
from semnan.fitted.record import Fitted


class FittedRows(Fitted):
    """Of `semnan.Fit`: rows."""

    def factor_scores(
        self, data: Frame | None = None, *, method: Method = "regression", group: str | None = None
    ) -> FactorScores | Unavailable:
        """Values of the latents, row by row.

        Parameters
        ----------
        data : data frame, optional
            The rows to score, all of them, in their order. By default the rows of the fit, group by group: rows that it
            left out are not among them. Of a row with missing values what it has is used.
        method : "regression" or "bartlett"
            The mean of the latents given the row, of least mean square error; or their likeliest values whatever their
            distribution, without bias. With ordered variables the first is the mode in place of the mean.
        group : str, optional
            The column that says the group of a row, by default that of the fit.

        Returns
        -------
        FactorScores or Unavailable
            If the model has no means, those of the sample are taken.

        Raises
        ------
        FitError
            If there are no latents, or no rows.
        DataError
            For a column that is missing, or a group that the model does not have.

        """
        return factor_scores(self.estimate, self.sample, data, method, group)

    def score_reliability(self, method: Method = "regression") -> report.Listing[ScoreReliability] | Unavailable:
        """How well factor scores tell the latents, in rows without missing values: the determinacy and its square."""
        found = score_reliability(self.estimate, method)
        return found if isinstance(found, Unavailable) else report.Listing(ScoreReliability, tuple(found))

    def composite_reliability(self) -> report.Listing[CompositeReliability] | Unavailable:
        """How well sums of indicators tell the latents that they measure: omega, alpha, average variance extracted."""
        found = composite_reliability(self.estimate)
        return found if isinstance(found, Unavailable) else report.Listing(CompositeReliability, tuple(found))

    def predict(
        self,
        data: Frame | None = None,
        *,
        outcomes: str | Sequence[str],
        given: str | Sequence[str] | None = None,
        group: str | None = None,
        level: float = 0.95,
    ) -> Prediction | Unavailable:
        """E[y | x] of visibles, row by row, with its interval and the prediction interval of y.

        Parameters
        ----------
        data : data frame, optional
            The rows to predict, all of them, in their order; it needs the columns in `given` only. By default the rows
            of the fit, group by group. Of a row with missing values what it has is used.
        outcomes : str or sequence of str
            What to predict.
        given : str or sequence of str, optional
            What to predict from, by default all other visibles. This is seeing, not setting: see `do`.
        group : str, optional
            The column that says the group of a row, by default that of the fit.
        level : float

        Returns
        -------
        Prediction or Unavailable
            If the model has no means, those of the sample are taken, and their uncertainty counts. The moments of
            exogenous covariates are taken as known.

        Raises
        ------
        FitError
            For a name that is no visible, or no rows.
        DataError
            For a column that is missing, or a group that the model does not have.

        """
        return predict(self.estimate, self.sample, data, outcomes, given, group, level)

    def influence(self) -> report.Influence:
        """What every row does to the estimates: fits without each of them, all at once.

        Rows with missing values are left out by one Newton step, complete ones exactly.

        Raises
        ------
        FitError
            If the fit did not converge, has no rows, or is not by maximum likelihood.

        """
        with blas_threads(len(self.model.free)):
            return report.influence(self.estimate, self.sample)

    def heavy_tails(self, nu: float | None = None) -> report.HeavyTails:
        """The same model under a multivariate t distribution, and how far its estimates move from those of this fit.

        Also when that did not converge because of outliers.

        Parameters
        ----------
        nu : float, optional
            Degrees of freedom, more than two; by default the likeliest ones.

        Raises
        ------
        FitError
            If the fit is not by maximum likelihood, or rows are missing, incomplete, weighted or dependent.

        """
        with blas_threads(len(self.model.free)):
            return report.with_heavy_tails(self.estimate, self.sample, nu)
