"""Losses of a weight matrix that need the data only through their covariance, with gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def least_squares(covariance: Array, weights: Array) -> tuple[float, Array]:
    """½ tr((I − W)ᵀ C (I − W)) = ‖X − XW‖² / 2n, and its gradient −C (I − W)."""
    residual = _identity_less(weights)
    product = covariance @ residual
    return 0.5 * float(np.vdot(residual, product)), -product


def likelihood_equal(covariance: Array, weights: Array) -> tuple[float, Array]:
    """(d/2) log Σ_j r_j − log|det(I − W)| with r the residual variances: GOLEM-EV (Ng, Ghassami & Zhang 2020)."""
    residual = _identity_less(weights)
    product = covariance @ residual
    total = float(np.vdot(residual, product))
    value, inverse = _determinant(residual)
    d = len(weights)
    return 0.5 * d * float(np.log(total)) - value, inverse.T - (d / total) * product


def likelihood_different(covariance: Array, weights: Array) -> tuple[float, Array]:
    """½ Σ_j log r_j − log|det(I − W)|: GOLEM-NV."""
    residual = _identity_less(weights)
    product = covariance @ residual
    variances = np.einsum("ij,ij->j", residual, product)
    value, inverse = _determinant(residual)
    return 0.5 * float(np.log(variances).sum()) - value, inverse.T - product / variances


def _identity_less(weights: Array) -> Array:
    residual = -weights
    residual[np.diag_indices_from(residual)] += 1.0
    return residual


def _determinant(residual: Array) -> tuple[float, Array]:
    """log|det(I − W)| and the inverse; the gradient of −log|det(I − W)| with respect to W is (I − W)⁻ᵀ."""
    return float(np.linalg.slogdet(residual)[1]), np.asarray(np.linalg.inv(residual), dtype=np.float64)
