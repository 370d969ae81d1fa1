"""Tests of fit for data that are not normal, or not independent: χ² corrected by the moments of its true distribution.

If the model holds, χ² is distributed as a sum of squares whose mean is t = tr(U Γ) and whose variance is 2 s with
s = tr[(U Γ)²] (`Deviations`); for normal data both are df. MLM divides by t / df (Satorra & Bentler 1994), MLMVS by
s / t with t² / s degrees of freedom (Satterthwaite), MLMV scales by √(df / s) and shifts (Asparouhov & Muthén 2010).
MLR takes for t the difference between the traces tr(A⁻¹ B) of the unrestricted model and of the model, B the outer
product of scores and A the observed information (Yuan & Bentler 2000 in the variant of Mplus); rows may have gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from semnan.errors import Unavailable
from semnan.estimation.baseline import NO_TEST, Baseline, baseline
from semnan.estimation.casewise import Rows, outer_products, score_slices
from semnan.estimation.correction import Correction
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import Test
from semnan.estimation.incomplete import MOST, TOO_MANY, Unrestricted, correction
from semnan.estimation.situation import Situation
from semnan.estimation.spread import Deviations
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import TwoStage
from semnan.estimation.statistics import Statistics

NO_ROWS = Unavailable("robust tests need the rows of the data, which saved fits do not have")
SATURATED = Unavailable("the model is saturated: it has no degrees of freedom to test")
NEGATIVE = Unavailable("the scaling factor of χ² is not positive: the rows are too few for it, or the model is far off")


@final
@dataclass(frozen=True)
class ScaledTest:
    """A corrected test of fit.

    Attributes
    ----------
    chi_square, df, p_value : float
    scaling_factor : float
        What χ² is divided by.
    shift : float
        What is added then.
    trace : float
        The mean of the uncorrected χ² if the model holds.

    """

    chi_square: float
    df: float
    p_value: float
    scaling_factor: float
    shift: float
    trace: float


@final
@dataclass(frozen=True)
class Robust:
    """What a robust estimator says of fit.

    Attributes
    ----------
    test : "satorra.bentler", "scaled.shifted", "mean.var.adjusted" or "yuan.bentler.mplus"
    model, baseline : ScaledTest or Unavailable
    scaling_h0, scaling_h1 : float or None
        Of the log-likelihoods of the model, for each entry of its table that is free (tied ones count all, as in
        lavaan), and of the unrestricted one (MLR).
    complete : Correction, Unavailable or None
        With missing values: what the misfit would be without gaps; of ordered variables, if latent responses were
        seen. For robust indices.

    """

    test: Test
    model: ScaledTest | Unavailable
    baseline: ScaledTest | Unavailable
    scaling_h0: float | None
    scaling_h1: float | None
    complete: Correction | Unavailable | None


class Traces(NamedTuple):
    """Mean of χ², and of a scaled and shifted one half the variance; of MLR those of model and unrestricted model."""

    first: float
    second: float | None = None
    h0: float | None = None
    h1: float | None = None


def robust(fit: Estimate, rows: Rows | None) -> Robust | Unavailable | None:
    """The corrected tests of a fit; None if its estimator has none."""
    test = fit.test
    if test in ("standard", "browne.residual.nt"):
        return None
    if rows is None and fit.squares is None and fit.stages is None:
        return NO_ROWS
    if not fit.outcome.ok:
        return Unavailable(f"the fit did not converge ({fit.outcome.value})")
    if fit.squares is not None:
        return _of_traces(fit, fit.squares, test)
    if fit.stages is not None:
        return _of_traces(fit, fit.stages, test)
    assert rows is not None
    found = Situation.of(fit, rows)
    if isinstance(found, Unavailable):
        return found
    base, statistics = Situation.of_baseline(fit, rows), Statistics(fit)
    if fit.incomplete and statistics.moments > MOST * len(fit.labels):
        return TOO_MANY
    unrestricted = [Unrestricted.of(fit, g) for g in range(len(fit.labels))] if fit.incomplete else None
    simple = baseline(fit)
    own, other = (traces(at, test, fit, unrestricted) for at in (found, base))
    entries = sum(len(free.rows) for free in fit.model.free)
    return Robust(
        test,
        _scaled(test, statistics.chi_square, statistics.df, own),
        _baseline(test, simple, other),
        None if own.h0 is None else own.h0 / entries,
        None if own.h1 is None else own.h1 / statistics.moments,
        None if unrestricted is None else correction(fit, found, base, unrestricted),
    )


def _of_traces(fit: Estimate, found: LeastSquares | TwoStage | Unavailable, test: Test) -> Robust | Unavailable:
    """Of least squares of moments and of two stages, whose traces are known since the fit."""
    if isinstance(found, Unavailable):
        return found
    statistics, own, other = Statistics(fit), Traces(*found.traces), Traces(*found.traces_baseline)
    model = _scaled(test, statistics.chi_square, statistics.df, own)
    correction = found.correction if isinstance(found, LeastSquares) else None
    return Robust(test, model, _baseline(test, baseline(fit), other), None, None, correction)


def _baseline(test: Test, found: Baseline | Unavailable, traces: Traces) -> ScaledTest | Unavailable:
    if isinstance(found, Unavailable):
        return found
    return _scaled(test, found.chi_square, found.df, traces) if found.df else NO_TEST


def _scaled(
    test: Test, chi_square: float | Unavailable, df: float | Unavailable, traces: Traces
) -> ScaledTest | Unavailable:
    for value in (chi_square, df):
        if isinstance(value, Unavailable):
            return value
    return scaled_test(test, float(chi_square), float(df), traces)


def scaled_test(test: Test, chi_square: float, df: float, traces: Traces) -> ScaledTest | Unavailable:
    """The corrected test of a χ² with its degrees of freedom."""
    if df <= 0:
        return SATURATED
    first, second = traces.first, traces.second
    if first <= 0:
        return NEGATIVE
    shift, freedom, factor = 0.0, df, first / df
    if test == "scaled.shifted":
        assert second is not None
        factor = math.sqrt(second / df)
        shift = df - first / factor
    elif test == "mean.var.adjusted":
        assert second is not None
        freedom, factor = first**2 / second, second / first
    value = chi_square / factor + shift
    return ScaledTest(value, freedom, chi_square_tail(max(value, 0.0), freedom), factor, shift, first)


def traces(at: Situation, test: Test, fit: Estimate, unrestricted: list[Unrestricted] | None) -> Traces:
    """What a test corrects by; with missing values from the unrestricted model of every group."""
    if test != "yuan.bentler.mplus":
        return moment_traces(at, second=test != "satorra.bentler")
    h0 = _product(at.inverse, torch.from_numpy(outer_products(at.problem, at.point, at.rows)[0]))
    if unrestricted is None:
        h1 = sum(_unrestricted_trace(at, fit, g) for g in range(len(fit.labels)))
    else:
        h1 = sum(whole.trace(group) for whole, group in zip(unrestricted, at.groups, strict=True))
    return Traces(h1 - h0, h0=h0, h1=h1)


def _unrestricted_trace(at: Situation, fit: Estimate, g: int) -> float:
    """tr(A⁻¹ B) of the unrestricted model of complete rows: their fourth moments (Mardia 1970)."""
    sample = fit.samples[g]
    covariance = torch.tensor(sample.covariance)
    return Deviations.of(at.groups[g], sample.names, covariance, means=fit.model.has_means).total()


def moment_traces(at: Situation, *, second: bool) -> Traces:
    """tr(U Γ), and its second power if asked for."""
    spread = [_deviations(at, g) for g in range(len(at.groups))]
    meat = torch.from_numpy(outer_products(at.problem, at.point, at.rows, moments=True)[0])
    first = sum(part.total() for part in spread) - _product(at.inverse, meat)
    return Traces(first, _second(at, spread, meat) if second else None)


def _deviations(at: Situation, g: int) -> Deviations:
    names, means = at.problem.parts[g].layout.order, at.model.has_means
    return Deviations.of(at.groups[g], names, at.implied(g), means=means)


def _second(at: Situation, spread: list[Deviations], meat: Tensor) -> float:
    """tr[(U Γ)²] of groups that share parameters."""
    taken = at.inverse @ meat
    total = float((taken * taken.mT).sum())
    for g, (part, share) in enumerate(zip(spread, at.shares, strict=True)):
        slices = score_slices(at.problem.parts[g], at.point.implied[g], at.groups[g], moments=True)
        own, crossed = part.squared(torch.cat([scores for _, scores in slices]))
        total += own - 2 * share * _product(at.inverse, crossed)
    return total


def _product(inverse: Tensor, other: Tensor) -> float:
    return float((inverse * other).sum())
