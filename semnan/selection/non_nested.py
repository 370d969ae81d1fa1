"""`vuong`: which of two models that need not be nested is nearer to the truth, and whether data can tell at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final, get_args

import numpy as np

from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.comparison import OTHER_MOMENTS, check_comparable, reaches
from semnan.estimation.non_nested import Correction, Differences, Interval, Value, differences, upper_tail
from semnan.fitted import Fit
from semnan.report.printed import Printed
from semnan.report.table import Table, number, probability


@final
@dataclass(frozen=True, repr=False)
class Vuong(Printed):
    """Vuong's tests of two fits; ``print`` it, or let a notebook show it.

    Attributes
    ----------
    names : (str, str)
    n : int
    variance : float
        ω² of the differences of the log-likelihoods of rows.
    p_distinguishable : float
        Of the hypothesis that no data can tell the models apart; where it is not rejected, the other tests say nothing.
    ratio : float
        The log-likelihood of the first less that of the second.
    z : float or Unavailable
        Positive where the first fits better.
    p_first, p_second : float or Unavailable
        Of the hypothesis that both are equally near the truth, against the first being nearer, and the second.
    correction : "aic", "bic" or None
        Of the ratio in `z`, for the number of parameters.
    aic_difference, bic_difference : float
        First less second.
    aic_interval, bic_interval : (float, float) or Unavailable
        At `level`.
    level : float

    """

    width: ClassVar[int] = 100

    names: tuple[str, str]
    n: int
    variance: float
    p_distinguishable: float
    ratio: float
    z: Value
    p_first: Value
    p_second: Value
    correction: Correction | None
    aic_difference: float
    bic_difference: float
    aic_interval: Interval
    bic_interval: Interval
    level: float

    @property
    def table(self) -> Table:
        one, other = self.names
        corrected = f", corrected as {self.correction.upper()}" if self.correction else ""
        rows = (
            ("the models can be told apart", f"ω² = {number(self.variance)}", probability(self.p_distinguishable)),
            (f"{one} is nearer to the truth{corrected}", f"z = {number(self.z)}", probability(self.p_first)),
            (f"{other} is nearer to the truth{corrected}", f"z = {number(self.z)}", probability(self.p_second)),
            (f"AIC, {one} less {other}", number(self.aic_difference), _ends(self.aic_interval)),
            (f"BIC, {one} less {other}", number(self.bic_difference), _ends(self.bic_interval)),
        )
        notes = (self.z.reason,) if isinstance(self.z, Unavailable) else ()
        return Table("Vuong's tests", ("", "statistic", f"p, or {100 * self.level:g}% interval"), rows, notes=notes)


def _ends(interval: Interval) -> str:
    if isinstance(interval, Unavailable):
        return number(interval)
    return f"{number(interval[0])} to {number(interval[1])}"


def vuong(
    first: Fit,
    second: Fit,
    *,
    names: Sequence[str] = ("fit 1", "fit 2"),
    correction: Correction | None = None,
    level: float = 0.95,
) -> Vuong | Unavailable:
    """Test two models that need not be nested by the log-likelihoods of rows (Vuong 1989).

    Two questions, in this order: can data tell the models apart, and if so, which is nearer to the truth? The second
    has no answer for nested models, whose test is `compare`; whether they are is tested as there.

    Parameters
    ----------
    first, second : Fit
        Of the same rows, by maximum likelihood, both with means or both without.
    names : sequence of str
    correction : "aic" or "bic", optional
        What the log-likelihoods pay for parameters in the second test.
    level : float
        Of the intervals of the differences of AIC and BIC.

    Returns
    -------
    Vuong or Unavailable
        If a fit did not converge. Information is that of the fits: with ``information="observed"`` for both the first
        test holds also where both models are wrong (the default is that of the R package nonnest2).

    Raises
    ------
    FitError
        If the data differ, have no rows, or have clusters or weights, or a fit is not by maximum likelihood.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> rest = "textual =~ x4 + x5 + x6; speed =~ x7 + x8"
    >>> one = sn.cfa("visual =~ x1 + x2 + x3 + x9; " + rest, frame)
    >>> other = sn.cfa("visual =~ x1 + x2 + x3; speed =~ x9; " + rest, frame)
    >>> round(sn.vuong(one, other).p_distinguishable, 3)
    0.0

    """
    fits = (first, second)
    for fit in fits:
        if not isinstance(fit, Fit):
            raise FitError(f"vuong takes fits, as vuong(fit1, fit2), not a {type(fit).__name__}")
    check_level(level)
    if correction not in (None, *get_args(Correction)):
        raise FitError(f"the correction is {correction!r}: give 'aic', 'bic' or None")
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != 2:
        raise FitError(f"the names are {names!r}: give two, as names=['one', 'other']")
    chosen = (str(names[0]), str(names[1]))
    check_comparable([fit.estimate for fit in fits], chosen)
    if first.model.has_means != second.model.has_means or set(first.model.exogenous) != set(second.model.exogenous):
        raise FitError(OTHER_MOMENTS.reason)
    for fit, name in zip(fits, chosen, strict=True):
        if not fit.converged:
            return Unavailable(f"{name} did not converge")
    rows = [_rows(fit) for fit in fits]
    _check_same_rows(rows)
    found = differences([fit.estimate for fit in fits], rows)
    return found if isinstance(found, Unavailable) else _result(fits, chosen, found, correction, level)


def _rows(fit: Fit) -> Rows:
    rows = Rows.of(fit.sample, fit.model.exogenous)
    if rows is None:
        raise FitError("the fits have moments, but no rows: give data frames")
    return rows


def _check_same_rows(rows: Sequence[Rows]) -> None:
    """Row by row is compared: moments do not say in which order rows are."""
    first, second = rows
    at = [second.names.index(name) for name in first.names]
    for one, other in zip(first.groups, second.groups, strict=True):
        if not np.array_equal(one.numpy(), other.numpy()[:, at], equal_nan=True):
            raise FitError("the fits have different rows, or the same in another order: give both the same data frame")


def _result(
    fits: tuple[Fit, Fit], names: tuple[str, str], found: Differences, correction: Correction | None, level: float
) -> Vuong:
    nested = None if found.same else _nested(fits, names)
    z = found.z(correction) if nested is None else nested
    aic, aic_interval = found.criterion(2.0, level)
    bic, bic_interval = found.criterion(math.log(found.n), level)
    return Vuong(
        names,
        found.n,
        found.variance,
        found.p_distinguishable,
        found.ratio,
        z,
        upper_tail(z),
        z if isinstance(z, Unavailable) else upper_tail(-z),
        correction,
        aic,
        bic,
        aic_interval,
        bic_interval,
        level,
    )


def _nested(fits: tuple[Fit, Fit], names: tuple[str, str]) -> Unavailable | None:
    """Why the second test does not apply."""
    for outer, inner in ((0, 1), (1, 0)):
        if reaches(fits[outer].estimate, fits[inner].estimate) is True:
            return Unavailable(f"{names[inner]} is nested in {names[outer]}: test its restrictions with compare()")
    return None
