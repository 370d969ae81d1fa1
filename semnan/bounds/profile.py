"""Profile-likelihood intervals: all values of a number that a likelihood-ratio test does not reject.

The profile F(t) is the least discrepancy with τ(θ) = t, and the interval at level 1 − α holds the t with
2 n (F(t) − F(θ̂)) ≤ χ²₁(1 − α) (Venzon & Moolgavkar 1988; Pek & Wu 2015). Nothing in it needs an information matrix, so it
holds at boundaries, and of what is not identified it is the identified set at that level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

import numpy as np
import torch
from scipy.optimize import brentq

from semnan.bounds.target import Target
from semnan.data import MomentsStack
from semnan.effects.delta import NOT_IDENTIFIED, check_level
from semnan.effects.effect import Kind
from semnan.errors import FitError, Unavailable
from semnan.estimation.assembly import arrange
from semnan.estimation.augmented import minimise_constrained
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_limit
from semnan.estimation.estimate import Estimate
from semnan.estimation.functions import Functions
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.fit import Fit
from semnan.network.arrays import Array

#: An end farther from the estimate than this is told as infinite: in standard errors of a single observation, which for
#: a path are about standard deviations of the target by one of the source.
FARTHEST = 1000.0
#: How closely an end is found, in standard errors of the whole sample; and how often a side is refitted at most.
CLOSE, MOST_REFITS = 1e-5, 80
#: Stands for a deviance that is infinite.
NEVER = 1e6

AT_BOUND = "the bound of the parameter"
AT_EDGE = "the bounds and constraints of the model allow no value beyond"
UNBOUNDED = (
    "no end: values {far:.3g} away from the estimate are not rejected, which is {times:g} standard errors of a single "
    "observation"
)


@final
@dataclass(frozen=True)
class ProfileInterval:
    """A profile-likelihood interval.

    Attributes
    ----------
    name : str
        Of what.
    estimate : float or Unavailable
        Where the fit ended; unavailable if the data do not determine the number.
    lower, upper : float or Unavailable
        Infinite where there is no end; unavailable where refits failed.
    level : float
    lower_reason, upper_reason : str
        Why an end is none of the usual kind, where the likelihood crosses its limit; empty if it is.
    refits : int
        How many constrained fits it took.

    """

    name: str
    estimate: float | Unavailable
    lower: float | Unavailable
    upper: float | Unavailable
    level: float
    lower_reason: str
    upper_reason: str
    refits: int

    @property
    def identified(self) -> bool:
        """Whether the model determines the number; otherwise the interval is its identified set at that level."""
        return not isinstance(self.estimate, Unavailable)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return all(not isinstance(end, Unavailable) and math.isfinite(end) for end in (self.lower, self.upper))

    def __str__(self) -> str:
        ends = " to ".join(str(end) if isinstance(end, Unavailable) else f"{end:.4g}" for end in (self.lower, self.upper))
        what = "profile interval" if self.identified else "identified set (profile likelihood)"
        lines = [f"{self.name}: {100 * self.level:g}% {what} {ends}"]
        lines += [f"  lower: {self.lower_reason}"] * bool(self.lower_reason)
        lines += [f"  upper: {self.upper_reason}"] * bool(self.upper_reason)
        return "\n".join(lines)


def profile_interval(
    fit: Fit,
    effect: str | tuple[str, str],
    *,
    kind: Kind = "total",
    avoiding: Iterable[str] | str = (),
    group: str | None = None,
    level: float = 0.95,
) -> ProfileInterval:
    """The profile-likelihood interval of a parameter, a defined parameter or an effect, identified or not.

    Parameters
    ----------
    fit : Fit
        By maximum likelihood, of complete or incomplete rows.
    effect : str or (str, str)
        A label, a defined parameter, a covariance or variance ``"X <-> Y"``, an intercept ``"1 -> X"``, or an effect
        ``"X -> Y"`` (its own edge: ``kind="direct"``).
    kind : "total", "direct" or "indirect"
    avoiding : str or iterable of str
        Variables that the paths counted do not pass through.
    group : str, optional
        Of an effect in a model with several groups.
    level : float

    Returns
    -------
    ProfileInterval
        The part of the confidence set that is connected with the estimate. Every value inside it has been reached by
        parameters, so it can only be too narrow, if a refit ends in a local minimum.

    Raises
    ------
    FitError
        If the fit did not converge or is not by maximum likelihood, or for a question that has no meaning.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> print(profile_interval(sn.sem("x1 ~ x2", frame), "x2 -> x1"))
    total effect x2 -> x1: 95% profile interval 0.1854 to 0.4026

    """
    check_level(level)
    _check_fit(fit.estimate)
    target = Target.of(fit.model, effect, kind=kind, avoiding=avoiding, group=group)
    with torch.no_grad(), np.errstate(all="ignore"):
        profile = _Profile.of(fit.estimate, target, level)
        lower, low_reason = profile.end(-1.0)
        upper, high_reason = profile.end(1.0)
    known = fit.estimate.generic
    determined = isinstance(known, Unavailable) or bool(known.identified(_slopes(target, known.theta))[0])
    estimate = profile.center if determined else NOT_IDENTIFIED
    return ProfileInterval(target.name, estimate, lower, upper, level, low_reason, high_reason, profile.refits)


def _slopes(target: Target, theta: torch.Tensor) -> torch.Tensor:
    return target.functions.jacobian(theta)


def _check_fit(fit: Estimate) -> None:
    if not fit.outcome.ok:
        raise FitError(f"the fit did not converge ({fit.outcome.value}): {fit.outcome.advice}")
    if fit.discrepancy != KullbackLeibler.__name__ or fit.estimator not in ("ML", "MLF"):
        raise FitError(
            f"profile intervals are about the likelihood, and this fit is by {fit.discrepancy}, estimator "
            f"{fit.estimator}: fit with estimator='ML'"
        )


@final
@dataclass(eq=False)
class _Profile:
    """The profile of one number, and the refits made so far."""

    problem: Problem
    limits: Constraints
    target: Target
    theta: Array
    lowest: float
    n: int
    critical: float
    center: float
    unit: float
    refits: int = 0
    seen: dict[float, tuple[float, Array]] = field(default_factory=dict)

    @classmethod
    def of(cls, fit: Estimate, target: Target, level: float) -> _Profile:
        problem, limits = problem_of(fit)
        full = fit.theta.numpy()[None]
        theta = problem.clip(full if problem.space is None else problem.space.nearest(full))
        point = problem.at(theta)
        center = float(target.value(full)[0])
        critical = math.sqrt(chi_square_limit(1 - level, 1))
        found = cls(problem, limits, target, theta, float(point.value[0]), fit.n, critical, center, unit_of(problem, target, theta))
        found.seen[center] = (0.0, theta)
        return found

    def end(self, sign: float) -> tuple[float | Unavailable, str]:
        """Where the deviance crosses its limit on one side, with a reason if it does not."""
        self.used = self.refits
        last = self._own_bound(sign)
        inside, outside, step = self.center, self.center, self.critical * self.unit / math.sqrt(self.n)
        while True:
            outside = self.center + sign * step
            beyond = sign * outside >= sign * last
            outside = last if beyond else outside
            if outside != inside and self._excess(outside) > 0:
                return self._crossing(inside, outside)
            if beyond:
                return last, AT_BOUND
            if step >= FARTHEST * self.unit:
                return sign * math.inf, UNBOUNDED.format(far=step, times=FARTHEST)
            inside, step = outside, 2 * step

    def _own_bound(self, sign: float) -> float:
        if self.target.parameter is None:
            return sign * math.inf
        free = self.target.model.free[self.target.parameter]
        return free.lower if sign < 0 else free.upper

    def _crossing(self, inside: float, outside: float) -> tuple[float | Unavailable, str]:
        close = CLOSE * self.unit / math.sqrt(self.n)
        found = float(brentq(self._excess, inside, outside, xtol=close, rtol=1e-12, maxiter=MOST_REFITS, disp=False))
        low = max((t for t in self.seen if self._between(t, inside, outside) and self._known(t) <= 0), key=lambda t: abs(t - inside))
        high = min((t for t in self.seen if self._between(t, inside, outside) and self._known(t) > 0), key=lambda t: abs(t - inside))
        if self._known(high) < NEVER and self._known(high) - self._known(low) < 0.05 * self.critical:
            return found, ""
        return low, AT_EDGE

    @staticmethod
    def _between(t: float, first: float, second: float) -> bool:
        return min(first, second) <= t <= max(first, second)

    def _known(self, t: float) -> float:
        return self.seen[t][0] - self.critical

    def _excess(self, t: float) -> float:
        """The signed root of the deviance at a value, less its limit."""
        if t not in self.seen:
            self.seen[t] = self._refit(t)
        return self._known(t)

    def _refit(self, t: float) -> tuple[float, Array]:
        nearest = min(self.seen, key=lambda s: abs(s - t) if self.seen[s][0] < NEVER else math.inf)
        functions = [self.target.minus(t)]
        others = () if self.limits.functions is None else self.limits.functions.expressions
        equality = np.concatenate([[True], self.limits.equality])
        self.refits += 1
        solution, _ = minimise_constrained(
            self.problem,
            Functions(self.target.model, [*functions, *others]),
            equality,
            self.seen[nearest][1],
            lambda inner, start: FisherScoring().minimise(inner, start, Progress(shown=False)),
        )
        if solution.outcomes[0] in (Outcome.INFEASIBLE, Outcome.BAD_START):
            return NEVER, solution.theta
        deviance = 2 * self.n * (float(solution.value[0]) - self.lowest)
        return math.sqrt(max(deviance, 0.0)), solution.theta


def problem_of(fit: Estimate) -> tuple[Problem, Constraints]:
    """The problem that a fit solved, and the constraints of its model."""
    stacks = tuple(MomentsStack.from_moments([sample]) for sample in fit.samples)
    limits = Constraints.of(fit.model)
    parts = arrange(fit.model, stacks, tuple(fit.patterns), KullbackLeibler).parts
    return Problem(parts, limits.lower, limits.upper, limits.space), limits


def unit_of(problem: Problem, target: Target, theta: Array) -> float:
    """A standard error of one observation of the target, taking parameters as independent."""
    point = problem.at(theta)
    spread, slope = problem.hessian_diagonal(point)[0], target.slope(point.full)[0]
    slope = slope if problem.space is None else problem.space.pull(slope)
    variance = float((slope**2 / np.where(spread > 0, spread, 1.0)).sum())
    return math.sqrt(variance) if variance > 0 else 1.0
