"""`Profile`: the least discrepancy of a fitted model where one number is held at a value, refit by refit."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import torch

from semnan.bounds.target import Target
from semnan.data import MomentsStack
from semnan.errors import FitError
from semnan.estimation.assembly import arrange
from semnan.estimation.augmented import minimise_constrained
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimate
from semnan.estimation.functions import Functions
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.network.arrays import Array

#: Stands for a deviance that is infinite.
NEVER = 1e6
#: A refit may beat the fit by this deviance, and by this discrepancy, for rounding.
BETTER, ROUNDING = 1e-3, 1e-10
#: Steps of one round of a refit.
MOST_STEPS = 100
#: A value farther from the estimate than this is not looked at: in standard errors of a single observation, which for a
#: path are about standard deviations of the target by one of the source.
FARTHEST = 1000.0


@final
class Profile:
    """The signed roots of the deviance of one number, as far as they have been asked for.

    Parameters
    ----------
    fit : Estimate
        By maximum likelihood.
    target : Target

    Attributes
    ----------
    center : float
        The number at the estimates.
    unit : float
        A standard error of one observation, taking parameters as independent.
    error : float
        The same for the whole sample.
    seen : dict from float to float
        √(2 n (F(t) − F(θ̂))) at the values t asked for; `NEVER` where bounds and constraints allow no such value.
    failed : set of float
        Values whose refit did not converge.

    """

    def __init__(self, fit: Estimate, target: Target) -> None:
        self.target, self.n = target, fit.n
        self._problem, self._limits = problem_of(fit)
        full, space = fit.theta.numpy()[None].copy(), self._problem.space
        start = self._problem.clip(full if space is None else space.nearest(full))
        self.center = float(target.value(full)[0])
        with np.errstate(all="ignore"):
            self._lowest = float(self._problem.at(start).value[0])
            self.unit = unit_of(self._problem, target, start)
        self.error = self.unit / math.sqrt(self.n)
        self.seen, self.failed = {self.center: 0.0}, set[float]()
        self._ends = {self.center: start}

    def parameters(self, value: float) -> Array:
        """The parameters at the refit that was nearest to a value, shape (q,)."""
        found = self._ends[min(self._ends, key=lambda t: abs(t - value))]
        full = found if self._problem.space is None else self._problem.space.expand(found)
        return np.asarray(full[0])

    @property
    def refits(self) -> int:
        """How many constrained fits were made."""
        return len(self.seen) - 1

    def bound(self, sign: float) -> float:
        """The bound of the number itself, below (sign −1) or above, if it is a parameter; infinite otherwise."""
        if self.target.parameter is None:
            return sign * math.inf
        free = self.target.model.free[self.target.parameter]
        return free.lower if sign < 0 else free.upper

    def __call__(self, value: float) -> float:
        """The root of the deviance with the number held at a value.

        Raises
        ------
        FitError
            If the refit is better than the fit, which then was a local minimum.

        """
        if value not in self.seen:
            self.seen[value] = self._root(value)
        return self.seen[value]

    def _root(self, value: float) -> float:
        nearest = min(self._ends, key=lambda t: abs(t - value))
        solution = self._refit(value, self._ends[nearest])
        if solution.outcomes[0] in (Outcome.INFEASIBLE, Outcome.BAD_START):
            return NEVER
        if not solution.outcomes[0].ok:
            self.failed.add(value)
        deviance = 2 * self.n * (float(solution.value[0]) - self._lowest)
        if deviance < -(BETTER + 2 * self.n * ROUNDING):
            raise FitError(
                f"a refit with the {self.target.name} at {value:.4g} is better than the fit, by {-deviance:.3g} in χ²: "
                "the fit ended in a local minimum; fit with starts=10"
            )
        self._ends[value] = solution.theta
        return math.sqrt(max(deviance, 0.0))

    def _refit(self, value: float, start: Array) -> Solution:
        others = () if self._limits.functions is None else self._limits.functions.expressions
        functions = Functions(self.target.model, [self.target.minus(value), *others])
        equality = np.concatenate([[True], self._limits.equality])
        with torch.no_grad(), np.errstate(all="ignore"):
            return minimise_constrained(self._problem, functions, equality, start.copy(), _minimise)[0]


def _minimise(problem: Problem, start: Array) -> Solution:
    return FisherScoring(max_steps=MOST_STEPS).minimise(problem, start, Progress(shown=False))


def problem_of(fit: Estimate) -> tuple[Problem, Constraints]:
    """The problem that a fit solved, and the constraints of its model."""
    stacks = tuple(MomentsStack.from_moments([sample]) for sample in fit.samples)
    limits = Constraints.of(fit.model)
    parts = arrange(fit.model, stacks, tuple(fit.patterns), KullbackLeibler).parts
    return Problem(parts, limits.lower, limits.upper, limits.space), limits


def unit_of(problem: Problem, target: Target, theta: Array) -> float:
    """A standard error of one observation of a number, taking parameters as independent, at coordinates (1, r)."""
    point = problem.at(theta)
    spread, slope = problem.hessian_diagonal(point)[0], target.slope(point.full)[0]
    slope = slope if problem.space is None else problem.space.pull(slope)
    variance = float((slope**2 / np.where(spread > 0, spread, 1.0)).sum())
    return math.sqrt(variance) if variance > 0 else 1.0
