"""Maxima of many functions of one correlation at once, by Newton steps within a bracket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from semnan.network.arrays import Array

#: Correlations stay within these; steps, and how small the last one is: the error left is about its square.
LIMIT, STEPS, SMALL = 0.9999, 60, 1e-8


def newton_maximum(slopes: Callable[[Array], tuple[Array, Array]], start: Array) -> Array:
    """Where the first derivatives vanish, or the end of [−LIMIT, LIMIT] that a function rises to.

    Parameters
    ----------
    slopes : callable
        First and second derivatives of all functions at correlations of shape (P,).
    start : array, shape (P,)

    """
    low, high = np.full(start.shape, -LIMIT), np.full(start.shape, LIMIT)
    at = start
    for _ in range(STEPS):
        slope, bend = slopes(at)
        low, high = np.where(slope > 0, at, low), np.where(slope > 0, high, at)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = at - slope / bend
        inside = (bend < 0) & (step > low) & (step < high)
        target = np.where(inside, step, (low + high) / 2)
        moved = np.abs(target - at).max(initial=0.0)
        at = target
        if moved < SMALL:
            break
    return at
