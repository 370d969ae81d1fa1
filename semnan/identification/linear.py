"""Linear equations that determine an unknown, and the least of them that do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semnan.identification.modular import Residues, echelon, product


def determining(matrix: Residues, target: Residues, prime: int) -> tuple[list[int], list[int]] | None:
    """Rows and columns of a square system that determines target · x among equations matrix · x = right.

    None if the equations leave target · x open. Early rows are preferred. If u is the combination of independent
    rows that makes the target, then the rows where u is not zero are enough, and so is any invertible block of
    columns of them, as it fixes u.
    """
    joined = np.ascontiguousarray(np.concatenate([matrix, target[None]]).T)
    found = echelon(joined, prime)
    independent = found.pivots
    if not len(independent) or independent[-1] == len(matrix):
        return None
    last = np.zeros(len(matrix) + 1, dtype=np.int64)
    last[-1] = prime - 1
    used = np.flatnonzero(found.completed(last)[:-1])
    if not len(used):
        return None
    return used.tolist(), echelon(matrix[used], prime).pivots.tolist()


def agrees(matrix: Residues, right: Residues, solution: Residues, prime: int) -> NDArray[np.bool_]:
    """Which of the equations a solution meets."""
    met: NDArray[np.bool_] = product(matrix, solution[:, None], prime)[:, 0] == right % prime
    return met
