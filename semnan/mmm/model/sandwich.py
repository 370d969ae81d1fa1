"""Covariance of the estimates of a channel model: a sandwich of casewise scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.errors import Unavailable
from semnan.estimation.panel import Panel, information_scale, positive_part
from semnan.mmm.model.concentrate import Minimum
from semnan.mmm.model.likelihood import Likelihood
from semnan.network.arrays import Array

#: A parameter this near to a bound, in ranges of it, is at the bound.
AT_BOUND = 1e-6
#: Scaled eigenvalues of the information below this are zero.
NULL = 1e-9
#: A slope along a direction that the data do not determine is zero below this share.
FLAT = 1e-4


@final
@dataclass(frozen=True, eq=False)
class Spread:
    """How uncertain (θ, τ) are.

    Attributes
    ----------
    matrix : ndarray, shape (q + k, q + k), or Unavailable
        Their covariance; zero for what is at a bound. Where the data do not determine all of them, that of the
        functions that they do determine.
    held : ndarray of bool, shape (q + k,)
        What is at a bound.
    draws : ndarray, shape (R, q + k), or None
        Estimates of bootstrap replicates.
    failed : int
        Replicates that did not converge, which are not among the draws.
    clipped : bool
        Whether the panel's products were not positive semidefinite, and negative eigenvalues were set to zero.
    null : ndarray, shape (r, q + k), or None
        Directions that the data do not determine, of length one in units of `size`.
    size : ndarray, shape (q + k,), or None
        The size of each parameter in which the information has ones on its diagonal; zero at a bound.

    """

    matrix: Array | Unavailable
    held: Array
    draws: Array | None = None
    failed: int = 0
    clipped: bool = False
    null: Array | None = None
    size: Array | None = None

    def determines(self, slope: Array) -> bool:
        """Whether a function with these slopes in (θ, τ), shape (q + k,), is the same along these directions."""
        if self.null is None or self.size is None:
            return True
        return bool((np.abs(self.null @ slope) <= FLAT * np.linalg.norm(self.size * slope)).all())


def sandwich(likelihood: Likelihood, found: Minimum, kind: str, lags: int) -> Spread:
    """The covariance by casewise scores, for dependence of this kind."""
    dense = likelihood.hessian(found.theta, found.tau)
    held = at_bound(likelihood, found, dense)
    at = likelihood.at(found.tau)
    scores = likelihood.scores(at, at.problem.at(found.theta[None]))
    n, free = len(scores), np.flatnonzero(~held)
    products, clipped = _products(likelihood, scores[:, free], kind, lags, dense[np.ix_(free, free)])
    slopes = likelihood.knowledge.slopes(found.theta, found.tau)[:, free]
    bread, directions = _inverse(dense[np.ix_(free, free)])
    spent = n / (n - likelihood.design.nuisance.rank)
    matrix = np.zeros_like(dense)
    matrix[np.ix_(free, free)] = bread @ (products * spent + slopes.T @ slopes) @ bread / n**2
    null, size = _spread_out(directions, dense, free)
    return Spread(matrix, held, clipped=clipped, null=null, size=size)


def undetermined(likelihood: Likelihood, found: Minimum) -> tuple[Array | None, Array | None]:
    """`Spread.null` and `Spread.size` at the estimates."""
    dense = likelihood.hessian(found.theta, found.tau)
    free = np.flatnonzero(~at_bound(likelihood, found, dense))
    return _spread_out(_inverse(dense[np.ix_(free, free)])[1], dense, free)


def at_bound(likelihood: Likelihood, found: Minimum, dense: Array) -> Array:
    """Which of (θ, τ) are at a bound, given the Hessian of all.

    A search may leave a parameter of which the data know nothing at a bound: it is not held there, but undetermined.
    """
    model, (lower, upper, _) = likelihood.design.model, likelihood.design.limits
    near = AT_BOUND * (upper - lower)
    own = [value <= free.lower or value >= free.upper for value, free in zip(found.theta, model.free, strict=True)]
    held = np.concatenate([np.array(own, dtype=bool), (found.tau <= lower + near) | (found.tau >= upper - near)])
    held[len(own) :] &= ~_flat(dense, np.concatenate([own, np.zeros(len(near), dtype=bool)]))[len(own) :]
    return held


def _flat(dense: Array, fixed: Array) -> Array:
    """Which parameters take part in a direction along which the likelihood does not bend at all."""
    free = np.flatnonzero(~fixed)
    inner = dense[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(inner)), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(inner / scale[:, None] / scale)
    null = np.abs(values) <= NULL * np.abs(values).max(initial=0.0)
    found = np.zeros(len(dense), dtype=bool)
    found[free] = (np.abs(vectors[:, null]) > FLAT).any(1)
    return found


def _products(likelihood: Likelihood, scores: Array, kind: str, lags: int, dense: Array) -> tuple[Array, bool]:
    nuisance = likelihood.design.nuisance
    if kind == "iid":
        return scores.T @ scores, False
    geos = np.repeat(np.arange(nuisance.geos), nuisance.weeks)
    weeks = np.tile(np.arange(nuisance.weeks), nuisance.geos)
    if kind == "geo":
        sums = scores.reshape(nuisance.geos, nuisance.weeks, -1).sum(1)
        return sums.T @ sums * (nuisance.geos / (nuisance.geos - 1)), False
    products = Panel(geos, weeks, lags).products(scores)
    return positive_part(products, information_scale(dense))


def _spread_out(directions: Array, dense: Array, free: Array) -> tuple[Array | None, Array | None]:
    """Directions among the free parameters as ones among all, and the size of each; None if there is none."""
    if not len(directions):
        return None, None
    null, size = np.zeros((len(directions), len(dense))), np.zeros(len(dense))
    null[:, free], size[free] = directions, 1 / information_scale(dense[np.ix_(free, free)])
    return null, size


def _inverse(dense: Array) -> tuple[Array, Array]:
    """The inverse where the information is not zero, and the directions in which it is, shape (r, q)."""
    scale = information_scale(dense)
    values, vectors = np.linalg.eigh(dense / scale[:, None] / scale)
    kept = values > NULL * max(values.max(initial=0.0), 0.0)
    half = vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]
    return np.asarray(half @ half.T), np.asarray((vectors[:, ~kept] / scale[:, None]).T)
