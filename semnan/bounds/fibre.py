"""The smallest and the largest value of an effect among all parameters with one covariance, under curved limits.

Sequential quadratic programming (Kraft 1988, scipy's SLSQP) of τ(θ) under Σ(θ) = S and the limits, from a start that a
refit of S ended at; where that fails, again in boxes around the best point so far. Of the equations as many random
combinations are kept as are independent, and an end counts only if all of them hold there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import torch
from scipy.optimize import NonlinearConstraint, minimize

from semnan.bounds.limits import Between, Limit
from semnan.bounds.target import Target
from semnan.identification.real import RealModel
from semnan.model import PathModel
from semnan.network import Layout
from semnan.network.arrays import Array

#: Values this many units from the start count as infinite; a unit is about an effect of one standard deviation.
FARTHEST = 30.0
#: Equations hold up to this share of standard deviations, limits up to this amount.
HOLDS = 1e-6
#: Steps of one search, and how many boxes: they have the size 1 + |parameter| at first.
STEPS, STAGES = 100, 20
#: How far the end of another search is at most from where it ought to be, in units.
NEAR = 1e-2
#: A search has ended when a box gains less than this, in units.
STILL = 1e-9


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

    @property
    def curved(self) -> bool:
        """Whether there are limits besides bounds of parameters."""
        return self._arcs or not all(isinstance(limit, Between) for limit in self.limits)

    def search(self, start: Array, sign: float) -> End:
        """Push the effect down (sign 1) or up (sign −1) from a start of shape (q,)."""
        x = self._nearest(start / self.scale)
        trial = self._push(x, sign, math.inf)
        good = self._holds(trial) and abs(self._value(trial) - self._value(x)) <= FARTHEST
        end = trial if good else self._walk(x, sign)
        far = abs(self._value(end) - self._value(x)) > FARTHEST
        return End(-sign * math.inf if far else self._value(end) * self.unit, end * self.scale, self._holds(end))

    def polish(self, start: Array, sign: float) -> End:
        """Push from where another search ended, to the precision of equations instead of that of a likelihood."""
        x = self._nearest(start / self.scale)
        trial = self._push(x, sign, NEAR)
        close = abs(self._value(trial) - self._value(start / self.scale)) <= NEAR
        end = trial if close and self._holds(trial) else start / self.scale
        return End(self._value(end) * self.unit, end * self.scale, True)

    def _walk(self, x: Array, sign: float) -> Array:
        """Push in one box after another."""
        size, begun = 1.0, self._value(x)
        for _ in range(STAGES):
            trial = self._push(x, sign, size)
            gain = sign * (self._value(x) - self._value(trial))
            if not self._holds(trial) or gain < 0:
                size /= 4
                continue
            x = trial
            if gain <= STILL or abs(self._value(x) - begun) > FARTHEST:
                break
        return x

    def _push(self, x: Array, sign: float, size: float) -> Array:
        reach = size * (1 + np.abs(x))
        return self._solve(x, x - reach, x + reach, lambda y: sign * self._value(y), lambda y: sign * self._slope(y))

    def _nearest(self, x: Array) -> Array:
        """The nearest point that satisfies all limits."""
        low, high = self._bounds
        begin = np.clip(x, low / self.scale, high / self.scale)
        if self._holds(begin):
            return begin
        return self._solve(begin, -np.inf, np.inf, lambda y: float((y - x) @ (y - x)) / 2, lambda y: y - x)

    def _solve(
        self,
        start: Array,
        low: Array | float,
        high: Array | float,
        loss: Callable[[Array], float],
        slope: Callable[[Array], Array],
    ) -> Array:
        """Minimise on the fibre, within limits and a box."""
        least, most = (bound / self.scale for bound in self._bounds)
        low, high = np.maximum(least, low), np.minimum(most, high)
        constraints = [NonlinearConstraint(self._equations, 0.0, 0.0, jac=self._equation_slopes)]
        if len(self._room(start)):
            constraints.append(NonlinearConstraint(self._room, 0.0, np.inf, jac=self._room_slopes))
        found = minimize(
            loss,
            start,
            jac=slope,
            method="SLSQP",
            bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
            constraints=constraints,
            options={"maxiter": STEPS, "ftol": 1e-11},
        )
        return np.clip(found.x, low, high)

    def _value(self, x: Array) -> float:
        """The effect in units."""
        return float(self.target.value((x * self.scale)[None])[0]) / self.unit

    def _slope(self, x: Array) -> Array:
        return np.asarray(self.target.slope((x * self.scale)[None])[0] * self.scale / self.unit)

    def _holds(self, x: Array) -> bool:
        """Whether parameters imply the covariance and satisfy the limits."""
        gap = np.abs(self.real.sigma(x * self.scale) - self.sigma) / self._deviations
        return bool(gap.max() <= HOLDS and self._room(x).min(initial=0.0) >= -HOLDS)

    @cached_property
    def _bounds(self) -> tuple[Array, Array]:
        """Lower and upper ones of all parameters."""
        free = self.model.free
        return np.array([one.lower for one in free]), np.array([one.upper for one in free])

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

    def _slack(self, theta: torch.Tensor) -> torch.Tensor:
        """What is left to the limits, and the least eigenvalue of the errors' correlations: at least zero."""
        curved = [limit for limit in self.limits if not isinstance(limit, Between)]
        rooms = [-limit.excess(self.model, self._layout, theta) for limit in curved]
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
