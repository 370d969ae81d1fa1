"""Likelihood-ratio tests between nested fits, and whether they are nested.

Of two models of the same data, the more restricted one is nested in the other if that fits perfectly whatever the first
implies (Bentler & Satorra 2010, Psychological Methods 15): the other model is fitted to the implied moments of the
first, and must reach them. The verdict is about the estimates at hand, and about equivalent models too: names do not
matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

from semnan.data import Moments, MomentsStack, Patterns
from semnan.data.checks import trusted
from semnan.errors import DataError, FitError, Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_options import Options
from semnan.estimation.least_squares import shares_thresholds
from semnan.estimation.minimise import estimate
from semnan.estimation.nested_thresholds import threshold_misfit
from semnan.estimation.statistics import Statistics

Value = float | Unavailable
#: The largest discrepancy of a model that reaches the moments it is fitted to.
REACHED = 1e-7
#: Starts of a second try, after a first that did not reach them.
STARTS = 5
#: χ² that is lower by more in the more restricted model is no rounding.
LOWER = 1e-3
#: Relative difference of moments that is more than rounding.
SAME = 1e-8
FIRST = Unavailable("it is the least restricted of them")
OTHER_MOMENTS = Unavailable(
    "the models are not about the same moments: one has means, or covariates, that another has not"
)


@final
@dataclass(frozen=True)
class ComparedFit:
    """One fit among several, and its test against the next less restricted one.

    Attributes
    ----------
    name : str
    df : int
    aic, bic, chi_square : float or Unavailable
    chi_square_difference, df_difference, p_value : number or Unavailable
        By how much χ² and df rise, and the probability of such a rise of χ² if the restrictions hold.
    rmsea : float or Unavailable
        The root mean square error of approximation of the restrictions alone (Savalei, Brace & Fouladi 2023).

    """

    name: str
    df: int
    aic: Value
    bic: Value
    chi_square: Value
    chi_square_difference: Value
    rmsea: Value
    df_difference: int | Unavailable
    p_value: Value


@final
@dataclass(frozen=True)
class Correction:
    """How differences of χ² are corrected.

    Attributes
    ----------
    corrected : callable
        The corrected difference, from the places of the less and the more restricted fit, χ² and df of it.

    """

    corrected: Callable[[int, int, float, int], float | Unavailable]


def compare_estimates(
    fits: Sequence[Estimate], names: Sequence[str], correction: Correction | None = None
) -> list[ComparedFit]:
    """Test each fit against the next less restricted one; in the order of df.

    Raises
    ------
    FitError
        If there are less than two fits, one is neither by maximum likelihood nor by least squares of moments, or has no
        df, two have the same df, or their data differ.

    """
    if len(fits) < 2:
        raise FitError("give two fits or more: there is nothing to compare")
    entries = check_comparable(fits, names, squares=True)
    ordered = sorted(entries, key=lambda entry: entry.df)
    for less, more in pairwise(ordered):
        if less.df == more.df:
            raise FitError(f"{less.name} and {more.name} have the same df, {less.df}: neither restricts the other")
    return [_first(ordered), *(_tested(ordered, less, more, correction) for less, more in pairwise(ordered))]


@final
@dataclass(frozen=True, eq=False)
class _Entry:
    """A fit with its name, df, and place among those given."""

    fit: Estimate
    name: str
    df: int
    place: int


def check_comparable(fits: Sequence[Estimate], names: Sequence[str], *, squares: bool = False) -> list[_Entry]:
    """The fits with their names and df, or `FitError` unless they are by maximum likelihood, of the same data.

    With `squares` they may be by least squares of moments.
    """
    if len(set(names)) < len(names) or len(names) != len(fits):
        raise FitError(f"the names are {', '.join(map(str, names))}: give every fit its own")
    pairs = zip(fits, names, strict=True)
    entries = [_Entry(fit, name, _df(fit, name, squares=squares), place) for place, (fit, name) in enumerate(pairs)]
    for entry in entries[1:]:
        _check_same_data(entries[0], entry)
    return entries


def _df(fit: Estimate, name: str, *, squares: bool) -> int:
    if fit.discrepancy != KullbackLeibler.__name__ and not (squares and fit.squares is not None):
        raise FitError(f"{name} minimises {fit.discrepancy}: likelihood ratios need maximum likelihood")
    df = Statistics(fit).df
    if isinstance(df, Unavailable):
        raise FitError(f"{name} has no degrees of freedom: {df.reason}")
    return df


# -- the data


def _check_same_data(one: _Entry, other: _Entry) -> None:
    for what in _differences(one.fit, other.fit):
        raise FitError(f"{one.name} and {other.name} have different data: {what}")


def _differences(one: Estimate, other: Estimate) -> Iterator[str]:
    apart = sorted(set(one.model.visibles) ^ set(other.model.visibles))
    if apart:
        yield f"only one of them has {', '.join(apart)}"
    if one.labels != other.labels:
        yield "their groups, or the order of these, differ"
    if one.incomplete != other.incomplete:
        yield "only one of them has rows with missing values"
    for a, b in zip(one.samples, other.samples, strict=True):
        if a.n != b.n:
            yield f"{a.n} and {b.n} rows"
        elif not _same_moments(
            *(_comparable(part, ordered=bool(one.model.ordered)) for part in (a, b.select(a.names)))
        ):
            yield "their moments differ"


def _comparable(sample: Moments, *, ordered: bool) -> Moments:
    """With ordered variables correlations: the units of latent responses are those of the model."""
    if not ordered:
        return sample
    size = np.sqrt(np.diag(sample.covariance))
    return trusted(
        Moments, names=sample.names, covariance=sample.covariance / np.outer(size, size), n=sample.n, mean=None
    )


def _same_moments(one: Moments, other: Moments) -> bool:
    size = np.sqrt(np.diag(one.covariance))
    near = np.abs(one.covariance - other.covariance) <= SAME * np.outer(size, size)
    if one.mean is None or other.mean is None:
        return bool(near.all())
    return bool(near.all() and (np.abs(one.mean - other.mean) <= SAME * (size + np.abs(one.mean))).all())


# -- the tests


def _first(ordered: list[_Entry]) -> ComparedFit:
    return _row(ordered, ordered[0], FIRST, FIRST, FIRST, FIRST)


def _tested(ordered: list[_Entry], less: _Entry, more: _Entry, correction: Correction | None) -> ComparedFit:
    rise, df = _rise(less, more), more.df - less.df
    if correction is not None and not isinstance(rise, Unavailable):
        rise = correction.corrected(less.place, more.place, rise, df)
    if isinstance(rise, Unavailable):
        return _row(ordered, more, rise, rise, df, rise)
    groups = len(more.fit.labels)
    rmsea = math.sqrt(groups * max(rise - df, 0.0) / (df * more.fit.n))
    return _row(ordered, more, rise, rmsea, df, chi_square_tail(rise, df))


def _row(
    ordered: list[_Entry], entry: _Entry, rise: Value, rmsea: Value, df: int | Unavailable, p_value: Value
) -> ComparedFit:
    statistics = Statistics(entry.fit)
    comparable = len({_about(other.fit) for other in ordered}) == 1
    aic, bic = (statistics.aic, statistics.bic) if comparable else (OTHER_MOMENTS, OTHER_MOMENTS)
    return ComparedFit(entry.name, entry.df, aic, bic, statistics.chi_square, rise, rmsea, df, p_value)


def _about(fit: Estimate) -> tuple[bool, frozenset[str]]:
    return fit.model.has_means, frozenset(fit.model.exogenous)


def _rise(less: _Entry, more: _Entry) -> Value:
    """By how much χ² is larger in the more restricted fit, or why that says nothing."""
    for entry in (less, more):
        if not entry.fit.outcome.ok:
            return Unavailable(f"{entry.name} did not converge")
        if isinstance(Statistics(entry.fit).chi_square, Unavailable):
            return Unavailable(f"{entry.name} has no χ²: {Statistics(entry.fit).chi_square}")
    reached = reaches(less.fit, more.fit)
    if isinstance(reached, Unavailable):
        return reached
    if not reached:
        return Unavailable(f"{more.name} is not nested in {less.name}, which cannot reproduce what it implies")
    rise = float(Statistics(more.fit).chi_square) - float(Statistics(less.fit).chi_square)
    if rise < -LOWER:
        return Unavailable(f"{less.name} restricts less and fits worse: it ended in a local minimum, try more starts")
    return max(rise, 0.0)


def reaches(less: Estimate, more: Estimate) -> bool | Unavailable:
    """Whether the model of one fit reproduces the moments that another implies."""
    try:
        if shares_thresholds(less.model) or shares_thresholds(more.model):
            return threshold_misfit(less, more) < REACHED
        moments = [_implied(less, more, g) for g in range(len(more.labels))]
        return any(_misfit(less, moments, starts) < REACHED for starts in (1, STARTS))
    except DataError as error:
        return Unavailable(f"nesting cannot be tested: {error}")


def _implied(less: Estimate, more: Estimate, g: int) -> Moments:
    """The implied moments of a group in the order of the other model; without a model of means those of the sample."""
    sample, implied = more.samples[g], more.implied[g]
    mean = implied.mu.numpy() if more.model.has_means else sample.mean
    found = Moments.from_covariance(implied.sigma.numpy(), more.model.visibles, sample.n, mean)
    return found.select(less.model.visibles)


def _misfit(less: Estimate, moments: Sequence[Moments], starts: int) -> float:
    data: list[MomentsStack | Patterns] = [MomentsStack.from_moments([group]) for group in moments]
    return estimate(less.model, data, Options(starts=starts, progress=False))[0].value
