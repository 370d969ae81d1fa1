"""The unrestricted and the independence model of a sample with missing values: what fit statistics compare with.

With P_k the inverse of the covariance of the variables that pattern k observes (zero elsewhere), S_k and d_k the
pattern's covariance and its means less µ, and w_k its share of the rows, the EM algorithm for a multivariate normal
(Little & Rubin 2019, §11.2) steps along the derivatives of the log-likelihood per row,

    g = Σ_k w_k P_k d_k,    G = Σ_k w_k [P_k (S_k + d_k d_kᵀ) P_k − P_k],
    µ ← µ + Σ g,            Σ ← Σ + Σ (G − g gᵀ) Σ.

Anderson's mixing (Walker & Ni 2011) accelerates it; where that would lower the likelihood, EM itself takes the step.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from semnan.data import Patterns
from semnan.data.checks import SINGULAR, Array, dependent_variables, places
from semnan.errors import DataError

#: Bytes of working memory for the patterns treated at once: more would fit, but not into the cache.
WORK_BYTES = 2**24
#: Number of points that the acceleration mixes.
MEMORY = 20
#: Length of a step that is mere rounding, for one variable with all of its variance its own.
ROUNDING = 5e-14
#: A longer step is never mere rounding.
COARSEST = 1e-5


@final
@dataclass(frozen=True, eq=False)
class Saturated:
    """Means and covariance of greatest likelihood, among all multivariate normals or among those of the baseline.

    Attributes
    ----------
    mean : Tensor, shape (p,)
    covariance : Tensor, shape (p, p)
    log_likelihood : float
    steps : int
        Passes over the patterns.
    converged : bool
        Whether the likelihood has a maximum here.

    """

    mean: Tensor
    covariance: Tensor
    log_likelihood: float
    steps: int
    converged: bool


def saturated(patterns: Patterns, tolerance: float = 1e-10, max_steps: int = 2000) -> Saturated:
    """The mean and covariance of greatest likelihood.

    Parameters
    ----------
    patterns : Patterns
    tolerance : float
        Converged when a step of EM is shorter than this in standard deviations (or than rounding lets it be).
    max_steps : int
        Passes over the patterns after which the result counts as not converged.

    Raises
    ------
    DataError
        If the covariance becomes singular, so that the likelihood has no maximum: naming the variables.

    """
    mean, scale = _observed_moments(patterns)
    likelihood = _Likelihood(patterns, mean, scale)
    point, steps, converged = _climb(likelihood, tolerance, max_steps)
    shift, covariance = likelihood.unpack(point.theta)
    units = torch.tensor(scale)
    value = patterns.n * point.value - float(_counts(patterns) @ np.log(scale))
    return Saturated(torch.tensor(mean) + units * shift, units[:, None] * covariance * units, value, steps, converged)


def independence(patterns: Patterns, together: Collection[str] = ()) -> Saturated:
    """The baseline: variables that do not covary, but for those `together` (complete covariates) among themselves.

    Raises
    ------
    DataError
        If a variable of `together` is not in the data or has missing values, or these variables are collinear.

    """
    mean, scale = _observed_moments(patterns)
    counts = _counts(patterns)
    inside = np.array(places(patterns.names, list(together)), dtype=np.int64)
    for j in inside[counts[inside] < patterns.n].tolist():
        raise DataError(f"the covariate {patterns.names[j]!r} has missing values: leave out these rows")
    block = _pooled(patterns, mean, inside)
    dependent = dependent_variables(block, tuple(patterns.names[j] for j in inside))
    if dependent:
        raise DataError(f"{', '.join(dependent)}: linear combinations of the other covariates: leave them out")
    alone = np.delete(np.arange(len(scale)), inside)
    covariance = np.diag(scale**2)
    covariance[np.ix_(inside, inside)] = block
    logdet = 2 * counts[alone] @ np.log(scale[alone]) + patterns.n * np.linalg.slogdet(block)[1]
    value = -float(counts.sum() * (math.log(2 * math.pi) + 1) + logdet) / 2
    return Saturated(torch.tensor(mean), torch.tensor(covariance), value, 0, True)


def pattern_log_likelihood(patterns: Patterns, mean: Float[Tensor, " p"], covariance: Float[Tensor, "p p"]) -> float:
    """The log-likelihood of a multivariate normal; −∞ where its covariance is not positive definite."""
    neutral = np.zeros(len(patterns.names)), np.ones(len(patterns.names))
    solved = (chunk.solve(mean, covariance) for chunk in _chunks(patterns, *neutral))
    return sum(-math.inf if part is None else part.value() for part in solved)


@final
@dataclass(frozen=True)
class _Chunk:
    """Some patterns: which variables they have, their counts and means; covariances only of those with several rows."""

    observed: Float[Tensor, "k p"]
    counts: Float[Tensor, " k"]
    means: Float[Tensor, "k p"]
    several: Tensor
    covariances: Float[Tensor, "s p p"]

    def solve(self, mean: Tensor, covariance: Tensor) -> _Solved | None:
        """None if the covariance of some pattern is not positive definite."""
        both = self.observed[:, :, None] * self.observed[:, None, :]
        factor, failed = torch.linalg.cholesky_ex(both * covariance + torch.diag_embed(1 - self.observed))
        if bool(failed.any()):
            return None
        inverse = torch.cholesky_inverse(factor) * both
        far = self.observed * (self.means - mean)
        pulled = (inverse @ far[:, :, None])[:, :, 0]
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return _Solved(self, inverse, logdet, far, pulled, inverse[self.several] @ self.covariances)


@final
@dataclass(frozen=True)
class _Solved:
    """P_k, log |Σ_k|, d_k, P_k d_k and P_k S_k of the patterns of a chunk."""

    chunk: _Chunk
    inverse: Tensor
    logdet: Tensor
    far: Tensor
    pulled: Tensor
    within: Tensor

    def value(self) -> float:
        """The log-likelihood of their rows."""
        size = self.chunk.observed.sum(-1) * math.log(2 * math.pi)
        each = size + self.logdet + (self.far * self.pulled).sum(-1)
        each[self.chunk.several] += self.within.diagonal(dim1=-2, dim2=-1).sum(-1)
        return -float(self.chunk.counts @ each) / 2

    def slopes(self) -> tuple[Tensor, Tensor]:
        """What they add to n g and n G."""
        counts, several = self.chunk.counts, self.chunk.several
        around = (counts[several, None, None] * (self.within @ self.inverse[several])).sum(0)
        outer = (self.pulled * counts[:, None]).T @ self.pulled
        return counts @ self.pulled, outer + around - (counts[:, None, None] * self.inverse).sum(0)


def _chunks(patterns: Patterns, centre: Array, scale: Array) -> Iterator[_Chunk]:
    """The patterns in units of `scale` about `centre`, so many at once as the working memory allows."""
    size = max(1, WORK_BYTES // (64 * len(scale) ** 2))
    for begin in range(0, len(patterns.counts), size):
        part = slice(begin, begin + size)
        observed, counts = patterns.observed[part], patterns.counts[part]
        several = np.flatnonzero(counts > 1)
        yield _Chunk(
            torch.tensor(observed, dtype=torch.float64),
            torch.tensor(counts, dtype=torch.float64),
            torch.tensor(np.where(observed, (patterns.means[part] - centre) / scale, 0.0)),
            torch.tensor(several),
            torch.tensor(patterns.covariances[part][several] / scale[:, None] / scale),
        )


@final
@dataclass(frozen=True)
class _Point:
    """Moments θ, their log-likelihood per row, EM's step from them, its length, and the length that rounding makes."""

    theta: Tensor
    value: float
    step: Tensor
    length: float
    noise: float


@final
@dataclass(frozen=True)
class _Likelihood:
    """The log-likelihood per row as a function of θ = (µ, Σ), in standard deviations of the values observed."""

    patterns: Patterns
    centre: Array
    scale: Array

    def unpack(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        p = len(self.scale)
        return theta[:p], theta[p:].reshape(p, p)

    def start(self) -> Tensor:
        p = len(self.scale)
        return torch.cat([torch.zeros(p, dtype=torch.float64), torch.eye(p, dtype=torch.float64).flatten()])

    def at(self, theta: Tensor) -> _Point | None:
        """None where Σ is singular, as far as floating point can tell, or no covariance."""
        mean, covariance = self.unpack(theta)
        factor, failed = torch.linalg.cholesky_ex(covariance)
        pivot = float((factor.diagonal() ** 2 / covariance.diagonal()).min())
        if bool(failed) or not pivot > SINGULAR * len(mean):
            return None
        value, g, G = 0.0, torch.zeros_like(mean), torch.zeros_like(covariance)
        for chunk in _chunks(self.patterns, self.centre, self.scale):
            solved = chunk.solve(mean, covariance)
            if solved is None:
                return None
            value += solved.value()
            g, G = (total + part for total, part in zip((g, G), solved.slopes(), strict=True))
        g, G = g / self.patterns.n, G / self.patterns.n
        change = covariance @ (G - torch.outer(g, g)) @ covariance
        step = torch.cat([covariance @ g, ((change + change.T) / 2).flatten()])
        length = math.hypot(float((factor.T @ g).norm()), float((factor.T @ G @ factor).norm()) / math.sqrt(2))
        noise = min(COARSEST, ROUNDING * len(mean) / pivot)
        return _Point(theta, value / self.patterns.n, step, length, noise)


def _climb(likelihood: _Likelihood, tolerance: float, max_steps: int) -> tuple[_Point, int, bool]:
    """From independence to the maximum: the end, the number of evaluations, and whether it is one."""
    point = likelihood.at(likelihood.start())
    assert point is not None
    steps, trail = 1, [point]
    while point.length > max(tolerance, point.noise) and steps < max_steps:
        trial = likelihood.at(_mixed(trail))
        steps += 1
        if trial is None or trial.value < point.value - ROUNDING * abs(point.value) - point.noise / 1000:
            trial = likelihood.at(point.theta + point.step) if len(trail) > 1 else trial
            steps, trail = steps + 1, []
        if trial is None:
            raise _unbounded(likelihood, point)
        point, trail = trial, [*trail[-MEMORY:], trial]
    return point, steps, point.length <= max(tolerance, point.noise)


def _mixed(trail: list[_Point]) -> Tensor:
    """The point where the steps of the last points, mixed to be as short as can be, would lead (at first EM's)."""
    theta, steps = (torch.stack(parts, dim=1) for parts in zip(*((at.theta, at.step) for at in trail), strict=True))
    forward = theta[:, -1] + steps[:, -1]
    if len(trail) == 1:
        return forward
    mix = torch.linalg.lstsq(steps.diff(dim=1), steps[:, -1:], driver="gelsd").solution[:, 0]
    back: Tensor = (theta + steps).diff(dim=1) @ mix
    return forward - back


def _unbounded(likelihood: _Likelihood, point: _Point) -> DataError:
    """The error for a covariance that EM makes singular: the likelihood grows towards it without bound."""
    _, covariance = likelihood.unpack(point.theta + point.step)
    names = dependent_variables(covariance.numpy(), likelihood.patterns.names)
    return DataError(
        f"the unrestricted covariance is singular: {', '.join(names)} would be linear combinations of the variables "
        "before them. They are collinear, or too few rows have these variables together: leave some out"
    )


def _counts(patterns: Patterns) -> Array:
    """In how many rows each variable is observed."""
    return np.asarray(patterns.counts @ patterns.observed, dtype=np.float64)


def _observed_moments(patterns: Patterns) -> tuple[Array, Array]:
    """Mean and standard deviation of the values observed of each variable."""
    share = patterns.observed * patterns.counts[:, None] / _counts(patterns)
    mean = (share * patterns.means).sum(axis=0)
    within = np.diagonal(patterns.covariances, axis1=1, axis2=2)
    return mean, np.sqrt((share * (within + (patterns.means - mean) ** 2)).sum(axis=0))


def _pooled(patterns: Patterns, mean: Array, inside: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
    """The covariance of variables without missing values."""
    share = patterns.counts / patterns.n
    far = patterns.means[:, inside] - mean[inside]
    within = np.tensordot(share, patterns.covariances[:, inside[:, None], inside], axes=1)
    return np.asarray(within + (share[:, None] * far).T @ far)
