"""The jackknife: the model without every row in turn (or cluster, or block of rows where there are many)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data.checks import Indices
from semnan.effects.effect import Kind
from semnan.errors import FitError, Unavailable
from semnan.estimation.distributions import normal_reach
from semnan.fitted import Fit
from semnan.report import Listing
from semnan.resampling.interval import Resampled
from semnan.resampling.quantity import EffectValue, Quantity, quantities, quantity
from semnan.resampling.replicates import Refit, Replicates
from semnan.resampling.sample import check_fit, groups_of
from semnan.resampling.source import Group
from semnan.resampling.work import carry_out, portion

Array = NDArray[np.float64]
#: More rows of a group are left out in so many blocks.
BLOCKS = 1000
#: Differences between fits are multiplied by how many there are, and so are their errors.
TOLERANCE = 1e-9


@final
@dataclass(frozen=True, eq=False)
class Jackknife:
    """Fits without each part of the data.

    Attributes
    ----------
    fit : Fit
        Of all data.
    replicates : Replicates
        One for each part, group by group.
    owner : ndarray of int, shape (R,)
        The group that a part is of.

    """

    fit: Fit
    replicates: Replicates
    owner: Indices

    @cached_property
    def estimates(self) -> Array:
        """The free parameters without each part, shape (R, q); NaN where a fit failed."""
        return np.where(self.replicates.converged[:, None], self.replicates.theta, np.nan)

    def __getitem__(self, name: str) -> Resampled:
        """A parameter or defined parameter, with its jackknife standard error and bias."""
        return self._resampled(quantity(self.fit.model, name), 0.95)

    def parameters(self, level: float = 0.95) -> Listing[Resampled]:
        """All free and defined parameters."""
        return Listing(Resampled, tuple(self._resampled(item, level) for item in quantities(self.fit.model)))

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> Resampled:
        """An effect; the arguments are those of `Fit.effect`."""
        return self._resampled(EffectValue.of(source, target, kind, avoiding, standardised, group), level)

    def acceleration(self, item: Quantity) -> float:
        """How fast the standard error changes with the estimate (Efron 1987): a sixth of the skewness of influences."""
        third, second = 0.0, 0.0
        for influence in self._influences(item):
            third += float((influence**3).sum()) / len(influence) ** 3
            second += float((influence**2).sum()) / len(influence) ** 2
        return third / (6 * second**1.5) if second > 0 else 0.0

    def _influences(self, item: Quantity) -> list[Array]:
        """(m − 1) (mean − value) of the parts of every group, of which there are m."""
        values = item.of_replicates(self.fit.model, self.replicates)
        parts = [values[(self.owner == g) & self.replicates.converged] for g in range(int(self.owner.max()) + 1)]
        return [(len(part) - 1) * (part.mean() - part) for part in parts if len(part) > 1]

    def _resampled(self, item: Quantity, level: float) -> Resampled:
        estimate = item.of_sample(self.fit.estimate)
        if isinstance(estimate, Unavailable):
            return Resampled(item.name, estimate, estimate, estimate, estimate, level, "normal")
        variance = sum(float((part**2).sum()) / (len(part) * (len(part) - 1)) for part in self._influences(item))
        error, bias = math.sqrt(variance), self._bias(item, estimate)
        reach = normal_reach(level) * error
        return Resampled(item.name, estimate, error, bias, (estimate - reach, estimate + reach), level, "normal")

    def _bias(self, item: Quantity, estimate: float) -> float:
        values = item.of_replicates(self.fit.model, self.replicates)
        total = 0.0
        for g in range(int(self.owner.max()) + 1):
            part = values[(self.owner == g) & self.replicates.converged]
            total += (len(part) - 1) * (float(part.mean()) - estimate) if len(part) else 0.0
        return total

    def __repr__(self) -> str:
        failed = int((~self.replicates.converged).sum())
        return f"<Jackknife of {len(self.replicates)} parts{f', {failed} without estimates' if failed else ''}>"


@final
@dataclass(frozen=True, eq=False)
class _Leave:
    """Makes fits without the parts of some numbers."""

    refit: Refit
    names: tuple[str, ...]
    groups: tuple[Group, ...]
    blocks: tuple[Indices, ...]
    owner: Indices

    def __call__(self, replicates: range) -> Replicates:
        at = np.array(replicates)
        data = []
        first = 0
        for g, (group, block) in enumerate(zip(self.groups, self.blocks, strict=True)):
            counts = np.ones((len(at), group.units))
            mine = self.owner[at] == g
            counts[mine] = block != (at[mine] - first)[:, None]
            data.append(group.moments(self.names, counts))
            first += int(block.max()) + 1
        return self.refit.stacks(data)


def jackknife(fit: Fit, *, n_jobs: int | None = None, progress: bool | None = None) -> Jackknife:
    """Fit the model again without each row in turn.

    Parameters
    ----------
    fit : Fit
        Of complete rows. Clusters are left out as a whole; of a group with more than 1000 rows as many blocks are.
    n_jobs : int, optional
        Processes of joblib's backend; the numbers are the same.
    progress : bool, optional

    Raises
    ------
    FitError
        If the fit has no rows, or these have missing values.
    KeyboardInterrupt
        If it is interrupted: a part of a jackknife says nothing.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.political_democracy().to_frame()
    >>> found = sn.jackknife(sn.sem("y1 ~ x1", frame))
    >>> round(found["x1 -> y1"].standard_error, 2)
    0.34

    """
    check_fit(fit)
    if fit.sample.missing:
        raise FitError("the jackknife is of complete rows: use missing='listwise', or bootstrap")
    groups = groups_of(fit)
    blocks = [_blocks(group.units) for group in groups]
    sizes = [int(block.max()) + 1 for block in blocks]
    owner = np.repeat(np.arange(len(groups)), sizes)
    task = _Leave(Refit.of(fit.estimate, TOLERANCE), fit.sample.names, groups, tuple(blocks), owner)
    rows = max(len(group.rows) for group in groups)
    work = carry_out(task, range(sum(sizes)), portion(rows), n_jobs, progress)
    if work.interrupted or work.replicates is None:
        raise KeyboardInterrupt
    return Jackknife(fit, replace(work.replicates), owner)


def _blocks(units: int) -> Indices:
    """The part that each unit belongs to."""
    count = min(units, BLOCKS)
    return np.asarray(np.arange(units) * count // units, dtype=np.int64)
