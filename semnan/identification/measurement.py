"""Latents measured by indicators: their loadings and covariances in the entries of Σ.

A latent f whose scale a fixed loading sets shares, up to its loading λ, every covariance of an indicator x but those
that the error of x takes part in: Cov(x, v) = λ Cov(f, v). That gives Cov(f, v) where λ is known and λ where Cov(f, v)
is. Started from the marker of each latent it makes the two- and three-indicator rules (Bollen, *Structural Equations
with Latent Variables*, Wiley 1989, ch. 7): with a third indicator of f, or an indicator of another latent, for v,
λ = Cov(x, v) / Cov(marker, v). What counts as an indicator may itself be a latent, so factors of higher order are
measured too. Latents that share indicators of known loadings, such as intercept and slope of a growth curve, take a
linear system: Cov(x, v) = Σ λ_f Cov(f, v). As elsewhere no graph is asked which errors are correlated: the equations
are tested at random points of prime fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.identification.analysis import Analysis
from semnan.identification.expression import ZERO, Expression, covariance, lift, solution
from semnan.identification.linear import determining
from semnan.identification.modular import product

NAME = "indicator rules"
Pair = tuple[int, int]


@final
@dataclass(frozen=True, eq=False)
class Measurement:
    """Covariances of all variables and loadings, as far as they are solved.

    Attributes
    ----------
    scaled : tuple of int
        Latents with a fixed loading, by places in `Structure.names`.
    entries : dict of (int, int) to Expression
        Covariances by places, each pair in both orders.
    known : array of bool, shape (n, n)
        Which covariances are solved.
    loadings : dict of (int, int) to Expression
        By latent and indicator.

    """

    scaled: tuple[int, ...]
    entries: dict[Pair, Expression]
    known: NDArray[np.bool_]
    loadings: dict[Pair, Expression]

    def add(self, a: int, b: int, expression: Expression) -> None:
        self.entries[a, b] = self.entries[b, a] = expression
        self.known[a, b] = self.known[b, a] = True


def measure(analysis: Analysis) -> Measurement:
    """Solve loadings and covariances, the markers first, until nothing changes."""
    rows = dict(_paths(analysis))
    found = _start(analysis, rows)
    while found.scaled and _once(analysis, found, rows):
        pass
    return found


def _once(analysis: Analysis, found: Measurement, rows: dict[Pair, tuple[int, float]]) -> bool:
    """Solve one by one what can be; only where nothing can, several together."""
    plain = [*_covariances(analysis, found), *_loadings(analysis, found, rows)]
    return any(plain) or any([*_shared_indicators(analysis, found, rows)])


def _paths(analysis: Analysis) -> Iterator[tuple[Pair, tuple[int, float]]]:
    """The paths of latents, with the number of the free parameter or −1, and the fixed value."""
    rows = analysis.part.paths
    for a, b, slot, fixed in zip(
        rows.first.tolist(), rows.second.tolist(), rows.slot.tolist(), rows.fixed, strict=True
    ):
        if a not in analysis.shown:
            yield (a, b), (slot, fixed)


def _start(analysis: Analysis, rows: dict[Pair, tuple[int, float]]) -> Measurement:
    """What is known at the start: the fixed loadings, and Σ if there are any."""
    fixed = {pair: lift(x) for pair, (slot, x) in rows.items() if slot < 0 and x}
    n = len(analysis.structure.names)
    found = Measurement(tuple(sorted({f for f, _ in fixed})), {}, np.zeros((n, n), dtype=bool), fixed)
    for (a, i), (b, j) in combinations_with_replacement(analysis.shown.items() if fixed else (), 2):
        found.add(a, b, covariance(i, j))
    return found


def _covariances(analysis: Analysis, found: Measurement) -> Iterator[bool]:
    """Cov(f, v) = Cov(x, v) / λ for the indicators x whose loadings are solved."""
    for (f, x), loading in list(found.loadings.items()):
        fits = np.flatnonzero(~found.known[f] & found.known[x] & _shared(analysis, f, x))
        for v in fits.tolist():
            found.add(f, v, found.entries[x, v] / loading)
        yield len(fits) > 0


def _loadings(analysis: Analysis, found: Measurement, rows: dict[Pair, tuple[int, float]]) -> Iterator[bool]:
    """λ = Cov(x, v) / Cov(f, v) for some v."""
    for f, x in rows:
        if f in found.scaled and (f, x) not in found.loadings:
            related = np.logical_and.reduce([point.covariance[f] != 0 for point in analysis.points])
            fits = np.flatnonzero(related & found.known[f] & found.known[x] & _shared(analysis, f, x))
            if len(fits):
                v = int(fits[0])
                found.loadings[f, x] = found.entries[x, v] / found.entries[f, v]
                yield True


def _shared_indicators(analysis: Analysis, found: Measurement, rows: dict[Pair, tuple[int, float]]) -> Iterator[bool]:
    """Covariances of several latents with a variable, from linear equations."""
    fits = _sums(analysis, found, rows)
    for v in np.flatnonzero(~found.known[list(found.scaled)].all(axis=0)).tolist():
        left = [f for f in found.scaled if not found.known[f, v]]
        used: list[int] = np.flatnonzero(fits[:, v] & found.known[:, v]).tolist()
        matrix = analysis.points[0].weights[np.ix_(left, used)].T
        rest = {x: _rest(found, x, v) for x in used}
        for f, target in zip(left, np.eye(len(left), dtype=np.int64), strict=True):
            square = determining(matrix, target, analysis.points[0].prime) if used else None
            if square is not None:
                chosen, columns = [used[k] for k in square[0]], [left[j] for j in square[1]]
                system = [[found.loadings.get((g, x), ZERO) for g in columns] for x in chosen]
                found.add(f, v, solution(system, [rest[x] for x in chosen])[columns.index(f)])
                yield True


def _sums(analysis: Analysis, found: Measurement, rows: dict[Pair, tuple[int, float]]) -> NDArray[np.bool_]:
    """For which x and v Cov(x, v) = Σ λ_f Cov(f, v), over the latents that load on x, all with solved loadings."""
    open_ends = {x for f, x in rows if (f, x) not in found.loadings and rows[f, x] != (-1, 0.0)}
    able = np.array([x not in open_ends and any(b == x for _, b in rows) for x in range(len(found.known))])
    met = []
    for point in analysis.points:
        weights = point.weights.copy()
        weights[analysis.structure.visible] = 0
        met.append(product(weights.T, point.covariance, point.prime) == point.covariance)
    sums: NDArray[np.bool_] = np.logical_and.reduce(met) & able[:, None]
    return sums


def _rest(found: Measurement, x: int, v: int) -> Expression:
    """Cov(x, v) less what latents with known covariances contribute."""
    terms = [-(e * found.entries[f, v]) for (f, b), e in found.loadings.items() if b == x and found.known[f, v]]
    return sum(terms, start=found.entries[x, v])


def _shared(analysis: Analysis, f: int, x: int) -> NDArray[np.bool_]:
    """For which v Cov(x, v) = λ Cov(f, v) at the random points."""
    met = [p.covariance[x] == p.covariance[f] * int(p.weights[f, x]) % p.prime for p in analysis.points]
    shared: NDArray[np.bool_] = np.logical_and.reduce(met)
    return shared
