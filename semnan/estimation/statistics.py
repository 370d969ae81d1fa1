"""Fit statistics of an estimate: χ², degrees of freedom, log-likelihood, information criteria."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from scipy.stats import chi2

from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimate, discrepancy_of

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
        generic = self.estimate.generic
        return generic if isinstance(generic, Unavailable) else generic.rank

    @property
    def df(self) -> int | Unavailable:
        """P (p + 1) / 2 less the free parameters."""
        p = len(self.estimate.model.visibles)
        return self.parameters if isinstance(self.parameters, Unavailable) else p * (p + 1) // 2 - self.parameters

    @property
    def chi_square(self) -> Value:
        """Test of the model against the unrestricted covariance; 2 n KL for maximum likelihood."""
        factor = discrepancy_of(self.estimate).chi_square_factor
        if not math.isfinite(self.estimate.value):
            return Unavailable("the implied covariance is not positive definite")
        if factor is None:
            return Unavailable(f"{self.estimate.discrepancy} has no χ² distribution")
        return factor * self.estimate.moments.n * max(self.estimate.value, 0.0)

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
        return float(chi2.sf(self.chi_square, self.df))

    @property
    def log_likelihood(self) -> Value:
        """Gaussian log-likelihood at the estimates, means at their sample values."""
        sigma, moments = self.estimate.implied.sigma, self.estimate.moments
        chol, info = torch.linalg.cholesky_ex(sigma)
        if int(info):
            return Unavailable("the implied covariance is not positive definite")
        sample = torch.tensor(moments.covariance)
        logdet = 2 * float(chol.diagonal().log().sum())
        trace = float(torch.cholesky_solve(sample, chol).diagonal().sum())
        return -moments.n / 2 * (len(moments.names) * math.log(2 * math.pi) + logdet + trace)

    @property
    def aic(self) -> Value:
        """−2 log-likelihood + 2 × free parameters."""
        return self._penalised(2.0)

    @property
    def bic(self) -> Value:
        """−2 log-likelihood + log n × free parameters."""
        return self._penalised(math.log(self.estimate.moments.n))

    def _penalised(self, price: float) -> Value:
        if self.estimate.discrepancy != KullbackLeibler.__name__:
            return Unavailable(f"{self.estimate.discrepancy} is not maximum likelihood")
        for part in (self.log_likelihood, self.parameters):
            if isinstance(part, Unavailable):
                return part
        return -2 * float(self.log_likelihood) + price * float(self.parameters)
