"""Formulas from exact elimination: the effect as part of the solution of a linear system of monomials.

If the effect minus a number lies in the ideal of the fibre, it is a combination of multiples of the equations by
monomials; treating the monomials as unknowns (Macaulay 1916; Cox, Little & O'Shea, *Using Algebraic Geometry*, ch. 3)
makes that a linear system with entries in Σ, and the effect part of its solution. Multiples of growing degree are
tried; the smallest square system found is the formula. It has the same shape where the effect has k values: the
coefficients of the polynomial of degree k.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any, final

import numpy as np

from semnan.identification.analysis import Analysis
from semnan.identification.elimination import Slice, at_point, sliced
from semnan.identification.equations import Symbols, fibre
from semnan.identification.expression import Expression, covariance, lift, solution
from semnan.identification.linear import determining
from semnan.identification.modular import Residues
from semnan.identification.polynomial import Monomial, Polynomial
from semnan.identification.query import Query

#: Largest number of unknown monomials; how many orders of the equations are tried, and up to which number of monomials.
WIDEST, ORDERS, NARROW = 1500, 4, 300


@final
@dataclass(frozen=True, eq=False)
class Multiple:
    """An equation of the fibre times a monomial."""

    equation: int
    by: Monomial


@final
@dataclass(frozen=True, eq=False)
class Square:
    """A square system: unknowns are combinations of `rows`, equations the `columns`.

    Rows are multiples of equations, and then the powers of the effect below the highest.
    """

    rows: tuple[Multiple | int, ...]
    columns: tuple[Monomial, ...]


def eliminant(
    analysis: Analysis, query: Query, known: Mapping[int, Expression], values: int
) -> list[Expression] | None:
    """Coefficients c₀ … c_{k−1} of the monic polynomial that the effect is a root of, as expressions in Σ.

    `known` are formulas of free parameters. Coordinates that are free along the fibre are set to zero if that does,
    which makes for the shorter formulas. None if the systems tried do not determine them.
    """
    for at in (0, 2):
        cut = sliced(analysis, query, analysis.points[0], tuple(sorted(known)), at=at)
        found = _eliminant(analysis, query, known, cut, values)
        if found is not None and analysis.is_root(query, found):
            return found
    return None


def _eliminant(
    analysis: Analysis, query: Query, known: Mapping[int, Expression], cut: Slice, values: int
) -> list[Expression] | None:
    point = analysis.points[0]
    polynomials, effect = at_point(analysis, query, point, cut)
    powers = _powers(effect, values, lambda c: c % point.prime)
    for multiples in _multiples(polynomials, cut, max(power.degree for power in powers)):
        square = _square(polynomials, multiples, powers, point.prime)
        if square is not None:
            return _coefficients(*_symbolic(analysis, query, known, cut), square, values)
    return None


def _powers(effect: Polynomial, values: int, reduce: Callable[[Any], Any]) -> list[Polynomial]:
    out = [Polynomial.constant(1)]
    for _ in range(values):
        out.append((out[-1] * effect).map(reduce))
    return out


def _multiples(polynomials: list[Polynomial], cut: Slice, least: int) -> Iterator[list[Multiple]]:
    """Multiples of the equations up to a degree that grows until there are too many monomials."""
    for degree in range(max(2, least), 9):
        monomials = [m for d in range(degree) for m in combinations_with_replacement(cut.variables, d)]
        found = [
            Multiple(i, m)
            for m in monomials
            for i, f in enumerate(polynomials)
            if f.terms and len(m) + f.degree <= degree
        ]
        if len({m for row in found for m in _row(polynomials, row)}) > WIDEST:
            return
        yield found


def _row(polynomials: list[Polynomial], multiple: Multiple) -> dict[Monomial, Any]:
    """The terms of a multiple of an equation."""
    return {tuple(sorted(m + multiple.by)): c for m, c in polynomials[multiple.equation].terms.items()}


def _square(
    polynomials: list[Polynomial], multiples: list[Multiple], powers: list[Polynomial], prime: int
) -> Square | None:
    """The square system that gives the highest power as a combination of the other rows, if there is one."""
    rows = [*powers[1:-1], *(Polynomial(_row(polynomials, m)) for m in multiples)]
    labels: list[Multiple | int] = [*range(1, len(powers) - 1), *multiples]
    columns = sorted({m for f in (*rows, powers[-1]) for m in f.terms if m}, key=lambda m: (len(m), m))
    place = {m: k for k, m in enumerate(columns)}
    matrix = np.zeros((len(rows) + 1, len(columns)), dtype=np.int64)
    for i, f in enumerate((*rows, powers[-1])):
        for m, c in f.terms.items():
            if m:
                matrix[i, place[m]] = c % prime
    found = _smallest(matrix, [len(f.terms) for f in rows], prime)
    if found is None:
        return None
    return Square(tuple(labels[i] for i in found[0]), tuple(columns[k] for k in found[1]))


def _smallest(matrix: Residues, lengths: list[int], prime: int) -> tuple[list[int], list[int]] | None:
    """The smallest square system that some orders of the rows lead to: which rows come first matters."""
    best = determining(matrix[:-1], matrix[-1], prime)
    if best is None:
        return None
    rng = np.random.default_rng(0)
    for attempt in range(ORDERS if matrix.shape[1] <= NARROW else 0):
        order = np.argsort(np.array(lengths) + attempt * rng.random(len(lengths)), kind="stable")
        found = determining(matrix[order], matrix[-1], prime)
        if found is not None and len(found[0]) < len(best[0]):
            best = order[found[0]].tolist(), found[1]
    return best


def _symbolic(
    analysis: Analysis, query: Query, known: Mapping[int, Expression], cut: Slice
) -> tuple[list[Polynomial], Polynomial]:
    """Equations and effect with expressions in Σ for coefficients."""
    symbols = Symbols(analysis.structure, analysis.part, Fraction, {**known, **cut.free})
    shown = analysis.shown
    system = fibre(symbols, lambda i, j: covariance(shown[i], shown[j]), cut.reduction)
    return system, analysis.polynomial(query, symbols)


def _coefficients(polynomials: list[Polynomial], effect: Polynomial, square: Square, values: int) -> list[Expression]:
    """Solve the square system in expressions."""
    powers = _powers(effect, values, lambda c: c)
    rows = [powers[r].terms if isinstance(r, int) else _row(polynomials, r) for r in square.rows]
    top = powers[-1].terms
    if values == 1:
        matrix = [[row.get(m, 0) for m in square.columns] for row in rows]
        found = solution(matrix, [-lift(row.get((), 0)) for row in rows])
        parts = [top[m] * x for m, x in zip(square.columns, found, strict=True) if m in top]
        return [-lift(sum(parts, start=lift(top.get((), 0))))]
    matrix = [[row.get(m, 0) for row in rows] for m in square.columns]
    found = solution(matrix, [top.get(m, 0) for m in square.columns])
    rest = [x * row.get((), 0) for x, row in zip(found, rows, strict=True)]
    constant = lift(sum((-lift(x) for x in rest), start=lift(top.get((), 0))))
    share = {r: x for r, x in zip(square.rows, found, strict=True) if isinstance(r, int)}
    return [-constant, *(-share[j] if j in share else lift(0) for j in range(1, values))]
