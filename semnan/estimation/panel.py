"""Rows of units that are followed over periods: which pairs of them count as dependent, and by how much.

The middle of a sandwich is Σ wᵢⱼ sᵢ sⱼᵀ over all pairs of rows. Rows of a unit are dependent however far apart they
are (w = 1: clusters); rows of different units through what their periods share, and periods the less the further apart
(Bartlett's w = 1 − d / (lags + 1) at a distance of d periods: Newey & West 1987; Driscoll & Kraay 1998, Review of
Economics and Statistics 80). Pairs that are both count once, as those of a unit:

    Σ = C / (C − 1) Σ_units + Σ_periods − Σ_both

(Thompson 2011, Journal of Financial Economics 99, equation 15; Cameron, Gelbach & Miller 2011), where C / (C − 1) pays
for the scores of C units summing to zero. Such a difference need not be positive semidefinite if units are few. Its
positive part (`positive_part`) is what Cameron, Gelbach & Miller take then: it is larger, in every direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data.design import LAGS
from semnan.data.periods import repeated
from semnan.errors import DataError

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Eigenvalues below minus this, times the largest, are more than rounding.
NEGATIVE = 1e-9


@final
@dataclass(frozen=True, eq=False)
class Panel:
    """Which rows depend on each other; the weights wᵢⱼ are never formed.

    Attributes
    ----------
    units : ndarray of int, shape (n,), or None
        Who a row is of. With None, or a single unit, rows depend through periods alone.
    periods : ndarray of int, shape (n,)
        When it is: distances are counted on these numbers, which may have gaps and be in any order.
    lags : int
        Rows of different units that are further apart are independent.

    Raises
    ------
    DataError
        If a unit has two rows of one period, or lags is negative.

    """

    units: Indices | None
    periods: Indices
    lags: int = LAGS

    def __post_init__(self) -> None:
        if self.lags < 0:
            raise DataError(f"lags is {self.lags}: give the number of periods that shocks last, 0 or more")
        found = None if self.units is None else repeated(self.units, self.periods)
        if found is not None:
            raise DataError(f"rows {found[0]} and {found[1]} are of one unit and period: a unit has one row a period")

    def weigh(self, scores: Array) -> Array:
        """Σⱼ wᵢⱼ sⱼ of every row, shape (n, k)."""
        codes, periods, sums = _sums(self.periods, scores)
        shared = _smooth(np.zeros(len(periods), dtype=np.int64), periods, sums, self.lags)[codes]
        if self.units is None:
            return shared
        own, units, clusters = _sums(self.units, scores)
        count = len(units)
        if count < 2:
            return shared
        both = _smooth(self.units, self.periods, scores, self.lags)
        return np.asarray(clusters[own] * (count / (count - 1)) + shared - both)

    def products(self, scores: Array) -> Array:
        """Σ wᵢⱼ sᵢ sⱼᵀ, shape (k, k)."""
        found = scores.T @ self.weigh(scores)
        return np.asarray((found + found.T) / 2)


def panel_products(scores: Array, units: Indices | None, periods: Indices, lags: int = LAGS) -> Array:
    """The sum of s sᵀ over all pairs of rows that depend on each other, weighed by how much.

    Parameters
    ----------
    scores : ndarray, shape (n, q)
    units : ndarray of int, shape (n,), or None
        All pairs of rows of one unit count. With None or a single unit none do because of it.
    periods : ndarray of int, shape (n,)
        All other pairs count by 1 − d / (lags + 1) at a distance of d ≤ lags.
    lags : int

    Returns
    -------
    ndarray, shape (q, q)
        Not positive semidefinite, perhaps: see `positive_part`.

    Raises
    ------
    DataError
        If a unit has two rows of one period, or lags is negative.

    """
    return Panel(units, periods, lags).products(scores)


def positive_part(products: Array, scale: Array) -> tuple[Array, bool]:
    """A symmetric matrix without its negative eigenvalues, and whether there were any.

    Parameters
    ----------
    products : ndarray, shape (q, q)
    scale : ndarray, shape (q,)
        The units in which eigenvalues are taken, so that the answer does not depend on those of variables; positive.

    """
    values, vectors = np.linalg.eigh(products / scale[:, None] / scale)
    if values[0] >= -NEGATIVE * max(values[-1], 0.0):
        return products, False
    positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return np.asarray(positive * scale[:, None] * scale), True


def information_scale(dense: Array) -> Array:
    """√I_kk, or one: the units in which scores are of about the same size."""
    own = np.diagonal(dense)
    return np.asarray(np.sqrt(np.where(own > 0, own, 1.0)))


def _sums(labels: Indices, scores: Array) -> tuple[Indices, Indices, Array]:
    """The place of every row's label among the distinct ones, these in order, and the sums of their scores."""
    distinct, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(distinct)))
    return codes, distinct, np.add.reduceat(scores[order], starts, axis=0)


def _smooth(units: Indices, periods: Indices, scores: Array, lags: int) -> Array:
    """Bartlett's weighted sums within units: rows that are `lags` periods apart are at most as many places apart."""
    order = np.lexsort((periods, units))
    unit, period, ordered = units[order], periods[order], scores[order]
    found = ordered.copy()
    for shift in range(1, min(lags, len(order) - 1) + 1):
        distance = period[shift:] - period[:-shift]
        near = (unit[shift:] == unit[:-shift]) & (distance <= lags)
        weight = np.where(near, 1 - distance / (lags + 1), 0.0)[:, None]
        found[shift:] += weight * ordered[:-shift]
        found[:-shift] += weight * ordered[shift:]
    back = np.empty_like(found)
    back[order] = found
    return back
