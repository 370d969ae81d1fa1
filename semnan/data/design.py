"""How rows were drawn: which cluster each belongs to, when it is, and its sampling weight."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from semnan.data.checks import Array, Flags, Indices, is_whole
from semnan.data.frames import Frame, read_frame, read_groups
from semnan.data.missing import Rows
from semnan.data.periods import read_periods, repeated
from semnan.errors import DataError

#: How many periods shocks last if nothing is said.
LAGS = 4


@final
@dataclass(frozen=True, eq=False)
class Design:
    """Clusters, periods and weights of rows; None where rows are independent, or count the same.

    Attributes
    ----------
    clusters : ndarray of int, shape (n,), or None
        −1 where the cluster is missing.
    weights : ndarray, shape (n,), or None
    periods : ndarray of int, shape (n,), or None
        Rows of near periods depend on each other.
    lags : int
        How many periods apart they may be.
    step : str
        How long a period is.
    places : ndarray of int, shape (n,), or None
        Which row of the frame each is, if they are of one.

    """

    clusters: Indices | None = None
    weights: Array | None = None
    periods: Indices | None = None
    lags: int = LAGS
    step: str = "1"
    places: Indices | None = None

    @property
    def dependent(self) -> bool:
        """Whether rows are not independent."""
        return self.clusters is not None or self.periods is not None

    def take(self, chosen: Flags | slice) -> Design:
        """The design of some rows."""
        return replace(
            self,
            clusters=None if self.clusters is None else self.clusters[chosen],
            weights=None if self.weights is None else self.weights[chosen],
            periods=None if self.periods is None else self.periods[chosen],
            places=None if self.places is None else self.places[chosen],
        )

    def normalised(self) -> Design:
        """With clusters counted from zero and weights of mean one; a single unit of many periods is no cluster.

        Raises
        ------
        DataError
            If there is nothing to compare: a single cluster without periods, or a single period.

        """
        clusters, weights = self.clusters, self.weights
        if clusters is not None:
            found, clusters = np.unique(clusters, return_inverse=True)
            if len(found) < 2 and self.periods is None:
                raise DataError("all rows are of one cluster: there is nothing to compare, leave out cluster=")
            clusters = None if len(found) < 2 else clusters
        if self.periods is not None and len(np.unique(self.periods)) < 2:
            raise DataError("all rows are of one period: there is nothing to compare, leave out period=")
        return replace(
            self, clusters=clusters, weights=None if weights is None else weights * (len(weights) / weights.sum())
        )


@final
@dataclass(frozen=True)
class DesignColumns:
    """The columns that say how rows were drawn.

    Attributes
    ----------
    cluster, period, weights : str or None
    lags : int
        How many periods apart rows may depend on each other.

    """

    cluster: str | None = None
    weights: str | None = None
    period: str | None = None
    lags: int = LAGS

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return not (self.cluster is None and self.weights is None and self.period is None)

    def check(self, variables: Collection[str]) -> None:
        """Refuse a variable that is something else too, and lags that are none.

        Raises
        ------
        DataError

        """
        named = {"cluster": self.cluster, "sampling_weights": self.weights, "period": self.period}
        for what, column in named.items():
            if column in variables:
                raise DataError(f"the column {column!r} is both a variable and given as {what}=: leave one of them out")
        if not is_whole(self.lags) or self.lags < 0:
            raise DataError(f"lags is {self.lags!r}: give the number of periods that shocks last, 0 or more")
        if self.period is None and self.lags != LAGS:
            raise DataError("lags= counts periods: name the column that says them as period=")
        if self.cluster is not None and self.cluster == self.period:
            raise DataError(f"the column {self.cluster!r} is given as cluster= and as period=: leave one of them out")


#: No such column.
INDEPENDENT = DesignColumns()


def read_design(frame: Frame, rows: Rows, columns: DesignColumns, groups: Indices | None = None) -> Design:
    """Read the columns that say the cluster, the period and the weight of each row.

    Rows without a cluster or period are left out and noted.

    Raises
    ------
    DataError
        Naming the row whose weight is missing or not positive, whose period is neither an integer nor a date, or which
        is of the same cluster, period and group as another.

    """
    clusters = None if columns.cluster is None else _clusters(frame, rows, columns.cluster)
    weights = None if columns.weights is None else _weights(frame, rows, columns.weights)
    design = Design(clusters, weights, places=np.arange(len(rows.used)))
    if columns.period is None:
        return design
    found = read_periods(frame, columns.period)
    rows.leave_out(~found.known, f"no value in the period column {columns.period}")
    if clusters is not None:
        units = clusters if groups is None else clusters * (int(groups.max()) + 1) + groups
        _refuse_repeated(units, found.numbers, rows, columns)
    return replace(design, periods=found.numbers, lags=columns.lags, step=found.step)


def _refuse_repeated(units: Indices, periods: Indices, rows: Rows, columns: DesignColumns) -> None:
    used = np.flatnonzero(rows.used)
    found = repeated(units[used], periods[used])
    if found is not None:
        first, second = used[list(found)].tolist()
        raise DataError(
            f"rows {first} and {second} have the same {columns.cluster} and the same {columns.period}: "
            "a unit has one row a period, add them up or leave out one"
        )


def _clusters(frame: Frame, rows: Rows, name: str) -> Indices:
    labels = read_groups(frame, name)
    place = {label: k for k, label in enumerate(dict.fromkeys(label for label in labels if label is not None))}
    codes = np.array([-1 if label is None else place[label] for label in labels], dtype=np.int64)
    rows.leave_out(codes < 0, f"no value in the cluster column {name}")
    return codes


def _weights(frame: Frame, rows: Rows, name: str) -> Array:
    values = read_frame(frame, [name])[1][:, 0]
    bad = rows.used & ~((values > 0) & np.isfinite(values))
    for row in np.flatnonzero(bad).tolist():
        raise DataError(
            f"the weight {name!r} of row {row} is {values[row]}: give positive numbers, or leave out the row"
        )
    return values
