"""Permutation of group labels: how large differences between groups would be if rows had their groups by chance.

Where groups do not differ, labels are exchangeable, and χ² of a model that says so, or its excess over that of a less
restricted one, is as good as any that permuted labels give: a test of measurement invariance that needs neither normal
data nor many rows (Jorgensen, Kite, Chen & Short 2018).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import FitError, ResamplingWarning, Unavailable
from semnan.fitted import Fit
from semnan.resampling.replicates import Refit, Replicates
from semnan.resampling.sample import check_fit, groups_of
from semnan.resampling.source import Group, generator
from semnan.resampling.work import carry_out, portion

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Permutation:
    """A test by permuted labels.

    Attributes
    ----------
    statistic : float
        χ² of the fit, or its excess over that of the less restricted one.
    values : ndarray, shape (R,)
        The same of permuted labels, where fits converged.
    asked : int
        How many permutations were asked for.

    """

    statistic: float
    values: Array
    asked: int

    @property
    def p_value(self) -> float:
        """The share of permutations, the sample's own labels among them, that are no better (Phipson & Smyth 2010)."""
        return (1 + int((self.values >= self.statistic).sum())) / (1 + len(self.values))

    def __repr__(self) -> str:
        count = f"{len(self.values)} of {self.asked}" if len(self.values) < self.asked else str(self.asked)
        return f"<Permutation of {count}: statistic {self.statistic:.4g}, p = {self.p_value:.4g}>"


@final
@dataclass(frozen=True, eq=False)
class _Shuffle:
    """Makes fits to permuted labels of some numbers."""

    refit: Refit
    names: tuple[str, ...]
    pooled: Group
    labels: NDArray[np.int64]
    seed: int

    def __call__(self, replicates: range) -> Replicates:
        shuffled = np.stack([generator(self.seed, number).permutation(self.labels) for number in replicates])
        counts = [(shuffled == g).astype(np.float64) for g in range(int(self.labels.max()) + 1)]
        return self.refit.stacks([self.pooled.moments(self.names, count) for count in counts])


def permute_groups(
    fit: Fit,
    less_restricted: Fit | None = None,
    replicates: int = 1000,
    *,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Permutation:
    """Test whether groups differ, by fits to permuted labels.

    Parameters
    ----------
    fit : Fit
        Of several groups and complete rows, with equalities between groups.
    less_restricted : Fit, optional
        Of the same rows, without the equalities to be tested; without it χ² itself is the statistic.
    replicates : int
    seed : int
    n_jobs : int, optional
        Of joblib; the numbers are the same.
    progress : bool, optional

    Raises
    ------
    FitError
        If there is one group only, rows are missing, clustered or weighted, or an argument makes no sense.

    """
    fits = [fit] if less_restricted is None else [fit, less_restricted]
    for one in fits:
        _check(one)
    if less_restricted is not None and not _same_rows(fit, less_restricted):
        raise FitError("the two fits are not of the same rows: fit the same data frame twice")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 1:
        raise FitError(f"the number of replicates is {replicates!r}: give a whole number of at least 1")
    found, count = [], replicates
    for one in fits:  # After an interruption of the first, the second takes part as far.
        found.append(_replicates(one, count, seed, n_jobs, progress))
        count = len(found[-1])
    usable = np.logical_and.reduce([part.converged[:count] for part in found])
    values = [2 * fit.estimate.n * np.maximum(part.value[:count][usable], 0.0) for part in found]
    _warn(count, replicates, int(usable.sum()))
    own = [float(one.chi_square) for one in fits]
    if less_restricted is None:
        return Permutation(own[0], values[0], replicates)
    return Permutation(own[0] - own[1], values[0] - values[1], replicates)


def _warn(done: int, asked: int, usable: int) -> None:
    if done < asked:
        warnings.warn(f"interrupted after {done} of {asked} permutations", ResamplingWarning, stacklevel=3)
    if usable < done:
        said = f"{done - usable} of {done} permutations have no estimates and take no part"
        warnings.warn(said, ResamplingWarning, stacklevel=3)


def _check(fit: Fit) -> None:
    check_fit(fit)
    if not fit.model.groups:
        raise FitError("the model has no groups: there are no labels to permute")
    if fit.sample.missing or any(group.clusters is not None or group.weights is not None for group in groups_of(fit)):
        raise FitError("labels are permuted of complete rows without clusters and weights")
    if isinstance(fit.chi_square, Unavailable):
        raise FitError(f"the fit has no χ²: {fit.chi_square.reason}")


def _same_rows(one: Fit, other: Fit) -> bool:
    if one.sample.names != other.sample.names or one.sample.labels != other.sample.labels:
        return False
    pairs = zip(one.sample.groups, other.sample.groups, strict=True)
    return all(a.rows is not None and b.rows is not None and np.array_equal(a.rows, b.rows) for a, b in pairs)


def _replicates(fit: Fit, count: int, seed: int, n_jobs: int | None, progress: bool | None) -> Replicates:
    tables = [group.rows for group in fit.sample.groups if group.rows is not None]
    labels = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    task = _Shuffle(Refit.of(fit.estimate), fit.sample.names, Group.of(np.concatenate(tables)), labels, seed)
    work = carry_out(task, range(count), portion(len(labels)), n_jobs, progress)
    return task.refit.none() if work.replicates is None else work.replicates
