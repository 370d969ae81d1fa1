"""Profile-likelihood intervals: all values of a number that a likelihood-ratio test does not reject.

The profile F(t) is the least discrepancy with τ(θ) = t, and the interval at level 1 − α holds the t with
2 n (F(t) − F(θ̂)) ≤ χ²₁(1 − α) (Venzon & Moolgavkar 1988; Pek & Wu 2015). Nothing in it needs an information matrix, so
there is one at boundaries too, and of what is not identified it is the identified set at that level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from scipy.optimize import brentq

from semnan.bounds.likelihood import FARTHEST, Profile
from semnan.bounds.target import Target
from semnan.effects.delta import NOT_IDENTIFIED, check_level
from semnan.effects.effect import Kind
from semnan.errors import FitError, Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_limit
from semnan.estimation.estimate import Estimate
from semnan.fitted import Fit

#: How closely an end is found, in standard errors of the whole sample; and after how many refits at most.
CLOSE, MOST_REFITS = 1e-5, 60
#: The first step from the estimate is no smaller than this, in standard errors of one observation.
FIRST = 0.01
#: Where the root of the deviance jumps by more than this share of its limit it does not cross it.
JUMP = 0.05

AT_BOUND = "the bound of the parameter"
AT_EDGE = "the bounds and constraints of the model allow no value beyond"
DOUBTFUL = "refits nearby did not converge, so the interval may reach farther"
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
    lower, upper : float
        Infinite where there is no end.
    level : float
    lower_reason, upper_reason : str
        Why an end is none of the usual kind, where the likelihood crosses its limit; empty if it is.
    refits : int
        How many constrained fits it took.

    """

    name: str
    estimate: float | Unavailable
    lower: float
    upper: float
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
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    def __str__(self) -> str:
        what = "profile interval" if self.identified else "identified set (profile likelihood)"
        lines = [f"{self.name}: {100 * self.level:g}% {what} {self.lower:.4g} to {self.upper:.4g}"]
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
    total effect x2 -> x1: 95% profile interval 0.1875 to 0.4021

    """
    check_level(level)
    _check_fit(fit.estimate)
    target = Target.of(fit.model, effect, kind=kind, avoiding=avoiding, group=group)
    profile = Profile(fit.estimate, target)
    limit = math.sqrt(chi_square_limit(1 - level, 1))
    ends = [Side(profile, limit, sign).end() for sign in (-1.0, 1.0)]
    known = fit.estimate.generic
    determined = isinstance(known, Unavailable) or bool(known.identified(target.functions.jacobian(known.theta))[0])
    estimate = profile.center if determined else NOT_IDENTIFIED
    (lower, below), (upper, above) = ends
    return ProfileInterval(target.name, estimate, lower, upper, level, below, above, profile.refits)


def _check_fit(fit: Estimate) -> None:
    if not fit.outcome.ok:
        raise FitError(f"the fit did not converge ({fit.outcome.value}): {fit.outcome.advice}")
    if fit.discrepancy != KullbackLeibler.__name__ or fit.estimator not in ("ML", "MLF"):
        raise FitError(
            f"profile intervals are about the likelihood, and this fit is by {fit.discrepancy}, estimator "
            f"{fit.estimator}: fit with estimator='ML'"
        )
    if fit.stages is not None:
        raise FitError("profile intervals are about the likelihood, and this fit is by two stages: use missing='fiml'")


@final
@dataclass(frozen=True, eq=False)
class Side:
    """One side of a profile, and the limit that it has to cross: below the estimate (sign −1) or above it."""

    profile: Profile
    limit: float
    sign: float

    def end(self) -> tuple[float, str]:
        """Where the interval ends, with a reason if the likelihood does not cross its limit there."""
        center, unit = self.profile.center, self.profile.unit
        inside, last = center, self.profile.bound(self.sign)
        step = max(self.limit * self.profile.error, FIRST * unit)
        while True:
            outside = center + self.sign * step
            if self.sign * outside >= self.sign * last:
                outside = last
            if outside != center and self._excess(outside) > 0:
                return self._crossing(inside, outside)
            if outside == last:
                return last, AT_BOUND
            if step >= FARTHEST * unit:
                return self.sign * math.inf, UNBOUNDED.format(far=step, times=FARTHEST)
            inside, step = outside, 2 * step

    def hull(self, farthest: float) -> float:
        """Where the farthest part of the set ends that a search outwards meets, gaps or not; infinite if not before."""
        profile, inside = self.profile, self.profile.center
        last, step, outside = profile.bound(self.sign), FIRST * profile.unit, None
        while step <= farthest * profile.unit:
            value = self.sign * min(self.sign * (profile.center + self.sign * step), self.sign * last)
            if self._excess(value) <= 0:
                inside, outside = value, None
            elif outside is None:
                outside = value
            step = math.inf if value == last else 2 * step
        if outside is not None:
            return self._crossing(inside, outside)[0]
        return last if inside == last else self.sign * math.inf

    def _crossing(self, inside: float, outside: float) -> tuple[float, str]:
        """The crossing between two values, or the last value before a jump."""
        close = CLOSE * self.profile.error
        found = float(brentq(self._excess, inside, outside, xtol=close, rtol=1e-12, maxiter=MOST_REFITS, disp=False))
        within = [t for t in self.profile.seen if min(inside, outside) <= t <= max(inside, outside)]
        last = max((t for t in within if self._excess(t) <= 0), key=lambda t: self.sign * t)
        first = min((t for t in within if self._excess(t) > 0), key=lambda t: self.sign * t)
        if first in self.profile.failed:
            return last, DOUBTFUL
        jumps = self.profile(first) - self.profile(last) > JUMP * self.limit
        return (last, AT_EDGE) if jumps else (found, "")

    def _excess(self, value: float) -> float:
        return self.profile(value) - self.limit
