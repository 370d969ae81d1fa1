"""`MomentsStack`: the moments of many samples of the same variables, for many fits at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import Array, Indices, check_names, check_table, mean_and_covariance, numeric, places, trusted
from semnan.data.frames import Frame
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
    means : ndarray, shape (B, p), or None
        None unless every sample has a mean.

    """

    names: tuple[str, ...]
    covariance: Array = field(repr=False)
    n: Indices = field(repr=False)
    means: Array | None = field(default=None, repr=False)

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
        means = None if self.means is None else _checked_means(self.means, (len(matrix), len(names)), names)
        for key, part in {"names": names, "covariance": matrix, "n": sizes, "means": means}.items():
            if isinstance(part, np.ndarray):
                part.setflags(write=False)
            object.__setattr__(self, key, part)

    @staticmethod
    def _complain(at: int, matrix: Array, names: tuple[str, ...], n: int) -> None:
        """Let the checks of a single sample say what is wrong with sample `at` (singular is no error)."""
        try:
            Moments(names, matrix, n)
        except DataError as error:
            raise DataError(f"sample {at} of the stack: {error}") from None

    @classmethod
    def from_moments(cls, moments: Iterable[Moments]) -> MomentsStack:
        """Stack samples; all must have the variables of the first one. The stack has means if all samples have."""
        samples = list(moments)
        if not samples:
            raise DataError("there are no samples to stack")
        for b, sample in enumerate(samples):
            if not isinstance(sample, Moments):
                raise DataError(f"sample {b} is a {type(sample).__name__}: give Moments (see Moments.from_frame)")
        same = [sample.select(samples[0].names) for sample in samples]
        means = [sample.mean for sample in same if sample.mean is not None]
        return trusted(
            cls,
            names=same[0].names,
            covariance=np.stack([sample.covariance for sample in same]),
            n=np.array([sample.n for sample in same], dtype=np.int64),
            means=np.stack(means) if len(means) == len(same) else None,
        )

    @classmethod
    def from_frames(cls, frames: Iterable[Frame], columns: Sequence[str] | None = None) -> MomentsStack:
        """Moments of data frames, one sample each, read as by `Moments.from_frame`; the sizes may differ."""
        samples = []
        for b, frame in enumerate(frames):
            try:
                samples.append(Moments.from_frame(frame, columns))
            except DataError as error:
                raise DataError(f"sample {b} of the stack: {error}") from None
        return cls.from_moments(samples)

    @classmethod
    def from_arrays(cls, arrays: ArrayLike, names: Sequence[str]) -> MomentsStack:
        """Moments of B tables of equal size, shape (B, n, p)."""
        tables = numeric(arrays, "the stack of tables")
        if tables.ndim != 3:
            raise DataError(f"expected an array of shape (B, n, p), got {tables.shape}")
        checked = check_names(names)
        if len(checked) != tables.shape[2]:
            raise DataError(f"the tables have {tables.shape[2]} columns, but there are {len(checked)} names")
        covariance, means = np.empty((len(tables), len(checked), len(checked))), np.empty((len(tables), len(checked)))
        for b, table in enumerate(tables):
            try:
                check_table(table, checked)
                means[b], covariance[b] = mean_and_covariance(table, checked)
            except DataError as error:
                raise DataError(f"sample {b} of the stack: {error}") from None
        return cls(checked, covariance, np.full(len(tables), tables.shape[1]), means)

    def select(self, names: Iterable[str]) -> MomentsStack:
        """The samples' moments of `names`, in that order."""
        wanted = check_names(names if isinstance(names, str) else list(names))
        index = places(self.names, wanted)
        means = None if self.means is None else self.means[:, index]
        covariance = self.covariance[:, index][:, :, index]
        return trusted(MomentsStack, names=wanted, covariance=covariance, n=self.n, means=means)

    def __len__(self) -> int:
        return len(self.covariance)

    def __iter__(self) -> Iterator[Moments]:
        return (self[b] for b in range(len(self)))

    def __getitem__(self, at: int) -> Moments:
        mean = None if self.means is None else self.means[at]
        return trusted(Moments, names=self.names, covariance=self.covariance[at], n=int(self.n[at]), mean=mean)


def _checked_means(means: Array, shape: tuple[int, int], names: tuple[str, ...]) -> Array:
    values = np.array(numeric(means, "the stack of means"))
    if values.shape != shape:
        raise DataError(f"the means have shape {values.shape}, expected {shape}: one row a sample")
    for b, j in np.argwhere(~np.isfinite(values)).tolist():
        raise DataError(f"sample {b} of the stack: the mean of {names[j]!r} is {values[b, j]}: give finite numbers")
    return values


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
