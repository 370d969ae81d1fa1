"""The log-likelihood of every row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import patterns, sample_mean
from semnan.estimation.residual_variance import INDEFINITE

Array = NDArray[np.float64]


def case_log_likelihood(fit: Estimate, g: int, rows: Array) -> Array | Unavailable:
    """Of rows of group g at the estimates, given exogenous covariates; shape (n,).

    Parameters
    ----------
    fit : Estimate
        Means that it does not model are those of its sample.
    g : int
        The place of the group.
    rows : ndarray, shape (n, p)
        Values of the model's visibles in its order, NaN where missing: that of a row without any value is zero.

    """
    implied = fit.implied[g]
    mean = implied.mu.numpy() if fit.model.has_means else sample_mean(fit, g)
    given = [name in fit.model.exogenous for name in fit.model.visibles]
    try:
        found = normal_log_density(rows, mean, implied.sigma.numpy())
        if not any(given):
            return found
        at = np.flatnonzero(given)
        return found - normal_log_density(rows[:, at], mean[at], implied.sigma.numpy()[np.ix_(at, at)])
    except np.linalg.LinAlgError:
        return INDEFINITE


def normal_log_density(rows: Array, mean: Array, covariance: Array) -> Array:
    """The logarithm of N(x; µ, Σ) of what every row observes, shape (n,); `LinAlgError` unless Σ is definite."""
    found = np.zeros(len(rows))
    for at, seen in patterns(rows):
        root = np.linalg.cholesky(covariance[np.ix_(seen, seen)])
        solved = solve_triangular(root, (rows[at][:, seen] - mean[seen]).T, lower=True)
        constant = seen.sum() * math.log(2 * math.pi) + 2 * np.log(np.diag(root)).sum()
        found[at] = -0.5 * (constant + (solved**2).sum(axis=0))
    return found
