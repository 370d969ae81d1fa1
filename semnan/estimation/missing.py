"""The likelihood of incomplete rows (full-information maximum likelihood), one term for each missing pattern.

Rows with the same variables observed share a mean and a covariance; all patterns are evaluated in one batch, with
the missing rows and columns of Σ replaced by those of I (Enders 2010, ch. 4; Arbuckle 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.data import Patterns
from semnan.estimation.discrepancy import Evaluation, factorise
from semnan.network.arrays import Array, eye


@final
@dataclass(frozen=True)
class PatternLikelihood:
    """−log-likelihood per row, less that of the saturated model.

    Attributes
    ----------
    weight : array, shape (K,)
        The share of rows in each pattern.
    mask : array, shape (K, p, p)
        One where both variables are observed.
    sample : array, shape (K, p, p)
        Second moments of each pattern around the center, the constant among the variables; zero where missing.
    saturated : float
        The value of the saturated model.

    """

    weight: Array
    mask: Array
    sample: Array
    saturated: float = 0.0

    @classmethod
    def of(cls, patterns: Patterns, mean: Array, covariance: Array) -> PatternLikelihood:
        """From patterns and the saturated mean (the center) and covariance, all in the order of the layout."""
        observed = np.pad(patterns.observed.astype(float), ((0, 0), (1, 0)), constant_values=1.0)
        mask = observed[:, :, None] * observed[:, None, :]
        deviation = np.pad(patterns.means - mean, ((0, 0), (1, 0)), constant_values=1.0) * observed
        inside = np.pad(patterns.covariances, ((0, 0), (1, 0), (1, 0)))
        sample = inside + deviation[:, :, None] * deviation[:, None, :]
        found = cls(patterns.counts / patterns.counts.sum(), mask, sample)
        reached = found.evaluate(saturated_moments(covariance)[None])
        return cls(found.weight, mask, sample, float(reached.value[0]))

    def evaluate(self, sigma: Array) -> Evaluation[Array]:
        """Value, summed slope, and one metric for each pattern."""
        factor = factorise(sigma[:, None] * self.mask + eye(sigma) * (1 - self.mask))
        metric = factor.inverse * self.mask
        fitted = metric @ self.sample @ metric
        parts = factor.logdet + (metric * self.sample).sum((-2, -1))
        value = np.where(factor.definite.all(-1), (self.weight * parts).sum(-1) / 2 - self.saturated, np.inf)
        slope = (self.weight[:, None, None] * (metric - fitted)).sum(1) / 2
        return Evaluation(value, slope, metric, np.broadcast_to(self.weight / 4, (len(sigma), len(self.weight))))

    def second_by_pattern(self, at: Evaluation[Array]) -> tuple[tuple[Array, Array], ...]:
        """The second derivative in Σ as sums over the patterns of a · A Δ A: pairs (a, A)."""
        fitted = at.metric @ self.sample @ at.metric
        return (2 * at.curvature, fitted), (-2 * at.curvature, at.metric - fitted)

    def take(self, index: Array) -> PatternLikelihood:
        """The likelihood itself: all fits of a batch share the rows."""
        del index
        return self


def saturated_moments(covariance: Array) -> Array:
    """A covariance with the constant of means at their center."""
    size = covariance.shape[-1] + 1
    padded = np.zeros((*covariance.shape[:-2], size, size))
    padded[..., 0, 0], padded[..., 1:, 1:] = 1.0, covariance
    return padded
