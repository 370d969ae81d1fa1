"""What a covariance matrix and a table of numbers must satisfy, and the errors that say what does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from numbers import Real
from typing import TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from semnan.errors import DataError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
T = TypeVar("T")

#: Relative size below which an eigenvalue or a pivot of a correlation matrix counts as zero.
SINGULAR = 1e-10
#: Relative size of an asymmetry that is more than rounding.
ASYMMETRIC = 1e-8


def check_names(names: Sequence[object], what: str = "variable") -> tuple[str, ...]:
    """`names` as a tuple of distinct, non-empty strings."""
    if isinstance(names, str):
        raise DataError(f"give the {what} names as a list, not as the single string {names!r}")
    seen = set()
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{what} {i} has the name {name!r}: names are non-empty strings")
        if name in seen:
            raise DataError(f"the {what} {name!r} stands twice: rename or remove one of the two")
        seen.add(name)
    return tuple(str(name) for name in names)


def places(have: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where the variables `wanted` stand among those that the data have."""
    place = {name: i for i, name in enumerate(have)}
    for name in wanted:
        if name not in place:
            raise DataError(f"the data have no variable {name!r}; they have {', '.join(have)}")
    return [place[name] for name in wanted]


def numeric(values: object, name: str) -> Array:
    """`values` as float64, or `DataError` naming the variable that is not numeric."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise DataError(f"{name} has masked entries: fill them or leave them out before calling semnan")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name} cannot be read as an array of numbers: {error}") from error
    if array.dtype.kind not in "iuf":
        raise DataError(f"{name} is not numeric (its type is {array.dtype}): convert it, or leave it out")
    return array.astype(np.float64)


def check_table(table: Array, names: Sequence[str]) -> None:
    """Refuse a table (rows × variables) with missing, infinite or constant columns."""
    check_count(len(table))
    advice = "drop or fill these rows yourself before calling semnan"
    refuse_entries(np.isnan(table), names, "missing (NaN)", advice)
    refuse_entries(np.isinf(table), names, "infinite", advice)
    check_varying(table, names)


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite real number, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is an integer, of Python or numpy, and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_count(rows: int) -> None:
    """Refuse a table without at least two rows."""
    if rows < 2:
        raise DataError(f"the table has {rows} row(s): a covariance needs at least 2")


def refuse_entries(bad: Flags, names: Sequence[str], what: str, advice: str, rows: Indices | None = None) -> None:
    """Name the first variable with a bad entry, in how many rows and where first (`rows`: their numbers)."""
    for j in np.flatnonzero(bad.any(axis=0)).tolist():
        found = np.flatnonzero(bad[:, j]) if rows is None else rows[bad[:, j]]
        raise DataError(
            f"the variable {names[j]!r} is {what} in {len(found)} row(s), first in row {found[0]}: {advice}"
        )


def check_varying(table: Array, names: Sequence[str], known: Flags | None = None) -> None:
    """Refuse a constant column; only the entries that are `known` count."""
    low = table.min(axis=0) if known is None else np.where(known, table, np.inf).min(axis=0)
    high = table.max(axis=0) if known is None else np.where(known, table, -np.inf).max(axis=0)
    for j in np.flatnonzero(low == high).tolist():
        where = "in every row" if known is None else "wherever it is known"
        raise DataError(f"the variable {names[j]!r} is constant ({low[j]:g} {where}): leave it out")


def check_scale(variances: Array, names: Sequence[str]) -> None:
    """Refuse values that vary but have squares that overflow or vanish."""
    for j in np.flatnonzero(~np.isfinite(variances) | (variances == 0)).tolist():
        raise DataError(
            f"the values of {names[j]!r} are too large or too close together for their squares to be "
            "floating-point numbers: rescale the variable"
        )


def mean_and_covariance(table: Array, names: Sequence[str], weights: Array | None = None) -> tuple[Array, Array]:
    """The means and covariance (divisor n) of a checked table, or `DataError` naming a variable that overflows.

    Weights, if there are any, have mean one.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        mean = table.mean(axis=0) if weights is None else weights @ table / len(table)
        centred = table - mean
        weighted = centred if weights is None else centred * weights[:, None]
        covariance = np.asarray(weighted.T @ centred / len(table))
    check_scale(np.diagonal(covariance), names)
    return mean, covariance


def check_size(n: object) -> int:
    """`n` as an int, or `DataError` for something that is no sample size."""
    if not is_whole(n) or not 2 <= n < 2**63:
        raise DataError(f"the sample size n is {n!r}: it must be an integer of at least 2 (and below 2**63)")
    return int(n)


def check_covariance(matrix: Array, names: Sequence[str]) -> None:
    """Refuse a matrix that no data could have as covariance, naming the variables."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise DataError(f"a covariance matrix is square, got shape {matrix.shape}")
    if len(names) != matrix.shape[0]:
        raise DataError(f"the covariance matrix has {matrix.shape[0]} rows, but there are {len(names)} names")
    for i, j in np.argwhere(~np.isfinite(matrix)).tolist():
        raise DataError(f"the covariance of {names[i]!r} and {names[j]!r} is {matrix[i, j]}: give finite numbers")
    variances = np.diagonal(matrix)
    for i in np.flatnonzero(variances <= 0).tolist():
        raise DataError(
            f"the variance of {names[i]!r} is {variances[i]:g}: it must be positive; leave out constant variables"
        )
    scale = np.sqrt(variances)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        correlation = matrix / scale[:, None] / scale
    for i, j in np.argwhere(~np.isfinite(correlation)).tolist():
        raise DataError(
            f"the scales of {names[i]!r} and {names[j]!r} are too far apart for floating point: rescale one of them"
        )
    for i, j in np.argwhere(np.abs(correlation - correlation.T) > ASYMMETRIC).tolist():
        raise DataError(
            f"the matrix is not symmetric: ({names[i]}, {names[j]}) is {matrix[i, j]:g} "
            f"but ({names[j]}, {names[i]}) is {matrix[j, i]:g}"
        )
    _check_semidefinite(correlation, names)


def _check_semidefinite(correlation: Array, names: Sequence[str]) -> None:
    p = len(names)
    for i, j in np.argwhere(np.abs(np.triu(correlation, 1)) > 1 + 1e-8).tolist():
        raise DataError(f"the correlation of {names[i]!r} and {names[j]!r} is {correlation[i, j]:.6g}, outside [-1, 1]")
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    if values[0] < -SINGULAR * p:
        heavy = [names[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:4]]
        raise DataError(
            f"the matrix is not positive semidefinite (its correlation matrix has the eigenvalue {values[0]:.3g}), "
            f"most of all in {', '.join(heavy)}: was it made from pairwise deletion or rounded?"
        )


def dependent_variables(covariance: Array, names: Sequence[str]) -> tuple[str, ...]:
    """The variables that are linear combinations of those named before them (none if the matrix is regular).

    A left-to-right Cholesky factorisation of the correlation matrix: a variable whose conditional variance
    given the earlier ones is nothing but rounding is dependent on them.
    """
    scale = np.sqrt(np.diagonal(covariance))
    work = covariance / scale[:, None] / scale
    with suppress(np.linalg.LinAlgError):  # The pivots of a regular matrix, without a loop in Python.
        if (np.diagonal(np.linalg.cholesky(work)) ** 2 > SINGULAR * len(names)).all():
            return ()
    found = []
    for j, name in enumerate(names):
        pivot = work[j, j]
        if pivot <= SINGULAR * len(names):
            found.append(name)
            continue
        row = work[j, j:] / pivot
        work[j:, j:] = work[j:, j:] - np.outer(work[j:, j], row)
    return tuple(found)


def trusted(kind: type[T], **parts: object) -> T:
    """A frozen value of parts that are known to be right, without its checks: these cost more than many a fit."""
    made = object.__new__(kind)
    for name, part in parts.items():
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
        object.__setattr__(made, name, part)
    return made
