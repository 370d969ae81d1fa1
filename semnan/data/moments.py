"""`Moments`: the names, covariance, mean and size of a sample, checked once and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, final

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame
from numpy.typing import ArrayLike

from semnan.data.checks import (
    Array,
    check_covariance,
    check_names,
    check_size,
    check_table,
    cross_products,
    dependent_variables,
    numeric,
)
from semnan.errors import DataError

#: Any data frame that narwhals reads: pandas, Polars, PyArrow, Modin, cuDF.
Frame: TypeAlias = IntoDataFrame


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
        try:
            table = nw.from_native(frame, eager_only=True)
            have = table.columns
        except TypeError as error:
            raise DataError(
                f"expected a data frame in memory, got {type(frame).__name__}: collect a lazy frame first"
            ) from error
        except nw.exceptions.DuplicateError as error:
            shown = " ".join(str(error).split())
            raise DataError(f"two columns of the frame have one name: rename one of them ({shown})") from error
        names = check_names(have if columns is None else columns, "column")
        for name in names:
            if name not in have:
                raise DataError(f"the frame has no column {name!r}; it has {', '.join(map(str, have))}")
        values = [_column(table[name]) for name in names]
        return cls._from_table(np.column_stack(values) if values else np.empty((len(table), 0)), names)

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
        return cls(names, cross_products(table, names), len(table), table.mean(axis=0))

    def select(self, names: Iterable[str]) -> Moments:
        """The moments of `names`, in that order.

        Raises
        ------
        DataError
            For a name that these moments do not have.

        """
        wanted = check_names(names if isinstance(names, str) else list(names))
        place = {name: i for i, name in enumerate(self.names)}
        for name in wanted:
            if name not in place:
                raise DataError(f"the data have no variable {name!r}; they have {', '.join(self.names)}")
        if wanted == self.names:
            return self
        index = [place[name] for name in wanted]
        mean = None if self.mean is None else self.mean[index]
        return Moments(wanted, self.covariance[np.ix_(index, index)], self.n, mean)

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


def _column(series: nw.Series[Any]) -> Array:
    """A column as float64; a null becomes NaN, which the table check reports by name and row."""
    if not series.dtype.is_numeric():
        raise DataError(
            f"the column {series.name!r} is not numeric (its type is {series.dtype}): convert it, "
            "or name the columns to use"
        )
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


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
