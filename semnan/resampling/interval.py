"""Intervals from replicates (Davison & Hinkley 1997, ch. 5; Efron 1987).

With t the estimate, t* its replicates and q(α) their quantile, an interval of level 1 − 2α is

    percentile   q(α), q(1 − α)
    basic        2 t − q(1 − α), 2 t − q(α)
    normal       2 t − mean t* ∓ z(1 − α) sd t*
    BCa          q at Φ(w + (w ± z) / (1 − a (w ± z))), w = Φ⁻¹(share of t* below t), a the acceleration.

Quantiles are order statistics, between them interpolated on the scale of normal quantiles (eq. 5.8).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from semnan.errors import FitError, Unavailable

Array = NDArray[np.float64]
Method = Literal["percentile", "basic", "bca", "normal"]
#: Fewer replicates say nothing of tails.
FEWEST = 20
TOO_FEW = Unavailable(f"there are less than {FEWEST} replicates with estimates: draw more")
CONSTANT = Unavailable("all replicates are the same: there is nothing to make an interval from")
BEYOND = Unavailable("the interval reaches beyond the replicates: draw more of them")


@final
@dataclass(frozen=True)
class Resampled:
    """A number with its uncertainty from replicates.

    Attributes
    ----------
    name : str
    estimate : float or Unavailable
        Of the sample.
    standard_error, bias : float or Unavailable
        The standard deviation of the replicates, and their mean less the estimate.
    interval : (float, float) or Unavailable
    level : float
    method : "percentile", "basic", "bca" or "normal"

    """

    name: str
    estimate: float | Unavailable
    standard_error: float | Unavailable
    bias: float | Unavailable
    interval: tuple[float, float] | Unavailable
    level: float
    method: Method

    def __str__(self) -> str:
        if isinstance(self.estimate, Unavailable):
            return f"{self.name}: {self.estimate}"
        if isinstance(self.standard_error, Unavailable):
            return f"{self.name}: {self.estimate:.4g}, no standard error {self.standard_error}"
        told = f"{self.name}: {self.estimate:.4g} (SE {self.standard_error:.3g}"
        if isinstance(self.interval, Unavailable):
            return f"{told}, no interval {self.interval})"
        low, high = self.interval
        return f"{told}, {100 * self.level:g}% {self.method} interval {low:.4g} to {high:.4g})"


def check_method(method: object) -> None:
    """Raise `FitError` unless `method` is one."""
    if method not in get_args(Method):
        raise FitError(f"the method is {method!r}: give one of {', '.join(get_args(Method))}")


def interval(
    estimate: float, values: Array, level: float, method: Method, acceleration: float = 0.0
) -> tuple[float, float] | Unavailable:
    """The interval of an estimate whose replicates are these, shape (R,)."""
    if len(values) < FEWEST:
        return TOO_FEW
    if np.ptp(values) == 0:
        return CONSTANT
    tail = (1 - level) / 2
    if method == "normal":
        reach = -float(ndtri(tail)) * float(values.std(ddof=1))
        middle = 2 * estimate - float(values.mean())
        return middle - reach, middle + reach
    at = _corrected(estimate, values, tail, acceleration) if method == "bca" else (tail, 1 - tail)
    if at is None:
        return BEYOND
    low, high = (quantile(values, share) for share in at)
    return (2 * estimate - high, 2 * estimate - low) if method == "basic" else (low, high)


def _corrected(estimate: float, values: Array, tail: float, acceleration: float) -> tuple[float, float] | None:
    """The shares of replicates between which a BCa interval lies."""
    below = float((values < estimate).mean())
    if not 0 < below < 1:
        return None
    middle = float(ndtri(below))
    found = []
    for reach in (float(ndtri(tail)), -float(ndtri(tail))):
        moved = middle + reach
        found.append(float(ndtr(middle + moved / (1 - acceleration * moved))))
    return (found[0], found[1]) if 0 < found[0] < found[1] < 1 else None


def quantile(values: Array, share: float) -> float:
    """The (R + 1) α-th smallest value, or what normal quantiles interpolate between two; at the ends the extremes."""
    ordered, count = np.sort(values), len(values)
    place = (count + 1) * share
    below = math.floor(place)
    if below < 1:
        return float(ordered[0])
    if below >= count:
        return float(ordered[-1])
    if place - below < 1e-10:
        return float(ordered[below - 1])
    low, here, high = (float(ndtri(x)) for x in (below / (count + 1), share, (below + 1) / (count + 1)))
    return float(ordered[below - 1] + (here - low) / (high - low) * (ordered[below] - ordered[below - 1]))
