"""Adam on arrays (Kingma & Ba, ICLR 2015)."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEAN, SQUARE, TINY = 0.9, 0.999, 1e-8
#: Entries worked on at a time: few enough for their intermediate results to stay in cache.
BLOCK = 2**16


@final
class Adam:
    """Adam from a start.

    Parameters
    ----------
    start : ndarray
        Not changed.
    rate : float
        Step size.

    """

    def __init__(self, start: Array, rate: float) -> None:
        self._at, self._rate = start.copy(), rate
        self._mean, self._square = np.zeros_like(start), np.zeros_like(start)
        self._count = 0

    def step(self, gradient: Array) -> Array:
        """Take a step and return a copy of where it leads."""
        self._count += 1
        rows = max(BLOCK * len(gradient) // max(gradient.size, 1), 1)
        for first in range(0, len(gradient), rows):
            self._move(slice(first, first + rows), gradient[first : first + rows])
        return self._at.copy()

    def _move(self, part: slice, gradient: Array) -> None:
        mean, square = self._mean[part], self._square[part]
        mean += (1 - MEAN) * (gradient - mean)
        square += (1 - SQUARE) * (gradient * gradient - square)
        size = np.sqrt(square / (1 - SQUARE**self._count)) + TINY
        self._at[part] -= self._rate / (1 - MEAN**self._count) * mean / size
