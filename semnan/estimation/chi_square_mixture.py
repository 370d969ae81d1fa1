"""Tails of Q = Σ λ_i Z_i², Z_i independent and standard normal, λ_i > 0: a mixture of χ² variables of one df each.

With K(s) = −½ Σ log(1 − 2 λ_i s), the logarithm of E[exp(s Q)],

    P(Q > x) = 1 / (2πi) ∫ exp(K(s) − s x) / s ds

along a path from below to above that crosses the real axis between 0 and 1 / (2 λ_max); left of 0 it is −P(Q ≤ x).
Imhof (1961) takes the vertical one, on which the integrand oscillates. A parabola through the saddle point, open to
the right, leads around the singularities of K to where the integrand vanishes exponentially; the trapezoidal rule then
has about twelve digits of either tail with some hundred points (Rice 1980, SIAM J. Sci. Stat. Comput. 1; Trefethen,
Weideman & Schmelzer 2006, BIT 46).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
#: A weight of a smaller share of the largest is rounding.
NEGLIGIBLE = 1e-12
#: The integrand is followed to exp(−FALL), with so many points on its narrowest scale.
FALL, POINTS = 40.0, 8.0


def mixture_tail(value: float, weights: ArrayLike) -> float:
    """P(Σ λ_i Z_i² > value).

    Parameters
    ----------
    value : float
    weights : array_like, shape (k,)
        λ, not negative; those that are zero take no part.

    """
    given = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(f"weights of a mixture of χ² variables are not negative, got {given}")
    largest = float(given.max(initial=0.0))
    if value <= 0 or largest == 0:
        return float(value < 0 or (value == 0 and largest > 0))
    lam, x = given[given > NEGLIGIBLE * largest] / largest, value / largest
    if x < lam.sum():
        return 1.0 - _along_parabola(lam, x, *_lower(lam, x))
    return _along_parabola(lam, x, *_upper(lam, x))


def _tilt(s: float, lam: Array, x: float) -> float:
    """The slope of K(s) − s x − log |s|, which is zero at the saddle points."""
    return float((lam / (1 - 2 * lam * s)).sum()) - x - 1 / s


def _upper(lam: Array, x: float) -> tuple[float, float]:
    """The saddle point between 0 and ½, and how near the singularities are."""
    ends = 0.25 / (x + 2.0 * len(lam)), 0.5 - 0.25 / (x + 2.0 * len(lam))
    c = brentq(_tilt, *ends, args=(lam, x), xtol=1e-14)
    return c, min(c, 0.5 - c)


def _lower(lam: Array, x: float) -> tuple[float, float]:
    """The saddle point left of 0, and how near that is."""
    c = brentq(_tilt, -(len(lam) + 2.0) / x, -0.25 / (x + 2.0 * len(lam)), args=(lam, x), rtol=1e-12)
    return c, -c


def _along_parabola(lam: Array, x: float, c: float, near: float) -> float:
    """The integral along s = c + a t² + i t, without its sign; a is that of the steepest descent of K at c."""
    part = lam / (1 - 2 * lam * c)
    bend = 2 * float((part**3).sum()) / (3 * float((part**2).sum()))
    step = min(near, 1 / math.sqrt(2 * float((part**2).sum()) + 1 / c**2)) / POINTS
    first, end = _exponent(lam, x, np.array([c + 0j]))[0].real, step
    while _exponent(lam, x, np.array([c + bend * end**2 + 1j * end]))[0].real > first - FALL:
        end *= 1.5
    t = np.arange(math.ceil(end / step) + 1) * step
    s = c + bend * t**2 + 1j * t
    integrand = (np.exp(_exponent(lam, x, s)) / s * (1 - 2j * bend * t)).real
    total = step * (float(integrand.sum()) - float(integrand[0]) / 2) / math.pi
    return min(abs(total), 1.0)


def _exponent(lam: Array, x: float, s: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """K(s) − s x."""
    found = -s * x
    for weight in lam:
        found = found - 0.5 * np.log(1 - 2 * weight * s)
    return found
