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

from semnan.errors import Unavailable
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import patterns, sample_mean
from semnan.estimation.generic import Generic
from semnan.estimation.relations import Relations
from semnan.estimation.residual_variance import INDEFINITE

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
    mean, latent_mean = _means(fit, g, group)
    values = np.full((len(rows), len(group.latent)), np.nan)
    levels = list(group.levels()) if method == "bartlett" else []
    for members, seen in patterns(rows):
        if seen.any():
            weights = group.regression(seen) if method == "regression" else group.bartlett(seen, levels)
            values[members] = latent_mean + (rows[members][:, seen] - mean[seen]) @ weights.T
    return Scores(values, _reasons(fit.model.latents, values, rows))


def _means(fit: Estimate, g: int, group: _Group) -> tuple[Array, Array]:
    """Of visibles and latents."""
    if fit.model.has_means:
        implied = Relations.at(fit.layouts[g], fit.theta).mean.numpy()
        return implied[group.visible], implied[group.latent]
    mean = sample_mean(fit, g)
    among = np.eye(len(group.latent)) - group.weights[np.ix_(group.latent, group.latent)]
    arriving = mean @ group.weights[np.ix_(group.visible, group.latent)]
    return mean, np.asarray(np.linalg.solve(among.T, arriving), dtype=np.float64)


def unscored(fit: Estimate) -> Unavailable | None:
    """Why nothing can be scored, of a model of numbers."""
    if not all(bool(factorise(implied.sigma).definite) for implied in fit.implied):
        return INDEFINITE
    loose = [int(k) for part in fit.generic.groups() for k in part] if isinstance(fit.generic, Generic) else []
    if loose:
        named = ", ".join(fit.model.free[k].name for k in loose)
        return Unavailable(f"the data do not determine {named}: other solutions have other scores")
    return None


def score_weights(fit: Estimate, g: int, method: Method) -> Array:
    """What the scores of a row without gaps weigh its values with, shape (m, p); NaN where there is no score."""
    group = _Group.of(fit, g)
    seen = np.ones(len(group.visible), dtype=np.bool_)
    return group.regression(seen) if method == "regression" else group.bartlett(seen, list(group.levels()))


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
    """W, Ω and Φ of the variables of a group, and where visibles and latents stand among them."""

    weights: Array
    omega: Array
    covariance: Array
    visible: Indices
    latent: Indices

    @classmethod
    def of(cls, fit: Estimate, g: int) -> _Group:
        relations = Relations.at(fit.layouts[g], fit.theta)
        visible, latent = (relations.places(names).numpy() for names in (fit.model.visibles, fit.model.latents))
        weights, omega, covariance = (
            np.asarray(part) for part in (relations.weights, relations.omega, relations.covariance)
        )
        return cls(weights, omega, covariance, visible, latent)

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
