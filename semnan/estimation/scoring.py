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

import numpy as np
from numpy.typing import NDArray

from semnan.errors import FitError
from semnan.estimation.conjugate import conjugate_gradients
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Point, Problem, Solution, descent
from semnan.estimation.progress import Progress
from semnan.network.arrays import Array, cholesky, diagonal, solve_factor

Flags = NDArray[np.bool_]
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

    tolerance: float = 1e-8
    max_steps: int = 500
    damping: float = 1e-4
    newton_after: int = 2
    dense_limit: int = 5000

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.max_steps > 0 and self.damping > 0):
            raise FitError("tolerance, max_steps and damping of FisherScoring must be positive")

    def minimise(self, problem: Problem, start: Array, progress: Progress) -> Solution:
        """Minimise from the starts, shape (B, q)."""
        progress.begin(self.max_steps)
        run = _Run(self, problem, start)
        try:
            while len(run.live):
                run.step()
                progress.advance(run.count, float(run.value.min()), len(run.live))
        except KeyboardInterrupt:
            run.stop(np.ones(len(run.live), dtype=np.bool_), Outcome.INTERRUPTED)
        return run.solution()


@final
class _Run:
    """The state of one batched optimisation: results for all fits, work arrays for those still `live`."""

    def __init__(self, options: FisherScoring, problem: Problem, start: Array) -> None:
        batch = start.shape[0]
        self.options, self.all = options, problem
        self.count = 0
        self.theta, self.live = np.array(problem.clip(start)), np.arange(batch)
        self.value, self.gradient = np.full(batch, np.inf), np.full(batch, np.nan)
        self.steps = np.zeros(batch, dtype=np.int64)
        self.outcomes = [Outcome.ITERATION_LIMIT] * batch
        self.damping, self.growth = np.full(batch, options.damping), np.full(batch, 2.0)
        self.idle, self.escapes = np.zeros(batch, dtype=np.int64), np.zeros(batch, dtype=np.int64)
        self.problem, self.point = problem, problem.at(self.theta)
        self._linearise()
        self.stop(~np.isfinite(self.point.value), Outcome.BAD_START)

    def step(self) -> None:
        """One trial step for every live fit, and the decision which fits are done."""
        self.count += 1
        theta = self.problem.clip(self.point.theta + self._move())
        trial = self.problem.at(theta)
        move = theta - self.point.theta
        predicted = -((self.slope + 0.5 * self._curve(move)) * move).sum(-1)
        before, after = self.point.value, trial.value
        noise = ROUNDING * (1 + np.abs(before))
        tiny, actual = np.abs(predicted) <= noise, before - after
        better = np.isfinite(after) & ((actual > 0) | (tiny & (actual >= -noise)))
        self._damp(better, actual / predicted.clip(1e-300))
        self.idle = np.where(tiny, self.idle + 1, 0)
        exhausted = (~better & (tiny | (self.damping > 1e12))) | (self.idle >= IDLE)
        if better.any():
            self.point = _where(better, trial, self.point)
            self._linearise()
        self._judge(exhausted)

    def stop(self, mask: Flags, outcome: Outcome) -> None:
        """Write the results of some live fits and take them out of the batch."""
        if not mask.any():
            return
        done = self.live[mask]
        self.theta[done] = self.point.theta[mask]
        self.value[done], self.gradient[done] = self.point.value[mask], self.size[mask]
        self.steps[done] = self.count
        for b in done.tolist():
            self.outcomes[b] = outcome
        self._keep(np.flatnonzero(~mask))

    def solution(self) -> Solution:
        return Solution(self.theta, self.value, self.gradient, self.steps, tuple(self.outcomes))

    def _judge(self, exhausted: Flags) -> None:
        converged = self.size <= self.options.tolerance
        # Where rounding stops the loss from falling, a gradient this small is a minimum to working precision.
        converged |= exhausted & (self.size <= 1e-6)
        # Derivatives that are no longer finite numbers: scales beyond what floating point can square.
        stalled = (exhausted & ~converged) | ~np.isfinite(self.size)
        if converged.any() or stalled.any():
            self._end(converged, stalled)
        if self.count >= self.options.max_steps:
            self.stop(np.ones(len(self.live), dtype=np.bool_), Outcome.ITERATION_LIMIT)

    def _end(self, converged: Flags, stalled: Flags) -> None:
        saddle = np.zeros_like(converged)
        if converged.any() and self._dense:
            moved, saddle = self._leave_saddles(converged)
            converged = converged & ~moved & ~saddle
        done = (converged, Outcome.CONVERGED), (saddle, Outcome.SADDLE), (stalled, Outcome.STALLED)
        left = np.ones_like(converged)
        for mask, outcome in done:
            self.stop((mask & left)[left], outcome)
            left = left & ~mask

    def _leave_saddles(self, converged: Flags) -> tuple[Flags, Flags]:
        """Step down from stationary points that are no minimum: who moved, and who could not."""
        at = np.flatnonzero(converged)
        exact = self._exact(at) if self.fine is None else self.fine[at]
        falls, direction = descent(exact, self.diagonal[at], self.problem.at_bound(self.point.theta[at]))
        moved, saddle = np.zeros_like(converged), np.zeros_like(converged)
        if not falls.any():
            return moved, saddle
        part, point = self.problem.take(at), _index(self.point, at)
        theta, value = point.theta, point.value - ROUNDING
        for length in ESCAPES:
            trial = part.at(part.clip(point.theta + length * direction))
            lower = falls & (trial.value < value) & (self.escapes[converged] < MOST_ESCAPES)
            theta = np.where(lower[:, None], trial.theta, theta)
            value = np.where(lower, trial.value, value)
        moved[converged] = (theta != point.theta).any(-1)
        saddle[converged] = falls & ~moved[converged]
        if moved.any():
            self._jump(at, theta, moved)
        return moved, saddle

    def _exact(self, at: NDArray[np.int64]) -> Array:
        if len(at) == len(self.live):
            return self.problem.exact_hessian(self.point)
        return self.problem.take(at).exact_hessian(_index(self.point, at))

    def _jump(self, at: NDArray[np.int64], theta: Array, moved: Flags) -> None:
        """Go on from other parameters, with the damping of a first step."""
        everywhere = self.point.theta.copy()
        everywhere[at] = theta
        self.point = self.problem.at(everywhere)
        self.damping = np.where(moved, self.options.damping, self.damping)
        self.idle = np.where(moved, 0, self.idle)
        self.escapes = self.escapes + moved
        self._linearise()

    def _damp(self, better: Flags, ratio: Array) -> None:
        shrink = np.maximum(1 - (2 * ratio - 1).clip(-1, 2) ** 3, 1 / 3)
        self.damping = np.where(better, self.damping * shrink, self.damping * self.growth).clip(min=1e-10)
        self.growth = np.where(better, 2.0, self.growth * 2)

    @property
    def _dense(self) -> bool:
        return self.all.size <= self.options.dense_limit

    def _linearise(self) -> None:
        self.fine: Array | None = None
        if self._dense:
            newton = self.count >= self.options.newton_after
            self.slope, self.fisher, self.fine = self.problem.linearise(self.point, exact=newton)
            self.hessian = self.fisher if self.fine is None else self.fine
            self.exact = np.full(len(self.live), newton)
            self.diagonal = diagonal(self.fisher)
        else:
            self.slope, self.diagonal = self.problem.gradient(self.point), self.problem.hessian_diagonal(self.point)
        self.held = self.problem.held(self.point.theta, self.slope)
        spread = self.diagonal
        if self.fine is not None:  # The information of a loading that tends to zero vanishes; the curvature does not.
            spread = np.maximum(spread, np.abs(diagonal(self.fine)))
        self.scale = np.where(spread > 0, spread, 1.0)
        loose = np.abs(self.slope) / np.sqrt(self.scale)
        if self.held is not None:
            loose = np.where(self.held, 0.0, loose)
        self.size = loose.max(-1, initial=0.0)

    def _move(self) -> Array:
        """The damped step to the minimum of the quadratic model within the bounds.

        A parameter whose step would cross its bound is put on it, and the others are solved for again with that
        in mind: a cut-off step would leave them where they belong only if the bound were not there.
        """
        if self.held is None:
            solve = self._solver(None)
            return self._bend(solve(self.slope), solve)
        fixed, known = self.held, np.zeros_like(self.slope)
        for _ in range(CROSSINGS):
            solve = self._solver(fixed)
            pushed = self._curve(known) if known.any() else known
            move = np.where(fixed, known, solve(self.slope + pushed))
            target = self.problem.clip(self.point.theta + move)
            crossed = (self.point.theta + move != target) & ~fixed
            if not crossed.any():
                break
            fixed, known = fixed | crossed, np.where(crossed, target - self.point.theta, known)
        return self._bend(move, solve)

    def _bend(self, move: Array, solve: Callable[[Array], Array]) -> Array:
        """Add the second-order correction that keeps a step in a curved valley.

        The step was found for a linear Σ; what Σ really does at its end, less that, is answered by one more solve.
        The correction is kept where it is the smaller part of the whole (Transtrum & Sethna 2012, eq. 15).
        """
        length = self._length(move)
        if (length < STRAIGHT).all():
            return move
        extra = solve(self.problem.bend(self.point, move))
        modest = (length >= STRAIGHT) & (self._length(extra) <= BEND * length)
        return np.where(modest[:, None], move + extra, move)

    def _length(self, move: Array) -> Array:
        found: Array = np.sqrt((self.scale * move**2).sum(-1))
        return found

    def _solver(self, fixed: Flags | None) -> Callable[[Array], Array]:
        """Solve the damped system for the parameters that are not fixed; the others get zero."""
        if not self._dense:
            held = np.zeros(self.scale.shape, dtype=np.bool_) if fixed is None else fixed
            return lambda slope: -self._solve_free(np.where(held, 0.0, slope), held)
        while True:
            factor, definite = cholesky(self._damped(fixed))
            if definite.all():
                return lambda slope: -solve_factor(factor, _without(slope, fixed))
            if (self.damping > MOST_DAMPING).any():
                return np.zeros_like
            self._retreat(~definite)

    def _damped(self, fixed: Flags | None) -> Array:
        matrix, at = self.hessian.copy(), np.arange(self.hessian.shape[-1])
        added = self.scale * self.damping[:, None]
        if fixed is not None:
            matrix[fixed[:, :, None] | fixed[:, None, :]] = 0.0
            added = added + self.scale * fixed
        matrix[:, at, at] += added
        return matrix

    def _retreat(self, indefinite: Flags) -> None:
        """Where the exact Hessian is not positive definite, use the information; where that is singular, damp more."""
        swap = indefinite & self.exact
        self.hessian = np.where(swap[:, None, None], self.fisher, self.hessian)
        self.damping = np.where(indefinite & ~swap, self.damping * 10, self.damping)
        self.exact = self.exact & ~swap

    def _solve_free(self, slope: Array, fixed: Flags) -> Array:
        """The same by conjugate gradients."""

        def product(direction: Array) -> Array:
            inside = np.where(fixed, 0.0, direction)
            found = self.problem.hessian_product(self.point, inside) + self.damping[:, None] * self.scale * inside
            return np.where(fixed, self.scale * direction, found)

        return conjugate_gradients(product, slope, self.scale)

    def _curve(self, move: Array) -> Array:
        if self._dense:
            return (self.hessian @ move[..., None])[..., 0]
        return self.problem.hessian_product(self.point, move)

    def _keep(self, kept: NDArray[np.int64]) -> None:
        for name in ("live", "damping", "growth", "idle", "escapes", "size", "scale"):
            setattr(self, name, getattr(self, name)[kept])
        if not len(kept):
            return
        self.problem, self.point = self.problem.take(kept), _index(self.point, kept)
        self.slope, self.diagonal = self.slope[kept], self.diagonal[kept]
        self.held = None if self.held is None else self.held[kept]
        if self._dense:
            self.hessian, self.fisher, self.exact = self.hessian[kept], self.fisher[kept], self.exact[kept]
            self.fine = None if self.fine is None else self.fine[kept]


def _without(slope: Array, fixed: Flags | None) -> Array:
    return slope if fixed is None else np.where(fixed, 0.0, slope)


def _map(function: Callable[..., Array], *trees: Any) -> Any:
    """Apply a function to the arrays of equal nested tuples."""
    first = trees[0]
    if isinstance(first, np.ndarray):
        return function(*trees)
    parts = [_map(function, *part) for part in zip(*trees, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)


def _index(point: Point, index: NDArray[np.int64]) -> Point:
    found: Point = _map(lambda part: part[index], point)
    return found


def _where(mask: Flags, new: Point, old: Point) -> Point:
    """New where the mask says so, without a copy where it says so everywhere."""
    if mask.all():
        return new

    def choose(one: Array, other: Array) -> Array:
        return np.where(mask.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    chosen: Point = _map(choose, new, old)
    return chosen
