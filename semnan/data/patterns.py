"""`Patterns`: a table with missing values as the moments of its patterns of observed variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import (
    Array,
    Flags,
    Indices,
    check_count,
    check_names,
    check_scale,
    check_varying,
    numeric,
    places,
    refuse_entries,
    trusted,
)
from semnan.errors import DataError

#: Above this many bytes of covariances a table is refused: it would fill the memory of most machines.
MAX_BYTES = 8 * 2**30


@final
@dataclass(frozen=True, eq=False)
class Patterns:
    """The sufficient statistics of a Gaussian sample with missing values; make one with `from_rows`.

    Rows in which the same variables are observed form a pattern; K patterns stand in the order of their first rows.
    The arrays are read-only.

    Attributes
    ----------
    names : tuple of str
    observed : ndarray of bool, shape (K, p)
        Which variables a pattern has.
    counts : ndarray of int, shape (K,)
        Its number of rows.
    means : ndarray, shape (K, p)
        Of its rows; zero where the variable is missing.
    covariances : ndarray, shape (K, p, p)
        Of its rows about its own means, with divisor its count; zero where a variable is missing.
    row_pattern : ndarray of int, shape (n,)
        The pattern of each row.

    """

    names: tuple[str, ...]
    observed: Flags = field(repr=False)
    counts: Indices = field(repr=False)
    means: Array = field(repr=False)
    covariances: Array = field(repr=False)
    row_pattern: Indices = field(repr=False)

    @classmethod
    def from_rows(cls, rows: ArrayLike, names: Sequence[str]) -> Patterns:
        """Patterns of a table, shape (n, p), that has NaN where a value is missing.

        Raises
        ------
        DataError
            For a row without any value, and for a variable that is never observed, constant or infinite.

        """
        table = numeric(rows, "the table")
        checked = check_names(names)
        if table.ndim != 2 or table.shape[1] != len(checked) or not checked:
            raise DataError(f"expected n rows of {len(checked)} columns, one a name, got shape {table.shape}")
        known = ~np.isnan(table)
        _check(table, known, checked)
        return _summarise(table, known, checked)

    def select(self, names: Iterable[str]) -> Patterns:
        """The patterns of the variables `names`, in that order; patterns that become the same are pooled.

        Raises
        ------
        DataError
            For a name that these patterns do not have, or if rows are left without any value.

        """
        wanted = check_names(names if isinstance(names, str) else list(names))
        index = places(self.names, wanted)
        observed = self.observed[:, index]
        lost = int(self.counts[~observed.any(axis=1)].sum())
        if lost:
            raise DataError(f"{lost} row(s) have no value in {', '.join(wanted)}: leave them out (Sample.select does)")
        means, covariances = self.means[:, index], self.covariances[:, index][:, :, index]
        return _pool(wanted, observed, self.counts, means, covariances, self.row_pattern)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.row_pattern)

    @property
    def complete(self) -> bool:
        """Whether no value is missing."""
        return bool(self.observed.all())

    @cached_property
    def coverage(self) -> Array:
        """Share of the rows in which both variables of a pair are observed, shape (p, p)."""
        weighted = self.observed * self.counts[:, None].astype(np.float64)
        return np.asarray(weighted.T @ self.observed) / self.n

    @cached_property
    def never_together(self) -> tuple[tuple[str, str], ...]:
        """Pairs of variables that no row has both of: nothing but a model says how they covary."""
        pairs = np.argwhere(np.triu(self.coverage == 0, 1)).tolist()
        return tuple((self.names[i], self.names[j]) for i, j in pairs)


def _check(table: Array, known: Flags, names: tuple[str, ...]) -> None:
    check_count(len(table))
    for j in np.flatnonzero(~known.any(axis=0)).tolist():
        raise DataError(f"the variable {names[j]!r} is missing in every row: leave it out")
    refuse_entries(np.isinf(table), names, "infinite", "correct these values, or make them missing")
    empty = np.flatnonzero(~known.any(axis=1))
    if len(empty):
        raise DataError(
            f"{len(empty)} row(s) have no value at all, first row {empty[0]}: leave them out "
            "(Sample.from_frame does, and counts them)"
        )
    check_varying(table, names, known)


def _summarise(table: Array, known: Flags, names: tuple[str, ...]) -> Patterns:
    first, row_pattern, counts = _distinct(known)
    need = 8 * len(first) * len(names) ** 2
    if need > MAX_BYTES:
        raise DataError(
            f"{len(first)} patterns of missing values in {len(names)} variables need {need >> 30} GiB: "
            "use fewer variables, or missing='listwise'"
        )
    order = np.argsort(row_pattern, kind="stable")
    ends = np.cumsum(counts)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        centre, centred = _centred(table, known, names)
        centred = centred[order]
        shifts = np.add.reduceat(centred, ends - counts, axis=0) / counts[:, None]
        centred -= shifts[row_pattern[order]]
    observed = known[first]
    return trusted(
        Patterns,
        names=names,
        observed=observed,
        counts=counts,
        means=np.where(observed, shifts + centre, 0.0),
        covariances=_covariances(centred, ends, counts),
        row_pattern=row_pattern,
    )


def _distinct(known: Flags) -> tuple[Indices, Indices, Indices]:
    """The first row of each distinct row, which of them every row is, and how often each occurs."""
    packed = np.packbits(known, axis=1)
    words = np.zeros((len(known), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    kind = np.dtype(np.uint64) if words.shape[1] == 8 else np.dtype((np.void, words.shape[1]))
    keys = words.view(kind)[:, 0]
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return first[order], place[inverse], counts[order]


def _centred(table: Array, known: Flags, names: tuple[str, ...]) -> tuple[Array, Array]:
    """The mean of the known values of each variable, and the table less it, zero where a value is missing."""
    count = known.sum(axis=0)
    centre = np.where(known, table, 0.0).sum(axis=0) / count
    centred = np.where(known, table - centre, 0.0)
    check_scale((centred**2).sum(axis=0) / count, names)
    return centre, centred


def _covariances(centred: Array, ends: Indices, counts: Indices) -> Array:
    """Of sorted rows, pattern by pattern; those of one row, of which there may be many, stay zero."""
    p = centred.shape[1]
    found = np.zeros((len(counts), p, p))
    for k in np.flatnonzero(counts > 1).tolist():
        part = centred[ends[k] - counts[k] : ends[k]]
        found[k] = part.T @ part / counts[k]
    return found


def _pool(
    names: tuple[str, ...], observed: Flags, counts: Indices, means: Array, covariances: Array, row_pattern: Indices
) -> Patterns:
    """Make one pattern of all that observe the same variables."""
    first, place, parts = _distinct(observed)
    if len(first) < len(observed):
        order, starts = np.argsort(place, kind="stable"), np.cumsum(parts) - parts
        total = np.add.reduceat(counts[order], starts)
        share = counts / total[place]
        pooled = np.add.reduceat((share[:, None] * means)[order], starts, axis=0)
        far = means - pooled[place]
        scatter = share[:, None, None] * (covariances + far[:, :, None] * far[:, None, :])
        covariances = np.add.reduceat(scatter[order], starts, axis=0)
        observed, counts, means, row_pattern = observed[first], total, pooled, place[row_pattern]
    return trusted(
        Patterns,
        names=names,
        observed=observed,
        counts=counts,
        means=means,
        covariances=covariances,
        row_pattern=row_pattern,
    )
