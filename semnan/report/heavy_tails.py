"""`HeavyTails`: a model under a t distribution beside the same under normality, and how far its estimates move."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.effects import Effect, effect
from semnan.effects.defined import DefinedRow, defined_parameters
from semnan.effects.delta import own_walds
from semnan.effects.effect import Kind
from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import frame_rows
from semnan.estimation.heavy_tails import Tails, heavy_tails
from semnan.estimation.outcome import Outcome
from semnan.estimation.statistics import Statistics
from semnan.report.listing import Listing
from semnan.report.parameters import ParameterTable
from semnan.report.rows import parameter_rows

Array = NDArray[np.float64]
Value = float | Unavailable


@final
@dataclass(frozen=True)
class Move:
    """A parameter under normality and under a t distribution.

    Attributes
    ----------
    name : str
    normal, heavy_tails : float or Unavailable
    normal_error, heavy_tails_error : float or Unavailable
        Standard errors.
    moved : float or Unavailable
        By how many standard errors of the normal fit it moves.

    """

    name: str
    normal: Value
    normal_error: Value
    heavy_tails: Value
    heavy_tails_error: Value
    moved: Value


@final
@dataclass(frozen=True, eq=False, repr=False)
class HeavyTails:
    """A model whose visibles have a multivariate t distribution. Its parameters are those of means and covariances.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Which row of the data frame each of `weights` is of, counted from zero.

    """

    rows: NDArray[np.int64] = field(repr=False)
    _tails: Tails = field(repr=False)
    _fit: Estimate = field(repr=False)

    # -- the distribution

    @property
    def nu(self) -> float:
        """Degrees of freedom of the t distribution: the fewer, the heavier its tails. Infinite if they are normal."""
        return self._tails.nu

    @property
    def nu_standard_error(self) -> Value:
        """Not there if ν is given, or at an end of what it can be."""
        return self._tails.nu_error

    @property
    def p_value_normal(self) -> Value:
        """Test of normal tails against those of a t distribution: half a χ² with one degree of freedom."""
        return self._tails.p_value_normal

    @property
    def weights(self) -> Array:
        """How much `rows` count, shape (n,): about one on the average, next to nothing for outliers."""
        return self._tails.weights.copy()

    # -- how it went

    @property
    def outcome(self) -> Outcome:
        """How the fit ended."""
        return self._tails.estimate.outcome

    @property
    def converged(self) -> bool:
        """Whether the estimates are a maximum of the likelihood."""
        return self.outcome.ok

    @property
    def log_likelihood(self) -> float:
        """Under the t distribution, of all visibles, exogenous covariates among them."""
        return self._tails.log_likelihood

    @property
    def log_likelihood_normal(self) -> Value:
        """The same under normality."""
        return self._tails.normal

    @property
    def chi_square(self) -> float:
        """Test of the model against free means and covariances under a t distribution."""
        return max(2 * (self._tails.saturated - self._tails.log_likelihood), 0.0)

    @property
    def df(self) -> int | Unavailable:
        """Degrees of freedom of the model, as of the normal fit."""
        return Statistics(self._fit).df

    @property
    def p_value(self) -> Value:
        """Upper tail of χ²."""
        if isinstance(self.df, Unavailable):
            return self.df
        if self.df <= 0:
            return Unavailable("the model is saturated: it has no degrees of freedom to test")
        return chi_square_tail(self.chi_square, self.df)

    # -- parameters

    @property
    def estimates(self) -> dict[str, float]:
        """The free parameters by name, means and moments of covariates among them."""
        found = self._tails.estimate
        return {free.name: value for free, value in zip(found.model.free, found.theta.tolist(), strict=True)}

    @property
    def standard_errors(self) -> dict[str, Value]:
        """From the expected information of the t distribution."""
        found = self._tails.estimate
        walds = own_walds(found, 0.95)
        return {free.name: wald.standard_error for free, wald in zip(found.model.free, walds, strict=True)}

    def parameters(self, level: float = 0.95, *, standardised: bool = False) -> ParameterTable:
        """The parameter table; see `Fit.parameters`."""
        return ParameterTable(tuple(parameter_rows(self._tails.estimate, level, with_standardised=standardised)))

    def defined(self, level: float = 0.95) -> Listing[DefinedRow]:
        """The parameters that the model defines."""
        return Listing(DefinedRow, tuple(defined_parameters(self._tails.estimate, level)))

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> Effect:
        """A causal effect; the arguments are those of `Fit.effect`."""
        return effect(
            self._tails.estimate,
            source,
            target,
            kind=kind,
            avoiding=avoiding,
            standardised=standardised,
            group=group,
            level=level,
        )

    def moves(self) -> Listing[Move]:
        """Every parameter of the normal fit beside the same here, those that move most in front."""
        theirs = zip(self._tails.estimate.model.free, own_walds(self._tails.estimate, 0.95), strict=True)
        here = {free.name: wald for free, wald in theirs}
        found = []
        for free, wald in zip(self._fit.model.free, own_walds(self._fit, 0.95), strict=True):
            other = here[free.name]
            moved = _in_errors(wald.estimate, other.estimate, wald.standard_error)
            both = (wald.estimate, wald.standard_error, other.estimate, other.standard_error)
            found.append(Move(free.name, *both, moved))
        return Listing(Move, tuple(sorted(found, key=_size, reverse=True)))

    def __repr__(self) -> str:
        return f"<HeavyTails: {self._said()}>"

    def __str__(self) -> str:
        return f"{self._said()}\n\n{self.moves()}"

    def _repr_html_(self) -> str:
        return f"<p>{self._said()}</p>{self.moves()._repr_html_()}"

    def _said(self) -> str:
        if math.isinf(self.nu):
            return "tails are no heavier than normal: the t distribution fits best with infinite degrees of freedom"
        error = self.nu_standard_error
        told = f"({error.reason})" if isinstance(error, Unavailable) else f"(SE {error:.2g})"
        ending = "" if self.converged else f"; {self.outcome.value}"
        return f"t distribution with {self.nu:.3g} degrees of freedom {told}{ending}"


def with_heavy_tails(fit: Estimate, sample: Sample, nu: float | None) -> HeavyTails:
    """Fit under a t distribution; see `Fit.heavy_tails`."""
    rows = Rows.of(sample, fit.model.exogenous)
    if rows is None:
        raise FitError("the fit has moments, but no rows: give a data frame")
    return HeavyTails(frame_rows(sample), heavy_tails(fit, rows, nu), fit)


def _in_errors(first: Value, second: Value, error: Value) -> Value:
    for value in (first, second, error):
        if isinstance(value, Unavailable):
            return value
    return (float(second) - float(first)) / float(error) if float(error) > 0 else Unavailable("it has no error")


def _size(move: Move) -> float:
    return -1.0 if isinstance(move.moved, Unavailable) else abs(move.moved)
