"""`discover`, the front door: data and a method go in, a graph comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf

from semnan.data import Moments
from semnan.data.frames import Frame
from semnan.discovery.bow_free import BowFree
from semnan.discovery.knowledge import Knowledge, read_knowledge
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.parents import regressions
from semnan.discovery.result import Discovery
from semnan.discovery.sort_regress import RSquaredSort
from semnan.discovery.subgraph import strongest_acyclic
from semnan.discovery.task import Learned, Method, SearchOutcome, Task
from semnan.errors import DataError, FitError
from semnan.graph import Edge

Array = NDArray[np.float64]

#: Correlations nearer to ±1 mean that two columns are one.
SAME = 1e-10
#: Share of a variable's variance, for each variable, that is rounding.
NOTHING_LEFT = 1e-12
#: Methods that see correlations only.
UNITLESS = (OrderSearch, RSquaredSort, BowFree)


def discover(
    data: Moments | Frame,
    *,
    method: Method | None = None,
    standardise: bool = False,
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Sequence[str]] = (),
    threshold: float | None = None,
    refine: OrderSearch | None = None,
    progress: bool | None = None,
) -> Discovery:
    """Learn a linear DAG from data.

    Parameters
    ----------
    data : Moments or data frame
        With fewer rows than variables, or variables that are linear combinations of others, `EqualVariance` refuses;
        the others answer, with at most half as many parents of a variable as rows where they choose by BIC.
    method : options of a method, optional
        ``OrderSearch()`` (the default), ``EqualVariance()``, ``Notears()``, ``Golem()``, ``ProxiMAS()``,
        ``OptiMAS()``, ``BowFree()``, ``VarianceSort()``, ``RSquaredSort()``.
    standardise : bool
        Whether the method sees the correlation matrix. The weights returned are in the units of the data always.
    required, forbidden : iterable of (parent, child)
        Edges that must, or must not, be in the graph.
    tiers : iterable of lists of names
        Variables of a later tier are no causes of those of an earlier one; those in no tier are free.
    threshold : float, optional
        Absolute weight, on the scale that the method sees, below which edges are dropped; the default is the method's
        own: .3 for the continuous ones (.1 standardised), 0 for the others. If cycles are left it is raised until
        there are none.
    refine : OrderSearch, optional
        Search on from the order of the answer.
    progress : bool, optional
        Whether to show progress; by default on a terminal, once the search takes longer than a second.

    Returns
    -------
    Discovery
        Also when the search did not end by its own rule: see `Discovery.outcome`.

    Raises
    ------
    DataError
        For data that cannot be used: missing values, constant or duplicate columns, too few rows.
    GraphError
        For background knowledge that contradicts itself.
    FitError
        For an option that makes no sense.

    """
    moments = data if isinstance(data, Moments) else Moments.from_frame(data)
    chosen: Method = OrderSearch() if method is None else method
    knowledge = read_knowledge(moments.names, required, forbidden, tiers)
    own = chosen.threshold / (3 if standardise else 1)
    limit = own if threshold is None else threshold
    if not limit >= 0:
        raise FitError(f"threshold={threshold!r}: give a number of at least zero")
    check_distinct(moments)
    covariance = np.array(moments.covariance)
    scale = np.sqrt(np.diagonal(covariance)) if standardise else np.ones(len(covariance))
    task = Task(covariance / scale[:, None] / scale, moments.n, knowledge, moments.names, progress)
    learned = chosen.learn(task)
    found, used, outcome = finished(learned, limit, task)
    trace = learned.trace
    if refine is not None and outcome is not SearchOutcome.INTERRUPTED:
        learned = refine.refine(task, found)
        found, outcome, trace = learned.weights, learned.outcome, learned.trace
    weights = found / scale[:, None] * scale
    return Discovery(
        moments=moments,
        weights=_frozen(weights),
        arcs=None if learned.arcs is None else _frozen(learned.arcs * scale[:, None] * scale),
        method=chosen,
        refined=refine,
        outcome=outcome,
        trace=trace,
        standardised=standardise,
        threshold=used,
        depends_on_units=not isinstance(chosen if refine is None else refine, UNITLESS),
        knowledge=knowledge,
    )


def finished(learned: Learned, threshold: float, task: Task) -> tuple[Array, float, SearchOutcome]:
    """Acyclic weights above the threshold, the threshold used, and the outcome."""
    knowledge: Knowledge = task.knowledge
    weights, used = strongest_acyclic(learned.weights, threshold, knowledge.required)
    lost = knowledge.required & (weights == 0)
    if lost.any():  # A required edge whose weight came out as zero has its least-squares weight.
        weights = np.where(lost, regressions(task.covariance, (weights != 0) | lost), weights)
    outcome = learned.outcome
    if used > threshold and outcome is SearchOutcome.FINISHED:
        outcome = SearchOutcome.CYCLIC
    return weights, used, outcome


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


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
