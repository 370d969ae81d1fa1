"""A model at real parameters: random feasible points, moments, their Jacobian, and the way back to a fibre."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.identification.equality import real_rows
from semnan.identification.structure import Part, Structure
from semnan.model import Kind

Vector = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class RealModel:
    """A structure with known moments of its exogenous covariates, if it has any.

    Attributes
    ----------
    structure : Structure
    known : array, shape (n, n)
        What Ω has besides the parameters: covariances of exogenous covariates.

    """

    structure: Structure
    known: Vector

    @classmethod
    def of(cls, structure: Structure, rng: np.random.Generator) -> RealModel:
        n = len(structure.names)
        known = np.zeros((n, n))
        at = [structure.place[name] for name in structure.model.exogenous]
        root = rng.normal(size=(len(at), 2 * len(at) + 1))
        known[np.ix_(at, at)] = root @ root.T / root.shape[1] + np.eye(len(at)) / 2
        return cls(structure, known)

    def weights(self, part: Part, theta: Vector) -> Vector:
        return self.structure.weights(part, theta, float)

    def omega(self, part: Part, theta: Vector) -> Vector:
        return self.structure.omega(part, theta, float) + self.known

    def moments(self, theta: Vector) -> Vector:
        """Covariances (each pair once) and means of the visibles, of all groups, in a row; then the equalities."""
        out = []
        for part in self.structure.parts:
            total = _inverse(self.weights(part, theta))[:, self.structure.visible]
            sigma = total.T @ self.omega(part, theta) @ total
            out += [sigma[np.triu_indices(len(sigma))], self._alpha(part, theta) @ total]
        rows, constants = real_rows(self.structure.equalities, self.structure.size)
        return np.concatenate([*out, rows @ theta + constants])

    def sigma(self, theta: Vector) -> Vector:
        """Covariance of the visibles of the first group."""
        part = self.structure.parts[0]
        total = _inverse(self.weights(part, theta))[:, self.structure.visible]
        sigma: Vector = total.T @ self.omega(part, theta) @ total
        return sigma

    def _alpha(self, part: Part, theta: Vector) -> Vector:
        alpha = np.zeros(len(self.structure.names))
        alpha[part.intercepts.second] = part.intercepts.values(theta, float)
        return alpha

    def jacobian(self, theta: Vector) -> Vector:
        """Derivatives of `moments`, shape (moments, q)."""
        rows, _ = real_rows(self.structure.equalities, self.structure.size)
        return np.concatenate([*(self._part_jacobian(part, theta) for part in self.structure.parts), rows])

    def _part_jacobian(self, part: Part, theta: Vector) -> Vector:
        s, total = self.structure, _inverse(self.weights(part, theta))
        u = total[:, s.visible]
        y = total.T @ self.omega(part, theta) @ u
        i, j = np.triu_indices(len(s.visible))
        a, b = part.paths.first, part.paths.second
        c, d = part.arcs.first, part.arcs.second
        slopes = y[a][:, i] * u[b][:, j] + y[a][:, j] * u[b][:, i]
        arcs = u[c][:, i] * u[d][:, j] + np.where((c == d)[:, None], 0.0, u[c][:, j] * u[d][:, i])
        covariances = part.paths.collect(slopes.T, s.size) + part.arcs.collect(arcs.T, s.size)
        mean = self._alpha(part, theta) @ total
        means = part.paths.collect((mean[a][:, None] * u[b]).T, s.size)
        means += part.intercepts.collect(u[part.intercepts.second].T, s.size)
        return np.concatenate([covariances, means])

    def feasible(self, theta: Vector) -> bool:
        """Whether bounds hold strictly and every Ω is positive definite where it is not zero."""
        for value, free in zip(theta, self.structure.model.free, strict=True):
            if not free.lower <= value <= free.upper:
                return False
        return all(_definite(self.omega(part, theta)) for part in self.structure.parts)

    def random(self, rng: np.random.Generator) -> Vector:
        """Weights of moderate size whatever the number of parents, variances near one, arcs that keep Ω dominant."""
        model = self.structure.model
        sign, size = rng.choice([-1.0, 1.0], self.structure.size), rng.uniform(0.4, 1.0, self.structure.size)
        parents = Counter((row.group, row.target) for row in model.parameters if row.kind is Kind.PATH)
        arcs = Counter(
            (row.group, v) for row in model.parameters if row.kind is Kind.COVARIANCE for v in {row.source, row.target}
        )
        theta = sign * size
        for k, free in enumerate(model.free):
            row = model.parameters[free.rows[0]]
            if row.kind is Kind.PATH:
                theta[k] /= np.sqrt(parents[row.group, row.target])
            elif row.is_variance:
                theta[k] = 0.6 + size[k]
            elif row.kind is Kind.COVARIANCE:
                theta[k] *= 0.8 / max(arcs[row.group, row.source], arcs[row.group, row.target])
            theta[k] = np.clip(theta[k], free.lower, free.upper)
        rows, constants = real_rows(self.structure.equalities, self.structure.size)
        return theta - np.linalg.pinv(rows) @ (rows @ theta + constants) if len(rows) else theta

    def back(self, theta: Vector, moments: Vector, rank: int, steps: int = 40) -> Vector | None:
        """Parameters near `theta` with these moments, by Gauss–Newton steps of least length; None if that fails."""
        size = max(1.0, float(np.abs(moments).max()))
        for _ in range(steps):
            gap = moments - self.moments(theta)
            if not np.isfinite(gap).all() or np.abs(gap).max() > 1e3 * size:
                return None
            if np.abs(gap).max() < 4e-15 * size:
                return theta
            theta = theta + _least_step(self.jacobian(theta), gap, rank)
        return theta if np.abs(moments - self.moments(theta)).max() < 1e-13 * size else None

    def null_space(self, theta: Vector, rank: int) -> Vector:
        """Directions along the fibre, shape (q − rank, q)."""
        rows: Vector = np.linalg.svd(self.jacobian(theta), full_matrices=True)[2][rank:]
        return rows


def _least_step(jacobian: Vector, gap: Vector, rank: int) -> Vector:
    u, s, v = np.linalg.svd(jacobian, full_matrices=False)
    step: Vector = v[:rank].T @ ((u[:, :rank].T @ gap) / np.maximum(s[:rank], 1e-12))
    return step


def _inverse(weights: Any) -> Vector:
    inverse: Vector = np.linalg.inv(np.eye(len(weights)) - weights)
    return inverse


def _definite(omega: Vector) -> bool:
    used = np.flatnonzero(omega.any(axis=0))
    if np.any(omega.diagonal()[used] <= 0):
        return False
    return bool(np.all(np.linalg.eigvalsh(omega[np.ix_(used, used)]) > 0))
