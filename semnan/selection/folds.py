"""Folds of the rows of a sample, and what is left to learn from without each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data import MomentsStack, Patterns, Sample
from semnan.data.checks import trusted
from semnan.data.sample import Group
from semnan.errors import DataError, FitError

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
        Rows of a cluster stay together; without clusters every row is one.

    """

    names: tuple[str, ...]
    count: int
    rows: tuple[Array, ...]
    fold: tuple[Indices, ...]
    units: tuple[Indices, ...]

    @classmethod
    def of(cls, sample: Sample, count: int, seed: int) -> Folds:
        """Folds of equal size, drawn group by group.

        Raises
        ------
        FitError
            If the sample has no rows, or less of them (or of clusters) than folds.

        """
        random = np.random.default_rng(seed)
        rows, units = [], []
        for group in sample.groups:
            if group.rows is None:
                raise FitError("cross-validation leaves rows out: give a data frame, not moments")
            if group.design.weights is not None:
                raise FitError("cross-validation takes all rows for equal: leave out the sampling weights")
            rows.append(group.rows)
            units.append(_units(group))
        fold = tuple(_drawn(part, count, random) for part in units)
        return cls(sample.names, count, tuple(rows), fold, tuple(units))

    @property
    def n(self) -> int:
        """Rows of all groups."""
        return sum(map(len, self.rows))

    def moments(self) -> list[MomentsStack]:
        """Of every group the moments of its rows without each fold: those of all less those of the fold."""
        return [self._without(rows, fold) for rows, fold in zip(self.rows, self.fold, strict=True)]

    def _without(self, rows: Array, fold: Indices) -> MomentsStack:
        center = rows.mean(axis=0)
        moved = rows - center
        first, second, sizes = [], [], np.bincount(fold, minlength=self.count)
        for k in range(self.count):
            part = moved[fold == k]
            first.append(part.sum(axis=0))
            second.append(part.T @ part)
        left = (len(rows) - sizes).astype(np.int64)
        mean = (moved.sum(axis=0) - np.stack(first)) / left[:, None]
        covariance = (moved.T @ moved - np.stack(second)) / left[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return trusted(MomentsStack, names=self.names, covariance=covariance, n=left, means=mean + center)

    def patterns(self, k: int) -> list[Patterns]:
        """Of every group its rows without fold k, some with missing values."""
        try:
            pairs = zip(self.rows, self.fold, strict=True)
            return [Patterns.from_rows(rows[fold != k], self.names) for rows, fold in pairs]
        except DataError as error:
            raise DataError(f"the rows without fold {k}: {error}") from None


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
