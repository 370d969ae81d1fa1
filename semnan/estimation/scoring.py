"""Fisher scoring with Levenberg–Marquardt damping, batched over fits: semnan's optimiser.

Each step solves (F + λ diag F) δ = −g with the Gauss–Newton Hessian F (the expected information for maximum
likelihood). Damping by diag F makes the path independent of the units of the variables. A step is taken only
if the implied covariance stays positive definite and the loss falls; bounds are an active set. λ follows the
ratio of actual to predicted fall (Nielsen 1999; Madsen, Nielsen & Tingleff 2004, §3.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from semnan.errors import FitError
from semnan.estimation.conjugate import conjugate_gradients
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Point, Problem, Solution
from semnan.estimation.progress import Progress

#: A predicted fall below this, relative to 1 + |loss|, cannot be seen in the loss for rounding.
ROUNDING = 1e-13
#: So many steps in a row whose fall cannot be seen end a fit.
IDLE = 4
#: Damping beyond this leaves no step to speak of: the matrix holds something that is not a number.
MOST_DAMPING = 1e30
#: Lengths of the steps tried away from a saddle point, in standard errors of one observation; and how often.
ESCAPES, MOST_ESCAPES = (1.0, -1.0, 0.3, -0.3, 0.1, -0.1, 0.03, -0.03, 0.01, -0.01), 10
#: How often a step is solved again because it crosses bounds.
CROSSINGS = 8
#: A second-order correction larger than this share of the step is not trusted.
BEND = 0.75
#: A step shorter than this, in standard errors of one observation, has no bend to speak of.
STRAIGHT = 0.03


@final
@dataclass(frozen=True, kw_only=True)
class FisherScoring:
    """Options of Fisher scoring.

    Attributes
    ----------
    tolerance : float
        Converged when no gradient entry exceeds this in units of √F_kk, so a step in any single parameter would be
        less than this share of the standard error of one observation.
    max_steps : int
    damping : float
        λ of the first step.
    newton_after : int
        After this many steps the exact Hessian replaces the information wherever it is positive definite: scoring
        finds the neighbourhood of the minimum, Newton steps finish where the model fits badly.
    dense_limit : int
        Above this number of free parameters F is never formed: steps come from conjugate gradients.

    """

    tolerance: float = 1e-9
    max_steps: int = 500
    damping: float = 1e-4
    newton_after: int = 3
    dense_limit: int = 5000

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.max_steps > 0 and self.damping > 0):
            raise FitError("tolerance, max_steps and damping of FisherScoring must be positive")

    def minimise(self, problem: Problem, start: Tensor, progress: Progress) -> Solution:
        """Minimise from the starts, shape (B, q)."""
        run = _Run(self, problem, start)
        progress.begin(self.max_steps)
        try:
            while run.live.numel():
                run.step()
                progress.advance(run.count, float(run.value.min()), int(run.live.numel()))
        except KeyboardInterrupt:
            run.stop(torch.ones_like(run.live, dtype=torch.bool), Outcome.INTERRUPTED)
        return run.solution()


@final
class _Run:
    """The state of one batched optimisation: results for all fits, work arrays for those still `live`."""

    def __init__(self, options: FisherScoring, problem: Problem, start: Tensor) -> None:
        batch = start.shape[0]
        self.options, self.all = options, problem
        self.count = 0
        self.theta, self.live = problem.clip(start), torch.arange(batch)
        self.value = torch.full((batch,), torch.inf, dtype=start.dtype)
        self.gradient = torch.full_like(self.value, torch.nan)
        self.steps = torch.zeros(batch, dtype=torch.long)
        self.outcomes = [Outcome.ITERATION_LIMIT] * batch
        self.damping = torch.full_like(self.value, options.damping)
        self.growth = torch.full_like(self.value, 2.0)
        self.idle, self.escapes = torch.zeros_like(self.live), torch.zeros_like(self.live)
        self.problem, self.point = problem, problem.at(self.theta)
        self._linearise()
        self.stop(~torch.isfinite(self.point.value), Outcome.BAD_START)

    def step(self) -> None:
        """One trial step for every live fit, and the decision which fits are done."""
        self.count += 1
        move = self._move()
        trial = self.problem.at(self.problem.clip(self.point.theta + move))
        move = trial.theta - self.point.theta
        predicted = -(self.slope * move).sum(-1) - (move * self._curve(move)).sum(-1) / 2
        actual = self.point.value - trial.value
        noise = ROUNDING * (1 + self.point.value.abs())
        tiny = predicted.abs() <= noise
        better = torch.isfinite(trial.value) & ((actual > 0) | (tiny & (actual >= -noise)))
        self._damp(better, torch.nan_to_num(actual / predicted.clamp(min=1e-300), nan=-1.0))
        self.idle = torch.where(tiny, self.idle + 1, 0)
        exhausted = (~better & (tiny | (self.damping > 1e12))) | (self.idle >= IDLE)
        if bool(better.any()):
            self.point = _where(better, trial, self.point)
            self._linearise()
        self._judge(exhausted)

    def stop(self, mask: Tensor, outcome: Outcome) -> None:
        """Write the results of some live fits and take them out of the batch."""
        if not bool(mask.any()):
            return
        done = self.live[mask]
        self.theta[done] = self.point.theta[mask]
        self.value[done] = self.point.value[mask]
        self.gradient[done] = self.problem.scaled_gradient(self.slope, self.diagonal, self.held)[mask]
        self.steps[done] = self.count
        for b in done.tolist():
            self.outcomes[b] = outcome
        self._keep((~mask).nonzero()[:, 0])

    def solution(self) -> Solution:
        return Solution(self.theta, self.value, self.gradient, self.steps, tuple(self.outcomes))

    def _judge(self, exhausted: Tensor) -> None:
        size = self.problem.scaled_gradient(self.slope, self.diagonal, self.held)
        converged = size <= self.options.tolerance
        # Where rounding stops the loss from falling, a gradient this small is a minimum to working precision.
        converged |= exhausted & (size <= 1e-6)
        stalled = (exhausted & ~converged) | self._broken(size)
        saddle = torch.zeros_like(converged)
        if bool(converged.any()) and self._dense:
            moved, saddle = self._leave_saddles(converged)
            converged = converged & ~moved & ~saddle
        done = (converged, Outcome.CONVERGED), (saddle, Outcome.SADDLE), (stalled, Outcome.STALLED)
        left = torch.ones_like(converged)
        for mask, outcome in done:
            self.stop((mask & left)[left], outcome)
            left = left & ~mask
        if self.count >= self.options.max_steps:
            self.stop(torch.ones_like(self.live, dtype=torch.bool), Outcome.ITERATION_LIMIT)

    def _broken(self, size: Tensor) -> Tensor:
        """Fits whose derivatives are no longer finite numbers: scales beyond what floating point can square."""
        broken = ~torch.isfinite(size)
        return broken | ~torch.isfinite(self.hessian).all(-1).all(-1) if self._dense else broken

    def _leave_saddles(self, converged: Tensor) -> tuple[Tensor, Tensor]:
        """Step down from stationary points that are no minimum: who moved, and who could not."""
        at = converged.nonzero()[:, 0]
        part, point = self.problem.take(at), _index(self.point, at)
        down, direction = part.descent(point, part.at_bound(point.theta))
        if not bool(down.any()):
            return torch.zeros_like(converged), torch.zeros_like(converged)
        theta, value = point.theta, point.value - ROUNDING
        for length in ESCAPES:
            trial = part.at(part.clip(point.theta + length * direction))
            lower = down & (trial.value < value) & (self.escapes[at] < MOST_ESCAPES)
            theta = torch.where(lower[:, None], trial.theta, theta)
            value = torch.where(lower, trial.value, value)
        moved, saddle = torch.zeros_like(converged), torch.zeros_like(converged)
        moved[at] = (theta != point.theta).any(-1)
        saddle[at] = down & ~moved[at]
        if bool(moved.any()):
            self._jump(at, theta, moved)
        return moved, saddle

    def _jump(self, at: Tensor, theta: Tensor, moved: Tensor) -> None:
        """Go on from other parameters, with the damping of a first step."""
        everywhere = self.point.theta.clone()
        everywhere[at] = theta
        self.point = self.problem.at(everywhere)
        self.damping = torch.where(moved, self.options.damping, self.damping)
        self.idle = torch.where(moved, 0, self.idle)
        self.escapes = self.escapes + moved
        self._linearise()

    def _damp(self, better: Tensor, ratio: Tensor) -> None:
        shrink = torch.maximum(1 - (2 * ratio - 1).clamp(max=2) ** 3, torch.tensor(1 / 3, dtype=ratio.dtype))
        self.damping = torch.where(better, self.damping * shrink.clamp(max=2.0), self.damping * self.growth)
        self.damping.clamp_(min=1e-10)
        self.growth = torch.where(better, 2.0, self.growth * 2)

    @property
    def _dense(self) -> bool:
        return self.all.size <= self.options.dense_limit

    def _linearise(self) -> None:
        self.slope = self.problem.gradient(self.point)
        self.held = self.problem.held(self.point.theta, self.slope)
        if not self._dense:
            self.diagonal = self.problem.hessian_diagonal(self.point)
            return
        self.fisher = self.hessian = self.problem.hessian(self.point)
        self.diagonal = self.fisher.diagonal(dim1=-2, dim2=-1)
        newton = self.count >= self.options.newton_after
        self.exact = torch.full_like(self.live, newton, dtype=torch.bool)
        if newton:
            self.hessian = self.problem.exact_hessian(self.point)

    def _move(self) -> Tensor:
        """The damped step to the minimum of the quadratic model within the bounds.

        A parameter whose step would cross its bound is put on it, and the others are solved for again with that
        in mind: a cut-off step would leave them where they belong only if the bound were not there.
        """
        fixed, known = self.held, torch.zeros_like(self.slope)
        for _ in range(CROSSINGS):
            solve = self._solver(fixed)
            pushed = self._curve(known) if bool(known.any()) else known
            move = torch.where(fixed, known, solve(self.slope + pushed))
            target = self.problem.clip(self.point.theta + move)
            crossed = (self.point.theta + move != target) & ~fixed
            if not bool(crossed.any()):
                break
            fixed, known = fixed | crossed, torch.where(crossed, target - self.point.theta, known)
        return self._bend(move, solve)

    def _bend(self, move: Tensor, solve: Callable[[Tensor], Tensor]) -> Tensor:
        """Add the second-order correction that keeps a step in a curved valley.

        The step was found for a linear Σ; what Σ really does at its end, less that, is answered by one more solve.
        The correction is kept where it is the smaller part of the whole (Transtrum & Sethna 2012, eq. 15).
        """
        size = self.diagonal.sqrt()
        length = (size * move).norm(dim=-1)
        if bool((length < STRAIGHT).all()):
            return move
        extra = solve(self.problem.bend(self.point, move))
        modest = (size * extra).norm(dim=-1) <= BEND * length
        return torch.where(modest[:, None], move + extra, move)

    def _solver(self, fixed: Tensor) -> Callable[[Tensor], Tensor]:
        """Solve the damped system for the parameters that are not fixed; the others get zero."""
        scale = torch.where(self.diagonal > 0, self.diagonal, 1.0)
        if not self._dense:
            return lambda slope: -self._solve_free(torch.where(fixed, 0.0, slope), fixed, scale)
        while True:
            matrix = self.hessian.masked_fill(fixed[:, :, None] | fixed[:, None, :], 0.0)
            matrix.diagonal(dim1=-2, dim2=-1).add_(scale * (self.damping[:, None] + fixed))
            chol, info = torch.linalg.cholesky_ex(matrix)
            if not bool(info.any()):
                return lambda slope: -torch.cholesky_solve(torch.where(fixed, 0.0, slope)[..., None], chol)[..., 0]
            if bool((self.damping > MOST_DAMPING).any()):
                return torch.zeros_like
            self._retreat(info > 0)

    def _retreat(self, indefinite: Tensor) -> None:
        """Where the exact Hessian is not positive definite, use the information; where that is singular, damp more."""
        swap = indefinite & self.exact
        self.hessian = torch.where(swap[:, None, None], self.fisher, self.hessian)
        self.damping = torch.where(indefinite & ~swap, self.damping * 10, self.damping)
        self.exact = self.exact & ~swap

    def _solve_free(self, slope: Tensor, fixed: Tensor, scale: Tensor) -> Tensor:
        """The same by conjugate gradients."""

        def product(direction: Tensor) -> Tensor:
            inside = torch.where(fixed, 0.0, direction)
            full = self.problem.hessian_product(self.point, inside) + self.damping[:, None] * scale * inside
            return torch.where(fixed, scale * direction, full)

        return conjugate_gradients(product, slope, scale)

    def _curve(self, move: Tensor) -> Tensor:
        if self._dense:
            return (self.hessian @ move[..., None])[..., 0]
        return self.problem.hessian_product(self.point, move)

    def _keep(self, index: Tensor) -> None:
        self.live, self.problem = self.live[index], self.problem.take(index)
        self.point = _index(self.point, index)
        self.damping, self.growth = self.damping[index], self.growth[index]
        self.idle, self.escapes = self.idle[index], self.escapes[index]
        self.slope, self.held, self.diagonal = self.slope[index], self.held[index], self.diagonal[index]
        if self._dense:
            self.hessian, self.fisher, self.exact = self.hessian[index], self.fisher[index], self.exact[index]


def _map(function: Callable[..., Tensor], *trees: Any) -> Any:
    """Apply a function to the tensors of equal nested tuples."""
    first = trees[0]
    if isinstance(first, Tensor):
        return function(*trees)
    parts = [_map(function, *part) for part in zip(*trees, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)


def _index(point: Point, index: Tensor) -> Point:
    found: Point = _map(lambda part: part[index], point)
    return found


def _where(mask: Tensor, new: Point, old: Point) -> Point:
    """New where the mask says so, without a copy where it says so everywhere."""
    if bool(mask.all()):
        return new
    chosen: Point = _map(lambda a, b: torch.where(mask.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)
    return chosen
