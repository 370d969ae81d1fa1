"""What is not media: levels of the geos, season, trend, events, week effects, partialled out of every column.

By the theorem of Frisch, Waugh and Lovell the equations then have these coefficients as if all of it stood in each of
them. Time regressors have one coefficient for all geos.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from semnan.network.arrays import Array

#: Weeks in a year: the period of the season.
YEAR = 365.25 / 7


@final
@dataclass(frozen=True, eq=False)
class Nuisance:
    """Regressors of a balanced panel of G geos and T weeks.

    Attributes
    ----------
    geos, weeks : int
    blocks : tuple of (str, ndarray of shape (T, k))
        Names and columns of the time regressors: season, trend, each event.
    geo_effects : bool
        Whether every geo has its own level; otherwise there is one for all.
    week_effects : bool
        Whether every week has its own level; season, trend and events are part of it then.

    """

    geos: int
    weeks: int
    blocks: tuple[tuple[str, Array], ...]
    geo_effects: bool
    week_effects: bool

    @property
    def rank(self) -> int:
        """Degrees of freedom that are spent."""
        levels = self.geos if self.geo_effects else 1
        return levels + (self.weeks - 1 if self.week_effects else self._columns.shape[1])

    @cached_property
    def _columns(self) -> Array:
        """An orthonormal basis of the time regressors, centred, shape (T, r)."""
        if not self.blocks:
            return np.zeros((self.weeks, 0))
        stacked = np.concatenate([columns for _, columns in self.blocks], axis=1)
        left, values, _ = np.linalg.svd(stacked - stacked.mean(0), full_matrices=False)
        return np.ascontiguousarray(left[:, values > 1e-10 * max(values.max(initial=0.0), 1e-300)])

    def residuals(self, values: Array) -> Array:
        """What is left of columns of shape (*, G, T)."""
        level = values.mean(-1, keepdims=True)
        left = values - (level if self.geo_effects else level.mean(-2, keepdims=True))
        shared = left.mean(-2, keepdims=True)
        if self.week_effects:
            return np.asarray(left - shared + shared.mean(-1, keepdims=True))
        return np.asarray(left - (shared @ self._columns) @ self._columns.T)

    def extrapolate(self, values: Array, ahead: Array) -> Array:
        """What levels, season, trend and events make of columns of shape (*, G, T) in later weeks, shape (*, G, H).

        Parameters
        ----------
        ahead : array, shape (H, k)
            The columns of all blocks in these weeks; there are no week effects.

        """
        level = values.mean(-1, keepdims=True)
        level = level if self.geo_effects else np.broadcast_to(level.mean(-2, keepdims=True), level.shape)
        seen = np.concatenate([np.zeros((self.weeks, 0)), *(columns for _, columns in self.blocks)], axis=1)
        shared = (values - level).mean(-2).reshape(-1, self.weeks)
        slopes = np.linalg.lstsq(seen - seen.mean(0), shared.T, rcond=1e-10)[0]
        moved = (ahead - seen.mean(0)) @ slopes
        return np.asarray(level + moved.T.reshape(*values.shape[:-2], 1, len(ahead)))

    def components(self, values: Array) -> dict[str, Array]:
        """What is taken away from a column of shape (G, T), by name; adds up to the column less its residuals."""
        level = values.mean(-1, keepdims=True)
        level = level if self.geo_effects else np.full_like(level, level.mean())
        left = values - level
        shared = left.mean(0)
        found = {"level": np.broadcast_to(level, values.shape)}
        if self.week_effects:
            return found | {"weeks": np.broadcast_to(shared - shared.mean(), values.shape)}
        if not self.blocks:
            return found
        centred = [columns - columns.mean(0) for _, columns in self.blocks]
        slopes = np.linalg.lstsq(np.concatenate(centred, axis=1), shared, rcond=1e-10)[0]
        at = 0
        for (name, _), columns in zip(self.blocks, centred, strict=True):
            found[name] = np.broadcast_to(columns @ slopes[at : at + columns.shape[1]], values.shape)
            at += columns.shape[1]
        return found


def fourier(weeks: Array, pairs: int) -> Array:
    """Sines and cosines of the year, shape (T, 2 · pairs), at week numbers of shape (T,)."""
    angle = 2 * np.pi * np.outer(weeks, np.arange(1, pairs + 1)) / YEAR
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
