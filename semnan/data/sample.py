"""`Sample`: what a model is fitted to, in one group or several, complete or with missing values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import final, get_args

import numpy as np

from semnan.data.checks import (
    Array,
    Flags,
    Indices,
    check_count,
    check_names,
    check_varying,
    places,
    refuse_entries,
    trusted,
)
from semnan.data.design import LAGS, Design, DesignColumns, read_design
from semnan.data.frames import Frame, read_frame, read_groups
from semnan.data.missing import Missing, Rows, use_groups, use_known
from semnan.data.moments import Moments, moments_of_table
from semnan.data.patterns import Patterns
from semnan.errors import DataError


@final
@dataclass(frozen=True, eq=False)
class Group:
    """One group of a sample.

    Attributes
    ----------
    label : str or None
        None in a sample without groups.
    data : Moments or Patterns
        `Patterns` if values are missing, in this group or another one of the sample.
    rows : ndarray, shape (n, p), or None
        The rows themselves, NaN where a value is missing; None when only moments were given.
    design : Design
        Clusters, counted from zero, and weights of mean one, where there are any.

    """

    label: str | None
    data: Moments | Patterns
    rows: Array | None = field(default=None, repr=False)
    design: Design = field(default=Design(), repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.data, Patterns) and self.rows is None:
            raise DataError("a group with missing values keeps its rows: make it with Sample.from_frame")


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """The data of a fit; make one with `from_frame` or `from_moments`. A value: nothing changes it.

    Attributes
    ----------
    names : tuple of str
        The variables, in the order of every array.
    groups : tuple of Group
        At least one.
    column : str or None
        The column of the frame that says the group.
    dropped : int
        Number of rows of the frame that are not used.
    notes : tuple of str
        Which rows these are and why they are not used, in words.

    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    column: str | None = None
    dropped: int = 0
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows of all groups."""
        return sum(group.data.n for group in self.groups)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the groups; empty in a sample without groups."""
        return tuple(group.label for group in self.groups if group.label is not None)

    @property
    def missing(self) -> bool:
        """Whether the groups hold `Patterns`, because values are missing."""
        return isinstance(self.groups[0].data, Patterns)

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        names: Sequence[str],
        *,
        group: str | None = None,
        labels: Sequence[str] | None = None,
        missing: Missing = "listwise",
        complete: Collection[str] = (),
        cluster: str | None = None,
        weights: str | None = None,
        period: str | None = None,
        lags: int = LAGS,
    ) -> Sample:
        """Read the columns `names` of a data frame (pandas, Polars, PyArrow, … through narwhals).

        Parameters
        ----------
        frame : data frame
            It is not changed.
        names : sequence of str
            Columns of numbers; booleans count as 0 and 1.
        group : str, optional
            A column whose values are the groups, in the order of their first rows; 1 and 1.0 are the group "1".
        labels : sequence of str, optional
            The groups to use, in this order.
        missing : {"listwise", "fiml", "two.stage", "robust.two.stage", "error"}
            Rows with a missing value are left out, kept (in three ways, which are one to a sample), or an error.
        complete : collection of str
            Exogenous covariates: "fiml" too leaves out the rows in which they are missing.
        cluster : str, optional
            A column that says which rows were drawn together, so that they are not independent.
        weights : str, optional
            A column of sampling weights, positive; in each group they are scaled to have mean one.
        period : str, optional
            A column of integers or dates: rows of near periods are not independent.
        lags : int
            How many periods apart they may be.

        Raises
        ------
        DataError
            Naming the column, row or group: not numeric, infinite, constant, never observed, or with too few rows.

        """
        checked, table = read_frame(frame, names, booleans=True)
        _check_options(checked, group, labels, missing, complete)
        columns = DesignColumns(cluster, weights, period, lags)
        columns.check(checked)
        rows = Rows(len(table))
        wanted, codes = ((None,), None) if group is None else use_groups(rows, read_groups(frame, group), group, labels)
        design = read_design(frame, rows, columns, codes)
        _check_finite(table, rows, checked)
        partial = use_known(rows, table, checked, missing, complete)
        notes = tuple(rows.notes)
        parts = [_chosen(rows, codes, k) for k in range(len(wanted))]
        groups = (
            _group(label, table if part is None else table[part], checked, partial, notes, design.take(_all(part)))
            for label, part in zip(wanted, parts, strict=True)
        )
        return cls(checked, tuple(groups), group, int((~rows.used).sum()), notes)

    @classmethod
    def from_moments(cls, moments: Moments | Mapping[str, Moments]) -> Sample:
        """A sample of which only moments are known: of one group, or of groups by label.

        Raises
        ------
        DataError
            If there is no group, or one lacks a variable of the first.

        """
        if isinstance(moments, Moments):
            return cls(moments.names, (Group(None, moments),))
        if not isinstance(moments, Mapping) or not moments:
            raise DataError("give Moments, or a dict from the label of each group to its Moments")
        for label, part in moments.items():
            if not isinstance(part, Moments):
                raise DataError(f"the group {label!r} is a {type(part).__name__}: give Moments")
        labels = check_names(list(moments), "group")
        names = moments[labels[0]].names
        groups = []
        for label in labels:
            with _told_of(label):
                _check_same(names, moments[label].names)
                groups.append(Group(label, moments[label].select(names)))
        return cls(names, tuple(groups))

    def select(self, names: Iterable[str]) -> Sample:
        """The sample of the variables `names`, in that order.

        Of a sample with missing values, rows without any value in these variables are left out and noted; rows that
        were left out before stay so.

        Raises
        ------
        DataError
            For a name that the sample does not have, or variables that no longer make a sample.

        """
        wanted = check_names(names if isinstance(names, str) else list(names))
        if wanted == self.names:
            return self
        index = places(self.names, wanted)
        if self.missing:
            return self._reread(wanted, index)
        return replace(self, names=wanted, groups=tuple(_select(group, wanted, index) for group in self.groups))

    def _reread(self, names: tuple[str, ...], index: list[int]) -> Sample:
        """The sample of some columns of its rows: patterns alone do not say which rows become empty."""
        tables = [group.rows[:, index] for group in self.groups if group.rows is not None]
        rows = Rows(self.n)
        partial = use_known(rows, np.concatenate(tables), names, "fiml", ())
        notes = (*self.notes, *rows.notes)
        known = [np.asarray(~np.isnan(table).all(axis=1)) for table in tables]
        groups = (
            _group(group.label, table[part], names, partial, notes, group.design.take(part))
            for group, table, part in zip(self.groups, tables, known, strict=True)
        )
        return Sample(names, tuple(groups), self.column, self.dropped + int((~rows.used).sum()), notes)


def _check_options(
    names: tuple[str, ...],
    group: str | None,
    labels: Sequence[str] | None,
    missing: Missing,
    complete: Collection[str],
) -> None:
    if not names:
        raise DataError("no variable is named: give the columns to use")
    if missing not in get_args(Missing):
        raise DataError(f"missing is {missing!r}: give one of {', '.join(get_args(Missing))}")
    if group is None and labels is not None:
        raise DataError(f"there are the groups {', '.join(labels)}: name the column that says them, as group=")
    if group in names:
        raise DataError(f"the column {group!r} is both a variable and the group: within a group it is constant")
    for name in check_names(complete if isinstance(complete, str) else list(complete)):
        if name not in names:
            raise DataError(f"complete= names {name!r}, which is not among the variables {', '.join(names)}")


def _check_finite(table: Array, rows: Rows, names: tuple[str, ...]) -> None:
    infinite = np.isinf(table)
    if infinite.any():
        advice = "correct these values, or make them missing"
        refuse_entries(infinite & rows.used[:, None], names, "infinite", advice)


def _chosen(rows: Rows, codes: Indices | None, group: int) -> Flags | None:
    """The rows used of a group; None of a table that is used as it is."""
    if codes is None:
        return rows.used if rows.notes else None
    return np.asarray(rows.used & (codes == group))


def _all(chosen: Flags | None) -> Flags | slice:
    return slice(None) if chosen is None else chosen


def _group(
    label: str | None, table: Array, names: tuple[str, ...], partial: bool, notes: Sequence[str], design: Design
) -> Group:
    with _told_of(label, notes):
        how = design.normalised()
        if partial:
            return trusted(Group, label=label, data=Patterns.from_rows(table, names), rows=table, design=how)
        check_count(len(table))
        check_varying(table, names)
        return trusted(Group, label=label, data=moments_of_table(table, names, how.weights), rows=table, design=how)


@contextmanager
def _told_of(label: str | None, notes: Sequence[str] = ()) -> Iterator[None]:
    """Name the group in an error about its data, and the rows that were left out before."""
    try:
        yield
    except DataError as error:
        where = "" if label is None else f"in the group {label!r}, "
        raise DataError(f"{where}{error}" + "".join(f" ({note})" for note in notes)) from None


def _check_same(names: tuple[str, ...], others: tuple[str, ...]) -> None:
    if set(names) != set(others):
        raise DataError(f"the variables are {', '.join(others)}, but those of the first group {', '.join(names)}")


def _select(group: Group, names: tuple[str, ...], index: list[int]) -> Group:
    assert isinstance(group.data, Moments)
    rows = None if group.rows is None else group.rows[:, index]
    return trusted(Group, label=group.label, data=group.data.select(names), rows=rows, design=group.design)
