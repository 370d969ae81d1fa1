"""Constraints on θ: linear equalities become coordinates (`Space`), all others a penalty (`Penalty`).

The penalty is the augmented Lagrangian, Σ λ_j c_j + ρ/2 c_j² for equalities c = 0, and its usual form
[max(0, λ + ρ c)² − λ²] / 2ρ for inequalities c ≤ 0 (Nocedal & Wright 2006, ch. 17).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, final

import numpy as np
import torch

from semnan.errors import FitError
from semnan.estimation.functions import Functions
from semnan.network.arrays import Array

#: A coefficient below this, relative to the largest of its constraint, is rounding.
ROUNDING = 1e-10


@final
@dataclass(frozen=True)
class Space:
    """θ = offset + K φ, where φ are those entries of θ that the equalities leave independent.

    Attributes
    ----------
    basis : array, shape (q, r)
        K.
    offset : array, shape (q,)
    kept : array of int, shape (r,)
        Which entries of θ the coordinates are.

    """

    basis: Array
    offset: Array
    kept: Array

    @classmethod
    def solve(cls, coefficients: Array, constants: Array) -> Space:
        """Eliminate one parameter for each independent equality A θ + b = 0.

        Raises
        ------
        FitError
            If the equalities contradict each other.

        """
        q = coefficients.shape[1]
        solved: dict[int, Array] = {}
        for row in np.concatenate([coefficients, constants[:, None]], axis=1):
            size = np.abs(row).max()
            for column, known in solved.items():
                row = row - row[column] * known
            row = np.where(np.abs(row) <= ROUNDING * size, 0.0, row)
            column = int(np.abs(row[:q]).argmax())
            if row[column] == 0:
                if row[q] != 0:
                    raise FitError("the equality constraints contradict each other: remove one of them")
                continue
            row = row / row[column]
            solved = {k: known - known[column] * row for k, known in solved.items()} | {column: row}
        kept = np.array([k for k in range(q) if k not in solved], dtype=np.int64)
        basis, offset = np.eye(q)[:, kept], np.zeros(q)
        for column, row in solved.items():
            basis[column], offset[column] = -row[kept], -row[q]
        return cls(basis, offset, kept)

    def expand(self, coordinates: Array) -> Array:
        return coordinates @ self.basis.mT + self.offset

    def push(self, direction: Array) -> Array:
        return direction @ self.basis.mT

    def pull(self, gradient: Array) -> Array:
        return gradient @ self.basis

    def pull_both(self, hessian: Array) -> Array:
        return self.basis.mT @ hessian @ self.basis

    def normals(self) -> Array:
        """Gradients of the equalities, shape (q − r, q): an orthonormal basis of what K does not reach."""
        full = np.linalg.qr(self.basis, mode="complete").Q
        return np.ascontiguousarray(full[:, self.basis.shape[1] :].T)

    def nearest(self, theta: Array) -> Array:
        """Coordinates of the nearest point that satisfies the equalities."""
        found: Array = np.linalg.lstsq(self.basis, (theta - self.offset).T, rcond=None)[0].T
        return found


class Term(Protocol):
    """What can be added to the loss: a function of θ of shape (B, q) with its derivatives."""

    def take(self, index: Array) -> Term:
        """The term of some of the fits."""

    def value(self, theta: Array) -> Array: ...

    def gradient(self, theta: Array) -> Array: ...

    def gauss_newton(self, theta: Array) -> Array:
        """A positive semidefinite approximation of the Hessian."""

    def hessian(self, theta: Array) -> Array: ...


@final
@dataclass(frozen=True)
class Penalty:
    """The augmented Lagrangian of constraints.

    Attributes
    ----------
    functions : Functions
        The constraints c_j, zero or at most zero where they hold.
    equality : array of bool, shape (k,)
    scale : array, shape (B, k)
        A standard error of one observation of each c_j: constraints count in these units.
    multiplier : array, shape (B, k)
        λ.
    weight : float
        ρ.

    """

    functions: Functions
    equality: Array
    scale: Array
    multiplier: Array
    weight: float

    def take(self, index: Array) -> Penalty:
        """The penalty of some of the fits."""
        return replace(self, scale=self.scale[index], multiplier=self.multiplier[index])

    def violation(self, theta: Array) -> Array:
        """c_j in standard errors of one observation, shape (B, k)."""
        return self.functions.value(torch.tensor(theta)).numpy() / self.scale

    def active(self, theta: Array) -> Array:
        """Which constraints push, shape (B, k)."""
        return self.equality | (self.multiplier + self.weight * self.violation(theta) > 0)

    def updated(self, theta: Array, weight: float) -> Penalty:
        """With the multipliers that the end of an optimisation suggests."""
        pushed = self.multiplier + self.weight * self.violation(theta)
        return replace(self, multiplier=np.where(self.equality, pushed, pushed.clip(min=0)), weight=weight)

    def value(self, theta: Array) -> Array:
        excess: Array = self._pushed(theta) ** 2 - self.multiplier**2
        return np.asarray(excess.sum(-1) / (2 * self.weight))

    def gradient(self, theta: Array) -> Array:
        return (self._pushed(theta)[..., None, :] @ self._slopes(theta))[..., 0, :]

    def gauss_newton(self, theta: Array) -> Array:
        slopes = self._slopes(theta) * self.active(theta)[..., None]
        return np.asarray(self.weight * slopes.mT @ slopes)

    def hessian(self, theta: Array) -> Array:
        bent = self.functions.hessian(torch.tensor(theta), torch.tensor(self._pushed(theta) / self.scale))
        return np.asarray(self.gauss_newton(theta) + bent.numpy())

    def _pushed(self, theta: Array) -> Array:
        pushed = self.multiplier + self.weight * self.violation(theta)
        return np.where(self.equality, pushed, pushed.clip(min=0))

    def _slopes(self, theta: Array) -> Array:
        return self.functions.jacobian(torch.tensor(theta)).numpy() / self.scale[..., None]
