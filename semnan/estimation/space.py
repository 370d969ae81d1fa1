"""Constraints on θ: linear equalities become coordinates (`Space`), all others a penalty (`Penalty`).

The penalty is the augmented Lagrangian, Σ λ_j c_j + ρ/2 c_j² for equalities c = 0, and its usual form
[max(0, λ + ρ c)² − λ²] / 2ρ for inequalities c ≤ 0 (Nocedal & Wright 2006, ch. 17).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from semnan.errors import FitError
from semnan.estimation.functions import Functions

#: A coefficient below this, relative to the largest of its constraint, is rounding.
ROUNDING = 1e-10


@final
@dataclass(frozen=True)
class Space:
    """θ = offset + K φ, where φ are those entries of θ that the equalities leave independent.

    Attributes
    ----------
    basis : Tensor, shape (q, r)
        K.
    offset : Tensor, shape (q,)
    kept : Tensor of int, shape (r,)
        Which entries of θ the coordinates are.

    """

    basis: Tensor
    offset: Tensor
    kept: Tensor

    @classmethod
    def solve(cls, coefficients: Tensor, constants: Tensor) -> Space:
        """Eliminate one parameter for each independent equality A θ + b = 0.

        Raises
        ------
        FitError
            If the equalities contradict each other.

        """
        q = coefficients.shape[1]
        solved: dict[int, Tensor] = {}
        for row in torch.cat([coefficients, constants[:, None]], dim=1):
            size = row.abs().max()
            for column, known in solved.items():
                row = row - row[column] * known
            row = torch.where(row.abs() <= ROUNDING * size, 0.0, row)
            column = int(row[:q].abs().argmax())
            if row[column] == 0:
                if row[q] != 0:
                    raise FitError("the equality constraints contradict each other: remove one of them")
                continue
            row = row / row[column]
            solved = {k: known - known[column] * row for k, known in solved.items()} | {column: row}
        kept = torch.tensor([k for k in range(q) if k not in solved], dtype=torch.long)
        basis = torch.eye(q, dtype=coefficients.dtype)[:, kept]
        offset = torch.zeros(q, dtype=coefficients.dtype)
        for column, row in solved.items():
            basis[column], offset[column] = -row[kept], -row[q]
        return cls(basis, offset, kept)

    def expand(self, coordinates: Tensor) -> Tensor:
        return coordinates @ self.basis.mT + self.offset

    def push(self, direction: Tensor) -> Tensor:
        return direction @ self.basis.mT

    def pull(self, gradient: Tensor) -> Tensor:
        return gradient @ self.basis

    def pull_both(self, hessian: Tensor) -> Tensor:
        return self.basis.mT @ hessian @ self.basis

    def normals(self) -> Tensor:
        """Gradients of the equalities, shape (q − r, q): an orthonormal basis of what K does not reach."""
        full = torch.linalg.qr(self.basis, mode="complete").Q
        normals: Tensor = full[:, self.basis.shape[1] :].mT
        return normals

    def nearest(self, theta: Tensor) -> Tensor:
        """Coordinates of the nearest point that satisfies the equalities."""
        found: Tensor = torch.linalg.lstsq(self.basis, (theta - self.offset).mT).solution.mT
        return found


@final
@dataclass(frozen=True)
class Penalty:
    """The augmented Lagrangian of constraints.

    Attributes
    ----------
    functions : Functions
        The constraints c_j, zero or at most zero where they hold.
    equality : Tensor of bool, shape (k,)
    scale : Tensor, shape (B, k)
        A standard error of one observation of each c_j: constraints count in these units.
    multiplier : Tensor, shape (B, k)
        λ.
    weight : float
        ρ.

    """

    functions: Functions
    equality: Tensor
    scale: Tensor
    multiplier: Tensor
    weight: float

    def take(self, index: Tensor) -> Penalty:
        """The penalty of some of the fits."""
        return replace(self, scale=self.scale[index], multiplier=self.multiplier[index])

    def violation(self, theta: Tensor) -> Tensor:
        """c_j in standard errors of one observation, shape (B, k)."""
        return self.functions.value(theta) / self.scale

    def active(self, theta: Tensor) -> Tensor:
        """Which constraints push, shape (B, k)."""
        return self.equality | (self.multiplier + self.weight * self.violation(theta) > 0)

    def updated(self, theta: Tensor, weight: float) -> Penalty:
        """With the multipliers that the end of an optimisation suggests."""
        pushed = self.multiplier + self.weight * self.violation(theta)
        return replace(self, multiplier=torch.where(self.equality, pushed, pushed.clamp(min=0)), weight=weight)

    def value(self, theta: Tensor) -> Tensor:
        pushed = self._pushed(theta)
        return (pushed.square() - self.multiplier.square()).sum(-1) / (2 * self.weight)

    def gradient(self, theta: Tensor) -> Tensor:
        return (self._pushed(theta)[..., None, :] @ self._slopes(theta))[..., 0, :]

    def gauss_newton(self, theta: Tensor) -> Tensor:
        slopes = self._slopes(theta) * self.active(theta)[..., None]
        return self.weight * slopes.mT @ slopes

    def hessian(self, theta: Tensor) -> Tensor:
        return self.gauss_newton(theta) + self.functions.hessian(theta, self._pushed(theta) / self.scale)

    def _pushed(self, theta: Tensor) -> Tensor:
        pushed = self.multiplier + self.weight * self.violation(theta)
        return torch.where(self.equality, pushed, pushed.clamp(min=0))

    def _slopes(self, theta: Tensor) -> Tensor:
        return self.functions.jacobian(theta) / self.scale[..., None]
