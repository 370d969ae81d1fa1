"""The multivariate t distribution of p variables by its covariance Σ, and by η = 1/ν, which is zero for a normal one.

With δ = (x − μ)ᵀ Σ⁻¹ (x − μ) and ν > 2 degrees of freedom,

    log f(x) = log Γ((ν + p)/2) − log Γ(ν/2) − p/2 log[π (ν − 2)] − ½ log |Σ| − (ν + p)/2 log[1 + δ/(ν − 2)],

whose slope in Σ and μ is that of a normal density for a row of weight (ν + p)/(ν − 2 + δ) (Lange, Little & Taylor 1989,
Journal of the American Statistical Association 84, for the scatter matrix (1 − 2/ν) Σ).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma

Array = NDArray[np.float64]
#: Below the first η a sample cannot tell a t distribution from a normal one, at the last it hardly has a covariance.
LEAST, MOST = 1e-4, 0.495
#: Points of a first look at the likelihood.
GRID = 40


def weights(delta: Array, p: int, eta: float) -> Array:
    """How much a row counts, by its distance δ."""
    return np.asarray((1 + p * eta) / (1 - 2 * eta + eta * delta))


def log_density(delta: Array, logdet: float, p: int, eta: float) -> Array:
    """Of rows at distances δ."""
    if eta == 0:
        return np.asarray(-(p * math.log(2 * math.pi) + logdet + delta) / 2)
    nu = 1 / eta
    constant = gammaln((nu + p) / 2) - gammaln(nu / 2) - p / 2 * math.log(math.pi * (nu - 2)) - logdet / 2
    return np.asarray(constant - (nu + p) / 2 * np.log1p(delta / (nu - 2)))


def slope(delta: Array, p: int, eta: float) -> float:
    """∂/∂ν of the sum of `log_density`."""
    nu = 1 / eta
    constant = digamma((nu + p) / 2) - digamma(nu / 2) - p / (nu - 2)
    share = delta / (nu - 2)
    return float((constant - np.log1p(share) + (nu + p) / (nu - 2) * share / (1 + share)).sum()) / 2


def likeliest(groups: Sequence[Array], p: int) -> float:
    """The η that makes distances likeliest; zero if that is a normal distribution.

    Parameters
    ----------
    groups : sequence of ndarray
        Distances δ of the rows, by group.
    p : int
        The number of variables.

    """
    delta = np.concatenate(groups)
    grid = np.concatenate([[0.0], np.geomspace(LEAST, MOST, GRID)])
    best = int(np.argmax([log_density(delta, 0.0, p, eta).sum() for eta in grid.tolist()]))
    low, high = float(grid[max(best - 1, 1)]), float(grid[min(best + 1, GRID)])
    if best == 0 or slope(delta, p, low) > 0:
        return 0.0
    if slope(delta, p, high) < 0:
        return high
    from scipy.optimize import brentq  # A tenth of a second to import, and rarely needed.

    return float(brentq(lambda eta: slope(delta, p, eta), low, high, xtol=1e-14, rtol=1e-13))


class Expected(NamedTuple):
    """The expected information of one row in (θ, ν), from its parts of normal theory.

    Attributes
    ----------
    second : float
        Of ½ tr(Σ⁻¹ ∂Σ Σ⁻¹ ∂Σ).
    trace : float
        Of t tᵀ, t = tr(Σ⁻¹ ∂Σ).
    first : float
        Of ∂μᵀ Σ⁻¹ ∂μ.
    cross : float
        Between θ and ν, of t.
    own : float
        Of ν.

    """

    second: float
    trace: float
    first: float
    cross: float
    own: float


def expected(p: int, nu: float) -> Expected:
    """What a t distribution makes of the information of normal theory.

    That of the scatter matrix (Lange, Little & Taylor 1989, appendix B), with ν moving the scatter of a given
    covariance by (1 − 2/ν).
    """
    total, moved = nu + p, 2 / (nu * (nu - 2))
    share = total / (total + 2)
    scale = nu / (2 * (total + 2))
    cross = -1 / (total * (total + 2))
    own = polygamma(1, nu / 2) - polygamma(1, total / 2) - 4 * p / (nu * total) + 2 * p / (nu * (total + 2))
    return Expected(
        share,
        -1 / (2 * (total + 2)),
        share * nu / (nu - 2),
        cross + moved * scale,
        float(own) / 4 + 2 * moved * p * cross + moved**2 * p * scale,
    )
