"""`compare`: likelihood-ratio tests between fits of nested models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.comparison import Correction, compare_estimates
from semnan.estimation.scaled_difference import Method, difference_factor
from semnan.fit import Fit
from semnan.report.comparison import Comparison


def compare(*fits: Fit, names: Sequence[str] | None = None, method: Method = "satorra.bentler.2001") -> Comparison:
    """Test whether the restrictions of one model against another hold: χ² difference (likelihood-ratio) tests.

    The fits are put in the order of their degrees of freedom, and each is tested against the one before. That it is
    nested in it is tested too, by fitting the less restricted model to the moments that it implies (Bentler & Satorra
    2010).

    Parameters
    ----------
    *fits : Fit
        Two or more, of the same data, by maximum likelihood.
    names : sequence of str, optional
        One for each fit; by default ``fit 1``, ``fit 2``, …
    method : "satorra.bentler.2001" or "satorra.bentler.2010"
        How differences of robust fits (MLM or MLR) are scaled. The second needs that parameters of the restricted
        model are among those of the other, and is of use where the first has no positive factor.

    Returns
    -------
    Comparison
        Where a fit did not converge or is not nested, the reason stands in place of a test.

    Raises
    ------
    FitError
        If the data differ, two fits have the same degrees of freedom, one is not by maximum likelihood, or only some
        are robust.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> text = "visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6"
    >>> free, orthogonal = sn.cfa(text, frame), sn.cfa(text, frame, orthogonal=True)
    >>> round(sn.compare(free, orthogonal).rows[1].chi_square_difference, 1)
    35.6

    """
    for fit in fits:
        if not isinstance(fit, Fit):
            raise FitError(f"compare takes fits, as compare(fit1, fit2), not a {type(fit).__name__}")
    chosen = [f"fit {i + 1}" for i in range(len(fits))] if names is None else list(names)
    if method not in get_args(Method):
        raise FitError(f"the method is {method!r}: give one of {', '.join(get_args(Method))}")
    return Comparison(tuple(compare_estimates([fit.estimate for fit in fits], chosen, _correction(fits, method))))


def _correction(fits: Sequence[Fit], method: Method) -> Correction | None:
    """None if χ² is that of normal theory."""
    corrected = [fit.estimate.test != "standard" for fit in fits]
    if not any(corrected):
        return None
    if not all(corrected):
        raise FitError("some of the fits are robust and others not: fit all with the same estimator")

    def factor(less: int, more: int) -> float | Unavailable:
        tests = (fits[less].robust, fits[more].robust)
        rows = Rows.of(fits[less].sample, fits[less].model.exogenous)
        return difference_factor(fits[less].estimate, fits[more].estimate, tests, method, rows)

    return Correction(factor)
