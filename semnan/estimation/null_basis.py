"""A readable basis of a null space: few parameters in each direction.

For every coordinate the vector of least L1 norm in the space with a one there is a linear program, whose solutions
are sparse (Coleman & Pothen 1986 call the problem "sparse null basis"; L1 as in Chen, Donoho & Saunders 1998). Of
these candidates the sparsest independent ones make the basis, as greedy choice in a matroid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Entries smaller than this, of a vector whose largest entry is one, are zero.
ZERO = 1e-5
#: Spaces with more coordinates get a basis by elimination alone: the programs would take seconds.
MOST = 60


def sparse_basis(projector: Array) -> Array:
    """A sparse basis, shape (r, k), of the range of a projector, shape (k, k); the largest entry of a vector is ±1."""
    rank = round(float(np.trace(projector)))
    if rank == 0:
        return np.zeros((0, len(projector)))
    space = np.linalg.eigh(projector)[1][:, -rank:].T
    candidates = [*_eliminated(space)]
    if rank > 1 and len(projector) <= MOST:
        candidates += [_shortest(space, k) for k in range(len(projector)) if projector[k, k] > ZERO]
    return _independent([_clean(vector) for vector in candidates], rank)


def _eliminated(space: Array) -> Array:
    """The reduced echelon form of a basis, with pivots as large as can be: r − 1 zeros in each of r vectors."""
    work = space.copy()
    for i in range(len(work)):
        row, column = divmod(int(np.abs(work[i:]).argmax()), work.shape[1])
        work[[i, i + row]] = work[[i + row, i]]
        work[i] /= work[i, column]
        others = np.arange(len(work)) != i
        work[others] -= np.outer(work[others, column], work[i])
    return work


def _shortest(space: Array, k: int) -> Array:
    """The vector of the space with a one at coordinate k whose L1 norm is least."""
    rank, size = space.shape
    eye = np.eye(size)
    from scipy.optimize import linprog  # A tenth of a second to import, and rarely needed.

    found = linprog(
        np.concatenate([np.zeros(rank), np.ones(size)]),
        A_ub=np.block([[space.T, -eye], [-space.T, -eye]]),
        b_ub=np.zeros(2 * size),
        A_eq=np.concatenate([space[:, k], np.zeros(size)])[None],
        b_eq=np.ones(1),
        bounds=[(None, None)] * rank + [(0, None)] * size,
        method="highs",
    )
    return space[0] if found.x is None else np.asarray(found.x[:rank] @ space)


def _clean(vector: Array) -> Array:
    """With a largest entry of one in size, the first entry positive, and exact zeros."""
    scaled = vector / np.abs(vector).max()
    scaled[np.abs(scaled) < ZERO] = 0.0
    return np.asarray(scaled * np.sign(scaled[np.flatnonzero(scaled)[0]]))


def _independent(candidates: list[Array], rank: int) -> Array:
    """The sparsest independent ones of the candidates, sorted by the coordinates they start with."""
    chosen: list[Array] = []
    rest: list[Array] = []  # What the chosen ones leave of each other, orthonormal.
    for vector in sorted(candidates, key=lambda v: (np.count_nonzero(v), np.flatnonzero(v).tolist())):
        left = vector / np.linalg.norm(vector)
        for other in (*rest, *rest):  # Twice, for rounding.
            left = left - (left @ other) * other
        if np.linalg.norm(left) > 1e-4:
            chosen.append(vector)
            rest.append(left / np.linalg.norm(left))
        if len(chosen) == rank:
            break
    return np.array(sorted(chosen, key=lambda v: np.flatnonzero(v).tolist()))
