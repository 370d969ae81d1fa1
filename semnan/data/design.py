"""How rows were drawn: which cluster each belongs to, and its sampling weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.data.checks import Array, Flags, Indices
from semnan.data.frames import Frame, read_frame, read_groups
from semnan.data.missing import Rows
from semnan.errors import DataError


@final
@dataclass(frozen=True, eq=False)
class Design:
    """Clusters and weights of rows; None where rows are independent, or count the same.

    Attributes
    ----------
    clusters : ndarray of int, shape (n,), or None
        −1 where the cluster is missing.
    weights : ndarray, shape (n,), or None

    """

    clusters: Indices | None = None
    weights: Array | None = None

    def take(self, chosen: Flags | slice) -> Design:
        """The design of some rows."""
        clusters = None if self.clusters is None else self.clusters[chosen]
        return Design(clusters, None if self.weights is None else self.weights[chosen])

    def normalised(self) -> Design:
        """With clusters counted from zero and weights of mean one.

        Raises
        ------
        DataError
            If there are less than two clusters.

        """
        clusters, weights = self.clusters, self.weights
        if clusters is not None:
            found, clusters = np.unique(clusters, return_inverse=True)
            if len(found) < 2:
                raise DataError("all rows are of one cluster: there is nothing to compare, leave out cluster=")
        return Design(clusters, None if weights is None else weights * (len(weights) / weights.sum()))


def read_design(frame: Frame, rows: Rows, cluster: str | None, weights: str | None) -> Design:
    """Read the columns that say the cluster and the weight of each row.

    Rows without a cluster are left out and noted.

    Raises
    ------
    DataError
        Naming the row whose weight is missing or not positive.

    """
    codes = None
    if cluster is not None:
        labels = read_groups(frame, cluster)
        place = {label: k for k, label in enumerate(dict.fromkeys(label for label in labels if label is not None))}
        codes = np.array([-1 if label is None else place[label] for label in labels], dtype=np.int64)
        rows.leave_out(codes < 0, f"no value in the cluster column {cluster}")
    return Design(codes, None if weights is None else _weights(frame, rows, weights))


def _weights(frame: Frame, rows: Rows, name: str) -> Array:
    values = read_frame(frame, [name])[1][:, 0]
    bad = rows.used & ~((values > 0) & np.isfinite(values))
    for row in np.flatnonzero(bad).tolist():
        raise DataError(
            f"the weight {name!r} of row {row} is {values[row]}: give positive numbers, or leave out the row"
        )
    return values
