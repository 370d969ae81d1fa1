"""The smallest and the largest value of an effect among all parameters with one covariance.

Sequential quadratic programming (Kraft 1988, scipy's SLSQP) of τ(θ) under Σ(θ) = S and the limits, from several starts that
refits of S end at. Of the equations as many random combinations are kept as are independent, and an end counts only if
all of them hold there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import torch
from scipy.optimize import minimize

from semnan.bounds.limits import Between, Limit
from semnan.bounds.target import Target
from semnan.identification.real import RealModel
from semnan.model import PathModel
from semnan.network import Layout
from semnan.network.arrays import Array

#: Values this many units from the start count as infinite; a unit is about an effect of one standard deviation.
FARTHEST = 1000.0
#: Equations hold up to this share of standard deviations, limits up to this amount.
HOLDS = 1e-6
STEPS = 400


class End(NamedTuple):
    """Where one search ended."""

    value: float
    theta: Array
    feasible: bool


@final
@dataclass(frozen=True, eq=False)
class Fibre:
    """All parameters of a model that imply one covariance.

    Attributes
    ----------
    model : PathModel
        With the bounds of parameters.
    real : RealModel
    sigma : array, shape (p, p)
    rank : int
        How many of the equations are independent.
    target : Target
    limits : tuple of Limit
    scale : array, shape (q,)
        A natural size of every parameter.
    unit : float
        A natural size of the effect.

    """

    model: PathModel
    real: RealModel
    sigma: Array
    rank: int
    target: Target
    limits: tuple[Limit, ...]
    scale: Array
    unit: float

    def search(self, start: Array, sign: float) -> End:
        """Push the effect down (sign 1) or up (sign −1) from a start of shape (q,)."""
        center = float(self.target.value(start[None])[0])
        begin = np.clip(start, *self._bounds.T) / self.scale
        found = minimize(
            lambda x: sign * self._moved(x, center),
            begin,
            jac=lambda x: sign * self.target.slope((x * self.scale)[None])[0] * self.scale / self.unit,
            method="SLSQP",
            bounds=self._bounds / self.scale[:, None],
            constraints=[
                {"type": "eq", "fun": self._equations, "jac": self._equation_slopes},
                {"type": "ineq", "fun": self._room, "jac": self._room_slopes},
                {
                    "type": "ineq",
                    "fun": lambda x: np.array([FARTHEST + sign * self._moved(x, center)]),
                    "jac": lambda x: sign * self.target.slope((x * self.scale)[None]) * self.scale / self.unit,
                },
            ],
            options={"maxiter": STEPS, "ftol": 1e-12},
        )
        theta = np.clip(found.x * self.scale, *self._bounds.T)
        return End(float(self.target.value(theta[None])[0]), theta, self.holds(theta))

    def far(self, end: End, start: Array) -> bool:
        """Whether an end is so far that it counts as infinite."""
        return bool(abs(end.value - float(self.target.value(start[None])[0])) > 0.9 * FARTHEST * self.unit)

    def holds(self, theta: Array) -> bool:
        """Whether parameters imply the covariance and satisfy the limits."""
        gap = np.abs(self.real.sigma(theta) - self.sigma) / self._deviations
        size = max(1.0, float(np.abs(theta / self.scale).max()) ** 2 * 1e-6)
        return bool(gap.max() <= HOLDS * size and self._room(theta / self.scale).min(initial=0.0) >= -HOLDS)

    def _moved(self, x: Array, center: float) -> float:
        return (float(self.target.value((x * self.scale)[None])[0]) - center) / self.unit

    @cached_property
    def _bounds(self) -> Array:
        return np.array([(free.lower, free.upper) for free in self.model.free])

    @cached_property
    def _deviations(self) -> Array:
        size = np.sqrt(np.diag(self.sigma))
        return np.outer(size, size)

    @cached_property
    def _mix(self) -> Array:
        """Combinations of the equations, which count in standard deviations: shape (rank, equations)."""
        upper = self._deviations[np.triu_indices(len(self.sigma))]
        if self.rank == len(upper):
            return np.diag(1 / upper)
        drawn = np.random.default_rng(0).normal(size=(len(upper), self.rank))
        return np.asarray(np.linalg.qr(drawn)[0].T / upper)

    def _equations(self, x: Array) -> Array:
        gap = (self.real.sigma(x * self.scale) - self.sigma)[np.triu_indices(len(self.sigma))]
        return self._mix @ gap

    def _equation_slopes(self, x: Array) -> Array:
        return self._mix @ self.real.jacobian(x * self.scale)[: self._mix.shape[1]] * self.scale

    @cached_property
    def _layout(self) -> Layout:
        return Layout.of(self.model)

    @property
    def _curved(self) -> Sequence[Limit]:
        return [limit for limit in self.limits if not isinstance(limit, Between)]

    def _slack(self, theta: torch.Tensor) -> torch.Tensor:
        """What is left to the limits, and the least eigenvalue of the errors' correlations: at least zero."""
        rooms = [-limit.excess(self.model, self._layout, theta) for limit in self._curved if not isinstance(limit, Between)]
        _, omega = self._layout.matrices(theta)
        if self._arcs:
            size = omega.diagonal().clamp(min=1e-12).sqrt()
            rooms.append(torch.linalg.eigvalsh(omega / size[:, None] / size)[0])
        return torch.stack(rooms) if rooms else theta.new_zeros(0)

    @cached_property
    def _arcs(self) -> bool:
        """Whether the errors' covariance could be none: without latents it is one because that of the visibles is."""
        layout = self._layout
        return bool(self.model.latents) and bool((~layout.is_path & (layout.rows != layout.columns)).any())

    def _room(self, x: Array) -> Array:
        with torch.no_grad():
            return self._slack(torch.tensor(x * self.scale)).numpy()

    def _room_slopes(self, x: Array) -> Array:
        theta = torch.tensor(x * self.scale, requires_grad=True)
        with torch.enable_grad():
            rows = [torch.autograd.grad(room, theta, retain_graph=True)[0] for room in self._slack(theta)]
        return (torch.stack(rows) if rows else theta.new_zeros(0, len(x))).detach().numpy() * self.scale
