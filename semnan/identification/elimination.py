"""Exact elimination: how many values an effect takes on the fibre of Σ, and the polynomial that they are roots of.

At a random point of a prime field the equations of the fibre (`equations`) get a Gröbner basis. The powers of the
effect modulo the ideal become dependent at degree k: k is the number of values over the complex numbers, for a
generic fibre is smooth, so the ideal is radical (García-Puente, Spielvogel & Sullivant, UAI 2010). Edges that are
solved enter as known. Where the fibre has dimension, coordinates that are free along it are set to numbers: its
components are conjugate, so a generic slice meets each of them, and on each the effect is constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.identification.analysis import Analysis, Point
from semnan.identification.equations import Reduction, Symbols, fibre, reduction
from semnan.identification.groebner import TooLargeError, groebner, minimal_polynomial
from semnan.identification.modular import echelon
from semnan.identification.polynomial import Polynomial
from semnan.identification.query import Query

#: Term operations allowed for a Gröbner basis, and the largest number of values that is counted.
WORK = 20_000_000
LARGEST = 256


@final
@dataclass(frozen=True, eq=False)
class Slice:
    """What elimination works on.

    Attributes
    ----------
    known : tuple of int
        Free parameters whose value comes from formulas.
    free : mapping of int to int
        Free parameters that move along the fibre, set to numbers.
    reduction : Reduction
    variables : tuple of int
        The free parameters that are left.

    """

    known: tuple[int, ...]
    free: Mapping[int, int]
    reduction: Reduction
    variables: tuple[int, ...]


def count_values(analysis: Analysis, query: Query, known: tuple[int, ...] = (), work: int = WORK) -> int | None:
    """The number of values of an effect that is locally identified, or None beyond the work allowed.

    Two points in different prime fields have to agree.
    """
    try:
        counts = [_count(analysis, query, point, known, work) for point in analysis.points]
    except TooLargeError:
        return None
    return counts[0] if None not in counts and len(set(counts)) == 1 else None


def _count(analysis: Analysis, query: Query, point: Point, known: tuple[int, ...], work: int) -> int | None:
    cut = sliced(analysis, query, point, known)
    polynomials, effect = at_point(analysis, query, point, cut)
    basis = groebner(polynomials, cut.variables, point.prime, work)
    found = minimal_polynomial(basis, effect, LARGEST)
    return None if found is None else len(found) - 1


def sliced(analysis: Analysis, query: Query, point: Point, known: tuple[int, ...], *, at: int = 2) -> Slice:
    """Leave out what can be, and set the coordinates that are free along the fibre to `at`, 2 `at`, …"""
    symbols = analysis.symbols(point, {k: int(point.draw.theta[k]) for k in known})
    effect = analysis.polynomial(query, symbols)
    tied = {k for equality in analysis.structure.equalities for k in equality.coefficients}
    reduced = reduction(analysis.structure, analysis.part, frozenset(effect.variables | tied))
    system = _fibre(analysis, symbols, point, reduced)
    variables = sorted({k for f in (*system, effect) for k in f.variables})
    values = reduced.coordinates(point.draw.theta.tolist(), point.prime)
    slopes = [[f.slope(k)(values, point.prime) for k in variables] for f in system]
    found = echelon(np.array(slopes, dtype=np.int64).reshape(len(system), len(variables)), point.prime)
    bound = {variables[i] for i in found.pivots.tolist()}
    free = {k: at * (i + 1) for i, k in enumerate(k for k in variables if k not in bound)}
    return Slice(known, free, reduced, tuple(k for k in variables if k in bound))


def at_point(analysis: Analysis, query: Query, point: Point, cut: Slice) -> tuple[list[Polynomial], Polynomial]:
    """Equations and effect modulo a prime."""
    known = {**{k: int(point.draw.theta[k]) for k in cut.known}, **cut.free}
    symbols = analysis.symbols(point, known)
    effect = analysis.polynomial(query, symbols).map(lambda c: c % point.prime)
    return _fibre(analysis, symbols, point, cut.reduction), effect


def _fibre(analysis: Analysis, symbols: Symbols, point: Point, reduced: Reduction) -> list[Polynomial]:
    shown, sigma = analysis.shown, point.sigma.tolist()
    system = fibre(symbols, lambda i, j: sigma[shown[i]][shown[j]], reduced)
    return [f.map(lambda c: c % point.prime) for f in system]
