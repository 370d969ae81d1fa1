"""`discover`, the front door: data and a method go in, a graph comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from semnan.data import Moments
from semnan.data.frames import Frame
from semnan.discovery.bow_free import BowFree
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.result import Discovery
from semnan.discovery.search import read_search
from semnan.discovery.sort_regress import RSquaredSort
from semnan.discovery.task import Method
from semnan.graph import Edge

Array = NDArray[np.float64]

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
    search = read_search(
        moments.names,
        method=method,
        standardise=standardise,
        required=required,
        forbidden=forbidden,
        tiers=tiers,
        threshold=threshold,
        refine=refine,
        progress=progress,
    )
    task, scale = search.task(moments), search.scale(moments)
    learned, used = search.settle(search.method.learn(task), task)
    return Discovery(
        moments=moments,
        weights=_frozen(learned.weights / scale[:, None] * scale),
        arcs=None if learned.arcs is None else _frozen(learned.arcs * scale[:, None] * scale),
        method=search.method,
        refined=refine,
        outcome=learned.outcome,
        trace=learned.trace,
        standardised=standardise,
        threshold=used,
        depends_on_units=not isinstance(search.method if refine is None else refine, UNITLESS),
        knowledge=search.knowledge,
    )


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
