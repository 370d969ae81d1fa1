"""Adjustment sets and conditional instruments.

With z an instrument for x given W, the effect of x on y is cov(z, y | W) / cov(z, x | W) (Brito & Pearl, UAI 2002;
Bowden & Turkington 1984); with z = x that is the regression coefficient of x given W, the adjustment of Pearl's
back-door criterion and of Perković et al. (JMLR 18, 2018). Instead of a criterion on the graph, the equation itself is
tested at random points of prime fields, for every z and W of small graphs and for likely W of larger ones: what
passes is a formula, and what any of these criteria finds passes. So a variable that only looks like an instrument
(a latent, a descendant of confounding) is never taken for one.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from semnan.identification.analysis import Analysis, Point
from semnan.identification.expression import Expression, covariance
from semnan.identification.modular import Residues
from semnan.identification.query import Query

#: Up to this number of visibles, all conditioning sets are tried.
ALL_SETS = 8
Sets = tuple[tuple[int, ...], ...]


def instrument(analysis: Analysis, query: Query) -> tuple[Expression, str] | None:
    """The simplest adjustment or conditional instrument, and its name."""
    ends = analysis.visible_ends(query)
    if ends is None or query.function is not None or query.avoiding:
        return None
    x, y = ends
    passed = None
    sets = _sets(analysis, x, y)
    for point in analysis.points:
        table = _table(analysis, point, sets)
        value = analysis.value(query, point)
        fits = (table[:, :, x] != 0) & (table[:, :, y] == table[:, :, x] * value % point.prime)
        passed = fits if passed is None else passed & fits
    return None if passed is None or not passed.any() else _simplest(passed, sets, x, y)


def _simplest(passed: NDArray[np.bool_], sets: Sets, x: int, y: int) -> tuple[Expression, str]:
    """Smallest set first; at equal size the cause itself before an instrument."""
    found = [(len(sets[w]) + (z != x), w, z) for w, z in np.argwhere(passed).tolist()]
    _, w, z = min(found)
    expression = covariance(z, y, sets[w]) / covariance(z, x, sets[w])
    given = "conditional " if sets[w] else ""
    name = ("adjustment" if sets[w] else "regression") if z == x else f"{given}instrument"
    return expression, name


def _sets(analysis: Analysis, x: int, y: int) -> Sets:
    """Conditioning sets, small ones first."""
    p = len(analysis.names)
    if p <= ALL_SETS:
        return _all_sets(p)
    parents: dict[int, set[int]] = {}
    for a, b in analysis.edges:
        parents.setdefault(b, set()).add(a)
    near = [parents.get(x, set()), parents.get(y, set()) - {x}, (parents.get(x, set()) | parents.get(y, set())) - {x}]
    return tuple(dict.fromkeys([(), *(tuple(sorted(s)) for s in near)]))


@lru_cache(maxsize=16)
def _all_sets(p: int) -> Sets:
    return tuple(w for size in range(max(p - 1, 1)) for w in combinations(range(p), size))


def _table(analysis: Analysis, point: Point, sets: Sets) -> Residues:
    """Partial covariances given each set, shape (sets, p, p), kept with the analysis.

    By sweeping one variable after another (Schur complements).
    """
    stacked = (point.prime, sets)
    if stacked not in analysis.tables:
        analysis.tables[stacked] = np.stack([_partial(analysis, point, w) for w in sets])
    return analysis.tables[stacked]


def _partial(analysis: Analysis, point: Point, given: tuple[int, ...]) -> Residues:
    if not given:
        return point.sigma
    key = (point.prime, given)
    if key not in analysis.tables:
        table, k = _partial(analysis, point, given[:-1]), given[-1]
        pivot = int(table[k, k])
        column = table[:, k] * (pow(pivot, -1, point.prime) if pivot else 0) % point.prime
        analysis.tables[key] = (table - column[:, None] * table[k]) % point.prime
    return analysis.tables[key]
