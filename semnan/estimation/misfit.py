"""Indices of the residuals: root mean square residuals and the goodness-of-fit index, with lavaan's definitions.

Residuals of covariances count once each (the lower triangle) and those of means too, if means are modelled. Several
groups are averaged with their shares of the rows as weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.data import Moments, Patterns
from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.estimate import Estimate, Implied
from semnan.estimation.estimators import recipe

Value = float | Unavailable
NO_SCALE = Unavailable("an implied variance is zero or negative")
PROFILED = Unavailable("residuals of thresholds are not among these: see the measure without means")
ONE_VARIABLE = Unavailable("there is no pair of variables")


@final
@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of one group: of covariances, shape (p, p), and of means, shape (p,), or None."""

    covariance: Tensor
    mean: Tensor | None

    def root_mean_square(self, *, means: bool, diagonal: bool = True, reached: int = 0) -> float:
        """√ of the mean square of the lower triangle, with or without its diagonal, of means, and of so many zeros."""
        p = len(self.covariance)
        own = float(self.covariance.diagonal().square().sum())
        total, count = (float(self.covariance.square().sum()) - own) / 2, p * (p - 1) // 2
        if diagonal:
            total, count = total + own, count + p
        if means and self.mean is not None:
            total, count = total + float(self.mean.square().sum()), count + p
        return math.sqrt(total / (count + reached))


def residual_indices(fit: Estimate) -> dict[str, Value]:
    """RMR, SRMR (Bentler 1995), CRMR (Bollen 1989, p. 258) and Mplus's SRMR, each with and without means."""
    found: dict[str, Value] = {}
    kinds = {"rmr": "raw", "srmr": "bentler", "srmr_bentler": "bentler", "crmr": "correlation", "srmr_mplus": "mplus"}
    for name, kind in kinds.items():
        for suffix, means in (("", True), ("_nomean", False)):
            if name + suffix != "srmr_nomean":
                found[name + suffix] = _average(fit, kind, means and not (name == "srmr" and fit.model.ordered))
    return found


def _average(fit: Estimate, kind: str, means: bool) -> Value:
    diagonal = kind != "correlation"
    # Thresholds, which are all reached but by full weights, count where means do.
    shared = any(item.shared for item in fit.model.ordered)
    if means and fit.model.ordered and (shared or recipe(fit.estimator).weight == "full"):
        return PROFILED
    reached = sum(ordered.thresholds for ordered in fit.model.ordered) if means else 0
    if not diagonal and len(fit.model.visibles) < 2:
        return ONE_VARIABLE
    roots = []
    for sample, implied in zip(fit.samples, fit.implied, strict=True):
        if kind in ("correlation", "mplus") and not bool((implied.sigma.diagonal() > 0).all()):
            return NO_SCALE
        residuals = residuals_of(sample, implied, kind, means=fit.model.has_means)
        if fit.model.ordered:  # As in lavaan, where variances belong to the thresholds.
            residuals.covariance.diagonal().zero_()
        roots.append(sample.n / fit.n * residuals.root_mean_square(means=means, diagonal=diagonal, reached=reached))
    return sum(roots)


def residuals_of(sample: Moments, implied: Implied, kind: str, *, means: bool) -> Residuals:
    """Residuals of one group: "raw"; in standard deviations of the sample, "bentler"; or of correlations.

    The residuals of "correlation" are those of "bentler" with correlations of either matrix; "mplus" has relative
    residuals of variances on its diagonal, and its means are standardised like the correlations.
    """
    observed, sigma = torch.tensor(sample.covariance), implied.sigma
    mean = torch.tensor(sample.mean) if means and sample.mean is not None else None
    apart = None if mean is None else mean - implied.mu
    if kind == "raw":
        return Residuals(observed - sigma, apart)
    scale, fitted = observed.diagonal().sqrt(), sigma.diagonal().sqrt()
    if kind == "bentler":
        return Residuals((observed - sigma) / torch.outer(scale, scale), None if apart is None else apart / scale)
    difference = observed / torch.outer(scale, scale) - sigma / torch.outer(fitted, fitted)
    if kind == "correlation":
        return Residuals(difference, None if apart is None else apart / scale)
    difference.diagonal().copy_(1 - sigma.diagonal() / observed.diagonal())
    return Residuals(difference, None if mean is None else mean / scale - implied.mu / fitted)


def goodness_of_fit(fit: Estimate) -> Value:
    """GFI = 1 − rᵀVr / sᵀVs, with s the sample's moments, r its residuals and V their expected information.

    That of Jöreskog & Sörbom, which lavaan called ``gfi`` until 0.6 and calls ``gfi_lisrel`` since 0.7; its new ``gfi``
    is p / (p + t − 2 df / n), bounded by one, with t = tr[(Σ⁻¹(S − Σ))²]. Moments of exogenous covariates are left out
    of s. With missing values V is the mean over the rows, and s has the moments of the rows that have both variables.
    """
    if fit.discrepancy != KullbackLeibler.__name__:
        return Unavailable(f"the index is there for maximum likelihood, not for {fit.discrepancy}")
    parts = [fit.samples[g].n / fit.n * _group_goodness(fit, g) for g in range(len(fit.labels))]
    total = sum(parts)
    return total if math.isfinite(total) else Unavailable("the implied covariance is not positive definite")


def _group_goodness(fit: Estimate, g: int) -> float:
    implied, patterns = fit.implied[g], fit.patterns[g]
    mean, covariance = _sample_moments(fit, g)
    given = torch.tensor([name in fit.model.exogenous for name in fit.model.visibles])
    kept = covariance.masked_fill(given & given[:, None], 0.0)
    reached = [(mean - implied.mu if fit.model.has_means else torch.zeros_like(mean), covariance - implied.sigma)]
    reached += [(mean.masked_fill(given, 0.0) if fit.model.has_means else torch.zeros_like(mean), kept)]
    missed, whole = (_weighed(implied.sigma, patterns, *part) for part in reached)
    return 1 - missed / whole


def _weighed(sigma: Tensor, patterns: Patterns | None, mean: Tensor, covariance: Tensor) -> float:
    """vᵀVv of means and covariances: ½ tr[(PX)²] + mᵀPm, summed over the patterns; NaN if Σ is not definite."""
    if patterns is None:
        factor = factorise(sigma)
        return _quadratic(factor.inverse, mean, covariance) if bool(factor.definite) else math.nan
    total = 0.0
    for seen, count in zip(torch.tensor(patterns.observed), patterns.counts.tolist(), strict=True):
        at = seen.nonzero()[:, 0]
        inside = factorise(sigma[at[:, None], at])
        if not bool(inside.definite):
            return math.nan
        total += count * _quadratic(inside.inverse, mean[at], covariance[at[:, None], at])
    return total


def _quadratic(inverse: Tensor, mean: Tensor, covariance: Tensor) -> float:
    product = inverse @ covariance
    return float((product * product.mT).sum() / 2 + mean @ inverse @ mean)


def _sample_moments(fit: Estimate, g: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a group; with missing values those of all rows that have a variable, or a pair."""
    sample, patterns = fit.samples[g], fit.patterns[g]
    if patterns is None:
        mean = torch.zeros(len(sample.names)).double() if sample.mean is None else torch.tensor(sample.mean)
        return mean, torch.tensor(sample.covariance)
    return pairwise_moments(patterns)


def pairwise_moments(patterns: Patterns) -> tuple[Tensor, Tensor]:
    """Means of the rows that have a variable, covariances of those with both; divisor n_ij − 1, times (n − 1) / n."""
    seen, counts = torch.tensor(patterns.observed).double(), torch.tensor(patterns.counts).double()
    mean = (counts @ torch.tensor(patterns.means)) / (counts @ seen)
    centred = (torch.tensor(patterns.means) - mean) * seen
    rows = (seen * counts[:, None]).mT @ seen
    sums = (centred * counts[:, None]).mT @ seen
    products = torch.einsum("k,kij->ij", counts, torch.tensor(patterns.covariances))
    products = products + (centred * counts[:, None]).mT @ centred
    covariance = (products - sums * sums.mT / rows) / (rows - 1)
    return mean, covariance * (patterns.n - 1) / patterns.n
