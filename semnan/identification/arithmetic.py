"""The arithmetics a formula is evaluated in: floating point (also batched), rationals, and residues of a prime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.identification.modular import Residues


@final
@dataclass(frozen=True, eq=False)
class Floats:
    """Float64 arithmetic on a covariance or a batch of them, shape (..., p, p)."""

    sigma: NDArray[np.float64]

    def entry(self, i: int, j: int) -> Any:
        return self.sigma[..., i, j]

    def constant(self, value: Fraction) -> Any:
        return float(value)

    def reduce(self, value: Any) -> Any:
        return value

    def divide(self, a: Any, b: Any) -> Any:
        return a / b

    def solve(self, matrix: list[list[Any]], right: list[Any]) -> list[Any]:
        shape = self.sigma.shape[:-2]
        rows = [np.stack([np.broadcast_to(x, shape) for x in row], axis=-1) for row in matrix]
        column = np.stack([np.broadcast_to(x, shape) for x in right], axis=-1)
        found = np.linalg.solve(np.stack(rows, axis=-2), column[..., None])[..., 0]
        return [found[..., k] for k in range(len(right))]


@final
class Rationals:
    """Exact rational arithmetic."""

    def __init__(self, sigma: Sequence[Sequence[Fraction]]) -> None:
        self.sigma = sigma

    def entry(self, i: int, j: int) -> Any:
        return self.sigma[i][j]

    def constant(self, value: Fraction) -> Any:
        return value

    def reduce(self, value: Any) -> Any:
        return value

    def divide(self, a: Any, b: Any) -> Any:
        return Fraction(a, b)

    def solve(self, matrix: list[list[Any]], right: list[Any]) -> list[Any]:
        """By elimination in whole numbers (Bareiss, Math. Comp. 22, 1968)."""
        rows = []
        for row, x in zip(matrix, right, strict=True):
            exact = [Fraction(value) for value in (*row, x)]
            common = lcm(*(value.denominator for value in exact))
            rows.append([int(value * common) for value in exact])
        size, previous = len(rows), 1
        for k in range(size):
            at = next((i for i in range(k, size) if rows[i][k]), None)
            if at is None:
                raise ZeroDivisionError
            rows[k], rows[at] = rows[at], rows[k]
            top = rows[k]
            for i in range(size):
                if i != k:
                    factor, row = rows[i][k], rows[i]
                    rows[i] = [(top[k] * y - factor * z) // previous for y, z in zip(row, top, strict=True)]
            previous = top[k]
        return [Fraction(row[-1], row[k]) for k, row in enumerate(rows)]


@final
class Modular:
    """Arithmetic modulo a prime."""

    def __init__(self, sigma: Residues, prime: int) -> None:
        self.sigma, self.prime = sigma.tolist(), prime

    def entry(self, i: int, j: int) -> Any:
        return self.sigma[i][j]

    def constant(self, value: Fraction) -> Any:
        return value.numerator * pow(value.denominator, -1, self.prime) % self.prime

    def reduce(self, value: Any) -> Any:
        return value % self.prime

    def divide(self, a: Any, b: Any) -> Any:
        if b == 0:
            raise ZeroDivisionError
        return a * pow(b, -1, self.prime) % self.prime

    def solve(self, matrix: list[list[Any]], right: list[Any]) -> list[Any]:
        size = len(right)
        rows = [[*row, x] for row, x in zip(matrix, right, strict=True)]
        for k in range(size):
            at = next((i for i in range(k, size) if rows[i][k]), None)
            if at is None:
                raise ZeroDivisionError
            rows[k], rows[at] = rows[at], rows[k]
            scale = pow(rows[k][k], -1, self.prime)
            top = [x * scale % self.prime for x in rows[k]]
            rows[k] = top
            for i in range(size):
                if i != k and (factor := rows[i][k]):
                    rows[i] = [(x - factor * y) % self.prime for x, y in zip(rows[i], top, strict=True)]
        return [row[-1] for row in rows]
