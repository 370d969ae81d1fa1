"""Folds of the rows of a sample, and what is left to learn from without each.

Of rows with periods a fold is a stretch of these, since rows of one period, or near ones, depend on each other. A fit
learns from those only that are further from all rows of the fold than shocks last (h-block cross-validation: Burman,
Chow & Nolan 1994, Biometrika 81).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data import MomentsStack, Patterns, Sample
from semnan.data.checks import Flags, trusted
from semnan.data.sample import Group
from semnan.errors import DataError, FitError
from semnan.estimation.fit_rows import frame_rows

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@final
@dataclass(frozen=True, eq=False)
class Folds:
    """The rows of every group, and the fold of each.

    Attributes
    ----------
    names : tuple of str
    count : int
    rows : tuple of ndarray, shape (n_g, p)
    fold : tuple of ndarray of int, shape (n_g,)
    units : tuple of ndarray of int, shape (n_g,)
        Rows of a cluster stay together, unless there are periods; without clusters every row is one.
    places : ndarray of int, shape (n,)
        Which row of the data frame each is, group by group.
    periods : tuple of ndarray of int, shape (n_g,), or None
        When rows are.
    lags : int
        Rows that are at most as many periods apart depend on each other.

    """

    names: tuple[str, ...]
    count: int
    rows: tuple[Array, ...]
    fold: tuple[Indices, ...]
    units: tuple[Indices, ...]
    places: Indices
    periods: tuple[Indices, ...] | None = None
    lags: int = 0

    @classmethod
    def of(cls, sample: Sample, count: int, seed: int) -> Folds:
        """Folds of equal size, drawn group by group; with periods stretches of as many of these.

        Raises
        ------
        FitError
            If the sample has no rows, or less of them (or of clusters, or periods) than folds.

        """
        rows, units, places = tuple(map(_rows, sample.groups)), tuple(map(_units, sample.groups)), frame_rows(sample)
        periods = tuple(group.design.periods for group in sample.groups if group.design.periods is not None)
        if periods:
            lags = sample.groups[0].design.lags
            return cls(sample.names, count, rows, _stretches(periods, count), units, places, periods, lags)
        random = np.random.default_rng(seed)
        return cls(sample.names, count, rows, tuple(_drawn(part, count, random) for part in units), units, places)

    @property
    def n(self) -> int:
        """Rows of all groups."""
        return sum(map(len, self.rows))

    def moments(self) -> list[MomentsStack]:
        """Of every group the moments of its rows without each fold: those of all less those of the fold."""
        return [self._without(g) for g in range(len(self.rows))]

    def seen(self, g: int, k: int) -> Flags:
        """Which rows of a group the fit without fold k learns from."""
        if self.periods is None:
            return np.asarray(self.fold[g] != k)
        left = np.unique(np.concatenate([time[fold == k] for time, fold in zip(self.periods, self.fold, strict=True)]))
        return np.asarray((self.periods[g] < left[0] - self.lags) | (self.periods[g] > left[-1] + self.lags))

    def _without(self, g: int) -> MomentsStack:
        rows = self.rows[g]
        center = rows.mean(axis=0)
        moved = rows - center
        first, second, sizes = [], [], []
        for k in range(self.count):
            part = moved[~self.seen(g, k)]
            first.append(part.sum(axis=0))
            second.append(part.T @ part)
            sizes.append(len(part))
        left = len(rows) - np.array(sizes, dtype=np.int64)
        _check_left(left)
        mean = (moved.sum(axis=0) - np.stack(first)) / left[:, None]
        covariance = (moved.T @ moved - np.stack(second)) / left[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return trusted(MomentsStack, names=self.names, covariance=covariance, n=left, means=mean + center)

    def patterns(self, k: int) -> list[Patterns]:
        """Of every group its rows without fold k, some with missing values."""
        try:
            return [Patterns.from_rows(rows[self.seen(g, k)], self.names) for g, rows in enumerate(self.rows)]
        except DataError as error:
            raise DataError(f"the rows without fold {k}: {error}") from None


def _rows(group: Group) -> Array:
    if group.rows is None:
        raise FitError("cross-validation leaves rows out: give a data frame, not moments")
    if group.design.weights is not None:
        raise FitError("cross-validation takes all rows for equal: leave out the sampling weights")
    return group.rows


def _units(group: Group) -> Indices:
    assert group.rows is not None
    clusters = group.design.clusters
    return np.arange(len(group.rows)) if clusters is None else np.asarray(clusters, dtype=np.int64)


def _drawn(units: Indices, count: int, random: np.random.Generator) -> Indices:
    """The fold of every row, from random folds of units of equal size."""
    size = int(units.max(initial=-1)) + 1
    if size < count:
        raise FitError(f"there are {size} rows or clusters in a group, less than {count} folds: take fewer folds")
    return np.asarray(random.permutation(np.arange(size) % count)[units], dtype=np.int64)


def _stretches(periods: tuple[Indices, ...], count: int) -> tuple[Indices, ...]:
    """The fold of every row, from stretches of as many periods, the same in all groups."""
    times = np.unique(np.concatenate(periods))
    if len(times) < count:
        raise FitError(f"there are {len(times)} periods, less than {count} folds: take fewer folds")
    fold = np.arange(len(times)) * count // len(times)
    return tuple(fold[np.searchsorted(times, part)] for part in periods)


def _check_left(left: Indices) -> None:
    for k in np.flatnonzero(left < 2).tolist():
        raise FitError(f"hardly a row is left to learn from without fold {k}: take more folds, or fewer lags")
