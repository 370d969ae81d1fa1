"""The delta method: standard errors, intervals and tests of functions of θ, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from semnan.data.checks import is_number
from semnan.errors import FitError, Unavailable
from semnan.estimation.distributions import normal_reach, two_sided
from semnan.estimation.estimate import Estimate

NOT_IDENTIFIED = Unavailable("not identified: other values fit the covariances exactly as well")
AT_BOUND = Unavailable("at a bound, where normal theory does not hold")
SINGULAR = Unavailable("the information is singular at the estimates, though the model determines this")
UNTESTED = Unavailable("there is no standard error to test with")


class Gradient(NamedTuple):
    """Functions of θ and their gradients: values of shape (*batch, k), gradients of shape (*batch, k, q)."""

    value: Tensor
    slope: Tensor


#: Functions of θ: called with parameters of shape (*batch, q).
Functions = Callable[[Tensor], Gradient]


class Wald(NamedTuple):
    """A number with its uncertainty; what is missing says why."""

    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable


def check_level(level: object, what: str = "the level", example: float = 0.95) -> None:
    """Raise `FitError` unless `level` is a share, such as 0.95."""
    if not is_number(level) or not 0 < float(level) < 1:
        raise FitError(f"{what} is {level!r}: give a number between 0 and 1, such as {example}")


def delta_method(fit: Estimate, functions: Functions, level: float, extra: Tensor | None = None) -> list[Wald]:
    """Wald statistics of k functions of θ.

    Parameters
    ----------
    functions : callable
        Identification is decided from its gradients at the model's generic point, variances from those at the
        estimates.
    level : float
        Of the intervals.
    extra : Tensor, shape (k,), optional
        n times a variance to add, from parts that are independent of θ (sample means).

    """
    check_level(level)
    values, slopes = functions(fit.theta)
    if isinstance(fit.inference, Unavailable) or isinstance(fit.generic, Unavailable):
        return _unknown(fit, values)
    known = fit.generic.identified(functions(fit.generic.theta).slope)
    variance = fit.inference.unit_variance(slopes) + (0.0 if extra is None else extra)
    touched = slopes != 0
    held = touched.any(-1) & ~(touched & ~fit.inference.held).any(-1)
    return _walds(fit, values, known, variance, held, fit.inference.estimable(slopes), level)


def own_walds(fit: Estimate, level: float) -> list[Wald]:
    """Wald statistics of the free parameters themselves."""
    check_level(level)
    if isinstance(fit.inference, Unavailable) or isinstance(fit.generic, Unavailable):
        return _unknown(fit, fit.theta)
    estimable, variance = fit.inference.own()
    return _walds(fit, fit.theta, fit.generic.own(), variance, fit.inference.held, estimable, level)


def _unknown(fit: Estimate, values: Tensor) -> list[Wald]:
    reason = fit.inference if isinstance(fit.inference, Unavailable) else fit.generic
    assert isinstance(reason, Unavailable)
    return [Wald(value, reason, reason, reason) for value in values.tolist()]


def _walds(
    fit: Estimate, values: Tensor, known: Tensor, variance: Tensor, held: Tensor, estimable: Tensor, level: float
) -> list[Wald]:
    errors = (variance / fit.n).sqrt()
    reach = normal_reach(level) * errors
    tails = two_sided((values / torch.where(errors > 0, errors, 1.0)).numpy())
    columns = (known, values, errors, reach, held, estimable)
    lists = (*(column.tolist() for column in columns), tails.tolist())
    return [_wald(fit, Row(*row)) for row in zip(*lists, strict=True)]


class Row(NamedTuple):
    """The numbers of one function, before it is decided which of them may be told."""

    known: bool
    value: float
    error: float
    reach: float
    held: bool
    estimable: bool
    tail: float


def _wald(fit: Estimate, row: Row) -> Wald:
    if not row.known:
        return Wald(NOT_IDENTIFIED, NOT_IDENTIFIED, NOT_IDENTIFIED, NOT_IDENTIFIED)
    missing = None if row.estimable else SINGULAR
    missing = AT_BOUND if row.held else missing
    if not fit.outcome.ok:
        missing = Unavailable(f"the fit did not converge ({fit.outcome.value})")
    if missing is not None:
        return Wald(row.value, missing, missing, missing)
    interval = (row.value - row.reach, row.value + row.reach)
    return Wald(row.value, row.error, interval, row.tail if row.error > 0 else UNTESTED)
