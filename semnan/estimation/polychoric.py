"""Polychoric correlations of all pairs of ordered variables at once, in two steps (Olsson 1979): thresholds from the
margins, then each correlation by maximum likelihood of its contingency table.

With π_ab the probability of a cell, a difference of four corners Φ₂(τ_a, τ_b; ρ), the log-likelihood is
Σ n_ab log π_ab; ∂Φ₂/∂ρ is the density at the corner, which gives the score and the Hessian of each pair in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import ndtr

from semnan.estimation.bivariate_normal import below, density
from semnan.estimation.categories import Categories
from semnan.estimation.root import newton_maximum
from semnan.network.arrays import Array

#: A probability of a cell that rounding has made zero or less.
TINY = 1e-15


@final
@dataclass(frozen=True, eq=False)
class Polychoric:
    """Correlations of pairs of ordered variables.

    Attributes
    ----------
    first, second : array of int, shape (P,)
        The variables of each pair among the ordered ones, first < second.
    rho : array, shape (P,)
    adjusted : array of bool, shape (P,)
        Tables of two by two with an empty cell: ½ was added to it, and the margins kept.

    """

    categories: Categories
    first: Array
    second: Array
    tables: Array
    rho: Array
    adjusted: Array

    @classmethod
    def of(cls, categories: Categories) -> Polychoric:
        """Estimate all pairs."""
        first, second = np.triu_indices(len(categories.names), 1)
        tables = categories.tables(first, second)
        counts, adjusted = _without_empty(categories, tables, first, second)
        corners = _Corners.of(categories, first, second)

        def slopes(rho: Array) -> tuple[Array, Array]:
            cells, rise, bend = corners.cells(rho)
            relative = rise / cells
            return (counts * relative).sum((-2, -1)), (counts * (bend / cells - relative * relative)).sum((-2, -1))

        rho = newton_maximum(slopes, _start(categories, first, second))
        return cls(categories, first, second, tables, rho, adjusted)

    def scores(self) -> tuple[Array, Array]:
        """Casewise ∂log π/∂ρ, shape (n, P), and its sums of products with ∂log π/∂τ, shape (P, thresholds)."""
        rho = self.rho[:, None, None]
        rows, columns = self.categories.edges[self.first][:, :, None], self.categories.edges[self.second][:, None, :]
        cells, rise, _ = _Corners.of(self.categories, self.first, self.second).cells(self.rho)
        score = rise / cells
        weighted = self.tables * score / cells
        crossed = np.zeros((len(self.rho), self.categories.size))
        _add(crossed, self.categories, self.first, _along(rows, columns, rho, weighted))
        _add(crossed, self.categories, self.second, _along(columns.mT, rows.mT, rho, weighted.mT))
        codes, width = self.categories.codes, score.shape[-1]
        flat = np.arange(len(self.rho)) * width**2 + codes[:, self.first] * width + codes[:, self.second]
        return score.take(flat), crossed


@final
@dataclass(frozen=True)
class _Corners:
    """Inner corners of all tables, shape (P, (C − 1)²), and the shares below them in the margins, shape (P, C − 1)."""

    h: Array
    k: Array
    rows: Array
    columns: Array

    @classmethod
    def of(cls, categories: Categories, first: Array, second: Array) -> _Corners:
        inner = categories.edges[:, 1:-1]
        pairs, size = len(first), inner.shape[1]
        h = np.broadcast_to(inner[first][:, :, None], (pairs, size, size)).reshape(pairs, -1)
        k = np.broadcast_to(inner[second][:, None, :], (pairs, size, size)).reshape(pairs, -1)
        return cls(h, k, categories.shares[first], categories.shares[second])

    def cells(self, rho: Array) -> tuple[Array, Array, Array]:
        """Probabilities of cells, shape (P, C, C), with their first and second derivative in ρ."""
        pairs, size = self.rows.shape
        whole = np.zeros((3, pairs, size + 2, size + 2))
        inner = whole[:, :, 1:-1, 1:-1]
        inner[0] = below(self.h, self.k, rho).reshape(pairs, size, size)
        for part, found in zip(inner[1:], density(self.h, self.k, rho), strict=True):
            part[...] = found.reshape(pairs, size, size)
        whole[0, :, 1:-1, -1], whole[0, :, -1, 1:-1], whole[0, :, -1, -1] = self.rows, self.columns, 1.0
        found = np.diff(np.diff(whole, axis=-1), axis=-2)
        return np.maximum(found[0], TINY), found[1], found[2]


def _along(rows: Array, columns: Array, rho: Array, weighted: Array) -> Array:
    """Σ_b weighted[a, b] ∂π_ab/∂τ for the inner thresholds of the rows, shape (P, C − 1).

    A threshold moves probability φ(τ) P(column | row at τ) from the category above to the one below.
    """
    inner = rows[:, 1:-1]
    finite = np.where(np.isfinite(inner), inner, 0.0)
    with np.errstate(invalid="ignore"):
        conditional = ndtr((columns - rho * finite) / np.sqrt(1 - rho * rho))
    weight = np.where(np.isfinite(inner), np.exp(-finite * finite / 2) / np.sqrt(2 * np.pi), 0.0)
    moved = weight * np.diff(conditional, axis=-1)
    return np.asarray((moved * (weighted[:, :-1] - weighted[:, 1:])).sum(-1))


def _add(crossed: Array, categories: Categories, variable: Array, values: Array) -> None:
    """Put values of the inner thresholds, padded, to their places among all."""
    place = categories.places[variable]
    pair, k = np.nonzero(place >= 0)
    crossed[pair, place[pair, k]] = values[pair, k]


def _start(categories: Categories, first: Array, second: Array) -> Array:
    """Pearson correlations of the category numbers, a little larger."""
    codes = categories.codes - categories.codes.mean(0)
    scaled = codes / np.sqrt((codes * codes).sum(0))
    return np.asarray(np.clip(1.15 * (scaled.T @ scaled)[first, second], -0.95, 0.95))


def _without_empty(categories: Categories, tables: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Tables of two by two with one empty cell get ½ there with the margins kept, as in lavaan: else ρ is ±1."""
    small = (categories.counts[first] == 2) & (categories.counts[second] == 2)
    corner = tables[:, :2, :2]
    empty = small[:, None, None] & (corner == 0)
    adjusted = empty.any((-2, -1))
    if not adjusted.any():
        return tables, adjusted
    on_diagonal = empty[:, 0, 0] | empty[:, 1, 1]
    sign = np.where(on_diagonal, 0.5, -0.5) * adjusted
    found = tables.copy()
    found[:, :2, :2] += sign[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return found, adjusted
