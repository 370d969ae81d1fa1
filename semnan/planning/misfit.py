"""Power of tests of fit by RMSEA (MacCallum, Browne & Sugawara 1996, Psychological Methods 1).

χ² of a model that misses by RMSEA = ε is about noncentral χ² with noncentrality (n − 1) df ε² / G, for n rows in G
groups together. A test of close fit rejects RMSEA ≤ ε₀ where χ² is large, one of fit that is not close RMSEA ≥ ε₀ where
it is small; ε₀ = 0 is the χ² test itself.
"""

from __future__ import annotations

import math

from scipy.special import chndtr, chndtrix

from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.errors import FitError
from semnan.planning.checks import check_alpha, check_count, least_whole


def power_of_fit(df: int, n: int, *, rmsea: float, null: float = 0.05, alpha: float = 0.05, groups: int = 1) -> float:
    """The probability that a test of fit rejects.

    Parameters
    ----------
    df : int
        Degrees of freedom of the model.
    n : int
        Rows of all groups.
    rmsea : float
        By which the model misses the population.
    null : float
        What is tested: RMSEA at most this, if `rmsea` is larger (close fit); at least this, if it is smaller (not close
        fit). Zero tests exact fit.
    alpha : float
        Level of the test.
    groups : int

    Raises
    ------
    FitError
        For an argument that makes no sense.

    Examples
    --------
    >>> import semnan as sn
    >>> round(sn.power_of_fit(30, 200, rmsea=0.08), 3)
    0.585

    """
    _check(df, rmsea, null, alpha, groups)
    n = check_count("n", n, least=2)
    return _power(df, n, rmsea, null, alpha, groups)


def minimum_n_of_fit(
    df: int, *, rmsea: float, null: float = 0.05, power: float = 0.8, alpha: float = 0.05, groups: int = 1
) -> int:
    """How many rows, of all groups, a test of fit needs to reject with this probability; see `power_of_fit`."""
    _check(df, rmsea, null, alpha, groups)
    check_level(power, "the power", 0.8)
    return least_whole(lambda n: _power(df, n, rmsea, null, alpha, groups), power, groups + 1)


def _power(df: int, n: int, rmsea: float, null: float, alpha: float, groups: int) -> float:
    real, tested = ((n - 1) * df * size**2 / groups for size in (rmsea, null))
    if null < rmsea:
        return 1 - float(chndtr(float(chndtrix(1 - alpha, df, tested)), df, real))
    return float(chndtr(float(chndtrix(alpha, df, tested)), df, real))


def _check(df: object, rmsea: object, null: object, alpha: object, groups: object) -> None:
    check_count("df", df)
    check_count("groups", groups)
    check_alpha(alpha)
    for name, size in (("rmsea", rmsea), ("null", null)):
        if not is_number(size) or not 0 <= float(size) < math.inf:
            raise FitError(f"{name} is {size!r}: give a number that is not negative, such as 0.05")
    if rmsea == null:
        raise FitError(f"rmsea and null are both {rmsea}: no test can tell them apart")
