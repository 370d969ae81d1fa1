"""`compare`: likelihood-ratio tests between fits of nested models."""

from __future__ import annotations

from collections.abc import Sequence

from semnan.errors import FitError
from semnan.estimation.comparison import compare_estimates
from semnan.fit import Fit
from semnan.report.comparison import Comparison


def compare(*fits: Fit, names: Sequence[str] | None = None) -> Comparison:
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

    Returns
    -------
    Comparison
        Where a fit did not converge or is not nested, the reason stands in place of a test.

    Raises
    ------
    FitError
        If the data differ, two fits have the same degrees of freedom, or one is not by maximum likelihood.

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
    return Comparison(tuple(compare_estimates([fit.estimate for fit in fits], chosen)))
