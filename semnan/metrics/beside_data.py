"""A graph beside data: its likelihood on other rows, and how far one number for each variable gives its order away."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from semnan.errors import Unavailable
from semnan.metrics.matrices import Array


def negative_log_likelihood(
    weights: ArrayLike,
    train: ArrayLike,
    validation: ArrayLike,
    *,
    variances: Literal["equal", "different"] = "different",
) -> float:
    """Gaussian negative log-likelihood of a row of validation data, nats per row.

    Parameters
    ----------
    weights : array_like, shape (d, d)
    train, validation : array_like, shape (d, d)
        Covariances. Error variances come from the training data, by maximum likelihood, equal or one per variable.

    """
    residual = np.eye(len(np.asarray(weights))) - np.asarray(weights, dtype=np.float64)
    fitted, seen = (np.einsum("ij,ik,kj->j", residual, np.asarray(c), residual) for c in (train, validation))
    if variances == "equal":
        fitted = np.full(len(fitted), fitted.mean())
    log_determinant = np.linalg.slogdet(residual)[1]
    return float(0.5 * np.sum(np.log(2 * np.pi * fitted) + seen / fitted) - log_determinant)


def varsortability(truth: ArrayLike, covariance: ArrayLike) -> float | Unavailable:
    """Share of directed paths whose end varies more than their start (Reisach, Seiler & Weichwald 2021).

    Averaged over paths of every length as the paper does: pairs joined by a path of length k count once for every k;
    ties count half. One: variances alone give the order. One half: they say nothing.
    """
    return _sortability(truth, np.diagonal(np.asarray(covariance, dtype=np.float64)))


def r2_sortability(truth: ArrayLike, covariance: ArrayLike) -> float | Unavailable:
    """The same of R² given all other variables, which does not depend on scales (Reisach et al. 2023)."""
    return _sortability(truth, r_squared_of_others(covariance))


def r_squared_of_others(covariance: ArrayLike) -> Array:
    """The share of each variable's variance that all others explain, 1 − 1/(C_jj (C⁻¹)_jj); shape (d,)."""
    matrix = np.asarray(covariance, dtype=np.float64)
    inverse = np.linalg.pinv(matrix, hermitian=True)
    return np.asarray(1 - 1 / (np.diagonal(matrix) * np.diagonal(inverse)))


def _sortability(truth: ArrayLike, values: Array) -> float | Unavailable:
    edges = (np.asarray(truth) != 0).astype(np.float32)
    higher = np.sign(values[None, :] - values[:, None]) * (
        np.abs(values[None, :] - values[:, None]) > 1e-9 * np.abs(values).max()
    )
    joined, right, total = edges, 0.0, 0.0
    for _ in range(len(edges) - 1):
        right += float(((1 + higher) / 2)[joined > 0].sum())
        total += float((joined > 0).sum())
        joined = np.asarray((joined @ edges > 0).astype(np.float32))
        if not joined.any():
            break
    return right / total if total else Unavailable("the graph has no edge")
