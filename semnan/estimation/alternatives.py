"""Other optimisers for the same problem: L-BFGS-B of scipy, and any optimiser of torch.

Fisher scoring is faster and more exact. These are for comparison, and for the paper's own recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch

from semnan.errors import FitError
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution, descent
from semnan.estimation.progress import Progress
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """L-BFGS-B, one fit after the other, in units of √F_kk at the start.

    Attributes
    ----------
    tolerance : float
        Converged when no gradient entry exceeds this in units of √F_kk.
    max_steps : int
    memory : int
        Number of corrections kept.

    """

    tolerance: float = 1e-6
    max_steps: int = 5000
    memory: int = 20

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.max_steps > 0 and self.memory > 0):
            raise FitError("tolerance, max_steps and memory of LBFGS must be positive")

    def minimise(self, problem: Problem, start: Array, progress: Progress) -> Solution:
        """Minimise from the starts, shape (B, q)."""
        progress.begin(len(start))
        theta, steps, limits = np.array(problem.clip(start)), [], []
        for b in range(len(start)):
            part = problem.take(np.array([b]))
            theta[b], used, limit = self._single(part, theta[b])
            steps.append(used)
            limits.append(limit)
            progress.advance(b + 1, float("nan"), len(start) - b - 1)
        return finish(problem, theta, np.array(steps), limits, self.tolerance)

    def _single(self, problem: Problem, start: Array) -> tuple[Array, int, Outcome]:
        first = problem.at(start[None])
        if not np.isfinite(first.value).all():
            return start, 0, Outcome.BAD_START
        spread = problem.hessian_diagonal(first)[0]
        scale = np.sqrt(np.where(spread > 0, spread, 1.0))
        wall = 2 * float(first.value[0]) + 1.0

        def loss(scaled: Array) -> tuple[float, Array]:
            point = problem.at((scaled / scale)[None])
            value = float(point.value[0])
            if not np.isfinite(value):
                # Outside the positive definite cone: a low wall, from which the line search backs off.
                return wall, np.zeros(len(scaled))
            return value, problem.gradient(point)[0] / scale

        from scipy.optimize import Bounds, minimize  # A tenth of a second to import, and rarely needed.

        bounds = Bounds(problem.lower * scale, problem.upper * scale)
        limits = (self.max_steps, 10 * self.max_steps, self.memory, 0.0, self.tolerance / 10)
        options: Any = dict(zip(("maxiter", "maxfun", "maxcor", "ftol", "gtol"), limits, strict=True))
        end = minimize(loss, start * scale, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        theta = end.x / scale
        limit = Outcome.ITERATION_LIMIT if end.nit >= self.max_steps else Outcome.STALLED
        return problem.clip(theta), int(end.nit), limit


@final
@dataclass(frozen=True, kw_only=True)
class TorchOptimiser:
    """Any optimiser of torch on the whole batch; the default is the paper's Adamax with step size 1e-3.

    Attributes
    ----------
    kind : type of torch.optim.Optimizer
    lr : float
    max_steps : int
    tolerance : float
        Converged when no gradient entry exceeds this in units of √F_kk; looked at every 50 steps.

    """

    kind: type[torch.optim.Optimizer] = torch.optim.Adamax
    lr: float = 1e-3
    max_steps: int = 12_000
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.max_steps > 0 and self.lr > 0):
            raise FitError("tolerance, max_steps and lr of TorchOptimiser must be positive")
        if issubclass(self.kind, torch.optim.LBFGS):
            raise FitError("torch's LBFGS searches along lines and needs a closure: use semnan's LBFGS instead")

    def minimise(self, problem: Problem, start: Array, progress: Progress) -> Solution:
        """Minimise from the starts, shape (B, q)."""
        progress.begin(self.max_steps)
        theta = np.array(problem.clip(start))
        shared = torch.from_numpy(theta)
        optimiser = self.kind([shared], lr=self.lr)  # type: ignore[call-arg]
        count = 0
        for count in range(1, self.max_steps + 1):
            point = problem.at(theta)
            shared.grad = torch.from_numpy(np.nan_to_num(problem.gradient(point)))
            optimiser.step()
            theta[...] = problem.clip(theta)
            if count % 50 == 0:
                progress.advance(count, float(point.value.min()), len(theta))
                if (problem.scaled_gradient(problem.at(theta)) <= self.tolerance).all():
                    break
        steps = np.full(len(theta), count)
        limit = [Outcome.ITERATION_LIMIT] * len(theta)
        return finish(problem, theta, steps, limit, self.tolerance)


def finish(problem: Problem, theta: Array, steps: Array, limits: list[Outcome], tolerance: float) -> Solution:
    """Judge the ends of a batch: converged where the gradient vanished, otherwise what limited the fit."""
    point = problem.at(theta)
    size = problem.scaled_gradient(point)
    ok = np.isfinite(point.value) & (size <= tolerance)
    down, _ = descent(problem.exact_hessian(point), problem.hessian_diagonal(point), problem.at_bound(theta))
    outcomes = []
    for good, falls, limit in zip(ok.tolist(), down.tolist(), limits, strict=True):
        end = Outcome.SADDLE if falls else Outcome.CONVERGED
        outcomes.append(end if good and limit is not Outcome.BAD_START else limit)
    return Solution(theta, point.value, size, steps, tuple(outcomes))
