"""What a fit says of how well the model fits: tests, indices, residuals, and what to change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from semnan import report
from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.estimation.baseline import Baseline, baseline
from semnan.estimation.candidates import SORTS
from semnan.estimation.casewise import Rows
from semnan.estimation.equivalence import Equivalence, equivalence, equivalence_of_restrictions
from semnan.estimation.estimate import place_of
from semnan.estimation.hypotheses import HypothesisTest, ScoreTests, score_tests, wald_test
from semnan.estimation.modification import ModificationIndex, modification_indices
from semnan.estimation.moment_data import moment_vectors
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.residuals import GroupResiduals, Units, residual_errors, residuals
from semnan.estimation.robust import Robust, robust
from semnan.estimation.robust_indices import all_measures
from semnan.estimation.statistics import Statistics
from semnan.estimation.threads import blas_threads
from semnan.fitted.record import Fitted
from semnan.model.constraint_text import read_constraints


class FittedMeasures(Fitted):
    """Of `semnan.Fit`: tests, fit measures, residuals."""

    @cached_property
    def _statistics(self) -> Statistics:
        return Statistics(self.estimate)

    @property
    def chi_square(self) -> float | Unavailable:
        """Test of the model against the unrestricted covariance."""
        return self._statistics.chi_square

    @property
    def df(self) -> int | Unavailable:
        """Degrees of freedom: p (p + 1) / 2 less the dimensions that the data determine."""
        return self._statistics.df

    @property
    def p_value(self) -> float | Unavailable:
        """Upper tail of χ²."""
        return self._statistics.p_value

    @property
    def log_likelihood(self) -> float | Unavailable:
        """Gaussian log-likelihood at the estimates."""
        return self._statistics.log_likelihood

    @property
    def aic(self) -> float | Unavailable:
        """Akaike's information criterion."""
        return self._statistics.aic

    @property
    def bic(self) -> float | Unavailable:
        """Schwarz's information criterion."""
        return self._statistics.bic

    @cached_property
    def baseline(self) -> Baseline | Unavailable:
        """The independence model: visibles uncorrelated, but for exogenous covariates."""
        with blas_threads(len(self.model.free)):
            return baseline(self.estimate)

    @cached_property
    def fit_measures(self) -> dict[str, float | Unavailable]:
        """Fit indices under lavaan's names: ``cfi``, ``tli``, ``rmsea``, ``srmr``, ``aic``, ``bic``, …"""
        return all_measures(self.estimate, self.sample)

    @cached_property
    def robust(self) -> Robust | Unavailable | None:
        """The corrected tests of fit of a robust estimator; None for ML. Fits that were saved have none."""
        return robust(self.estimate, Rows.of(self.sample, self.model.exogenous))

    def wald_test(self, constraints: str) -> HypothesisTest | Unavailable:
        """Test equalities that the model does not impose, with the standard errors of the fit.

        Parameters
        ----------
        constraints : str
            In labels and defined parameters of the model, one a line or divided by ``;``: ``"a == b; c == 0"``.

        Returns
        -------
        HypothesisTest or Unavailable

        Raises
        ------
        FitError
            For what is no equality.
        ModelError
            For a name that is no label, or text that is no constraint.

        """
        return wald_test(self.estimate, read_constraints(self.model, constraints))

    def score_tests(self) -> ScoreTests | Unavailable:
        """Test the equalities that the model imposes, by labels, across groups or by ``==``: all, and each alone.

        By how much χ² would fall, about, without them: the modification indices of equalities.
        """
        return score_tests(self.estimate)

    def equivalence_test(self, against: Fitted | None = None, *, alpha: float = 0.05) -> Equivalence | Unavailable:
        """How large the misfit is at most: T-size RMSEA and CFI with adjusted cutoffs.

        From the corrected χ² if the estimator is robust. The tests of close fit are among `fit_measures`:
        ``rmsea.pvalue`` and ``rmsea.notclose.pvalue``.

        Parameters
        ----------
        against : Fit, optional
            A fit that restricts less: the misfit is then that of the restrictions alone, as between steps of
            `invariance`.
        alpha : float
            At which larger misfit is rejected.

        """
        check_level(alpha, "alpha", 0.05)
        if against is None:
            return equivalence(self.estimate, self.fit_measures, alpha)
        if not isinstance(against, Fitted):
            raise FitError(f"against is a {type(against).__name__}: give the fit that restricts less")
        return equivalence_of_restrictions(self.estimate, against.estimate, alpha)

    def residuals(self, units: Units = "raw", group: str | None = None) -> GroupResiduals | Unavailable:
        """What the sample's covariances and means have more than the model implies.

        Parameters
        ----------
        units : "raw", "cor.bollen", "cor.bentler", "normalized" or "standardized"
            Of the variables; of correlations, or of the sample's standard deviations, which differ where the model
            misses variances; or in standard errors, of the sample's moment or of the residual itself. Standardised
            residuals are standard normal if the model is right.
        group : str, optional
            Of a model with several groups.

        Returns
        -------
        GroupResiduals or Unavailable

        """
        place, found = place_of(self.model, group), residuals(self.estimate, units)
        return found if isinstance(found, Unavailable) else found[place]

    def residual_errors(self, group: str | None = None) -> GroupResiduals | Unavailable:
        """The standard errors of the raw residuals, arranged as these are; zero where the model cannot miss."""
        place, found = place_of(self.model, group), residual_errors(self.estimate)
        return found if isinstance(found, Unavailable) else found[place]

    def modification_indices(
        self, *, least: float = 0.0, most: int | None = None, sorts: Iterable[str] = SORTS
    ) -> report.Listing[ModificationIndex] | Unavailable:
        """By how much χ² would fall, about, if one more parameter were free; the largest first.

        What lavaan lists, but paths into exogenous covariates, since the model is given these. Many are tested at once:
        a large index is a question to theory, not an answer.

        Parameters
        ----------
        least : float
            The smallest index to list; 3.84 is the .95 quantile of one that is due to chance.
        most : int, optional
            How many to list.
        sorts : iterable of "loading", "regression", "covariance", "fixed"
            Which parameters to look at: loadings on indicators of other latents, regressions among the variables that
            take part in some, (residual) covariances, and parameters that the model fixes.

        """
        found = modification_indices(self.estimate, sorts, least=least, most=most)
        return found if isinstance(found, Unavailable) else report.Listing(ModificationIndex, tuple(found))


def vectors_of(fit: Fitted) -> list[MomentVector] | Unavailable:
    """What a fit of ordered variables was fitted to."""
    rows = Rows.of(fit.sample, fit.model.exogenous)
    if rows is None:
        return Unavailable("this needs the rows of the fits, which saved fits do not have")
    at = [rows.names.index(name) for name in fit.model.visibles]
    return moment_vectors(fit.model, [group.numpy()[:, at] for group in rows.groups])
