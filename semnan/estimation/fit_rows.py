"""Rows to score or predict: those of a fit, or new ones in a data frame; and which of them observe the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.data.checks import refuse_entries
from semnan.data.frames import Frame, read_frame, read_groups
from semnan.errors import DataError, FitError
from semnan.estimation.estimate import Estimate

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Labels = tuple[str | None, ...]


def frame_rows(sample: Sample) -> Indices:
    """Which row of the data frame every row of a sample is, counted from zero; shape (n,), group by group."""
    known = [group.design.places for group in sample.groups]
    found = [part for part in known if part is not None]
    return np.concatenate(found) if len(found) == len(known) else np.arange(sample.n)


def own_rows(sample: Sample, names: Sequence[str]) -> tuple[Labels, Array]:
    """These columns of the rows of the fit, group by group, and the group of every row."""
    at = [sample.names.index(name) for name in names]
    labels: list[str | None] = []
    parts = []
    for group in sample.groups:
        if group.rows is None:
            raise FitError("the fit has moments, but no rows: give a data frame")
        labels += [group.label] * len(group.rows)
        parts.append(group.rows[:, at])
    return tuple(labels), np.concatenate(parts)


def new_rows(fit: Estimate, data: Frame, names: Sequence[str], column: str | None) -> tuple[Labels, Array]:
    """These columns of all rows of a data frame, in its order, and the group of every row."""
    checked, rows = read_frame(data, names, booleans=True)
    refuse_entries(np.isinf(rows), checked, "infinite", "correct these values, or make them missing")
    if not fit.model.groups:
        return (None,) * len(rows), rows
    if column is None:
        raise FitError("the model has several groups: name the column that says the group of a row, as group=")
    labels = read_groups(data, column)
    for row, label in enumerate(labels):
        if label not in fit.model.groups:
            known = ", ".join(fit.model.groups)
            raise DataError(f"row {row} has the group {label!r} in the column {column!r}; the model has {known}")
    return tuple(labels), rows


def group_column(fit: Estimate, sample: Sample, group: str | None) -> str | None:
    """The column that says the group of a row: the one that is named, or that of the sample.

    Raises
    ------
    FitError
        If one is named for a model without groups.

    """
    if group is not None and not fit.model.groups:
        raise FitError(f"the model has no groups: leave out group={group!r}")
    return group or sample.column


def members(labels: Labels, label: str | None) -> Indices:
    """Where the rows of a group stand."""
    return np.flatnonzero([other == label for other in labels])


def patterns(rows: Array) -> Iterator[tuple[Indices, Flags]]:
    """The rows that observe the same variables, and these variables."""
    seen, owner = np.unique(~np.isnan(rows), axis=0, return_inverse=True)
    order = np.argsort(owner.reshape(-1), kind="stable")
    counts = np.bincount(owner.reshape(-1), minlength=len(seen))
    for end, count, known in zip(np.cumsum(counts), counts, seen, strict=True):
        yield order[end - count : end], known


def sample_mean(fit: Estimate, g: int) -> Array:
    """The mean of the rows of a group, where the model has none.

    Raises
    ------
    DataError
        If it is not known.

    """
    mean = fit.samples[g].mean
    if mean is None:
        raise DataError("the fit knows no means: give them with the covariance, or model them (meanstructure=True)")
    return mean
