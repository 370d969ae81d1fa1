"""How rows that are left out depend on each other: the standard error of a sum over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.estimation.panel import Panel
from semnan.selection.folds import Folds

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
NEGATIVE = Unavailable("units and periods are too few for a variance of the sum: take fewer lags")


@final
@dataclass(frozen=True, eq=False)
class Dependence:
    """Of the rows of all groups.

    Attributes
    ----------
    units : ndarray of int, shape (n,)
        Rows of different ones are independent, if there are no periods.
    panel : Panel or None
        If there are.

    """

    units: Indices
    panel: Panel | None

    @classmethod
    def of(cls, folds: Folds) -> Dependence:
        """Units of different groups are different ones; periods are the same."""
        shifts = np.cumsum([0, *(int(part.max(initial=-1)) + 1 for part in folds.units)])
        units = np.concatenate([part + shift for part, shift in zip(folds.units, shifts[:-1], strict=True)])
        if folds.periods is None:
            return cls(units, None)
        clustered = len(np.unique(units)) < len(units)
        return cls(units, Panel(units if clustered else None, np.concatenate(folds.periods), folds.lags))

    def error(self, parts: Array) -> float | Unavailable:
        """The standard error of the sum of a number of every row, shape (n,)."""
        if self.panel is None:
            sums = np.bincount(self.units, weights=parts)
            return math.sqrt(len(sums)) * float(sums.std(ddof=1))
        variance = float(self.panel.products((parts - parts.mean())[:, None])[0, 0])
        return math.sqrt(variance) if variance >= 0 else NEGATIVE
