"""The delta method: standard errors, intervals and tests of functions of θ, or the reason why there are none."""

from __future__ import annotations

import math
from numbers import Real
from typing import NamedTuple, TypeGuard

import torch
from scipy.stats import norm
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate

NOT_IDENTIFIED = Unavailable("not identified: other values fit the covariances exactly as well")
AT_BOUND = Unavailable("at a bound, where normal theory does not hold")
UNTESTED = Unavailable("there is no standard error to test with")


class Wald(NamedTuple):
    """A number with its uncertainty; what is missing says why."""

    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite real number, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_level(level: object) -> None:
    """Raise `FitError` unless `level` is a share, such as 0.95."""
    if not is_number(level) or not 0 < float(level) < 1:
        raise FitError(f"the level is {level!r}: give a number between 0 and 1, such as 0.95")


def delta_method(
    fit: Estimate, values: Tensor, slopes: Tensor, level: float, extra: Tensor | None = None
) -> list[Wald]:
    """Wald statistics of k functions of θ.

    Parameters
    ----------
    values : Tensor, shape (k,)
    slopes : Tensor, shape (k, q)
        Their gradients.
    level : float
        Of the intervals.
    extra : Tensor, shape (k,), optional
        n times a variance to add, from parts that are independent of θ (sample means).

    """
    check_level(level)
    inference = fit.inference
    if isinstance(inference, Unavailable):
        return [Wald(value, inference, inference, inference) for value in values.tolist()]
    variance = inference.unit_variance(slopes) + (0.0 if extra is None else extra)
    touched = slopes != 0
    held = touched.any(-1) & ~(touched & ~inference.held).any(-1)
    return _walds(fit, values, inference.identified(slopes), variance, held, level)


def own_walds(fit: Estimate, level: float) -> list[Wald]:
    """Wald statistics of the free parameters themselves."""
    check_level(level)
    inference = fit.inference
    if isinstance(inference, Unavailable):
        return [Wald(value, inference, inference, inference) for value in fit.theta.tolist()]
    return _walds(fit, fit.theta, *inference.own(), inference.held, level)


def _walds(fit: Estimate, values: Tensor, known: Tensor, variance: Tensor, held: Tensor, level: float) -> list[Wald]:
    errors = (variance / fit.moments.n).sqrt().tolist()
    rows = zip(values.tolist(), known.tolist(), errors, held.tolist(), strict=True)
    return [_wald(fit, value, is_known, error, is_held, level) for value, is_known, error, is_held in rows]


def _wald(fit: Estimate, value: float, known: bool, error: float, held: bool, level: float) -> Wald:
    if not known:
        return Wald(NOT_IDENTIFIED, NOT_IDENTIFIED, NOT_IDENTIFIED, NOT_IDENTIFIED)
    missing = AT_BOUND if held else None
    if not fit.outcome.ok:
        missing = Unavailable(f"the fit did not converge ({fit.outcome.value})")
    if missing is not None:
        return Wald(value, missing, missing, missing)
    reach = float(norm.isf((1 - level) / 2)) * error
    p = float(2 * norm.sf(abs(value) / error)) if error > 0 else UNTESTED
    return Wald(value, error, (value - reach, value + reach), p)


def wald_arrays(
    values: Tensor, identified: Tensor, unit_variance: Tensor, n: Tensor, level: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Standard errors and interval ends of many fits at once; NaN where a function is not identified."""
    errors = torch.where(identified, (unit_variance / n).sqrt(), torch.nan)
    reach = float(norm.isf((1 - level) / 2)) * errors
    return errors, values - reach, values + reach
