"""Fit statistics of an estimate: χ², degrees of freedom, log-likelihood, information criteria."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.data import Moments
from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate, discrepancy_of
from semnan.estimation.saturated import pattern_log_likelihood
from semnan.estimation.squares import LeastSquares
from semnan.network.arrays import Array

Value = float | Unavailable
#: A saturated model whose discrepancy is larger does not reach the sample.
REACHED = 1e-8


@final
@dataclass(frozen=True)
class Statistics:
    """Statistics of one fit; what does not apply is `Unavailable` and says why.

    The number of free parameters counts the dimensions that a covariance determines: the generic rank of the model,
    which is less than the length of θ when parameters are not identified. It does not depend on the data.
    """

    estimate: Estimate

    @property
    def parameters(self) -> int | Unavailable:
        """Free parameters, counted by the dimensions of θ that a covariance determines."""
        generic, squares = self.estimate.generic, self.estimate.squares
        if isinstance(squares, LeastSquares) and squares.freedom is not None:
            return squares.freedom[1]
        return generic if isinstance(generic, Unavailable) else generic.rank + self._margins

    @property
    def moments(self) -> int:
        """How many means and covariances the model is about; those of exogenous covariates are given."""
        model, squares = self.estimate.model, self.estimate.squares
        if isinstance(squares, LeastSquares) and squares.freedom is not None:
            return squares.freedom[0]
        p, k = len(model.visibles), len(model.exogenous)
        means = p - k if model.has_means else 0
        return len(self.estimate.labels) * (p * (p + 1) // 2 - k * (k + 1) // 2 + means) + self._margins

    @property
    def _margins(self) -> int:
        """Thresholds and means estimated by themselves, less variances of latent responses, which are one."""
        squares = self.estimate.squares
        return squares.free_margins if isinstance(squares, LeastSquares) else 0

    @property
    def df(self) -> int | Unavailable:
        """The moments less the free parameters."""
        return self.parameters if isinstance(self.parameters, Unavailable) else self.moments - self.parameters

    @property
    def chi_square(self) -> Value:
        """Test of the model against the unrestricted covariance; 2 n KL for maximum likelihood."""
        squares = self.estimate.squares
        if isinstance(squares, LeastSquares) and squares.chi_square is not None:
            return squares.chi_square
        factor = 2.0 if self.estimate.squares is not None else discrepancy_of(self.estimate).chi_square_factor
        if not math.isfinite(self.estimate.value):
            return Unavailable("the implied covariance is not positive definite")
        if factor is None:
            return Unavailable(f"{self.estimate.discrepancy} has no χ² distribution")
        return factor * self.estimate.n * max(self.estimate.value, 0.0)

    @property
    def p_value(self) -> Value:
        """Upper tail of χ² with `df` degrees of freedom."""
        if isinstance(self.chi_square, Unavailable):
            return self.chi_square
        if isinstance(self.df, Unavailable):
            return self.df
        if not self.estimate.outcome.ok:
            return Unavailable("the fit did not converge")
        if self.df <= 0 and self.estimate.value > REACHED:
            return Unavailable(
                "there are no degrees of freedom, yet bounds or fixed values keep the model from the data"
            )
        if self.df <= 0:
            return Unavailable("the model is saturated: it has no degrees of freedom to test")
        return chi_square_tail(self.chi_square, self.df)

    @property
    def log_likelihood(self) -> Value:
        """Gaussian log-likelihood at the estimates, given exogenous covariates; means not modelled are the sample's."""
        if self.estimate.squares is not None:
            return Unavailable(f"{self.estimate.discrepancy} has no likelihood")
        return _total([group_log_likelihood(self.estimate, g) for g in range(len(self.estimate.labels))])

    @property
    def aic(self) -> Value:
        """−2 log-likelihood + 2 × free parameters."""
        return self._penalised(2.0)

    @property
    def bic(self) -> Value:
        """−2 log-likelihood + log n × free parameters."""
        return self._penalised(math.log(self.estimate.n))

    def _penalised(self, price: float) -> Value:
        if self.estimate.discrepancy != KullbackLeibler.__name__:
            return Unavailable(f"{self.estimate.discrepancy} is not maximum likelihood")
        for part in (self.log_likelihood, self.parameters):
            if isinstance(part, Unavailable):
                return part
        return -2 * float(self.log_likelihood) + price * float(self.parameters)


def group_log_likelihood(fit: Estimate, g: int) -> Value:
    """The log-likelihood of one group at the estimates."""
    sample, implied, patterns = fit.samples[g], fit.implied[g], fit.patterns[g]
    if patterns is not None:
        found = pattern_log_likelihood(patterns, implied.mu, implied.sigma)
    else:
        deviation = np.asarray(sample.mean) - implied.mu.numpy() if fit.model.has_means else None
        found = moment_log_likelihood(sample, implied.sigma.numpy(), deviation)
    if not math.isfinite(found):
        return Unavailable("the implied covariance is not positive definite")
    return found - covariate_log_likelihood(fit, g)


def covariate_log_likelihood(fit: Estimate, g: int) -> float:
    """The log-likelihood of the exogenous covariates alone, which that of the model is given."""
    if not fit.model.exogenous:
        return 0.0
    inside = fit.samples[g].select(fit.model.exogenous)
    return moment_log_likelihood(inside, inside.covariance, None)


def moment_log_likelihood(sample: Moments, sigma: Array, deviation: Array | None) -> float:
    """−n/2 [p log 2π + logdet Σ + tr Σ⁻¹(S + ddᵀ)], d the sample mean less the implied one; −∞ if Σ is not definite."""
    factor = factorise(sigma)
    if not factor.definite:
        return -math.inf
    target = sample.covariance if deviation is None else sample.covariance + np.outer(deviation, deviation)
    trace = float((factor.inverse * target).sum())
    return -sample.n / 2 * (len(sample.names) * math.log(2 * math.pi) + float(factor.logdet) + trace)


def _total(values: list[Value]) -> Value:
    for value in values:
        if isinstance(value, Unavailable):
            return value
    return float(sum(float(value) for value in values))
