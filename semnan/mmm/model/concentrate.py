"""Minimise the likelihood concentrated on the parameters of the transforms, from one start or several.

Steps with Levenberg–Marquardt damping, as for θ (`semnan.estimation.scoring`): at first with the information on τ that
is left when θ is not known, then with the exact Hessian. Bounds are an active set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import DataError
from semnan.estimation.constraints import Constraints
from semnan.estimation.outcome import Outcome
from semnan.estimation.progress import Progress
from semnan.mmm.model.likelihood import Likelihood, Value
from semnan.mmm.model.scaled import solve_scaled
from semnan.network.arrays import Array

#: Largest slope at which a search has converged, in standard errors of one row; and its most steps.
TOLERANCE, STEPS = 1e-6, 200
#: A fall of the likelihood below this, relative to 1 + |value|, cannot be told from rounding.
ROUNDING = 1e-13
#: A gain of the log-likelihood of all rows below this moves no estimate by more than .015 standard errors.
UNNOTICED = 1e-4
#: Damping of the first step, the least, and that beyond which there is no step to speak of.
DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-10, 1e12
#: Trials with the information, before the exact Hessian takes over.
SCORING = 5
#: Smallest eigenvalue of a lifted Hessian, in standard errors of one row.
LIFT = 1e-8


@final
@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a search ended.

    Attributes
    ----------
    theta : array, shape (q,)
    tau : array, shape (k,)
    value : float
        Minus the log-likelihood of one row, and the penalties, up to a constant.
    outcome : Outcome
    ends : tuple of float
        What each start reached.

    """

    theta: Array
    tau: Array
    value: float
    outcome: Outcome
    ends: tuple[float, ...]


class _StoppedError(Exception):
    """The user has interrupted the optimiser."""


@final
class _Search:
    """One search from τ and what was found there; both become the best that it has seen."""

    def __init__(self, likelihood: Likelihood, progress: Progress, tau: Array, found: Value) -> None:
        self.likelihood, self.progress, self.tau, self.best = likelihood, progress, tau, found
        self.lower, self.upper, _ = likelihood.design.limits
        self.box = Constraints.of(likelihood.design.model)
        self.damping, self.growth = DAMPING, 2.0
        self.exact: Array | None = None
        self.refused: DataError | None = None

    def run(self) -> Outcome:
        """Search until no parameter has a slope."""
        for count in range(STEPS):
            here, scale, held = self.best, self._scale(self.best), self._held(self.best.slope)
            loose = np.abs(here.slope) / np.sqrt(scale)
            if not here.outcome.ok or loose[~held].max(initial=0.0) <= TOLERANCE:
                return here.outcome
            if self.damping > MOST_DAMPING:
                return self._ended(Outcome.STALLED, held, scale)
            if count >= SCORING and self.exact is None:
                self.exact = self.likelihood.concentrated_hessian(here.theta, self.tau)
            try:
                self._step(here, held, scale)
            except _StoppedError:
                return Outcome.INTERRUPTED
        return self._ended(Outcome.ITERATION_LIMIT, self._held(self.best.slope), self._scale(self.best))

    def _step(self, here: Value, held: NDArray[np.bool_], scale: Array) -> None:
        """One trial; the damping follows how much of the predicted fall came (Nielsen 1999)."""
        bend = self._bend(here, held, scale)
        move = self._move(here, held, bend + self.damping * np.diag(scale))
        predicted = -float((here.slope + bend @ move / 2) @ move)
        tau = np.clip(self.tau + move, self.lower, self.upper)
        trial = self._trial(tau, self._ahead(here, move))
        if trial is None:
            self._retreat()
            return
        fall, unseen = here.value - trial.value, ROUNDING * (1 + abs(here.value))
        if trial.outcome.ok and fall > -unseen:
            self.tau, self.best, self.exact = tau, trial, None
            ratio = fall / predicted if predicted > unseen else 1.0
            shrink = max(1 / 3, 1 - (2 * min(max(ratio, 0.0), 1.0) - 1) ** 3)
            self.damping = max(self.damping * shrink, LEAST_DAMPING)
            self.growth = 2.0
        else:
            self._retreat()

    def _trial(self, tau: Array, theta: Array) -> Value | None:
        """The likelihood at the end of a step; None where columns depend on each other and there is none."""
        try:
            return _value(self.likelihood, self.progress, tau, theta)
        except DataError as error:
            self.refused = error
            return None

    def _retreat(self) -> None:
        self.damping *= self.growth
        self.growth *= 2

    def _ended(self, outcome: Outcome, held: NDArray[np.bool_], scale: Array) -> Outcome:
        """The outcome when no step helps: converged if a Newton step would not gain what statistics could notice.

        Where columns nearly depend on each other, rounding of the likelihood hides its last falls. Where the way is to
        columns that do depend on each other, this is what there is to say.
        """
        if self.exact is None:
            self.exact = self.likelihood.concentrated_hessian(self.best.theta, self.tau)
        bend, slope = self._bend(self.best, held, scale)[np.ix_(~held, ~held)], self.best.slope[~held]
        if self.likelihood.design.rows * float(slope @ solve_scaled(bend, slope[:, None])[:, 0]) / 2 <= UNNOTICED:
            return Outcome.CONVERGED
        if self.refused is not None:
            raise self.refused
        return outcome

    def _held(self, slope: Array) -> NDArray[np.bool_]:
        """Which parameters are at a bound that they would cross."""
        return np.asarray(((self.tau <= self.lower) & (slope > 0)) | ((self.tau >= self.upper) & (slope < 0)))

    def _bend(self, here: Value, held: NDArray[np.bool_], scale: Array) -> Array:
        """The exact Hessian if it is there, lifted until it is positive definite; or else the information.

        Along a ridge the information sees more curvature than there is, and steps would be short.
        """
        if self.exact is None:
            return here.information
        least = np.linalg.eigvalsh((self.exact / np.sqrt(np.outer(scale, scale)))[np.ix_(~held, ~held)])[0]
        lift = 0.0 if least > -self.damping / 2 else LIFT - 2 * least
        return np.asarray(self.exact + lift * np.diag(scale))

    def _move(self, here: Value, held: NDArray[np.bool_], matrix: Array) -> Array:
        """The step to the minimum of the quadratic model within the bounds; who would cross one is put on it."""
        fixed, move = held.copy(), np.zeros_like(self.tau)
        while not fixed.all():
            free = ~fixed
            pushed = here.slope[free] + matrix[np.ix_(free, fixed)] @ move[fixed]
            move[free] = -np.linalg.solve(matrix[np.ix_(free, free)], pushed)
            target = np.clip(self.tau + move, self.lower, self.upper)
            crossed = free & (self.tau + move != target)
            if not crossed.any():
                break
            move[crossed] = (target - self.tau)[crossed]
            fixed |= crossed
        return move

    def _scale(self, here: Value) -> Array:
        """The information on each parameter; a parameter without any still has a range."""
        return np.asarray(np.maximum(np.diagonal(here.information), 1e-10 / (self.upper - self.lower) ** 2))

    def _ahead(self, here: Value, move: Array) -> Array:
        """Where θ is likely to be after a step in τ."""
        ahead = here.theta + here.drift @ move
        return np.where((ahead > self.box.lower) & (ahead < self.box.upper), ahead, here.theta)


def _value(likelihood: Likelihood, progress: Progress, tau: Array, theta: Array | None) -> Value:
    """The best θ at τ, from θ or else from start values."""
    found = likelihood.minimise(tau, theta, progress)
    if not found.outcome.ok and theta is not None:
        found = likelihood.minimise(tau, None, progress)
    if found.outcome is Outcome.INTERRUPTED:
        raise _StoppedError
    return found


def concentrate(
    likelihood: Likelihood, starts: Sequence[Array], progress: Progress, theta: Array | None = None
) -> Minimum:
    """The lowest end of searches from several τ, shape (k,) each."""
    ends: list[tuple[Outcome, _Search]] = []
    for tau in starts:
        try:
            search = _Search(likelihood, progress, tau, _value(likelihood, progress, tau, theta))
        except _StoppedError:
            break
        ends.append((search.run(), search))
        if ends[-1][0] is Outcome.INTERRUPTED:
            break
    if not ends:
        raise KeyboardInterrupt
    outcome, best = min(ends, key=lambda end: (not end[0].ok, end[1].best.value))
    return Minimum(best.best.theta, best.tau, best.best.value, outcome, tuple(end.best.value for _, end in ends))


def random_starts(likelihood: Likelihood, count: int, seed: int) -> list[Array]:
    """The usual start, and random ones within the bounds."""
    lower, upper, start = likelihood.design.limits
    generator = np.random.default_rng(seed)
    others = [lower + (upper - lower) * generator.uniform(0.05, 0.6, len(lower)) for _ in range(count - 1)]
    return [start, *others] if len(lower) else [start]
