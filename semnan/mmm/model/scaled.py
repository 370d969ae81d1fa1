"""Symmetric systems whose rows have units of their own."""

from __future__ import annotations

import numpy as np

from semnan.network.arrays import Array

#: Singular values below this share of the largest, in units of the diagonal, are zero.
SINGULAR = 1e-12


def solve_scaled(matrix: Array, right: Array) -> Array:
    """The solution of a symmetric system, whatever the units; the shortest in those of its diagonal if there are many.

    Parameters
    ----------
    matrix : ndarray, shape (q, q)
    right : ndarray, shape (q, k)

    """
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(matrix)), np.finfo(float).tiny))
    found = np.linalg.lstsq(matrix / np.outer(scale, scale), right / scale[:, None], rcond=SINGULAR)[0]
    return np.asarray(found / scale[:, None])
