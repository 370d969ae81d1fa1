"""The bivariate standard normal distribution of many pairs at once: probability below corners, density, and its slope.

Up to a correlation of FAR the probability is Φ(h) Φ(k) and an integral over the angle arcsin ρ (Drezner & Wesolowsky
1990, eq. 3), by Gauss–Legendre with the nodes that Genz 2004 found enough for 15 digits; beyond, it comes from Owen's T
(Owen 1956, eq. 2.1).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, owens_t

from semnan.network.arrays import Array

#: Correlations up to which so many nodes are enough.
NEAR, FEW, FAR, MANY = 0.75, 12, 0.925, 20


def below(h: Array, k: Array, rho: Array) -> Array:
    """P(X ≤ h, Y ≤ k) for corners of shape (P, K), which may be infinite, at correlations of shape (P,), |ρ| < 1."""
    finite = np.isfinite(h) & np.isfinite(k)
    x, y, size = np.where(finite, h, 0.0), np.where(finite, k, 0.0), np.abs(rho)
    inside = np.empty(x.shape)
    for chosen, found in (
        (size <= NEAR, lambda a, b, r: _by_angle(a, b, r, FEW)),
        ((size > NEAR) & (size <= FAR), lambda a, b, r: _by_angle(a, b, r, MANY)),
        (size > FAR, _by_wedges),
    ):
        if chosen.any():
            inside[chosen] = found(x[chosen], y[chosen], rho[chosen])
    # Where one limit is infinite, the other alone counts.
    return np.where(finite, np.clip(inside, 0.0, 1.0), np.minimum(ndtr(h), ndtr(k)))


@lru_cache(maxsize=4)
def _rule(count: int) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def _by_angle(h: Array, k: Array, rho: Array, count: int) -> Array:
    """Φ(h) Φ(k) + ∫ exp(−(h² + k² − 2hk sin t) / (2 cos² t)) dt / 2π for t from 0 to arcsin ρ."""
    nodes, weights = _rule(count)
    angle = np.arcsin(rho)
    sine = np.sin(angle[:, None] * nodes)
    left = 1 - sine * sine
    powers = np.stack([-0.5 / left, sine / left], axis=-1) @ np.stack([h * h + k * k, h * k], axis=-2)
    np.exp(powers, out=powers)
    area = (weights @ powers) * (angle / (2 * math.pi))[:, None]
    return np.asarray(ndtr(h) * ndtr(k) + area)


def _by_wedges(h: Array, k: Array, rho: Array) -> Array:
    rho = rho[:, None]
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    return np.asarray((ndtr(h) + ndtr(k) - apart) / 2 - _wedge(h, k, rho) - _wedge(k, h, rho))


def _wedge(h: Array, k: Array, rho: Array) -> Array:
    """T(h, (k − ρh) / (h √(1 − ρ²))); at h = 0 its limit, at h = k = 0 that along h = k."""
    root = np.sqrt((1 - rho) * (1 + rho))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (k - rho * h) / (h * root)
    limit = np.where(k == 0, (1 - rho) / root, np.copysign(np.inf, k))
    return np.asarray(owens_t(h, np.where(h == 0, limit, slope)))


def density(h: Array, k: Array, rho: Array) -> tuple[Array, Array]:
    """The density at corners, which is ∂P(X ≤ h, Y ≤ k)/∂ρ too (Plackett 1954), and its own slope in ρ.

    Both are zero where a limit is infinite.
    """
    finite = np.isfinite(h) & np.isfinite(k)
    x, y, r = np.where(finite, h, 0.0), np.where(finite, k, 0.0), rho[:, None]
    left, squares, product = (1 - r) * (1 + r), x * x + y * y, x * y
    found = np.exp((2 * r * product - squares) / (2 * left)) / (2 * math.pi * np.sqrt(left))
    found *= finite
    return found, found * (r / left + (product * (1 + r * r) - r * squares) / (left * left))
