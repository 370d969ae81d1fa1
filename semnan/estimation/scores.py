"""Factor scores: the values of latents in every row, by regression or after Bartlett.

With µ and Φ the implied moments and o what a row observes,

    regression   E[η | x_o] = µ_η + Φ_ηo Σ_oo⁻¹ (x_o − µ_o)                      (Thurstone 1935),
    Bartlett     µ_η + (Λ_o M⁻¹ Λ_oᵀ)⁻¹ Λ_o M⁻¹ (x_o − µ_o),   M = Θ_oo + Λ_oᵀ D Λ_o   (Bartlett 1937),

where x has effects Λ of η and covariance Θ if η is set from outside, do(η): the likeliest η if nothing is known of its
distribution. M stands for Θ, which may be singular, and gives the same for any D (Rao 1967). Latents that only other
latents measure (second order) come next, with their measures random. A model without means has those of the sample, and
latents those that follow from their visible parents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import DataError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.relations import Relations

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Method = Literal["regression", "bartlett"]
#: Share of a latent that may lie in what the observed variables leave open.
OPEN = 1e-6
#: A scaled eigenvalue, or an effect, that is zero but for rounding.
ZERO = 1e-10
EMPTY_ROW = Unavailable("some rows have no value in any variable of the model")
NOT_MEASURED = Unavailable("in some rows the observed variables do not determine it, whatever its distribution")


class Scores(NamedTuple):
    """Scores of the rows of one group, shape (n, m), NaN where there is none, and why of every latent."""

    values: Array
    reasons: dict[str, Unavailable]


def scores(fit: Estimate, g: int, rows: Array, method: Method) -> Scores:
    """Scores of the model's latents.

    Parameters
    ----------
    fit : Estimate
    g : int
        The place of the group.
    rows : ndarray, shape (n, p)
        Values of the model's visibles in its order, NaN where missing: scores use what is observed.
    method : "regression" or "bartlett"

    Raises
    ------
    DataError
        If the data of the fit came without means, and the model has none.

    """
    group = _Group.of(fit, g)
    values = np.full((len(rows), len(group.latent)), np.nan)
    levels = list(group.levels()) if method == "bartlett" else []
    for members, seen in _patterns(rows):
        if seen.any():
            weights = group.regression(seen) if method == "regression" else group.bartlett(seen, levels)
            values[members] = group.latent_mean + (rows[members][:, seen] - group.mean[seen]) @ weights.T
    return Scores(values, _reasons(fit.model.latents, values, rows))


def _patterns(rows: Array) -> Iterator[tuple[Indices, Flags]]:
    """The rows that observe the same variables, and these variables."""
    seen, owner = np.unique(~np.isnan(rows), axis=0, return_inverse=True)
    order = np.argsort(owner.reshape(-1), kind="stable")
    counts = np.bincount(owner.reshape(-1), minlength=len(seen))
    for end, count, known in zip(np.cumsum(counts), counts, seen, strict=True):
        yield order[end - count : end], known


def _reasons(names: tuple[str, ...], values: Array, rows: Array) -> dict[str, Unavailable]:
    empty = np.isnan(rows).all(axis=1)
    without = np.isnan(values[~empty]).any(axis=0)
    found = dict.fromkeys(names, EMPTY_ROW) if empty.any() else {}
    return found | {name: NOT_MEASURED for name, bad in zip(names, np.atleast_1d(without), strict=True) if bad}


class _Level(NamedTuple):
    """Latents that are set from outside, their effects Λ, shape (k, p), the covariance Θ then, and which are felt."""

    latents: Indices
    effects: Array
    spread: Array
    felt: Flags


@final
@dataclass(frozen=True, eq=False)
class _Group:
    """W, Ω and Φ of the variables of a group; where visibles and latents stand among them, and their means."""

    weights: Array
    omega: Array
    covariance: Array
    visible: Indices
    latent: Indices
    mean: Array
    latent_mean: Array

    @classmethod
    def of(cls, fit: Estimate, g: int) -> _Group:
        relations = Relations.at(fit.layouts[g], fit.theta)
        visible, latent = (relations.places(names).numpy() for names in (fit.model.visibles, fit.model.latents))
        weights, omega, covariance = (
            np.asarray(part) for part in (relations.weights, relations.omega, relations.covariance)
        )
        if fit.model.has_means:
            implied = np.asarray(relations.mean)
            return cls(weights, omega, covariance, visible, latent, implied[visible], implied[latent])
        mean = fit.samples[g].mean
        if mean is None:
            raise DataError("the fit knows no means: give them with the covariance, or model them (meanstructure=True)")
        among = np.eye(len(latent)) - weights[np.ix_(latent, latent)]
        arriving = mean @ weights[np.ix_(visible, latent)]
        return cls(weights, omega, covariance, visible, latent, mean, np.linalg.solve(among.T, arriving))

    def regression(self, seen: Flags) -> Array:
        """Weights of what is observed, shape (m, o)."""
        at = self.visible[seen]
        found = np.linalg.solve(self.covariance[np.ix_(at, at)], self.covariance[np.ix_(at, self.latent)])
        return np.asarray(found.T, dtype=np.float64)

    def levels(self) -> Iterator[_Level]:
        """The latents, then those that no visible feels but through other latents, and so on."""
        rest = self.latent
        while len(rest):
            level = self._set(rest)
            yield level
            if level.felt.all() or not level.felt.any():
                return
            rest = rest[~level.felt]

    def _set(self, latents: Indices) -> _Level:
        """What do() of some latents leaves."""
        others = np.setdiff1d(np.arange(len(self.weights)), latents)
        total = np.linalg.inv(np.eye(len(others)) - self.weights[np.ix_(others, others)])
        total = total[:, np.searchsorted(others, self.visible)]
        effects = self.weights[np.ix_(latents, others)] @ total
        felt = np.abs(effects).max(axis=1) > ZERO * np.abs(effects).max(initial=1e-300)
        return _Level(latents, effects, total.T @ self.omega[np.ix_(others, others)] @ total, felt)

    def bartlett(self, seen: Flags, levels: list[_Level]) -> Array:
        """Weights of what is observed, shape (m, o), NaN for a latent that it leaves open."""
        found = np.full((len(self.latent), int(seen.sum())), np.nan)
        for level in levels:
            mine = np.isin(self.latent, level.latents[level.felt])
            found[mine] = self._generalised(seen, level)[level.felt]
        return found

    def _generalised(self, seen: Flags, level: _Level) -> Array:
        """Generalised least squares."""
        variance = np.abs(self.covariance[level.latents, level.latents])
        size = np.sqrt(np.where(variance > 0, variance, 1.0))
        effects = size[:, None] * level.effects[:, seen]
        lifted = np.linalg.solve(level.spread[np.ix_(seen, seen)] + effects.T @ effects, effects.T)
        values, vectors = np.linalg.eigh(effects @ lifted)
        kept = np.abs(values) > ZERO
        null = np.linalg.norm(vectors[:, ~kept], axis=1)
        found = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T @ lifted.T * size[:, None]
        return np.where((null > OPEN)[:, None], np.nan, found)
