"""`compare`: likelihood-ratio tests between fits of nested models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.comparison import Correction, compare_estimates
from semnan.estimation.estimate import Estimate
from semnan.estimation.least_squares import shares_thresholds
from semnan.estimation.restrictions import View, shifted_difference
from semnan.estimation.scaled_difference import Method, difference_factor, usual_method
from semnan.fitted import Fit, vectors_of
from semnan.report.comparison import Comparison


def compare(*fits: Fit, names: Sequence[str] | None = None, method: Method | None = None) -> Comparison:
    """Test whether the restrictions of one model against another hold: χ² difference (likelihood-ratio) tests.

    The fits are put in the order of their degrees of freedom, and each is tested against the one before. That it is
    nested in it is tested too, by fitting the less restricted model to the moments that it implies (Bentler & Satorra
    2010).

    Parameters
    ----------
    *fits : Fit
        Two or more, of the same data, by maximum likelihood or by least squares of moments.
    names : sequence of str, optional
        One for each fit; by default ``fit 1``, ``fit 2``, …
    method : "satorra.bentler.2001", "satorra.bentler.2010" or "satorra.2000", optional
        How differences of robust fits are corrected; by default the first where χ² is scaled by its mean (MLM, MLR,
        DLS, two stages), and the last where it is by mean and variance (MLMV, WLSMV, ULSMV). The second needs that
        parameters of the restricted model are among those of the other, and is of use where the first has no positive
        factor. The last scales and shifts by the distribution of the restrictions, as DIFFTEST of Mplus does.

    Returns
    -------
    Comparison
        Where a fit did not converge or is not nested, the reason stands in place of a test.

    Raises
    ------
    FitError
        If the data or estimators differ, two fits have the same degrees of freedom, or only some are robust.

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
    if method is not None and method not in get_args(Method):
        raise FitError(f"the method is {method!r}: give one of {', '.join(get_args(Method))}")
    return Comparison(tuple(compare_estimates([fit.estimate for fit in fits], chosen, _correction(fits, method))))


def _correction(fits: Sequence[Fit], method: Method | None) -> Correction | None:
    """None if χ² is that of normal theory."""
    tests = {fit.estimate.test for fit in fits}
    if len(tests) > 1 and "standard" in tests:
        raise FitError("some of the fits are robust and others not: fit all with the same estimator")
    if any(fit.estimate.squares is not None for fit in fits) and len({fit.estimate.discrepancy for fit in fits}) > 1:
        raise FitError("the fits minimise different things, so that their χ² do not compare: use the same estimator")
    if tests == {"standard"}:
        return None

    def corrected(less: int, more: int, rise: float, df: int) -> float | Unavailable:
        one, other = fits[less].estimate, fits[more].estimate
        chosen = method or usual_method(one.test)
        if chosen == "satorra.2000":
            views = (_view(fits[less], (one, other)), _view(fits[more], (one, other)))
            if isinstance(views[0], Unavailable):
                return views[0]
            return views[1] if isinstance(views[1], Unavailable) else shifted_difference(views[0], views[1], rise, df)
        tests = (fits[less].robust, fits[more].robust)
        rows = Rows.of(fits[less].sample, fits[less].model.exogenous)
        factor = difference_factor(one, other, tests, chosen, rows)
        return factor if isinstance(factor, Unavailable) else rise / factor

    return Correction(corrected)


def _view(fit: Fit, pair: tuple[Estimate, Estimate]) -> View | Unavailable:
    """With thresholds among the parameters, if those of one of the pair are."""
    if not any(shares_thresholds(found.model) for found in pair):
        return View.of(fit.estimate, pair[0].model.visibles)
    if pair[0].model.visibles != pair[1].model.visibles:
        return Unavailable("the models have their variables in different orders: write them alike")
    vectors = vectors_of(fit)
    return vectors if isinstance(vectors, Unavailable) else View.of_whole(fit.estimate, vectors)
