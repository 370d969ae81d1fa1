"""Maximum likelihood of a bow-free mixed graph: residual iterative conditional fitting.

Drton, Eichler & Richardson, Computing Maximum Likelihood Estimates in Recursive Linear Models with Correlated Errors,
JMLR 10, 2009. Every variable is regressed in turn on its parents and on pseudo-variables made of the residuals of the
variables that its error is correlated with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The likelihood has converged when a round improves it by less.
CONVERGED, MOST_ROUNDS = 1e-9, 200


@final
@dataclass(frozen=True, eq=False)
class MixedFit:
    """Weights and error covariance of a mixed graph.

    Attributes
    ----------
    weights, omega : ndarray, shape (d, d)
    value : float
        log det Ω + tr(Ω⁻¹ S_e): −2/n times the log-likelihood, but for a constant.

    """

    weights: Array
    omega: Array
    value: float


def fit_mixed(covariance: Array, directed: Flags, arcs: Flags, start: MixedFit | None = None) -> MixedFit:
    """Fit a bow-free acyclic mixed graph.

    Parameters
    ----------
    covariance : ndarray, shape (d, d)
        Positive definite.
    directed : ndarray of bool, shape (d, d)
        ``[parent, child]``, acyclic.
    arcs : ndarray of bool, shape (d, d)
        Symmetric; no pair has both an edge and an arc.
    start : MixedFit, optional
        Where to begin: the fit of a graph that differs little.

    """
    weights, omega = _begin(covariance, directed, arcs, start)
    alone = ~arcs.any(axis=0)
    for i in np.flatnonzero(alone).tolist():
        _regress(covariance, directed, arcs, weights, omega, i)
    value = _value(covariance, weights, omega)
    joined = np.flatnonzero(~alone).tolist()
    for _ in range(MOST_ROUNDS if joined else 0):
        for i in joined:
            _regress(covariance, directed, arcs, weights, omega, i)
        before, value = value, _value(covariance, weights, omega)
        if before - value < CONVERGED:
            break
    return MixedFit(weights, omega, value)


def _begin(covariance: Array, directed: Flags, arcs: Flags, start: MixedFit | None) -> tuple[Array, Array]:
    weights, omega = np.zeros_like(covariance), np.diag(np.diagonal(covariance)).copy()
    if start is not None:
        kept = np.where(arcs | np.eye(len(omega), dtype=bool), start.omega, 0.0)
        if np.linalg.eigvalsh(kept)[0] > 1e-6 * np.diagonal(kept).min():
            weights, omega = np.where(directed, start.weights, 0.0), kept
    return weights, omega


def _regress(covariance: Array, directed: Flags, arcs: Flags, weights: Array, omega: Array, i: int) -> None:
    """One regression; the row and column i of Ω and the column i of W are written."""
    parents, spouses = np.flatnonzero(directed[:, i]), np.flatnonzero(arcs[:, i])
    d = len(covariance)
    maps = np.zeros((d, len(parents) + len(spouses)))  # Columns: predictors as combinations of the variables.
    maps[parents, np.arange(len(parents))] = 1.0
    if len(spouses):
        others = np.delete(np.arange(d), i)
        inverse = np.linalg.inv(omega[np.ix_(others, others)])
        residual = np.eye(d) - weights
        near = np.searchsorted(others, spouses)
        maps[:, len(parents) :] = residual[:, others] @ inverse[:, near]
    cross = maps.T @ covariance[:, i]
    beta = np.linalg.lstsq(maps.T @ covariance @ maps, cross, rcond=None)[0]
    left = max(float(covariance[i, i] - beta @ cross), 1e-12 * float(covariance[i, i]))
    weights[parents, i] = beta[: len(parents)]
    if len(spouses):
        joint = beta[len(parents) :]
        omega[i, spouses] = omega[spouses, i] = joint
        left += float(joint @ inverse[np.ix_(near, near)] @ joint)
    omega[i, i] = left


def _value(covariance: Array, weights: Array, omega: Array) -> float:
    residual = np.eye(len(weights)) - weights
    errors = residual.T @ covariance @ residual
    return float(np.linalg.slogdet(omega)[1] + np.trace(np.linalg.solve(omega, errors)))
