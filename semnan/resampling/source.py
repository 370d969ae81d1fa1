"""What replicates are drawn from: the rows of every group, or the moments that the model implies; and how.

Replicate number i has a random generator of its own, of the seed and i alone: whatever draws it, and beside which
others, draws the same. Moments of many replicates come at once, as products of how often each takes each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from semnan.data import MomentsStack, Patterns
from semnan.data.checks import trusted

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Kind = Literal["ordinary", "parametric", "bollen.stine"]
#: Entries of products of two variables that are held at a time.
HELD = 1 << 22


def generator(seed: int, replicate: int) -> np.random.Generator:
    """The random numbers of one replicate."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate,)))


@final
@dataclass(frozen=True, eq=False)
class Group:
    """The rows of one group to draw from.

    Attributes
    ----------
    rows : ndarray, shape (n, p)
        About `center`; NaN where a value is missing.
    center : ndarray, shape (p,)
    clusters : ndarray of int, shape (n,), or None
        Rows of a cluster are drawn together.
    weights : ndarray, shape (n,), or None

    """

    rows: Array
    center: Array
    clusters: Indices | None = None
    weights: Array | None = None

    @classmethod
    def of(cls, rows: Array, clusters: Indices | None = None, weights: Array | None = None) -> Group:
        center = np.nanmean(rows, axis=0)
        return cls(rows - center, center, clusters, weights)

    @property
    def units(self) -> int:
        """How many clusters there are, or rows."""
        return len(self.rows) if self.clusters is None else int(self.clusters.max()) + 1

    def spread(self, counts: Array) -> Array:
        """How often each row is taken, from how often each unit is: shape (B, n)."""
        return counts if self.clusters is None else counts[:, self.clusters]

    def draw(self, random: np.random.Generator) -> Array:
        """How often a replicate takes each unit, shape (units,)."""
        return np.bincount(random.integers(0, self.units, self.units), minlength=self.units).astype(np.float64)

    def moments(self, names: tuple[str, ...], counts: Array) -> MomentsStack:
        """The moments of replicates that take units so often, shape (B, units); rows without gaps."""
        taken = self.spread(counts)
        shares = taken if self.weights is None else taken * self.weights
        shares = shares / shares.sum(-1, keepdims=True)
        mean = shares @ self.rows
        covariance = _unpacked(self._second(shares), len(names)) - mean[:, :, None] * mean[:, None, :]
        sizes = taken.sum(-1).round().astype(np.int64)
        return trusted(MomentsStack, names=names, covariance=covariance, n=sizes, means=mean + self.center)

    def _second(self, shares: Array) -> Array:
        """Second moments, the lower triangle, shape (B, p (p + 1) / 2)."""
        at = np.tril_indices(self.rows.shape[1])
        step, total = max(1, HELD // len(at[0])), np.zeros((len(shares), len(at[0])))
        for start in range(0, len(self.rows), step):
            part = self.rows[start : start + step]
            total += shares[:, start : start + step] @ (part[:, at[0]] * part[:, at[1]])
        return total

    def patterns(self, names: tuple[str, ...], counts: Array) -> Patterns:
        """One replicate of rows with gaps."""
        taken = self.spread(counts[None])[0].astype(np.int64)
        return Patterns.from_rows(np.repeat(self.rows + self.center, taken, axis=0), names)

    def moved(self, sample: Array, implied: Array, mean: Array) -> Group:
        """Rows with the moments that the model implies instead of those of the sample (Bollen & Stine 1992)."""
        factor = np.linalg.cholesky(implied) @ np.linalg.inv(np.linalg.cholesky(sample))
        return Group(self.rows @ factor.T, mean, self.clusters, self.weights)


def _unpacked(packed: Array, p: int) -> Array:
    full = np.empty((len(packed), p, p))
    at = np.tril_indices(p)
    full[:, at[0], at[1]] = packed
    full[:, at[1], at[0]] = packed
    return full


@final
@dataclass(frozen=True, eq=False)
class Normal:
    """A multivariate normal to draw from.

    Attributes
    ----------
    mean : ndarray, shape (p,)
    factor : ndarray, shape (p, p)
        The Cholesky factor of its covariance.
    missing : ndarray of bool, shape (n, p)
        Which values are lost.

    """

    mean: Array
    factor: Array
    missing: NDArray[np.bool_]

    def moments(self, names: tuple[str, ...], randoms: list[np.random.Generator]) -> MomentsStack:
        """The moments of n rows: those are drawn themselves, by Bartlett's decomposition of a Wishart matrix."""
        n, p = self.missing.shape
        normal = np.stack([random.standard_normal((p + 1, p)) for random in randoms])
        degrees = n - 1 - np.arange(p)
        lower = np.tril(normal[:, :p], -1)
        at = np.arange(p)
        lower[:, at, at] = np.sqrt(np.stack([random.chisquare(degrees) for random in randoms]))
        root = self.factor @ lower
        means = self.mean + normal[:, p] @ self.factor.T / np.sqrt(n)
        sizes = np.full(len(randoms), n, dtype=np.int64)
        return trusted(MomentsStack, names=names, covariance=root @ root.mT / n, n=sizes, means=means)

    def patterns(self, names: tuple[str, ...], random: np.random.Generator) -> Patterns:
        """Rows that lose the values which those of the sample have lost."""
        rows = self.mean + random.standard_normal(self.missing.shape) @ self.factor.T
        return Patterns.from_rows(np.where(self.missing, np.nan, rows), names)
