"""Tails of the normal and χ² distributions from scipy's special functions, since its distribution objects are slow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, ndtr, ndtri


def normal_reach(level: float) -> float:
    """Half the width of the central interval of this level of a standard normal variable."""
    return -float(ndtri((1 - level) / 2))


def two_sided(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(|Z| ≥ |z|) of a standard normal variable."""
    return np.asarray(2 * ndtr(-np.abs(z)))


def chi_square_tail(value: float, df: float) -> float:
    """P(X ≥ value) of a χ² variable."""
    return float(chdtrc(df, value))


def chi_square_limit(tail: float, df: float) -> float:
    """The value that a χ² variable exceeds with this probability."""
    return float(chdtri(df, tail))
