"""`Search`: what is asked of data, whatever the data, and how an answer is made of what a method learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf

from semnan.data import Moments
from semnan.discovery.knowledge import Knowledge, read_knowledge
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.parents import regressions
from semnan.discovery.subgraph import strongest_acyclic
from semnan.discovery.task import Learned, Method, SearchOutcome, Task
from semnan.errors import DataError, FitError
from semnan.graph import Edge

Array = NDArray[np.float64]

#: Correlations nearer to ±1 mean that two columns are one.
SAME = 1e-10
#: Share of a variable's variance, for each variable, that is rounding.
NOTHING_LEFT = 1e-12


@final
@dataclass(frozen=True, eq=False)
class Search:
    """The options of `discover`, read and checked.

    Attributes
    ----------
    method, refine : options of methods
    knowledge : Knowledge
    standardise : bool
    threshold : float
        Absolute weight, on the scale that the method sees, below which edges are dropped.
    progress : bool or None

    """

    method: Method
    refine: OrderSearch | None
    knowledge: Knowledge
    standardise: bool
    threshold: float
    progress: bool | None

    def task(self, moments: Moments) -> Task:
        """The data as the method sees them; `DataError` if they cannot be used."""
        check_distinct(moments)
        scale = self.scale(moments)
        covariance = np.asarray(moments.covariance / scale[:, None] / scale)
        if self.standardise:
            np.fill_diagonal(covariance, 1.0)  # Rounding would otherwise say which variance is least.
        return Task(covariance, moments.n, self.knowledge, moments.names, self.progress)

    def scale(self, moments: Moments) -> Array:
        """The units of the task in those of the data, shape (d,)."""
        variances = np.diagonal(moments.covariance)
        return np.sqrt(variances) if self.standardise else np.ones(len(variances))

    def settle(self, learned: Learned, task: Task) -> tuple[Learned, float]:
        """The answer, acyclic and, if it was asked for, refined; and the threshold used."""
        weights, used = strongest_acyclic(learned.weights, self.threshold, self.knowledge.required)
        lost = self.knowledge.required & (weights == 0)
        if lost.any():  # A required edge whose weight came out as zero has its least-squares weight.
            weights = np.where(lost, regressions(task.covariance, (weights != 0) | lost), weights)
        outcome = learned.outcome
        if self.refine is not None and outcome is not SearchOutcome.INTERRUPTED:
            return self.refine.refine(task, weights), used
        if used > self.threshold and outcome is SearchOutcome.FINISHED:
            outcome = SearchOutcome.CYCLIC
        return replace(learned, weights=weights, outcome=outcome), used


def read_search(
    names: Sequence[str],
    *,
    method: Method | None,
    standardise: bool,
    required: Iterable[Edge],
    forbidden: Iterable[Edge],
    tiers: Iterable[Sequence[str]],
    threshold: float | None,
    refine: OrderSearch | None,
    progress: bool | None,
) -> Search:
    """The options of `discover` for variables with these names."""
    chosen: Method = OrderSearch() if method is None else method
    knowledge = read_knowledge(names, required, forbidden, tiers)
    own = chosen.threshold / (3 if standardise else 1)
    limit = own if threshold is None else threshold
    if not limit >= 0:
        raise FitError(f"threshold={threshold!r}: give a number of at least zero")
    return Search(chosen, refine, knowledge, standardise, limit, progress)


def check_distinct(moments: Moments) -> None:
    """Refuse two columns that are one but for their units, and, given enough rows, linear combinations."""
    scale = np.sqrt(np.diagonal(moments.covariance))
    correlation = moments.covariance / scale[:, None] / scale
    names = moments.names
    for i, j in np.argwhere(np.abs(np.triu(correlation, 1)) > 1 - SAME).tolist():
        raise DataError(f"the variables {names[i]!r} and {names[j]!r} are the same but for their units: leave one out")
    dependent = _dependent(correlation) if moments.n > len(names) else None
    if dependent is not None:
        raise DataError(f"the variable {names[dependent]!r} is a linear combination of those before it: leave it out")


def _dependent(correlation: Array) -> int | None:
    """The first variable of which the others before it leave nothing but rounding.

    Among many variables the last causes leave honest shares of 10⁻⁸.
    """
    factor, failed = dpotrf(correlation, lower=1)
    if failed:
        return int(failed) - 1
    none = np.flatnonzero(np.diagonal(factor) ** 2 < NOTHING_LEFT * len(correlation))
    return int(none[0]) if len(none) else None
