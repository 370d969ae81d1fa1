"""How well scores tell latents: determinacy of factor scores, and the reliability of sums of indicators.

With Φ the implied covariance of all variables, Λ the loadings of the indicators i of a latent f, and w the weights of
its score,

    determinacy     ρ = (w · Φ_xf) / √(wᵀ Σ w Φ_ff)                           (Guttman 1955; Beauducel 2011)
    omega           (Σ_i λ_i)² Φ_ff / 1ᵀ Σ 1                                   (McDonald 1999; Raykov 2001)
    alpha           k / (k − 1) (1 − tr S / 1ᵀ S 1)                            (Cronbach 1951)
    average variance extracted   Σ_i λ_i² Φ_ff / tr Σ                          (Fornell & Larcker 1981)

where Σ is implied and S that of the sample, both of the indicators of f. Covariances of residuals and other latents
that an indicator measures count in 1ᵀ Σ 1: not as what the sum is to measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.r_squared import NO_VARIANCE
from semnan.estimation.relations import Relations
from semnan.estimation.scores import NOT_MEASURED, Method, score_weights, unscored
from semnan.model import Kind

Array = NDArray[np.float64]
Value = float | Unavailable
SCORES_OF_ORDERED = Unavailable("scores from ordered variables are no sums: how they vary with latents has no formula")
ORDERED = Unavailable("sums of ordered categories need an integral over their latent responses: it is not there")
IMPROPER = Unavailable("the solution is improper: score and latent would correlate by more than one")
#: A share this much above one is rounding.
ROUNDING = 1e-8
MORE = Unavailable("it would be more than all: a residual variance is negative, or parts of the sum offset each other")
LOOSE = Unavailable("the data do not determine how much is due to the latent")
SINGLE = Unavailable("a single indicator does not say how much of it is error")


@final
@dataclass(frozen=True)
class ScoreReliability:
    """How well the factor scores of a latent tell it, in rows without missing values.

    Attributes
    ----------
    latent : str
    group : str or None
    method : "regression" or "bartlett"
    determinacy : float or Unavailable
        The correlation of score and latent.
    reliability : float or Unavailable
        Its square: the share of the variance of the score that is due to the latent.

    """

    latent: str
    group: str | None
    method: Method
    determinacy: Value
    reliability: Value


@final
@dataclass(frozen=True)
class CompositeReliability:
    """How well the unweighted sum of its indicators tells a latent.

    Attributes
    ----------
    latent : str
    group : str or None
    indicators : tuple of str
    alpha : float or Unavailable
        Cronbach's, of the sample.
    omega : float or Unavailable
        The share of the implied variance of the sum that is due to the latent.
    omega_observed : float or Unavailable
        The same with the variance of the sum in the sample.
    average_variance : float or Unavailable
        The share of the implied variance of the indicators that is due to the latent.

    """

    latent: str
    group: str | None
    indicators: tuple[str, ...]
    alpha: Value
    omega: Value
    omega_observed: Value
    average_variance: Value


def score_reliability(fit: Estimate, method: Method) -> list[ScoreReliability] | Unavailable:
    """Of every latent, by group.

    Raises
    ------
    FitError
        If there are no latents, or for another method.

    """
    if method not in get_args(Method):
        raise FitError(f"method is {method!r}: give one of {', '.join(get_args(Method))}")
    if not fit.model.latents:
        raise FitError("the model has no latents: there is nothing to score")
    reason = SCORES_OF_ORDERED if fit.model.ordered else unscored(fit)
    if reason is not None:
        return reason
    found = []
    for g, label in enumerate(fit.labels):
        for latent, share in zip(fit.model.latents, _shares(fit, g, method), strict=True):
            determinacy = share if isinstance(share, Unavailable) else math.sqrt(share)
            found.append(ScoreReliability(latent, label, method, determinacy, share))
    return found


def _shares(fit: Estimate, g: int, method: Method) -> Iterator[Value]:
    """Squared correlations of scores and latents."""
    relations = Relations.at(fit.layouts[g], fit.theta)
    visible, latent = (relations.places(names).numpy() for names in (fit.model.visibles, fit.model.latents))
    phi = relations.covariance.numpy()
    weights = score_weights(fit, g, method)
    together = (weights * phi[np.ix_(latent, visible)]).sum(axis=1)
    spread = ((weights @ phi[np.ix_(visible, visible)]) * weights).sum(axis=1)
    for shared, own, variance in zip(together.tolist(), spread.tolist(), phi[latent, latent].tolist(), strict=True):
        if math.isnan(shared):
            yield NOT_MEASURED
        elif variance <= 0 or own <= 0:
            yield NO_VARIANCE
        else:
            share = shared**2 / (own * variance)
            yield IMPROPER if share > 1 + ROUNDING else min(share, 1.0)


def composite_reliability(fit: Estimate) -> list[CompositeReliability] | Unavailable:
    """Of every latent that visibles measure (``=~``), by group.

    Raises
    ------
    FitError
        If no visible measures a latent.

    """
    if not any(row.loading and row.target in fit.model.visibles for row in fit.model.parameters):
        raise FitError("no visible measures a latent (=~): there is no sum of indicators")
    if fit.model.ordered:
        return ORDERED
    found = []
    for g, label in enumerate(fit.labels):
        for latent in fit.model.latents:
            indicators = _indicators(fit, latent, label)
            if indicators:
                found.append(_composite(fit, g, latent, indicators))
    return found


def _indicators(fit: Estimate, latent: str, group: str | None) -> tuple[str, ...]:
    visibles = set(fit.model.visibles)
    rows = [row for row in fit.model.parameters if row.kind is Kind.PATH and row.loading and row.group == group]
    return tuple(row.target for row in rows if row.source == latent and row.target in visibles and row.fixed != 0)


def _composite(fit: Estimate, g: int, latent: str, indicators: tuple[str, ...]) -> CompositeReliability:
    relations = Relations.at(fit.layouts[g], fit.theta)
    at, own = relations.places(indicators).numpy(), relations.place[latent]
    loadings, variance = relations.weights[own, at].numpy(), float(relations.covariance[own, own])
    implied = relations.covariance.numpy()[np.ix_(at, at)]
    sample = fit.samples[g].select(indicators).covariance
    if len(indicators) == 1:
        return CompositeReliability(latent, fit.labels[g], indicators, *(SINGLE,) * 4)
    sure = _determined(fit, g, latent, indicators)
    due, extracted = float(loadings.sum()) ** 2 * variance, float((loadings**2).sum()) * variance
    omega = _part(due, float(implied.sum()), sure=sure[0])
    observed = omega if isinstance(omega, Unavailable) else due / float(sample.sum())
    average = _part(extracted, float(np.trace(implied)), sure=sure[1])
    return CompositeReliability(latent, fit.labels[g], indicators, _alpha(sample), omega, observed, average)


def _part(due: float, whole: float, *, sure: bool) -> Value:
    """What is due to the latent as a share."""
    if not sure:
        return LOOSE
    if due < 0 or whole <= 0:
        return NO_VARIANCE
    return MORE if due > whole * (1 + ROUNDING) else due / whole


def _determined(fit: Estimate, g: int, latent: str, indicators: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether the model determines (Σ λ)² Φ_ff and Σ λ² Φ_ff, by their slopes at its generic point."""
    if isinstance(fit.generic, Unavailable):
        return True, True

    def due(theta: Tensor) -> Tensor:
        relations = Relations.at(fit.layouts[g], theta)
        own, at = relations.place[latent], relations.places(indicators)
        loadings = relations.weights[own, at]
        return torch.stack([loadings.sum() ** 2, loadings.square().sum()]) * relations.covariance[own, own]

    theta = fit.generic.theta.clone().requires_grad_()
    slopes = torch.stack([torch.autograd.grad(part, theta, retain_graph=True)[0] for part in due(theta)])
    first, second = fit.generic.identified(slopes).tolist()
    return first, second


def _alpha(sample: Array) -> float:
    k = len(sample)
    return k / (k - 1) * (1 - float(np.trace(sample)) / float(sample.sum()))
