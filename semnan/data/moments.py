"""`Moments`: the names, covariance, mean and size of a sample, checked once and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import (
    Array,
    check_covariance,
    check_names,
    check_size,
    check_table,
    dependent_variables,
    mean_and_covariance,
    numeric,
    places,
    trusted,
)
from semnan.data.frames import Frame, read_frame
from semnan.errors import DataError

__all__ = ["Frame", "Moments", "moments_of_table"]

#: Variances below this are rounded so coarsely that the covariance of a table may be none.
_COARSE = 1e-290


@final
@dataclass(frozen=True, eq=False)
class Moments:
    """The sufficient statistics of a Gaussian sample.

    Make one with `from_frame`, `from_array` or `from_covariance`. The arrays are read-only copies.

    Attributes
    ----------
    names : tuple of str
    covariance : ndarray, shape (p, p)
        With divisor n (the maximum-likelihood convention, lavaan's ``likelihood = "normal"``).
    n : int
        Sample size.
    mean : ndarray, shape (p,), or None
        None when only a covariance was given.

    Raises
    ------
    DataError
        Naming the variable, the row or the entry that is wrong.

    """

    names: tuple[str, ...]
    covariance: Array = field(repr=False)
    n: int
    mean: Array | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names(self.names))
        object.__setattr__(self, "n", check_size(self.n))
        matrix = np.array(numeric(self.covariance, "the covariance matrix"))
        check_covariance(matrix, self.names)
        matrix = (matrix + matrix.T) / 2
        object.__setattr__(self, "covariance", _frozen(matrix))
        if self.mean is not None:
            object.__setattr__(self, "mean", _frozen(_checked_mean(self.mean, self.names)))

    @classmethod
    def from_frame(cls, frame: Frame, columns: Sequence[str] | None = None) -> Moments:
        """Moments of the rows of a data frame (pandas, Polars, PyArrow, … through narwhals).

        Parameters
        ----------
        frame : data frame
            Nothing in it is changed, dropped or filled.
        columns : sequence of str, optional
            The columns to use; by default all of them.

        Raises
        ------
        DataError
            For a column that is missing, not numeric or constant, or has missing or infinite values.

        """
        names, table = read_frame(frame, columns)
        return cls._from_table(table, names)

    @classmethod
    def from_array(cls, array: ArrayLike, names: Sequence[str] | None = None) -> Moments:
        """Moments of the rows of an array, shape (n, p); the names default to ``V0, V1, …``."""
        values = numeric(array, "the array")
        if values.ndim != 2 or values.shape[1] == 0:
            raise DataError(f"expected an array of n rows and p columns, got shape {values.shape}")
        given = [f"V{i}" for i in range(values.shape[1])] if names is None else names
        checked = check_names(given)
        if len(checked) != values.shape[1]:
            raise DataError(f"the array has {values.shape[1]} columns, but there are {len(checked)} names")
        return cls._from_table(values, checked)

    @classmethod
    def from_covariance(
        cls,
        covariance: ArrayLike,
        names: Sequence[str],
        n: int,
        mean: ArrayLike | None = None,
        *,
        ddof: int = 0,
    ) -> Moments:
        """Moments from a covariance matrix.

        Parameters
        ----------
        covariance : array_like, shape (p, p)
        names : sequence of str
        n : int
            Sample size.
        mean : array_like, shape (p,), optional
        ddof : int
            The matrix was computed with divisor ``n - ddof``: 0 (the default) or, for most published matrices, 1.

        """
        if ddof not in (0, 1):
            raise DataError(f"ddof is {ddof!r}: give 0 for divisor n, or 1 for divisor n - 1")
        check_size(n)
        matrix = numeric(covariance, "the covariance matrix")
        center = None if mean is None else numeric(mean, "the mean")
        return cls(check_names(names), matrix * ((n - ddof) / n) if ddof else matrix, n, center)

    @classmethod
    def _from_table(cls, table: Array, names: tuple[str, ...]) -> Moments:
        if not names:
            raise DataError("the table has no columns")
        check_table(table, names)
        return moments_of_table(table, names)

    def select(self, names: Iterable[str]) -> Moments:
        """The moments of `names`, in that order.

        Raises
        ------
        DataError
            For a name that these moments do not have.

        """
        wanted = check_names(names if isinstance(names, str) else list(names))
        if wanted == self.names:
            return self
        index = places(self.names, wanted)
        mean = None if self.mean is None else self.mean[index]
        covariance = self.covariance[np.ix_(index, index)]
        return trusted(Moments, names=wanted, covariance=covariance, n=self.n, mean=mean)

    @cached_property
    def dependent(self) -> tuple[str, ...]:
        """Variables that are linear combinations of earlier ones: empty unless the covariance is singular."""
        return dependent_variables(self.covariance, self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        same_mean = (self.mean is None) == (other.mean is None) and (
            self.mean is None or other.mean is None or np.array_equal(self.mean, other.mean)
        )
        same = self.names == other.names and self.n == other.n and same_mean
        return same and np.array_equal(self.covariance, other.covariance)

    def __hash__(self) -> int:
        return hash((self.names, self.n, (self.covariance + 0.0).tobytes()))  # + 0.0: −0 equals 0


def moments_of_table(table: Array, names: tuple[str, ...], weights: Array | None = None) -> Moments:
    """Moments of a table that has passed `check_table`: a covariance by its making, so only scales are checked."""
    mean, covariance = mean_and_covariance(table, names, weights)
    if np.diagonal(covariance).min() < _COARSE:
        return Moments(names, covariance, len(table), mean)
    return trusted(Moments, names=names, covariance=(covariance + covariance.T) / 2, n=len(table), mean=mean)


def _checked_mean(mean: ArrayLike, names: tuple[str, ...]) -> Array:
    values = np.array(numeric(mean, "the mean"))
    if values.shape != (len(names),):
        raise DataError(f"the mean has shape {values.shape}, but there are {len(names)} variables")
    for i in np.flatnonzero(~np.isfinite(values)):
        raise DataError(f"the mean of {names[i]!r} is {values[i]}: give finite numbers")
    return values


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
