"""Linear algebra modulo a prime: exact integers in numpy, at the speed of floating-point products.

Entries are int64 in [0, p) with p < 2³¹, so that one product fits into 62 bits. Matrix products split a factor into
halves of 16 bits: sums of 64 such products stay below 2⁵³, where float64 arithmetic is exact (Dumas, Giorgi & Pernet,
*Dense linear algebra over word-size prime fields*, ACM TOMS 35(3), 2008).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Residues = NDArray[np.int64]

#: The primes in use: draws at different ones guard each other.
PRIMES = (2**31 - 1, 2**31 - 19, 2**31 - 61)
_BLOCK = 64
_PANEL = 32
#: Products of fewer terms are taken one by one.
_SMALL = 4096


def residue(value: float | int | Fraction, prime: int) -> int:
    """A number, taken exactly, modulo a prime."""
    exact = Fraction(value)
    return exact.numerator * pow(exact.denominator, -1, prime) % prime


def product(a: Residues, b: Residues, prime: int) -> Residues:
    """The matrix product a b modulo a prime."""
    if a.shape[0] * a.shape[-1] * b.shape[-1] <= _SMALL:
        terms: Residues = a[:, :, None] * b % prime
        small: Residues = terms.sum(axis=1) % prime
        return small
    out = np.zeros((*a.shape[:-1], b.shape[-1]), dtype=np.int64)
    for start in range(0, b.shape[0], _BLOCK):
        left, right = a[..., start : start + _BLOCK], b[start : start + _BLOCK].astype(np.float64)
        high = ((left >> 16).astype(np.float64) @ right).astype(np.int64) % prime
        low = ((left & 0xFFFF).astype(np.float64) @ right).astype(np.int64)
        out = (out + (high << 16) + low) % prime
    return out


def row_reduce(matrix: Residues, prime: int) -> tuple[Residues, NDArray[np.intp]]:
    """The reduced row echelon form without its zero rows, and the pivot columns."""
    if matrix.shape[1] <= _PANEL:
        return _row_reduce_small(matrix, prime)
    work = matrix.copy()
    rank, pivots = 0, np.zeros(0, dtype=np.intp)
    for start in range(0, work.shape[1], _PANEL):
        rows, columns = _panel_pivots(work[rank:, start : start + _PANEL], prime)
        if not len(rows):
            continue
        rows, columns = rows + rank, columns + start
        work = _eliminate(work, rank, rows, columns, prime)
        rank, pivots = rank + len(rows), np.concatenate([pivots, columns])
        if rank == len(work):
            break
    return work[:rank], pivots


def _row_reduce_small(matrix: Residues, prime: int) -> tuple[Residues, NDArray[np.intp]]:
    """Gauss–Jordan elimination, column by column."""
    work = matrix.copy()
    pivots: list[int] = []
    for column in range(work.shape[1]):
        top = len(pivots)
        if top == len(work):
            break
        at = top + int((work[top:, column] != 0).argmax())
        if not work[at, column]:
            continue
        pivot = work[at] * pow(int(work[at, column]), -1, prime) % prime
        work[at] = work[top]
        work[top] = 0
        work = (work - work[:, column, None] * pivot) % prime
        work[top] = pivot
        pivots.append(column)
    return work[: len(pivots)], np.array(pivots, dtype=np.intp)


def _eliminate(work: Residues, rank: int, rows: NDArray[np.intp], columns: NDArray[np.intp], prime: int) -> Residues:
    """Move the pivot rows up to place `rank`, make their pivot block the identity, and clear those columns."""
    others = np.ones(len(work), dtype=bool)
    others[rows] = False
    others[:rank] = False
    pivot = work[rows]
    pivot = product(inverse(pivot[:, columns], prime), pivot, prime)
    rest = np.concatenate([work[:rank], work[others]])
    rest = (rest - product(rest[:, columns], pivot, prime)) % prime
    return np.concatenate([rest[:rank], pivot, rest[rank:]])


def _panel_pivots(panel: Residues, prime: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a largest invertible block of some columns."""
    work, order = panel.copy(), np.arange(len(panel))
    rows: list[int] = []
    columns: list[int] = []
    for column in range(work.shape[1]):
        found = np.flatnonzero(work[len(rows) :, column])
        if not len(found):
            continue
        top, at = len(rows), len(rows) + found[0]
        work[[top, at]], order[[top, at]] = work[[at, top]], order[[at, top]]
        scale = pow(int(work[top, column]), -1, prime)
        factor = work[top + 1 :, column] * scale % prime
        work[top + 1 :] = (work[top + 1 :] - factor[:, None] * work[top]) % prime
        rows.append(int(order[top]))
        columns.append(column)
        if len(rows) == len(work):
            break
    return np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp)


def inverse(matrix: Residues, prime: int) -> Residues:
    """The inverse of a square matrix that is known to have one."""
    size = len(matrix)
    work = np.concatenate([matrix, np.eye(size, dtype=np.int64)], axis=1)
    for k in range(size):
        at = k + int(np.flatnonzero(work[k:, k])[0])
        work[[k, at]] = work[[at, k]]
        work[k] = work[k] * pow(int(work[k, k]), -1, prime) % prime
        factor = work[:, k].copy()
        factor[k] = 0
        work = (work - factor[:, None] * work[k]) % prime
    return work[:, size:]


def null_vector(matrix: Residues, rng: np.random.Generator, prime: int) -> tuple[Residues, int]:
    """A uniformly random vector of the null space, and the rank of the matrix."""
    reduced, pivots = row_reduce(matrix, prime)
    free = np.ones(matrix.shape[1], dtype=bool)
    free[pivots] = False
    vector = np.zeros(matrix.shape[1], dtype=np.int64)
    vector[free] = rng.integers(0, prime, int(free.sum()))
    if len(pivots):
        vector[pivots] = -product(reduced[:, free], vector[free][:, None], prime)[:, 0] % prime
    return vector, len(pivots)


def unit_inverse(weights: Residues, prime: int) -> Residues:
    """(I − W)⁻¹ of a nilpotent W, as (I + W)(I + W²)(I + W⁴)…"""
    total = np.eye(len(weights), dtype=np.int64)
    power = weights
    while power.any():
        total = (total + product(total, power, prime)) % prime
        power = product(power, power, prime)
    return total
