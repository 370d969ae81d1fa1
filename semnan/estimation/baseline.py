"""The baseline (independence) model: visibles that do not covary, what incremental fit indices compare with.

Covariates keep the covariances of the sample, since no model explains these; all means are free. For complete rows the
maximum is in closed form: Σ₀ = diag(S) outside the block of the covariates, and χ² = Σ_g n_g (logdet Σ₀ − logdet S).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
import torch

from semnan.data import Patterns
from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.saturated import independence, pattern_log_likelihood
from semnan.estimation.squares import LeastSquares
from semnan.estimation.statistics import covariate_log_likelihood, moment_log_likelihood
from semnan.model import Kind, PathModel
from semnan.network.arrays import Array

NOT_ML = Unavailable("the baseline model is there for maximum likelihood only")
NO_TEST = Unavailable("the baseline model has no degrees of freedom: there are no covariances to explain")


@final
@dataclass(frozen=True)
class Baseline:
    """The fit of the baseline model.

    Attributes
    ----------
    chi_square : float
        Against the unrestricted model.
    df : float
    p_value : float or Unavailable
    log_likelihood : float
        Given exogenous covariates.

    """

    chi_square: float
    df: float
    p_value: float | Unavailable
    log_likelihood: float


def baseline(fit: Estimate) -> Baseline | Unavailable:
    """The baseline model of the data of a fit, all groups together."""
    if isinstance(fit.squares, LeastSquares):
        found = fit.squares
        tail = chi_square_tail(found.chi_square_baseline, found.df_baseline) if found.df_baseline else NO_TEST
        return Baseline(found.chi_square_baseline, found.df_baseline, tail, math.nan)
    if fit.discrepancy != KullbackLeibler.__name__:
        return NOT_ML
    reached, independent = (sum(values) for values in zip(*_log_likelihoods(fit), strict=True))
    p, k = len(fit.model.visibles), len(covariates(fit.model))
    df = len(fit.labels) * (p * (p - 1) // 2 - k * (k - 1) // 2)
    # Rounding, where nothing covaries.
    chi_square = max(2 * (reached - independent), 0.0)
    given = sum(covariate_log_likelihood(fit, g) for g in range(len(fit.labels)))
    return Baseline(chi_square, df, chi_square_tail(chi_square, df) if df else NO_TEST, independent - given)


def _log_likelihoods(fit: Estimate) -> list[tuple[float, float]]:
    """Of the unrestricted and of the baseline model, for each group, covariates included."""
    return [
        _of_patterns(fit, g) if fit.patterns[g] is not None else _of_moments(fit, g) for g in range(len(fit.labels))
    ]


def _of_patterns(fit: Estimate, g: int) -> tuple[float, float]:
    patterns, sample = fit.patterns[g], fit.samples[g]
    assert isinstance(patterns, Patterns)
    reached = pattern_log_likelihood(patterns, torch.tensor(sample.mean), torch.tensor(sample.covariance))
    return reached, independence(patterns, covariates(fit.model)).log_likelihood


def _of_moments(fit: Estimate, g: int) -> tuple[float, float]:
    sample = fit.samples[g]
    reached = moment_log_likelihood(sample, sample.covariance, None)
    return reached, moment_log_likelihood(sample, _independent(fit, sample.covariance), None)


def _independent(fit: Estimate, covariance: Array) -> Array:
    """The covariance that the baseline model implies."""
    found = np.diag(np.diagonal(covariance))
    at = [fit.model.visibles.index(name) for name in covariates(fit.model)]
    if at:
        found[np.ix_(at, at)] = covariance[np.ix_(at, at)]
    return found


def covariates(model: PathModel) -> tuple[str, ...]:
    """Exogenous covariates; or if there are none, visibles that only predict and all of whose covariances are free.

    The latter are what lavaan's ``fixed.x = FALSE`` makes of covariates. It takes covariates whose covariances are
    written out in the text for outcomes here, which a path model does not tell apart.
    """
    if model.exogenous:
        return model.exogenous
    paths = [row for row in model.parameters if row.kind is Kind.PATH]
    apart = {row.target for row in paths}
    sources = {row.source for row in paths} - apart
    found = tuple(name for name in model.visibles if name in sources)
    if not found:
        return ()
    free = {frozenset((r.source, r.target)) for r in model.parameters if r.kind is Kind.COVARIANCE and r.fixed is None}
    return found if all(frozenset(pair) in free for pair in combinations(found, 2)) else ()
