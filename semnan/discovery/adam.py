"""Adam on arrays (Kingma & Ba, ICLR 2015)."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEAN, SQUARE, TINY = 0.9, 0.999, 1e-8


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
        self._mean += (1 - MEAN) * (gradient - self._mean)
        self._square += (1 - SQUARE) * (gradient * gradient - self._square)
        mean = self._mean / (1 - MEAN**self._count)
        square = self._square / (1 - SQUARE**self._count)
        self._at -= self._rate * mean / (np.sqrt(square) + TINY)
        return self._at.copy()
