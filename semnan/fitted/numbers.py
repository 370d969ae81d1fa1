"""What a fit says of parameters: estimates and their errors, standardised, defined, implied moments."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semnan import report
from semnan.effects.defined import DefinedRow, defined_parameters
from semnan.effects.delta import AT_BOUND, own_walds
from semnan.effects.standardised import StandardisedRow, standardised
from semnan.errors import Unavailable
from semnan.estimation.estimate import place_of
from semnan.estimation.implied import ImpliedMoments, implied_moments
from semnan.estimation.r_squared import RSquared, r_squared
from semnan.estimation.scaling import Scale
from semnan.estimation.squares import LeastSquares
from semnan.estimation.thresholds import Threshold
from semnan.fitted.record import Fitted

Array = NDArray[np.float64]


class FittedNumbers(Fitted):
    """Of `semnan.Fit`: parameters."""

    def parameters(self, level: float = 0.95, *, standardised: bool = False) -> report.ParameterTable:
        """The parameter table in lavaan's order, with standard errors and Wald intervals.

        Parameters
        ----------
        level : float
            Of the intervals.
        standardised : bool
            Whether rows have their values in standard deviations too, of the latents and of all variables.

        Returns
        -------
        ParameterTable
            A sequence of rows, fixed and defined parameters among them; ``to_frame`` makes a data frame of it.

        """
        return report.ParameterTable(tuple(report.parameter_rows(self.estimate, level, with_standardised=standardised)))

    @property
    def estimates(self) -> dict[str, float]:
        """The free parameters by name. Those in `not_identified` are one of many solutions."""
        return {free.name: value for free, value in zip(self.model.free, self.estimate.theta.tolist(), strict=True)}

    @property
    def standard_errors(self) -> dict[str, float | Unavailable]:
        """Standard errors of the free parameters, from the information that the fit was asked for."""
        walds = own_walds(self.estimate, 0.95)
        return {free.name: wald.standard_error for free, wald in zip(self.model.free, walds, strict=True)}

    @cached_property
    def vcov(self) -> Array | Unavailable:
        """Covariance matrix of the estimates in the order of `estimates`, shape (q, q).

        Zero for parameters at a bound. Not there if some parameter has no standard error for another reason.
        """
        if isinstance(self.estimate.inference, Unavailable):
            return self.estimate.inference
        for name, error in self.standard_errors.items():
            if isinstance(error, Unavailable) and error != AT_BOUND:
                return Unavailable(f"{name} has no standard error ({error})")
        return np.asarray(self.estimate.inference.covariance().numpy() / self.estimate.n)

    @property
    def thresholds(self) -> report.Listing[Threshold]:
        """The thresholds of ordered variables, with standard errors; none without such variables."""
        squares = self.estimate.squares
        return report.Listing(Threshold, squares.thresholds if isinstance(squares, LeastSquares) else ())

    @cached_property
    def r_squared(self) -> report.Listing[RSquared]:
        """The share of the variance of every variable with parents that these explain."""
        return report.Listing(RSquared, tuple(r_squared(self.estimate)))

    def standardised(self, scale: Scale = "std.all", level: float = 0.95) -> report.Listing[StandardisedRow]:
        """The parameter table in standard deviations: of latents ("std.lv"), of all variables ("std.all"), or of all
        but exogenous covariates ("std.nox"), with standard errors.
        """
        return report.Listing(StandardisedRow, tuple(standardised(self.estimate, scale, level)))

    def defined(self, level: float = 0.95) -> report.Listing[DefinedRow]:
        """The parameters that the model defines by ``:=``, with delta-method standard errors."""
        return report.Listing(DefinedRow, tuple(defined_parameters(self.estimate, level)))

    @cached_property
    def implied_covariance(self) -> Array:
        """Σ at the estimates, in the order of ``model.visibles``, shape (p, p)."""
        return self.estimate.implied[place_of(self.model, None)].sigma.numpy().copy()

    def implied(self, group: str | None = None) -> ImpliedMoments:
        """Means and covariances that the model implies at the estimates, of visibles and latents.

        ``fit.implied().select(fit.model.latents).covariance`` is that of the latents alone.
        """
        return implied_moments(self.estimate, group)
