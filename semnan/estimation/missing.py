"""The likelihood of incomplete rows (full-information maximum likelihood), one term for each missing pattern.

Rows with the same variables observed share a mean and a covariance; all patterns are evaluated in one batch, with
the missing rows and columns of Σ replaced by those of I (Enders 2010, ch. 4; Arbuckle 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.estimation.discrepancy import Evaluation, factorise


@final
@dataclass(frozen=True)
class PatternLikelihood:
    """−log-likelihood per row, less that of the saturated model.

    Attributes
    ----------
    weight : Tensor, shape (K,)
        The share of rows in each pattern.
    mask : Tensor, shape (K, p, p)
        One where both variables are observed.
    sample : Tensor, shape (K, p, p)
        Second moments of each pattern around the center, the constant among the variables; zero where missing.
    saturated : float
        The value of the saturated model.

    """

    weight: Tensor
    mask: Tensor
    sample: Tensor
    saturated: float = 0.0

    @classmethod
    def of(cls, patterns: Patterns, mean: Tensor, covariance: Tensor) -> PatternLikelihood:
        """From patterns and the saturated mean (the center) and covariance, all in the order of the layout."""
        observed = torch.nn.functional.pad(torch.tensor(patterns.observed, dtype=torch.float64), (1, 0), value=1.0)
        mask = observed[:, :, None] * observed[:, None, :]
        deviation = torch.nn.functional.pad(torch.tensor(patterns.means) - mean, (1, 0), value=1.0) * observed
        inside = torch.nn.functional.pad(torch.tensor(patterns.covariances), (1, 0, 1, 0))
        sample = inside + deviation[:, :, None] * deviation[:, None, :]
        counts = torch.tensor(patterns.counts, dtype=torch.float64)
        found = cls(counts / counts.sum(), mask, sample)
        reached = found.evaluate(saturated_moments(covariance)[None])
        return cls(found.weight, mask, sample, float(reached.value))

    def evaluate(self, sigma: Tensor) -> Evaluation:
        """Value, summed slope, and one metric for each pattern."""
        eye = torch.eye(sigma.shape[-1], dtype=sigma.dtype)
        factor = factorise(sigma[:, None] * self.mask + eye * (1 - self.mask))
        metric = factor.inverse * self.mask
        fitted = metric @ self.sample @ metric
        parts = factor.logdet + (metric * self.sample).sum((-2, -1))
        value = torch.where(factor.definite.all(-1), (self.weight * parts).sum(-1) / 2 - self.saturated, torch.inf)
        slope = (self.weight[:, None, None] * (metric - fitted)).sum(1) / 2
        return Evaluation(value, slope, metric, (self.weight / 4).expand(len(sigma), -1))

    def second_by_pattern(self, at: Evaluation) -> tuple[tuple[Tensor, Tensor], ...]:
        """The second derivative in Σ as sums over the patterns of a · A Δ A: pairs (a, A)."""
        fitted = at.metric @ self.sample @ at.metric
        return (2 * at.curvature, fitted), (-2 * at.curvature, at.metric - fitted)

    def take(self, index: Tensor) -> PatternLikelihood:
        """The likelihood itself: all fits of a batch share the rows."""
        del index
        return self


def saturated_moments(covariance: Tensor) -> Tensor:
    """A covariance with the constant of means at their center."""
    padded = torch.nn.functional.pad(covariance, (1, 0, 1, 0))
    padded[..., 0, 0] = 1.0
    return padded
