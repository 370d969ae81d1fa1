"""Means, thresholds and covariances of latent responses, with what each row contributes to them (Muthén 1984).

An ordered variable is a normal latent response cut at thresholds; it has mean zero and variance one. The estimates
solve one after the other Σ_i s₁ᵢ = 0 (margins) and Σ_i s₂ᵢ = 0 (each correlation), so that the contributions are

    ψ₁ = n A₁₁⁻¹ s₁,    ψ₂ = n A₂₂⁻¹ (s₂ − A₂₁ A₁₁⁻¹ s₁),

with the sums of products of scores A₁₁ (of one variable each), A₂₁ and A₂₂ (its diagonal) for information, as in
lavaan's ``muthen1984``. Γ = ψᵀψ / n is the asymptotic covariance of √n times the estimates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semnan.errors import DataError
from semnan.estimation.categories import Categories
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.polychoric import Polychoric
from semnan.estimation.polyserial import Polyserial
from semnan.network.arrays import Array

#: Entries of an array with one number for every row and pair; more are refused.
MOST = 1 << 26
#: A determinant of the information about mean and variance that is no more than rounding.
SINGULAR = 1e-10


class _Continuous(NamedTuple):
    """The continuous variables: mean, standard deviation, standardised rows, and contributions to mean and variance."""

    mean: Array
    deviation: Array
    rows: Array
    to_mean: Array
    to_variance: Array


def latent_responses(names: tuple[str, ...], rows: Array, ordered: dict[str, Array]) -> MomentVector:
    """The moments of rows of shape (n, p), some of them ordered.

    Parameters
    ----------
    names : tuple of str
    rows : array, shape (n, p)
    ordered : dict of str to array
        The categories of the ordered variables.

    Raises
    ------
    DataError
        For a category that does not occur, or more numbers than fit into memory.

    """
    n, p = rows.shape
    if n * p * (p - 1) // 2 > MOST:
        raise DataError(
            f"{n} rows of {p} variables make more than {MOST} casewise scores of pairs: use fewer of either"
        )
    at = np.array([name in ordered for name in names])
    chosen = [name for name in names if name in ordered]
    categories = Categories.of(chosen, rows[:, at], [ordered[name] for name in chosen])
    continuous = _continuous(rows[:, ~at])
    pairs = _Pairs(n, p, np.flatnonzero(at), np.flatnonzero(~at), categories, continuous)
    pairs.fill()
    return pairs.moments(names)


def _continuous(rows: Array) -> _Continuous:
    """Contributions use the outer products of the scores of each variable as its information, as everything here.

    Those of a variable of two values are singular, its variance being a function of its mean: it gets (x − μ) and
    (x − μ)² − σ², which the others have too if they are normal.
    """
    n, mean, deviation = len(rows), rows.mean(0), rows.std(0)
    z = (rows - mean) / deviation
    plain = np.stack([z, z * z - 1], axis=-1)
    inner = np.einsum("nvi,nvj->vij", plain, plain) / n
    regular = np.linalg.det(inner) > SINGULAR * inner[:, 1, 1]
    inner[~regular] = np.diag([1.0, 2.0])
    found = np.einsum("nvi,vij->nvj", plain, np.linalg.inv(inner))
    return _Continuous(mean, deviation, z, found[..., 0] * deviation, found[..., 1] * 2 * deviation**2)


class _Pairs:
    """Correlations and contributions of all pairs, filled in kind by kind."""

    def __init__(
        self, n: int, p: int, ordered: Array, plain: Array, categories: Categories, continuous: _Continuous
    ) -> None:
        self.n, self.p, self.ordered, self.plain = n, p, ordered, plain
        self.categories, self.continuous = categories, continuous
        self.thresholds = categories.influence() if len(ordered) else np.zeros((n, 0))
        self.correlation = np.eye(p)
        self.influence = np.zeros((n, p * (p + 1) // 2))
        self.adjusted: list[tuple[int, int]] = []

    def fill(self) -> None:
        if len(self.ordered) > 1:
            self._polychoric()
        if len(self.ordered) and len(self.plain):
            self._polyserial()
        if len(self.plain) > 1:
            self._pearson()

    def moments(self, names: tuple[str, ...]) -> MomentVector:
        """Covariances from correlations: σ_ij = ρ σ_i σ_j, and the contributions to them."""
        scale, own = np.ones(self.p), np.zeros((self.n, self.p))
        scale[self.plain] = self.continuous.deviation
        own[:, self.plain] = self.continuous.to_variance / (2 * self.continuous.deviation**2)
        covariance = self.correlation * np.outer(scale, scale)
        self._scale(scale, covariance, own)
        mean, to_mean = np.zeros(self.p), np.zeros((self.n, self.p))
        mean[self.plain], to_mean[:, self.plain] = self.continuous.mean, self.continuous.to_mean
        return MomentVector(
            names=names,
            ordered=tuple(names[k] for k in self.ordered),
            n=self.n,
            covariance=covariance,
            mean=mean,
            thresholds=tuple(
                self.categories.edges[k, 1:count] for k, count in enumerate(self.categories.counts.tolist())
            ),
            to_covariance=self.influence,
            to_mean=to_mean,
            to_thresholds=self.thresholds,
            adjusted=tuple((names[a], names[b]) for a, b in self.adjusted),
        )

    def _scale(self, scale: Array, covariance: Array, own: Array) -> None:
        """From contributions to correlations to those to covariances, in place and row by row of the triangle."""
        for i in range(self.p):
            columns, j = slice(i * (i + 1) // 2, (i + 1) * (i + 2) // 2), np.arange(i + 1)
            self.influence[:, columns] *= scale[i] * scale[j]
            self.influence[:, columns] += covariance[i, j] * (own[:, [i]] + own[:, j])

    def _put(self, first: Array, second: Array, rho: Array, casewise: Array, margins: Array) -> None:
        """Correlations of pairs, with scores of shape (n, P) and A₂₁ A₁₁⁻¹ s₁ of the same shape."""
        own = (casewise * casewise).sum(0)
        self.correlation[first, second] = self.correlation[second, first] = rho
        found = casewise
        found -= margins
        found *= self.n / own
        low, high = np.minimum(first, second), np.maximum(first, second)
        self.influence[:, high * (high + 1) // 2 + low] = found

    def _polychoric(self) -> None:
        found = Polychoric.of(self.categories)
        casewise, crossed = found.scores()
        first, second = self.ordered[found.first], self.ordered[found.second]
        self.adjusted = list(zip(first[found.adjusted].tolist(), second[found.adjusted].tolist(), strict=True))
        self._put(first, second, found.rho, casewise, self.thresholds @ crossed.T / self.n)

    def _polyserial(self) -> None:
        data = self.continuous
        found = Polyserial.of(data.rows, self.categories)
        casewise, with_mean, with_variance, crossed = found.scores(data.deviation)
        margins = self.thresholds @ crossed.T
        margins += data.to_mean[:, found.first] * with_mean + data.to_variance[:, found.first] * with_variance
        self._put(self.plain[found.first], self.ordered[found.second], found.rho, casewise, margins / self.n)

    def _pearson(self) -> None:
        """Scores of the bivariate normal likelihood."""
        data, (first, second) = self.continuous, np.triu_indices(len(self.plain), 1)
        rho = (data.rows.T @ data.rows / self.n)[first, second]
        left, x, y = 1 - rho * rho, data.rows[:, first], data.rows[:, second]
        casewise = rho / left + (x * y * (1 + rho * rho) - rho * (x * x + y * y)) / (left * left)
        margins = np.zeros_like(casewise)
        for mine, other, at in ((x, y, first), (y, x, second)):
            apart, scale = (mine - rho * other) / left, data.deviation[at]
            margins += data.to_mean[:, at] * (casewise * apart / scale).sum(0)
            margins += data.to_variance[:, at] * (casewise * (mine * apart - 1) / (2 * scale * scale)).sum(0)
        self._put(self.plain[first], self.plain[second], rho, casewise, margins / self.n)
