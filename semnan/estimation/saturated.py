"""The unrestricted and the independence model of a sample with missing values: what fit statistics compare with.

With P_k the inverse of the covariance of the variables that pattern k observes (zero elsewhere), S_k and d_k the
pattern's covariance and its means less µ, and weights w_k = n_k / n, the EM algorithm for a multivariate normal (Little
& Rubin 2019, §11.2) is a step along the derivatives of the log-likelihood,

    g = Σ_k w_k P_k d_k,    G = Σ_k w_k [P_k (S_k + d_k d_kᵀ) P_k − P_k],    µ ← µ + Σ g,    Σ ← Σ + Σ (G − g gᵀ) Σ.

It is accelerated by Anderson's mixing, and steps back to EM wherever that would lower the likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.data.checks import SINGULAR, dependent_variables
from semnan.errors import DataError

#: Bytes of working memory for the patterns that are treated at once.
WORK_BYTES = 256 * 2**20
#: Number of steps that the acceleration remembers.
MEMORY = 10


@final
@dataclass(frozen=True, eq=False)
class Saturated:
    """Means and covariance of greatest likelihood, of all multivariate normals or of those of a baseline.

    Attributes
    ----------
    mean : Tensor, shape (p,)
    covariance : Tensor, shape (p, p)
    log_likelihood : float
    steps : int
        Passes over the patterns.
    converged : bool
        Whether the likelihood has its maximum here, as far as rounding can tell.

    """

    mean: Tensor
    covariance: Tensor
    log_likelihood: float
    steps: int
    converged: bool


@dataclass(frozen=True)
class _Point:
    """Moments, their log-likelihood per row, the EM step from them and its length in standard deviations."""

    theta: Tensor
    value: float
    step: Tensor
    length: float


def saturated(patterns: Patterns, tolerance: float = 1e-10, max_steps: int = 5000) -> Saturated:
    """The mean and covariance of greatest likelihood.

    Parameters
    ----------
    patterns : Patterns
    tolerance : float
        Converged when an EM step is shorter than this, in standard deviations.
    max_steps : int

    Raises
    ------
    DataError
        If the likelihood has no maximum because a variable is a linear combination of others: named.

    """
    mean, scale = _observed_moments(patterns)
    parts = _Standardised(patterns, mean, scale)
    point, steps, converged = _climb(parts, tolerance, max_steps)
    shift, covariance = parts.unpack(point.theta)
    units = torch.tensor(scale)
    jacobian = float((patterns.counts @ patterns.observed) @ np.log(scale))
    return Saturated(
        torch.tensor(mean) + units * shift,
        units[:, None] * covariance * units,
        patterns.n * point.value - jacobian,
        steps,
        converged,
    )


def independence(patterns: Patterns, together: Collection[str] = ()) -> Saturated:
    """The baseline: variables that do not covary, except for those `together` (complete covariates) among themselves.

    Raises
    ------
    DataError
        If a variable of `together` is not in the data or has missing values, or these variables are collinear.

    """
    mean, scale = _observed_moments(patterns)
    covariance = np.diag(scale**2)
    index = np.array([_complete_place(patterns, name) for name in together], dtype=np.int64)
    if len(index):
        covariance[np.ix_(index, index)] = _pooled(patterns, mean, index)
        _refuse_dependent(covariance, patterns.names)
    count = (patterns.counts @ patterns.observed).astype(np.float64)
    spread = scale / np.where(np.isin(np.arange(len(scale)), index), scale, 1.0)
    block = covariance[np.ix_(index, index)]
    logdet = 2 * float(count @ np.log(spread)) + patterns.n * float(np.linalg.slogdet(block)[1])
    value = -(float(count.sum()) * (math.log(2 * math.pi) + 1) + logdet) / 2
    return Saturated(torch.tensor(mean), torch.tensor(covariance), value, 0, True)


def pattern_log_likelihood(patterns: Patterns, mean: Tensor, covariance: Tensor) -> float:
    """The log-likelihood of a multivariate normal, −∞ where its covariance is not positive definite."""
    total = 0.0
    for chunk in _chunks(patterns, np.zeros(len(patterns.names)), np.ones(len(patterns.names))):
        terms = chunk.terms(mean, covariance)
        if terms is None:
            return -math.inf
        total += terms.value
    return total


@dataclass(frozen=True)
class _Terms:
    """What a chunk of patterns adds to the log-likelihood and, times n, to g and G."""

    value: float
    gradient: Tensor
    curvature: Tensor


@dataclass(frozen=True)
class _Chunk:
    """Some patterns: observed (k, p), counts (k,), means (k, p); covariances (r, p, p) of those with several rows."""

    observed: Tensor
    counts: Tensor
    means: Tensor
    several: Tensor
    covariances: Tensor

    def terms(self, mean: Tensor, covariance: Tensor) -> _Terms | None:
        """None if the covariance is not positive definite in some pattern."""
        both = self.observed[:, :, None] * self.observed[:, None, :]
        blocks = both * covariance + torch.diag_embed(1 - self.observed)
        factor, failed = torch.linalg.cholesky_ex(blocks)
        if bool(failed.any()):
            return None
        inverse = torch.cholesky_inverse(factor) * both
        far = self.observed * (self.means - mean)
        pulled = (inverse @ far[:, :, None])[:, :, 0]
        within = inverse[self.several] @ self.covariances
        weight = self.counts[self.several, None, None]
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) + self.observed.sum(-1) * math.log(2 * math.pi)
        value = (self.counts * (logdet + (far * pulled).sum(-1))).sum()
        value = value + (weight[:, 0, 0] * within.diagonal(dim1=-2, dim2=-1).sum(-1)).sum()
        curvature = (pulled * self.counts[:, None]).T @ pulled - (inverse * self.counts[:, None, None]).sum(0)
        curvature = curvature + (weight * (within @ inverse[self.several])).sum(0)
        return _Terms(-float(value) / 2, self.counts @ pulled, curvature)


def _chunks(patterns: Patterns, centre: np.ndarray, scale: np.ndarray) -> Iterator[_Chunk]:
    """The patterns in units of `scale` about `centre`, so many at once as the working memory allows."""
    size = max(1, WORK_BYTES // (8 * 8 * len(scale) ** 2))
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
