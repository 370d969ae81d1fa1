"""Linear algebra modulo a prime: exact integers in numpy, at the speed of floating-point products.

Entries are int64 in [0, p) with p < 2³¹, so that one product fits into 62 bits. Matrix products split a factor into
halves of 16 bits: sums of 64 such products stay below 2⁵³, where float64 arithmetic is exact (Dumas, Giorgi & Pernet,
*Dense linear algebra over word-size prime fields*, ACM TOMS 35(3), 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import final

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


@final
@dataclass(frozen=True, eq=False)
class Echelon:
    """The row space of a matrix in steps: the last steps are to be solved first.

    Attributes
    ----------
    steps : tuple of (array, array)
        Rows, and the columns where these rows are the identity. Rows are zero there in all later steps, and before
        the first of them, up to columns that have no pivot.
    width : int
        The number of columns.
    prime : int

    """

    steps: tuple[tuple[Residues, NDArray[np.intp]], ...]
    width: int
    prime: int

    @property
    def pivots(self) -> NDArray[np.intp]:
        """A first set of independent columns, in increasing order."""
        found = [columns for _, columns in self.steps]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.intp)

    def completed(self, vector: Residues) -> Residues:
        """The vector of the null space that has these values outside the pivots."""
        out = vector.copy()
        out[self.pivots] = 0
        for rows, columns in reversed(self.steps):
            out[columns] = -product(rows, out[:, None], self.prime)[:, 0] % self.prime
        return out


def echelon(matrix: Residues, prime: int) -> Echelon:
    """Gaussian elimination, some columns at a time."""
    work, steps = matrix, []
    for start in range(0, matrix.shape[1], _PANEL):
        rows, columns = _panel_pivots(work[:, start : start + _PANEL], prime)
        if not len(rows):
            continue
        columns = columns + start
        pivot = np.zeros((len(rows), matrix.shape[1]), dtype=np.int64)
        pivot[:, start:] = product(inverse(work[np.ix_(rows, columns)], prime), work[rows, start:], prime)
        steps.append((pivot, columns))
        work = np.delete(work, rows, axis=0)
        if not len(work):
            break
        work[:, start:] = (work[:, start:] - product(work[:, columns], pivot[:, start:], prime)) % prime
    return Echelon(tuple(steps), matrix.shape[1], prime)


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
    found = echelon(matrix, prime)
    start: Residues = rng.integers(0, prime, (matrix.shape[1],))
    return found.completed(start), len(found.pivots)


def unit_inverse(weights: Residues, prime: int) -> Residues:
    """(I − W)⁻¹ of a nilpotent W, as (I + W)(I + W²)(I + W⁴)…"""
    total = np.eye(len(weights), dtype=np.int64)
    power = weights
    while power.any():
        total = (total + product(total, power, prime)) % prime
        power = product(power, power, prime)
    return total
