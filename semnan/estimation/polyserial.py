"""Polyserial correlations of continuous and ordered variables, all pairs at once, in two steps (Olsson, Drasgow &
Dorans 1982): mean, variance and thresholds from the margins, then each correlation by maximum likelihood.

Given z, the standardised continuous value, category b has the probability π = Φ(u_b) − Φ(u_{b−1}) with
u = (τ − ρ z) / √(1 − ρ²).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from scipy.special import ndtr

from semnan.estimation.categories import Categories
from semnan.estimation.root import newton_maximum
from semnan.network.arrays import Array

TINY = 1e-15


class _Limits(NamedTuple):
    """For every row and pair: π, and u, φ(u) at the upper and the lower threshold (zero where that is infinite)."""

    cells: Array
    upper: Array
    upper_density: Array
    lower: Array
    lower_density: Array


@final
@dataclass(frozen=True, eq=False)
class Polyserial:
    """Correlations of every continuous variable (first) with every ordered one (second).

    Attributes
    ----------
    values : array, shape (n, c)
        The continuous variables, standardised.
    categories : Categories
    first, second : array of int, shape (P,)
    rho : array, shape (P,)

    """

    values: Array
    categories: Categories
    first: Array
    second: Array
    rho: Array

    @classmethod
    def of(cls, values: Array, categories: Categories) -> Polyserial:
        """Estimate all pairs."""
        count, ordered = values.shape[1], len(categories.names)
        first, second = np.repeat(np.arange(count), ordered), np.tile(np.arange(ordered), count)
        z, above, under = _rows(values, categories, first, second)

        def slopes(rho: Array) -> tuple[Array, Array]:
            return _slopes(z, above, under, rho)

        codes = categories.codes - categories.codes.mean(0)
        scaled = codes / np.sqrt((codes * codes).mean(0))
        start = np.clip(1.1 * (values.T @ scaled / len(values)).reshape(-1), -0.95, 0.95)
        return cls(values, categories, first, second, newton_maximum(slopes, start))

    def scores(self, deviations: Array) -> tuple[Array, Array, Array, Array]:
        """Casewise ∂log π/∂ρ, shape (n, P), and its sums of products with the other scores of the pair.

        Parameters
        ----------
        deviations : array, shape (c,)
            The standard deviations of the continuous variables.

        Returns
        -------
        casewise : array, shape (n, P)
        with_mean, with_variance : array, shape (P,)
        with_thresholds : array, shape (P, thresholds)

        """
        z, above, under = _rows(self.values, self.categories, self.first, self.second)
        at, root, scale = _limits(z, above, under, self.rho), np.sqrt(1 - self.rho**2), deviations[self.first]
        casewise = (_turn(above, z, self.rho) * at.upper_density - _turn(under, z, self.rho) * at.lower_density) / (
            at.cells
        )
        pushed = (at.upper_density - at.lower_density) / at.cells * self.rho / root
        with_mean = (casewise * (z + pushed)).sum(0) / scale
        with_variance = (casewise * (z * z - 1 + z * pushed)).sum(0) / (2 * scale**2)
        crossed = self._with_thresholds(casewise, at, root)
        return casewise, with_mean, with_variance, crossed

    def _with_thresholds(self, casewise: Array, at: _Limits, root: Array) -> Array:
        found = np.zeros((len(self.rho), self.categories.size))
        up = casewise * at.upper_density / at.cells / root
        down = casewise * at.lower_density / at.cells / root
        for j in range(len(self.categories.names)):
            mine, chosen = self.second == j, self.categories.codes[:, j]
            place = self.categories.places[j]
            for k, p in enumerate(place[place >= 0].tolist()):
                found[mine, p] = up[chosen == k][:, mine].sum(0) - down[chosen == k + 1][:, mine].sum(0)
        return found


def _rows(values: Array, categories: Categories, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Z and the thresholds above and below, of every row and pair, each of shape (n, P)."""
    edges, codes = categories.edges, categories.codes[:, second]
    return values[:, first], edges[second, codes + 1], edges[second, codes]


def _limits(z: Array, above: Array, under: Array, rho: Array) -> _Limits:
    root = np.sqrt(1 - rho * rho)
    upper, lower = (above - rho * z) / root, (under - rho * z) / root
    # In the tail where both are small, so that their difference keeps its digits.
    flip = lower > 0
    cells = np.where(flip, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
    ends = [np.where(np.isfinite(u), u, 0.0) for u in (upper, lower)]
    high, low = (
        np.exp(-u * u / 2) / np.sqrt(2 * np.pi) * np.isfinite(t) for u, t in zip(ends, (above, under), strict=True)
    )
    return _Limits(np.maximum(cells, TINY), ends[0], high, ends[1], low)


def _turn(threshold: Array, z: Array, rho: Array) -> Array:
    """∂u/∂ρ, zero where the threshold is infinite."""
    finite = np.isfinite(threshold)
    return np.where(finite, (np.where(finite, threshold, 0.0) * rho - z) / (1 - rho * rho) ** 1.5, 0.0)


def _bend(threshold: Array, z: Array, rho: Array) -> Array:
    """∂²u/∂ρ²."""
    finite, left = np.isfinite(threshold), 1 - rho * rho
    tau = np.where(finite, threshold, 0.0)
    return np.where(finite, (tau * left + 3 * rho * (tau * rho - z)) / left**2.5, 0.0)


def _slopes(z: Array, above: Array, under: Array, rho: Array) -> tuple[Array, Array]:
    """First and second derivative of the log-likelihood of each pair."""
    at = _limits(z, above, under, rho)
    up, down = _turn(above, z, rho), _turn(under, z, rho)
    first = (at.upper_density * up - at.lower_density * down) / at.cells
    second = at.upper_density * (_bend(above, z, rho) - at.upper * up * up)
    second -= at.lower_density * (_bend(under, z, rho) - at.lower * down * down)
    return first.sum(0), (second / at.cells - first * first).sum(0)
