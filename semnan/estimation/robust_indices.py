"""Fit measures of corrected tests, under lavaan's names: ``chisq.scaled``, ``cfi.scaled``, ``cfi.robust``, …

Scaled indices put corrected χ² and df into the usual formulas. Robust ones estimate what these would be if data were
normal: with c the scaling factor, χ² − c df stands in for χ² − df (Brosseau-Liard & Savalei 2014; for RMSEA, with its
interval, Brosseau-Liard, Savalei & Li 2012). With missing values the misfit is that of complete data, with ordered
variables that of latent responses (`Correction`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

from semnan.data import Sample
from semnan.errors import Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.estimate import Estimate
from semnan.estimation.indices import CLOSE, NOT_CLOSE, Misfit, Numbers, fit_measures, measured, probability_within
from semnan.estimation.robust import Robust, ScaledTest, robust
from semnan.estimation.statistics import Value

INCREMENTAL = ("cfi", "tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni")
APPROXIMATION = ("rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "rmsea.notclose.pvalue")
ROBUST = ("cfi", "tli", "nnfi", "rni")
NOT_ROBUST = Unavailable("a test whose degrees of freedom are adjusted has no robust indices: use MLM or MLMV")


def all_measures(fit: Estimate, sample: Sample) -> dict[str, Value]:
    """The measures of a fit of these data, with those of corrected tests if its estimator has some."""
    found = robust(fit, Rows.of(sample, fit.model.exogenous))
    return fit_measures(fit) | robust_measures(fit, found)


def robust_measures(fit: Estimate, found: Robust | Unavailable | None) -> dict[str, Value]:
    """The measures of corrected tests; none of an estimator that corrects nothing."""
    if found is None:
        return {}
    if isinstance(found, Unavailable):
        return dict.fromkeys(_NAMES, found)
    told = _tests(found) | _factors(found)
    told |= {f"{name}.scaled": value for name, value in _scaled(fit, found).items()}
    return told | {f"{name}.robust": value for name, value in _robust(fit, found).items()}


def _tests(found: Robust) -> dict[str, Value]:
    told: dict[str, Value] = {}
    for before, test in (("", found.model), ("baseline.", found.baseline)):
        if isinstance(test, Unavailable):
            values: tuple[Value, ...] = (test,) * 4
        else:
            values = (test.chi_square, test.df, test.p_value, test.scaling_factor)
        names = ("chisq.scaled", "df.scaled", "pvalue.scaled", "chisq.scaling.factor")
        told |= {before + name: value for name, value in zip(names, values, strict=True)}
    return told


def _factors(found: Robust) -> dict[str, Value]:
    pairs = {"scaling.factor.h1": found.scaling_h1, "scaling.factor.h0": found.scaling_h0}
    return {name: value for name, value in pairs.items() if value is not None}


def _scaled(fit: Estimate, found: Robust) -> dict[str, Value]:
    """Of the corrected χ²; RMSEA, but for the shifted one, of χ² itself beside its mean."""
    own, simple = found.model, found.baseline
    if isinstance(own, Unavailable):
        return dict.fromkeys((*INCREMENTAL, *APPROXIMATION), own)
    base = simple if isinstance(simple, Unavailable) else Misfit(simple.chi_square, simple.df)
    corrected = Misfit(own.chi_square, own.df)
    near = corrected if found.test == "scaled.shifted" else Misfit(_uncorrected(own), own.trace)
    told = {name: measured(name, Numbers(fit, near)) for name in APPROXIMATION}
    if isinstance(base, Unavailable):
        return told | dict.fromkeys(INCREMENTAL, base)
    return told | {name: measured(name, Numbers(fit, corrected, base)) for name in INCREMENTAL}


def _uncorrected(test: ScaledTest) -> float:
    return (test.chi_square - test.shift) * test.scaling_factor


class _Ratio(NamedTuple):
    """Misfit, degrees of freedom, and how much misfit each of these is expected to make."""

    chi_square: float
    df: float
    factor: float


@final
@dataclass(frozen=True)
class _Robust:
    """What robust indices are made of: of the model, of the baseline, and for intervals."""

    own: _Ratio
    base: _Ratio
    test: _Ratio


def _robust(fit: Estimate, found: Robust) -> dict[str, Value]:
    made = _made(found)
    if isinstance(made, Unavailable):
        return dict.fromkeys((*ROBUST, *APPROXIMATION), made)
    own, base = made.own, made.base
    numbers = Numbers(fit, Misfit(own.chi_square, own.factor * own.df), Misfit(base.chi_square, base.factor * base.df))
    told = {name: measured(name, numbers) for name in ROBUST}
    told["tli"] = told["nnfi"] = _tli(own, base)
    return told | _approximation(fit, made)


def _tli(own: _Ratio, base: _Ratio) -> Value:
    simple = base.chi_square / base.df - base.factor
    if simple == 0:
        return Unavailable("the baseline model fits as well as can be: there is no covariance to explain")
    return 1 - (own.chi_square / own.df - own.factor) / simple


def _approximation(fit: Estimate, made: _Robust) -> dict[str, Value]:
    own, test = made.own, made.test
    told = {"rmsea": _times(measured("rmsea", _numbers(fit, own.chi_square / own.factor, own.df)), own.factor)}
    near = _numbers(fit, test.chi_square, test.df)
    told |= {name: _times(measured(name, near), test.factor) for name in ("rmsea.ci.lower", "rmsea.ci.upper")}
    root = math.sqrt(test.factor)
    told["rmsea.pvalue"] = 1 - probability_within(near, CLOSE / root)
    told["rmsea.notclose.pvalue"] = probability_within(near, NOT_CLOSE / root)
    return told


def _numbers(fit: Estimate, chi_square: float, df: float) -> Numbers:
    return Numbers(fit, Misfit(chi_square, df))


def _times(value: Value, factor: float) -> Value:
    return value if isinstance(value, Unavailable) else value * math.sqrt(factor)


def _made(found: Robust) -> _Robust | Unavailable:
    own, base, complete = found.model, found.baseline, found.complete
    for part in (own, base, complete):
        if isinstance(part, Unavailable):
            return part
    assert isinstance(own, ScaledTest)
    assert isinstance(base, ScaledTest)
    if found.test == "mean.var.adjusted":
        return NOT_ROBUST
    if complete is not None and not isinstance(complete, Unavailable):
        factor = complete.trace / own.df
        simple = _Ratio(complete.baseline, base.df, complete.baseline_trace / base.df)
        test = _Ratio(complete.chi_square / factor, own.df, factor)
        return _Robust(_Ratio(complete.chi_square, own.df, factor), simple, test)
    return _Robust(_ratio(own), _ratio(base), _Ratio(own.chi_square, own.df, own.scaling_factor))


def _ratio(test: ScaledTest) -> _Ratio:
    """A shifted test has the factor that its mean is divided by; else the shift is zero."""
    return _Ratio(_uncorrected(test), test.df, test.scaling_factor * (test.df - test.shift) / test.df)


_NAMES = (
    *(f"{before}{name}" for before in ("", "baseline.") for name in ("chisq.scaled", "df.scaled", "pvalue.scaled")),
    *(f"{name}.scaled" for name in (*INCREMENTAL, *APPROXIMATION)),
    *(f"{name}.robust" for name in (*ROBUST, *APPROXIMATION)),
)
