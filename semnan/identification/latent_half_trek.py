"""Edges confounded by latents of many children: the latent-factor half-trek criterion.

For latents H and as many visibles Z whose edges are solved, some combination of the errors of Z has the same part in
H as the error of v. What is uncorrelated with e_v − Σ w_z e_z then gives linear equations for the edges into v and
for w (LF-HTC: Barber, Drton, Sturma & Weihs, *Half-trek criterion for identifiability of latent variable models*,
Annals of Statistics 50, 2022). As in `edgewise`, equations and rank are tested at random points of prime fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from semnan.identification.analysis import Analysis, Point
from semnan.identification.edgewise import Edge, Solved, Table, direct, sources
from semnan.identification.expression import solution
from semnan.identification.linear import determining
from semnan.identification.modular import Residues, echelon, inverse, product

#: Most latents that are taken together, and fewest children of each.
TOGETHER = 2
CHILDREN = 4


def solve_node(analysis: Analysis, solved: Solved, v: int, wanted: list[Edge]) -> bool:
    """Solve what can be solved of the edges into v with the help of solved nodes, and say whether that was any."""
    for latents, helpers in _choices(analysis, solved, v):
        rows = None
        for point, at in zip(analysis.points, solved.tables, strict=True):
            _, errors = _tables(solved, at)
            share = _share(analysis, point, latents, helpers, v)
            if share is None:
                break
            met = product(errors[:, helpers], share, point.prime)[:, 0] == errors[:, v]
            rows = met if rows is None else rows & met
        else:
            if rows is not None and _solve(analysis, solved, v, wanted, np.flatnonzero(rows), helpers):
                return True
    return False


def _choices(analysis: Analysis, solved: Solved, v: int) -> Iterator[tuple[list[int], list[int]]]:
    """Latents that confound v, and as many solved nodes that they confound too."""
    children = _children(analysis)
    latents = [u for u, found in children.items() if v in found and len(found) >= CHILDREN]
    for size in range(1, TOGETHER + 1):
        for chosen in combinations(latents, size):
            able = [z for z in set().union(*(children[u] for u in chosen)) if z != v]
            able = sorted(z for z in able if not solved.unknown(analysis, z))
            for helpers in combinations(able, size):
                yield list(chosen), list(helpers)


def _children(analysis: Analysis) -> dict[int, set[int]]:
    """The visible children of every latent, by places."""
    out: dict[int, set[int]] = {}
    for a, b in zip(analysis.part.paths.first.tolist(), analysis.part.paths.second.tolist(), strict=True):
        if a not in analysis.shown and b in analysis.shown:
            out.setdefault(a, set()).add(analysis.shown[b])
    return out


def _tables(solved: Solved, at: Table) -> tuple[Residues, Residues]:
    """Covariances of the sources with x, and with the errors x − Λᵀx."""
    table = sources(solved, at)
    return table, (table - product(table, at.direct, at.prime)) % at.prime


def _share(analysis: Analysis, point: Point, latents: list[int], helpers: list[int], v: int) -> Residues | None:
    """The w for which the helpers' loadings make those of v; None where they cannot."""
    places, rows = analysis.structure.visible, point.weights[latents]
    loadings = rows[:, places[helpers]]
    if len(echelon(loadings, point.prime).pivots) < len(helpers):
        return None
    return product(inverse(loadings, point.prime), rows[:, places[[v]]], point.prime)


def _solve(
    analysis: Analysis, solved: Solved, v: int, wanted: list[Edge], rows: np.ndarray, helpers: list[int]
) -> bool:
    """Solve edges from equations in the unsolved parents of v and the helpers."""
    unknown, at = solved.unknown(analysis, v), solved.tables[0]
    reached = []
    table, errors = _tables(solved, at)
    matrix = np.concatenate([table[rows][:, unknown], errors[rows][:, helpers]], axis=1)
    for edge in wanted:
        target = np.array([int(a == edge[0]) for a in unknown] + [0] * len(helpers), dtype=np.int64)
        square = determining(matrix, target, at.prime)
        if square is None:
            continue
        used, columns = [int(rows[i]) for i in square[0]], square[1]
        system = [[_entry(solved, row, j, unknown, helpers) for j in columns] for row in used]
        found = solution(system, [solved.remainder(row, v) for row in used])
        expression = found[columns.index(unknown.index(edge[0]))]
        if analysis.holds(direct(analysis, edge), expression):
            reached.append((edge, expression))
    for edge, expression in reached:
        solved.add(edge, expression, "latent-factor half-trek criterion")
    return bool(reached)


def _entry(solved: Solved, row: int, j: int, unknown: list[int], helpers: list[int]) -> object:
    """The covariance of a source with an unsolved parent, or with the error of a helper."""
    return solved.source(row, unknown[j]) if j < len(unknown) else solved.remainder(row, helpers[j - len(unknown)])
