"""How uncertain a function of the estimates is: the delta method, or the spread over bootstrap replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from semnan.effects.delta import AT_BOUND, NOT_IDENTIFIED
from semnan.errors import Unavailable
from semnan.estimation.distributions import normal_reach
from semnan.network.arrays import Array

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Of (θ, τ): called with arrays of shapes (q,) and (k,), gives one of shape (m,).
Function = Callable[[Array, Array], Array]
Interval = tuple[float, float]
#: Steps of differences in standard errors, and at most as shares of the range that a transform's parameter has.
STEP, SHARE = 1e-3, 1e-4


@final
@dataclass(frozen=True, eq=False)
class Uncertain:
    """Numbers with their uncertainty.

    Attributes
    ----------
    values : ndarray, shape (m,)
    covariance : ndarray, shape (m, m)
    missing : tuple of (Unavailable or None)
        Why a number has no standard error.
    draws : ndarray, shape (R, m), or None
        The numbers of bootstrap replicates, of which intervals are percentiles then.

    """

    values: Array
    covariance: Array
    missing: tuple[Unavailable | None, ...]
    draws: Array | None = None

    @property
    def standard_errors(self) -> list[float | Unavailable]:
        """One for each number."""
        errors = np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0)).tolist()
        return [error if why is None else why for error, why in zip(errors, self.missing, strict=True)]

    def intervals(self, level: float) -> list[Interval | Unavailable]:
        """Of this level, one for each number: estimate ± so many standard errors, or percentiles of the draws."""
        if self.draws is None:
            reach = normal_reach(level) * np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))
            ends = np.stack([self.values - reach, self.values + reach], axis=1).tolist()
        else:
            ends = np.quantile(self.draws, [0.5 - level / 2, 0.5 + level / 2], axis=0).T.tolist()
        return [(low, high) if why is None else why for (low, high), why in zip(ends, self.missing, strict=True)]


def delta(fit: ChannelFit, function: Function, touched: Sequence[int] | None = None) -> Uncertain:
    """Values of a function at the estimates, and how uncertain they are.

    Parameters
    ----------
    fit : ChannelFit
    function : callable
    touched : sequence of int, optional
        The entries of (θ, τ) that it may depend on; by default all.

    """
    q, whole = len(fit.minimum.theta), fit.values
    values = np.asarray(function(whole[:q], whole[q:]), dtype=np.float64)
    if not fit.outcome.ok:
        return _without(values, Unavailable(f"the fit did not converge ({fit.outcome.value})"))
    if isinstance(fit.spread.matrix, Unavailable):
        return _without(values, fit.spread.matrix)
    moved = np.arange(len(whole)) if touched is None else np.array(sorted(set(touched)), dtype=int)
    if fit.spread.draws is not None:
        draws = np.stack([function(draw[:q], draw[q:]) for draw in fit.spread.draws])
        return Uncertain(values, np.atleast_2d(np.cov(draws.T)), _unknown(fit, function, len(values), moved), draws)
    slopes = _slopes(fit, function, len(values), moved)
    covariance = slopes @ fit.spread.matrix @ slopes.T
    return Uncertain(values, covariance, tuple(_missing(fit, row, moved) for row in slopes))


def _unknown(fit: ChannelFit, function: Function, count: int, moved: Array) -> tuple[Unavailable | None, ...]:
    """Which numbers move along directions that the data do not determine, whatever their replicates do."""
    if fit.spread.null is None:
        return (None,) * count
    return tuple(_missing(fit, row, moved) for row in _slopes(fit, function, count, moved))


def _without(values: Array, why: Unavailable) -> Uncertain:
    return Uncertain(values, np.zeros((len(values),) * 2), (why,) * len(values))


def _slopes(fit: ChannelFit, function: Function, count: int, moved: Array) -> Array:
    """∂/∂(θ, τ) by central differences, shape (m, q + k); zero for what is held at a bound.

    Transforms are smooth a little beyond their bounds too.
    """
    q, whole, steps = len(fit.minimum.theta), fit.values, _steps(fit)
    found = np.zeros((count, len(whole)))
    for k in moved.tolist():
        if not steps[k]:
            continue
        ends = np.stack([whole, whole])
        ends[:, k] = whole[k] - steps[k], whole[k] + steps[k]
        low, high = (np.asarray(function(end[:q], end[q:])) for end in ends)
        found[:, k] = (high - low) / (2 * steps[k])
    return found


def _steps(fit: ChannelFit) -> Array:
    matrix = fit.spread.matrix
    assert not isinstance(matrix, Unavailable)
    found = STEP * np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
    if fit.spread.size is not None:  # What the data do not determine has no variance, but it has a size.
        found = np.maximum(found, STEP * fit.spread.size / np.sqrt(fit.model.design.rows))
    lower, upper, _ = fit.model.design.limits
    q = len(fit.minimum.theta)
    found[q:] = np.minimum(found[q:], SHARE * (upper - lower))
    return np.where(fit.spread.held, 0.0, found)


def _missing(fit: ChannelFit, slope: Array, moved: Array) -> Unavailable | None:
    if len(moved) and fit.spread.held[moved].all():
        return AT_BOUND
    return None if fit.spread.determines(slope) else NOT_IDENTIFIED


class Told(NamedTuple):
    """A number that may be told, or the reason why it may not."""

    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: Interval | Unavailable


def tell(
    fit: ChannelFit,
    function: Function,
    touched: Sequence[int],
    refusal: Unavailable | None,
    level: float,
    count: int = 1,
) -> list[Told]:
    """The values of a function at the estimates with their intervals, or a refusal in place of all.

    A value that other parameters which fit as well would change is none either.

    Parameters
    ----------
    function, touched
        As in `delta`.
    refusal : Unavailable or None
        Why nothing may be told; the function is not computed then.
    level : float
        Of the intervals.
    count : int
        How many values there are.

    """
    if refusal is not None:
        return [Told(refusal, refusal, refusal)] * count
    found = delta(fit, function, touched)
    columns = (found.values.tolist(), found.standard_errors, found.intervals(level))
    rows = zip(*columns, found.missing, strict=True)
    return [Told(why, why, why) if why is NOT_IDENTIFIED else Told(*row) for *row, why in rows]
