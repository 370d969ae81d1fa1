"""How far variances and R² alone go along with a learned graph, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.metrics import r2_sortability, varsortability

Array = NDArray[np.float64]

#: Above this a number gives the order away; below, it says next to nothing.
HIGH, LOW = 0.8, 0.65


@final
@dataclass(frozen=True)
class Sortability:
    """How well sorting by one number agrees with the directions of a graph.

    Attributes
    ----------
    variance, r_squared : float or Unavailable
        Between 0 and 1: varsortability and R²-sortability of the learned graph on the data; one half says nothing.
    standardised : bool
        Whether the method saw standardised variables.
    depends_on_units : bool
        Whether the method's answer changes with the units of the variables.

    """

    variance: float | Unavailable
    r_squared: float | Unavailable
    standardised: bool
    depends_on_units: bool

    def __str__(self) -> str:
        if isinstance(self.variance, Unavailable) or isinstance(self.r_squared, Unavailable):
            return f"Sortability {self.variance}"
        numbers = f"Varsortability {self.variance:.2f}, R²-sortability {self.r_squared:.2f} of the learned graph."
        return f"{numbers} {self._units()} {self._share(self.r_squared)}"

    def _units(self) -> str:
        if not self.depends_on_units:
            return "This method sees correlations only: the answer does not depend on the units of the variables."
        if self.standardised:
            return (
                "The variables were standardised, so their variances could not guide the directions; a method that "
                "relies on variances then often finds wrong ones: compare with OrderSearch()."
            )
        assert isinstance(self.variance, float)
        if self.variance > HIGH:
            return (
                "The directions follow the variances: in other units (say standardised) this method may answer "
                "otherwise. Trust it only if the units are comparable and the errors of like size; "
                "compare with OrderSearch(), which does not see units."
            )
        return (
            "The directions do not merely follow the variances, but this method does depend on units: "
            "compare with OrderSearch(), which does not."
        )

    @staticmethod
    def _share(value: float) -> str:
        if value > HIGH:
            return "R² rises along the graph, so sorting by R² alone gives much the same order."
        return "R² alone gives no such order." if value < LOW else "R² alone gives part of the order."


def read_sortability(weights: Array, covariance: Array, *, standardised: bool, depends_on_units: bool) -> Sortability:
    """The sortability of a learned graph on the data in their own units."""
    return Sortability(
        varsortability(weights, covariance), r2_sortability(weights, covariance), standardised, depends_on_units
    )
