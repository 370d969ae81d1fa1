"""Fit measures with lavaan's names and definitions: ``fit_measures(estimate)["cfi"]``.

The incremental indices are those of Bentler 1990 (CFI, RNI), Bentler & Bonett 1980 (NFI), Tucker & Lewis 1973,
Bollen 1986 (RFI) and 1989 (IFI), and James, Mulaik & Brett 1982 (PNFI); RMSEA, with its interval from the
noncentral χ², is that of Steiger 1990 and Browne & Cudeck 1993, times √G for G groups (Steiger 1998); CN is
Hoelter's 1983, MFI McDonald's 1989, ECVI that of Browne & Cudeck 1989. What does not apply is `Unavailable`. Of a
saturated model, which cannot misfit, TLI and RFI are one and RMSEA is zero by convention, as in lavaan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

from scipy.special import chndtr, chndtrinc

from semnan.errors import Unavailable
from semnan.estimation.baseline import Baseline, baseline
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_limit
from semnan.estimation.estimate import Estimate
from semnan.estimation.misfit import goodness_of_fit, residual_indices
from semnan.estimation.statistics import Statistics, Value

#: Level of the interval of RMSEA, and what it is tested against: close fit, and fit that is not close.
LEVEL, CLOSE, NOT_CLOSE = 0.90, 0.05, 0.08
SATURATED = Unavailable("the model is saturated: it has no degrees of freedom")
EXACT = Unavailable("the model fits exactly: no sample is large enough to reject it")
NOT_NESTED = Unavailable("the baseline has fewer degrees of freedom than the model: it is not nested in it")
NO_COVARIANCE = Unavailable("the baseline model fits as well as can be: there is no covariance to explain")


def measured(name: str, numbers: Numbers) -> Value:
    """One measure by lavaan's name."""
    return _told(MEASURES[name], numbers)


def fit_measures(fit: Estimate) -> dict[str, Value]:
    """All fit measures of a fit by lavaan's names.

    With exogenous covariates ``npar``, ``logl``, ``aic``, ``bic`` and ``bic2`` are conditional on these. ``gfi``,
    ``agfi`` and ``pgfi`` are those of Jöreskog & Sörbom, which lavaan has as ``gfi_lisrel`` since 0.7.
    """
    numbers = Numbers(fit)
    return {name: _told(measure, numbers) for name, measure in MEASURES.items()} | residual_indices(fit)


class _NoNumberError(Exception):
    """Leaves the definition of a measure that needs a number which is not there."""

    def __init__(self, reason: Unavailable) -> None:
        super().__init__(reason.reason)
        self.reason = reason


def _told(measure: Callable[[Numbers], Value], numbers: Numbers) -> Value:
    try:
        return measure(numbers)
    except _NoNumberError as missing:
        return missing.reason
    except ZeroDivisionError:
        return NO_COVARIANCE


def _number(value: Value) -> float:
    if isinstance(value, Unavailable):
        raise _NoNumberError(value)
    return value


class Misfit(NamedTuple):
    """Corrected values of χ² and its degrees of freedom, for measures of a fit that do not take its own."""

    chi_square: float
    df: float


@final
@dataclass(frozen=True)
class Numbers:
    """What measures are made of; asking for a number that is not there leaves the definition with the reason.

    Attributes
    ----------
    fit : Estimate
    own, simple : Misfit, optional
        Corrected ones of the model and of the baseline.

    """

    fit: Estimate
    own: Misfit | None = None
    simple: Misfit | None = None

    @cached_property
    def test(self) -> Statistics:
        return Statistics(self.fit)

    @cached_property
    def chi_square(self) -> float:
        return _number(self.test.chi_square) if self.own is None else self.own.chi_square

    @cached_property
    def df(self) -> float:
        return _number(self.test.df) if self.own is None else self.own.df

    @property
    def rows(self) -> int:
        """n; one fewer in each group for least squares, whose χ² is that multiple of the discrepancy."""
        return self.fit.n if self.fit.squares is None else self.fit.n - len(self.fit.labels)

    @property
    def positive_df(self) -> float:
        return self.df if self.df > 0 else _number(SATURATED)

    @cached_property
    def parameters(self) -> float:
        return _number(self.test.parameters)

    @cached_property
    def log_likelihood(self) -> float:
        if self.fit.discrepancy != KullbackLeibler.__name__:
            raise _NoNumberError(Unavailable(f"{self.fit.discrepancy} is not maximum likelihood"))
        return _number(self.test.log_likelihood)

    @cached_property
    def base(self) -> Baseline:
        found = baseline(self.fit)
        if isinstance(found, Unavailable):
            raise _NoNumberError(found)
        return found if self.simple is None else replace(found, chi_square=self.simple.chi_square, df=self.simple.df)

    @cached_property
    def goodness(self) -> float:
        return _number(goodness_of_fit(self.fit))

    @property
    def moments(self) -> int:
        """Of all variables, covariates too: what the adjusted goodness of fit counts."""
        p = len(self.fit.model.visibles)
        return len(self.fit.labels) * (p * (p + 1) // 2 + (p if self.fit.model.has_means else 0))

    @property
    def excess(self) -> float:
        """The noncentrality χ² − df, at least zero."""
        return max(self.chi_square - self.df, 0.0)


def _cfi(m: Numbers) -> float:
    largest = max(m.excess, m.base.chi_square - m.base.df)
    return 1 - m.excess / largest if largest > 0 else 1.0


def _tli(m: Numbers) -> float:
    base = m.base.chi_square / m.base.df
    return (base - m.chi_square / m.df) / (base - 1) if m.df else 1.0


def _rfi(m: Numbers) -> float:
    base = _nested(m).chi_square / m.base.df
    return (base - m.chi_square / m.df) / base if m.df else 1.0


def _nfi(m: Numbers) -> float:
    return (_nested(m).chi_square - m.chi_square) / m.base.chi_square


def _nested(m: Numbers) -> Baseline:
    if m.df > m.base.df:
        raise _NoNumberError(NOT_NESTED)
    return m.base


def _ifi(m: Numbers) -> float:
    return (m.base.chi_square - m.chi_square) / (m.base.chi_square - m.df)


def _rni(m: Numbers) -> float:
    return 1 - (m.chi_square - m.df) / (m.base.chi_square - m.base.df)


def _information(price: Callable[[float], float]) -> Callable[[Numbers], float]:
    """−2 log-likelihood and a price, which depends on n, for each parameter."""
    return lambda m: -2 * m.log_likelihood + price(m.fit.n) * m.parameters


def _root(m: Numbers, noncentrality: float) -> float:
    """RMSEA of a noncentrality."""
    return math.sqrt(noncentrality / m.rows / m.df * len(m.fit.labels)) if m.df else 0.0


def _bound(probability: float) -> Callable[[Numbers], float]:
    """RMSEA of the noncentrality under which χ² is this probably at most what it is; zero if it is less under none."""

    def found(m: Numbers) -> float:
        inside = m.df > 0 and float(chndtr(m.chi_square, m.df, 0.0)) > probability
        return _root(m, float(chndtrinc(m.chi_square, m.df, probability)) if inside else 0.0)

    return found


def probability_within(m: Numbers, limit: float) -> float:
    """That χ² is at most what it is, if RMSEA is `limit`."""
    return float(chndtr(m.chi_square, m.positive_df, m.rows * m.df * limit**2 / len(m.fit.labels)))


def _hoelter(level: float) -> Callable[[Numbers], float]:
    def found(m: Numbers) -> float:
        limit = chi_square_limit(level, m.positive_df)
        return limit / (m.chi_square / m.rows) + 1 if m.chi_square > 0 else _number(EXACT)

    return found


MEASURES: dict[str, Callable[[Numbers], Value]] = {
    "npar": lambda m: m.parameters,
    "fmin": lambda m: m.fit.value,
    "chisq": lambda m: m.chi_square,
    "df": lambda m: m.df,
    "pvalue": lambda m: m.test.p_value,
    "baseline.chisq": lambda m: m.base.chi_square,
    "baseline.df": lambda m: m.base.df,
    "baseline.pvalue": lambda m: m.base.p_value,
    "cfi": _cfi,
    "tli": _tli,
    "nnfi": _tli,
    "rfi": _rfi,
    "nfi": _nfi,
    "pnfi": lambda m: m.df / m.base.df * (1 - m.chi_square / m.base.chi_square),
    "ifi": _ifi,
    "rni": _rni,
    "logl": lambda m: m.log_likelihood,
    "unrestricted.logl": lambda m: m.log_likelihood + m.chi_square / 2,
    "aic": _information(lambda _: 2.0),
    "bic": _information(math.log),
    "ntotal": lambda m: m.fit.n,
    "bic2": _information(lambda n: math.log((n + 2) / 24)),
    "rmsea": lambda m: _root(m, m.excess),
    "rmsea.ci.lower": _bound((1 + LEVEL) / 2),
    "rmsea.ci.upper": _bound((1 - LEVEL) / 2),
    "rmsea.pvalue": lambda m: 1 - probability_within(m, CLOSE),
    "rmsea.notclose.pvalue": lambda m: probability_within(m, NOT_CLOSE),
    "cn_05": _hoelter(0.05),
    "cn_01": _hoelter(0.01),
    "gfi": lambda m: m.goodness,
    "agfi": lambda m: 1 - m.moments / m.positive_df * (1 - m.goodness),
    "pgfi": lambda m: m.df / m.moments * m.goodness,
    "mfi": lambda m: math.exp((m.df - m.chi_square) / (2 * m.rows)),
    "ecvi": lambda m: m.chi_square / m.rows + 2 * m.parameters / m.rows,
}
