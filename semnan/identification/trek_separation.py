"""Effects from minors of Σ: trek separation.

If x_y − t x_x, less what is solved, has covariances with A that lie in the span of those of a smaller set B, then t
is a ratio of two determinants of Σ, or the solution of a linear system in t and the span (Sullivant, Talaska &
Draisma, Annals of Statistics 38, 2010; TSID: Weihs et al., J. Causal Inference 6, 2018). To find A and B is
NP-complete (Kumor et al., NeurIPS 2019), so B has one or two members here. The equation is tested as it is, at random
points of prime fields.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from semnan.identification.analysis import Analysis, Point
from semnan.identification.edgewise import Edge, Solved, direct, sources
from semnan.identification.expression import Expression, solution
from semnan.identification.modular import Residues
from semnan.identification.query import Query

#: Largest numbers of visibles for which B of one and of two members is sought.
ONE, TWO = 20, 7
NAME = "trek separation"


def solve_node(analysis: Analysis, solved: Solved, v: int, wanted: list[Edge]) -> bool:  # noqa: ARG001
    """Solve what can be solved of the edges into v, and say whether that was any."""
    done = False
    for edge in wanted:
        found = trek_separation(analysis, solved, direct(analysis, edge))
        if found is not None:
            solved.add(edge, *found)
            done = True
    return done


def trek_separation(analysis: Analysis, solved: Solved, query: Query) -> tuple[Expression, str] | None:
    """A formula for an effect between visibles from small minors."""
    ends, p = analysis.visible_ends(query), len(analysis.names)
    if ends is None or query.avoiding or query.function is not None:
        return None
    for size, most in ((1, ONE), (2, TWO)):
        found = _search(analysis, solved, query, ends, size) if p <= most else None
        if found is not None:
            return found
    return None


def _search(
    analysis: Analysis, solved: Solved, query: Query, ends: tuple[int, int], size: int
) -> tuple[Expression, str] | None:
    x, y = ends
    own = query.kind == "direct"
    tables = [sources(solved, at) for at in solved.tables]
    rests = [_rest(analysis, solved, query, t, p, x, y) for t, p in zip(tables, analysis.points, strict=True)]
    for b in combinations([j for j in range(len(analysis.names)) if j != x], size):
        fits = [
            _fits(table, rest, x, b, point.prime)
            for table, rest, point in zip(tables, rests, analysis.points, strict=True)
        ]
        for rows in np.argwhere(np.logical_and(*fits)).tolist():
            matrix = [[solved.source(a, j) for j in (x, *b)] for a in rows]
            right = [solved.remainder(a, y) if own else solved.source(a, y) for a in rows]
            expression = solution(matrix, right)[0]
            if analysis.holds(query, expression):
                return expression, NAME
    return None


def _rest(analysis: Analysis, solved: Solved, query: Query, table: Residues, point: Point, x: int, y: int) -> Residues:
    """Covariances of the sources with x_y − t x_x, less what is solved."""
    rest = table[:, y] - table[:, x] * analysis.value(query, point)
    if query.kind == "direct":
        for a, b in solved.expressions:
            if b == y:
                rest = (rest - table[:, a] * point.direct[a, b]) % point.prime
    return rest % point.prime


def _fits(table: Residues, rest: Residues, x: int, b: tuple[int, ...], prime: int) -> NDArray[np.bool_]:
    """Rows (increasing) on which the rest lies in the span of the columns b, and x does not."""
    columns = [table[:, j] for j in b]
    singular = _minor([rest, *columns], prime) == 0
    regular = _minor([table[:, x], *columns], prime) != 0
    places = np.indices(singular.shape)
    increasing = np.logical_and.reduce([places[i] < places[i + 1] for i in range(len(b))])
    found: NDArray[np.bool_] = singular & regular & increasing
    return found


def _minor(columns: list[Residues], prime: int) -> Residues:
    """All minors of two or three columns, by their rows."""
    first, *others = columns
    if len(others) == 1:
        cross = first[:, None] * others[0] % prime
        return (cross - cross.T) % prime
    inner = _minor(others, prime)
    terms = first[:, None, None] * inner % prime
    minors: Residues = (terms - terms.transpose(1, 0, 2) + terms.transpose(1, 2, 0)) % prime
    return minors
