"""Profile-likelihood intervals against closed forms, Wald intervals, brute force and identified sets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import semnan as sn
from semnan.bounds import ProfileInterval, profile_interval
from semnan.estimation.distributions import chi_square_limit
from semnan.model import Constraint, Defined
from semnan.model.expression import Binary, Name, Number

CRITICAL = chi_square_limit(0.05, 1)
COVARIANCE = np.array([[2.0, 0.7], [0.7, 1.5]])
MOMENTS = sn.Moments.from_covariance(COVARIANCE, ("X", "Y"), 80)
REGRESSION = sn.PathModel(("X", "Y"), (), (sn.path("X", "Y"), sn.covariance("X"), sn.covariance("Y")))
BOW = "latent U; U -> X, Y; X -> Y"


def measured(lower: float = 0.0) -> sn.PathModel:
    """F measured with error by X, and F -> Y: not identified, but for the variances that are not negative."""
    rows = (sn.path("F", "X", fixed=1.0), sn.path("F", "Y"), *(sn.covariance(v, lower=lower) for v in "FXY"))
    return sn.PathModel(("X", "Y"), ("F",), rows)


def crossings(deviance: object, center: float, low: float, high: float) -> tuple[float, float]:
    """Where a closed-form deviance crosses the limit."""
    assert callable(deviance)
    return (
        brentq(lambda t: deviance(t) - CRITICAL, low, center),
        brentq(lambda t: deviance(t) - CRITICAL, center, high),
    )


def check(found: ProfileInterval, expected: tuple[float, float], rtol: float = 1e-6) -> None:
    np.testing.assert_allclose((found.lower, found.upper), expected, rtol=rtol)


def test_variance() -> None:
    """n (log(t / s) + s / t − 1)."""
    s, n = 2.0, 80
    expected = crossings(lambda t: n * (math.log(t / s) + s / t - 1), s, 0.5, 8.0)
    check(profile_interval(sn.fit(REGRESSION, MOMENTS), "X <-> X"), expected)


def test_regression() -> None:
    """n log(s²(b) / s²), where s²(b) = s² + (b − β)² Σxx."""
    slope = 0.7 / 2.0
    residual = 1.5 - 0.7 * slope
    width = math.sqrt(residual * (math.exp(CRITICAL / 80) - 1) / 2.0)
    check(profile_interval(sn.fit(REGRESSION, MOMENTS), "X -> Y"), (slope - width, slope + width))


def test_correlation() -> None:
    """−n log((1 − r²)(1 − ρ²) / (1 − r ρ)²), as a defined parameter of covariance and variances."""
    r, n = 0.7 / math.sqrt(3.0), 80
    rows = (sn.covariance("X", label="a"), sn.covariance("Y", label="b"), sn.covariance("X", "Y", label="c"))
    root = Binary(Binary(Name("a"), "*", Name("b")), "^", Number(0.5))
    model = sn.PathModel(("X", "Y"), (), rows, defined=(Defined("rho", Binary(Name("c"), "/", root)),))
    expected = crossings(
        lambda t: -n * (math.log(1 - r**2) + math.log(1 - t**2) - 2 * math.log(1 - r * t)), r, -0.9, 0.95
    )
    check(profile_interval(sn.fit(model, MOMENTS), "rho"), expected)


def test_mean() -> None:
    """n log(1 + (m − t)² / s²)."""
    moments = sn.Moments.from_covariance([[2.0]], ("X",), 50, mean=[1.3])
    model = sn.PathModel(("X",), (), (sn.covariance("X"), sn.intercept("X")))
    width = math.sqrt(2.0 * (math.exp(CRITICAL / 50) - 1))
    check(profile_interval(sn.fit(model, moments), "1 -> X"), (1.3 - width, 1.3 + width))


def test_incomplete_rows() -> None:
    """A mean whose variable has missing values at random: the other one alone is that of complete rows."""
    rows = np.random.default_rng(0).normal([1.0, 2.0], size=(60, 2))
    rows[::4, 1] = np.nan
    pd = pytest.importorskip("pandas")
    model = sn.PathModel(("X", "Y"), (), (sn.covariance("X"), sn.covariance("Y"), sn.intercept("X"), sn.intercept("Y")))
    fit = sn.fit(model, pd.DataFrame(rows, columns=["X", "Y"]), missing="fiml")
    seen = rows[~np.isnan(rows[:, 1]), 1]
    width = math.sqrt(seen.var() * (math.exp(CRITICAL / len(seen)) - 1))
    check(profile_interval(fit, "1 -> Y"), (seen.mean() - width, seen.mean() + width))


def test_wald_in_large_samples() -> None:
    moments = sn.Moments.from_covariance([[1.0, 0.5, 0.4], [0.5, 1.2, 0.6], [0.4, 0.6, 1.4]], ("X", "M", "Y"), 10**8)
    fit = sn.fit(sn.AMASEM.parse("X -> M -> Y; X -> Y"), moments)
    for kind in ("total", "direct", "indirect"):
        wald = fit.effect("X", "Y", kind=kind)
        assert not isinstance(wald.interval, sn.Unavailable)
        found = profile_interval(fit, "X -> Y", kind=kind)
        np.testing.assert_allclose((found.lower, found.upper), wald.interval, atol=1e-3 * float(wald.standard_error))


def test_brute_force() -> None:
    """The same deviance at both ends from fits with the effect fixed by substitution, b = t / a."""
    data = sn.datasets.political_democracy().moments("x1", "x2", "y1")
    text = "x2 ~ a*x1; y1 ~ b*x2; ab := a*b"
    fit = sn.sem(text, data)
    found = profile_interval(fit, "ab")
    other = profile_interval(fit, "x1 -> y1")
    np.testing.assert_allclose((found.lower, found.upper), (other.lower, other.upper), rtol=1e-7)
    for end in (found.lower, found.upper):
        assert held(data, end) - number(fit.chi_square) == pytest.approx(CRITICAL, abs=1e-5)


def held(data: sn.Moments, product: float) -> float:
    """The least χ² of fits with both paths fixed to this product."""

    def chi_square(a: float) -> float:
        return number(sn.sem(f"x2 ~ {a}*x1; y1 ~ {product / a}*x2", data).chi_square)

    return float(minimize_scalar(chi_square, (1.5, 2.7)).fun)


def number(value: float | sn.Unavailable) -> float:
    assert not isinstance(value, sn.Unavailable)
    return value


def test_constraints_hold_along_the_profile() -> None:
    """With a == b the interval is that of the tied parameter."""
    data = sn.datasets.political_democracy().moments("x1", "x2", "y1", "y2")
    tied = profile_interval(sn.sem("y1 ~ a*x1; y2 ~ a*x2", data), "a")
    linear = profile_interval(sn.sem("y1 ~ a*x1; y2 ~ b*x2; a == b", data), "a")
    curved = profile_interval(sn.sem("y1 ~ a*x1; y2 ~ b*x2; a^3 == b^3", data), "a")
    check(linear, (tied.lower, tied.upper))
    check(curved, (tied.lower, tied.upper), rtol=1e-5)


def test_groups_have_their_own_effects() -> None:
    pair = {"g": MOMENTS, "h": sn.Moments.from_covariance(COVARIANCE[::-1, ::-1], ("X", "Y"), 40)}
    rows = [row for g in "gh" for row in (sn.path("X", "Y", group=g), *(sn.covariance(v, group=g) for v in "XY"))]
    fit = sn.fit(sn.PathModel(("X", "Y"), (), tuple(rows), groups=("g", "h")), pair)
    alone = profile_interval(sn.fit(REGRESSION, pair["h"]), "X -> Y")
    check(profile_interval(fit, "X -> Y", group="h"), (alone.lower, alone.upper))


def test_a_confounded_pair_has_no_ends() -> None:
    found = profile_interval(sn.fit(sn.AMASEM.parse(BOW), MOMENTS), "X -> Y")
    assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert not found.identified
    assert not found.bounded
    assert "not rejected" in found.lower_reason
    assert "identified set" in str(found)


def test_an_identified_set_between_the_two_regressions() -> None:
    """Error in X: cov / var X ≤ slope ≤ var Y / cov (Frisch 1934), as n grows."""
    moments = sn.Moments.from_covariance(COVARIANCE, ("X", "Y"), 10**9)
    found = profile_interval(sn.fit(measured(), moments), "F -> Y")
    assert not found.identified
    check(found, (0.7 / 2.0, 1.5 / 0.7), rtol=3e-4)
    smaller = profile_interval(sn.fit(measured(), MOMENTS), "F -> Y")
    assert smaller.lower < found.lower < found.upper < smaller.upper


def test_that_set_at_its_level() -> None:
    """Below cov / var X the best is a variance of zero: the deviance of the regression at that slope."""
    slope, residual = 0.35, 1.5 - 0.7 * 0.35
    width = math.sqrt(residual * (math.exp(CRITICAL / 80) - 1) / 2.0)
    assert profile_interval(sn.fit(measured(), MOMENTS), "F -> Y").lower == pytest.approx(slope - width, rel=1e-6)


def test_the_end_is_a_bound() -> None:
    """A variance whose interval reaches zero."""
    found = profile_interval(sn.fit(measured(), MOMENTS), "X <-> X")
    assert found.lower == 0.0
    assert found.lower_reason == "the bound of the parameter"
    assert not found.upper_reason


def test_the_end_is_where_constraints_end() -> None:
    rows = (sn.path("X", "Y", label="b"), sn.covariance("X"), sn.covariance("Y"))
    limit = Constraint(Binary(Name("b"), "^", Number(2.0)), "<", Number(0.16))
    fit = sn.fit(sn.PathModel(("X", "Y"), (), rows, constraints=(limit,)), MOMENTS)
    found = profile_interval(fit, "X -> Y")
    assert found.upper == pytest.approx(0.4, abs=1e-4)
    assert "allow no value beyond" in found.upper_reason
    assert not found.lower_reason


def test_a_weak_instrument_does_not_exclude_large_effects() -> None:
    """As the Anderson–Rubin set: unbounded when the first stage could be zero."""
    moments = sn.Moments.from_covariance([[1.0, 0.1, 0.05], [0.1, 1.0, 0.6], [0.05, 0.6, 1.0]], ("Z", "X", "Y"), 100)
    fit = sn.fit(sn.AMASEM.parse("latent U; U -> X, Y; Z -> X -> Y"), moments)
    found = profile_interval(fit, "X -> Y")
    assert found.identified
    assert not found.bounded


def test_levels_are_nested() -> None:
    fit = sn.fit(REGRESSION, MOMENTS)
    narrow, wide = (profile_interval(fit, "X -> Y", level=level) for level in (0.5, 0.99))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


@pytest.mark.parametrize(
    ("what", "says"),
    [("Y -> X", "constant"), ("a", "no parameter 'a'"), ("X -> Q", "Q"), ("X <-> Y", "no parameter")],
)
def test_questions_without_meaning(what: str, says: str) -> None:
    with pytest.raises(sn.SemnanError, match=says):
        profile_interval(sn.fit(REGRESSION, MOMENTS), what)


def test_other_discrepancies_are_refused() -> None:
    fit = sn.fit(REGRESSION, MOMENTS, discrepancy=sn.UnweightedLeastSquares)
    with pytest.raises(sn.FitError, match="likelihood"):
        profile_interval(fit, "X -> Y")


def test_the_argument_is_a_level() -> None:
    with pytest.raises(sn.FitError, match="level"):
        profile_interval(sn.fit(REGRESSION, MOMENTS), "X -> Y", level=95)
