"""`MomentsStack`: the moments of many samples of the same variables, for many fits at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import Array, check_names, check_table, cross_products, numeric
from semnan.data.moments import Moments
from semnan.errors import DataError


@final
@dataclass(frozen=True, eq=False)
class MomentsStack:
    """Moments of B samples over the same p variables.

    Attributes
    ----------
    names : tuple of str
    covariance : ndarray, shape (B, p, p)
        With divisor n, like `Moments`.
    n : ndarray of int, shape (B,)

    """

    names: tuple[str, ...]
    covariance: Array = field(repr=False)
    n: np.ndarray[tuple[int], np.dtype[np.int64]] = field(repr=False)

    def __post_init__(self) -> None:
        names = check_names(self.names)
        matrix = np.array(numeric(self.covariance, "the stack of covariance matrices"))
        if matrix.ndim != 3 or matrix.shape[1:] != (len(names), len(names)) or len(matrix) == 0:
            raise DataError(
                f"a stack of covariances of {len(names)} variables has shape (B, {len(names)}, {len(names)}), "
                f"got {matrix.shape}"
            )
        sizes = np.array(self.n)
        if sizes.dtype.kind not in "iu":
            raise DataError(f"the sample sizes have type {sizes.dtype}: give integers")
        sizes = sizes.astype(np.int64)
        if sizes.shape != (len(matrix),):
            raise DataError(f"there are {len(matrix)} covariance matrices, but the sizes have shape {sizes.shape}")
        for b in np.flatnonzero(np.asarray((sizes < 2) | ~_sound(matrix))).tolist():
            self._complain(b, matrix[b], names, int(sizes[b]))
        matrix = (matrix + matrix.mT) / 2
        for array in (matrix, sizes):
            array.setflags(write=False)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "covariance", matrix)
        object.__setattr__(self, "n", sizes)

    @staticmethod
    def _complain(at: int, matrix: Array, names: tuple[str, ...], n: int) -> None:
        """Let the checks of a single sample say what is wrong with sample `at` (singular is no error)."""
        try:
            Moments(names, matrix, n)
        except DataError as error:
            raise DataError(f"sample {at} of the stack: {error}") from None

    @classmethod
    def from_moments(cls, moments: Iterable[Moments]) -> MomentsStack:
        """Stack samples; all must have the variables of the first one."""
        samples = list(moments)
        if not samples:
            raise DataError("there are no samples to stack")
        for b, sample in enumerate(samples):
            if not isinstance(sample, Moments):
                raise DataError(f"sample {b} is a {type(sample).__name__}: give Moments (see Moments.from_frame)")
        same = [sample.select(samples[0].names) for sample in samples]
        return cls(same[0].names, np.stack([s.covariance for s in same]), np.array([s.n for s in same]))

    @classmethod
    def from_arrays(cls, arrays: ArrayLike, names: Sequence[str]) -> MomentsStack:
        """Moments of B tables of equal size, shape (B, n, p)."""
        tables = numeric(arrays, "the stack of tables")
        if tables.ndim != 3:
            raise DataError(f"expected an array of shape (B, n, p), got {tables.shape}")
        checked = check_names(names)
        if len(checked) != tables.shape[2]:
            raise DataError(f"the tables have {tables.shape[2]} columns, but there are {len(checked)} names")
        covariance = np.empty((len(tables), len(checked), len(checked)))
        for b, table in enumerate(tables):
            try:
                check_table(table, checked)
                covariance[b] = cross_products(table, checked)
            except DataError as error:
                raise DataError(f"sample {b} of the stack: {error}") from None
        return cls(checked, covariance, np.full(len(tables), tables.shape[1]))

    def select(self, names: Iterable[str]) -> MomentsStack:
        """The samples' moments of `names`, in that order."""
        wanted = self[0].select(names).names
        index = [self.names.index(name) for name in wanted]
        return MomentsStack(wanted, self.covariance[:, index][:, :, index], self.n)

    def __len__(self) -> int:
        return len(self.covariance)

    def __iter__(self) -> Iterator[Moments]:
        return (self[b] for b in range(len(self)))

    def __getitem__(self, at: int) -> Moments:
        return Moments(self.names, self.covariance[at], int(self.n[at]))


def _sound(matrix: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which matrices are plainly positive definite and symmetric; the others get the full check."""
    finite = np.atleast_1d(np.isfinite(matrix).all(axis=(1, 2)))
    safe = np.where(finite[:, None, None], matrix, 0.0)
    variance: Array = np.diagonal(safe, axis1=1, axis2=2)
    positive = (variance > 0).all(axis=1)
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):
        correlation = safe / scale[:, :, None] / scale[:, None, :]
    finite &= np.isfinite(correlation).all(axis=(1, 2))
    correlation = np.where(finite[:, None, None], correlation, 0.0)
    symmetric = (np.abs(correlation - correlation.mT) <= 1e-8).all(axis=(1, 2))
    definite = np.linalg.eigvalsh(correlation)[:, 0] >= 0
    return np.asarray(finite & positive & symmetric & definite)
