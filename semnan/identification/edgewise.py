"""Edges from linear equations: the half-trek criterion and edgewise identification.

If e_v is uncorrelated with r, some visible x_a minus its parents' parts as far as those are solved, then
Cov(r, x_v) = Σ_p Cov(r, x_p) λ_pv is one linear equation for the edges into v. The half-trek criterion (HTC: Foygel,
Draisma & Drton, Annals of Statistics 40, 2012) takes x_a itself if no half-trek leads from v to a, and all of a's
parents otherwise, and solves whole nodes; edgewise identification (EID: Weihs et al., J. Causal Inference 6, 2018)
takes what parents are solved and solves single edges. Both ask flows for the rank of the system. Here the equation and
the rank are tested as they are, at random points of prime fields: that finds all that either criterion does, and also
what fixed or tied weights add. Each edge solved can make further equations, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from semnan.identification.analysis import Analysis
from semnan.identification.expression import Expression, covariance, solution
from semnan.identification.linear import agrees, determining
from semnan.identification.modular import Residues, product
from semnan.identification.query import Query

Edge = tuple[int, int]


@final
@dataclass(frozen=True, eq=False)
class Table:
    """A covariance of the visibles modulo a prime, and the weights between them."""

    sigma: Residues
    direct: Residues
    prime: int


@final
@dataclass(frozen=True, eq=False)
class Solved:
    """The edges between visibles that are solved, by places, each with its expression and how it was found.

    Attributes
    ----------
    size : int
        The number of visibles.
    tables : tuple of Table
        The random points.
    entry : callable
        The covariance of two visibles as an expression in Σ.
    expressions, methods : dict

    """

    size: int
    tables: tuple[Table, ...]
    entry: Callable[[int, int], Expression] = covariance
    expressions: dict[Edge, Expression] = field(default_factory=dict)
    methods: dict[Edge, str] = field(default_factory=dict)

    @classmethod
    def none(cls, analysis: Analysis) -> Solved:
        """Nothing is solved yet."""
        tables = tuple(Table(point.sigma, point.direct, point.prime) for point in analysis.points)
        return cls(len(analysis.names), tables)

    def add(self, edge: Edge, expression: Expression, method: str) -> None:
        self.expressions[edge] = expression
        self.methods[edge] = method

    def unknown(self, analysis: Analysis, v: int) -> list[int]:
        """The parents of v whose edges are not solved."""
        return [a for a, b in analysis.edges if b == v and (a, b) not in self.expressions]

    def remainder(self, row: int, v: int) -> Expression:
        """Cov(r, x_v minus its solved parents' parts) for a source r, numbered as in `sources`."""
        terms = [-(e * self.source(row, k)) for (k, b), e in self.expressions.items() if b == v]
        return sum(terms, start=self.source(row, v))

    def source(self, row: int, j: int) -> Expression:
        """Cov(r, x_j) for a source r: a visible, or (from `size` on) one without its solved parents' parts."""
        return self.entry(row, j) if row < self.size else self.remainder(j, row - self.size)


def solve_node(analysis: Analysis, solved: Solved, v: int, wanted: list[Edge]) -> bool:
    """Solve what can be solved of the edges into v, and say whether that was any."""
    unknown = solved.unknown(analysis, v)
    tables = [sources(solved, at) for at in solved.tables]
    met = [agrees(t, t[:, v], at.direct[:, v], at.prime) for t, at in zip(tables, solved.tables, strict=True)]
    rows = np.flatnonzero(np.logical_and.reduce(met))
    matrix = tables[0][rows][:, unknown]
    found = []
    for edge in wanted:
        target = np.array([int(a == edge[0]) for a in unknown], dtype=np.int64)
        square = determining(matrix, target, solved.tables[0].prime)
        if square is None:
            continue
        used, columns = [int(rows[i]) for i in square[0]], [unknown[j] for j in square[1]]
        system = [[solved.source(row, j) for j in columns] for row in used]
        right = [solved.remainder(row, v) for row in used]
        expression = solution(system, right)[columns.index(edge[0])]
        if analysis.holds(direct(analysis, edge), expression):
            found.append((edge, expression, _method(analysis, solved, used)))
    for edge, expression, method in found:
        solved.add(edge, expression, method)
    return bool(found)


def sources(solved: Solved, at: Table) -> Residues:
    """Covariances with x at a point: of every visible, then of every visible without its solved parents' parts."""
    known = np.zeros_like(at.direct)
    for edge in solved.expressions:
        known[edge] = at.direct[edge]
    return np.concatenate([at.sigma, (at.sigma - product(known.T, at.sigma, at.prime)) % at.prime])


def _method(analysis: Analysis, solved: Solved, rows: list[int]) -> str:
    """Half-trek if every source is a visible itself, or without all of its parents."""
    whole = all(row < solved.size or not solved.unknown(analysis, row - solved.size) for row in rows)
    return "half-trek criterion" if whole else "edgewise identification"


def direct(analysis: Analysis, edge: Edge) -> Query:
    """The query for an edge."""
    return Query(analysis.names[edge[0]], analysis.names[edge[1]], "direct")
