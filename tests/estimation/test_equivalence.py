"""Equivalence tests: exact noncentralities, the authors' series and polynomials as they print them, and coverage."""

from typing import Any

import numpy as np
import pytest
from scipy.special import chndtr, ndtri
from scipy.stats import ncx2

import semnan as sn
from semnan import FitError, Unavailable
from semnan.estimation.equivalence import (
    Equivalence,
    cfi_cutoffs,
    noncentrality,
    rmsea_cutoffs,
    t_size_rmsea,
)

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def venables(alpha: float, t: float, df: int) -> float:
    """The series for a noncentrality of Venables 1975 that the authors' R code takes."""
    z, s = -float(ndtri(alpha)), np.sqrt(2 * (2 * t - df + 2))
    found = z + (z**2 - 1) / s - z / s**2 + 2 * (df - 1) * (z**2 - 1) / (3 * s**3)
    found += (-(df - 1) * (4 * z**3 - z) / 6 + (df - 2) * z / 2) / s**4
    found += 4 * (df - 1) * (3 * z**4 + 2 * z**2 - 11) / (15 * s**5)
    last = -(df - 1) * (96 * z**5 + 164 * z**3 - 767 * z) / 90 - 4 * (df - 1) * (df - 2) * (2 * z**3 - 5 * z) / 9
    return float(max(t - df + 2 + s * (found + (last + (df - 2) * z / 2) / s**6), 0))


@pytest.mark.parametrize(("t", "df"), [(28.098, 23), (85.3, 24), (60.0, 50), (5412.017, 50)])
def test_noncentralities(t: float, df: int) -> None:
    for p in (0.025, 0.05, 0.1):
        found = noncentrality(t, df, p)
        assert float(chndtr(t, df, found)) == pytest.approx(p, rel=1e-8)
        assert found == pytest.approx(venables(p, t, df), rel=2e-3)
    assert noncentrality(3.0, 24, 0.05) == 0


def test_the_example_of_the_authors() -> None:
    # Yuan, Chan, Marcoulides & Bentler 2016: 9 variables, N = 145, T = 28.098 of 23 df, with their N - 1.
    assert t_size_rmsea(28.098, 23, 144, 1, 0.05) == pytest.approx(
        np.sqrt(venables(0.05, 28.098, 23) / 144 / 23), rel=1e-3
    )


@pytest.mark.parametrize(
    ("df", "n", "base", "rmsea", "cfi"),
    [  # Printed by the polynomials of the authors' R code.
        (
            24,
            301,
            36,
            (0.04787320, 0.07496253, 0.10265988, 0.12184549),
            (0.96452793, 0.90567178, 0.86437856, 0.83735272),
        ),
        (
            50,
            12752,
            66,
            (0.012747752, 0.041888831, 0.076766761, 0.09517621),
            (0.98536435, 0.95994054, 0.92932484, 0.91229502),
        ),
        (
            23,
            145,
            45,
            (0.068773951, 0.090660317, 0.116366218, 0.134873018),
            (0.94434423, 0.87786297, 0.83276719, 0.80286824),
        ),
    ],
)
def test_cutoffs(df: int, n: int, base: int, rmsea: Any, cfi: Any) -> None:
    found = rmsea_cutoffs(df, n)
    assert not isinstance(found, Unavailable)
    assert tuple(found.values()) == pytest.approx(rmsea, rel=1e-6)
    assert tuple(cfi_cutoffs(df, base, n).values()) == pytest.approx(cfi, rel=1e-6)


def test_cutoffs_of_groups() -> None:
    found = rmsea_cutoffs(12, 401, 2)  # n = 399
    assert not isinstance(found, Unavailable)
    assert tuple(found.values()) == pytest.approx((0.072740491, 0.095127530, 0.121550463, 0.140374028), rel=1e-6)
    for groups in (2, 3, 4, 5):
        ends = rmsea_cutoffs(40, 1000 * groups, groups)
        assert not isinstance(ends, Unavailable)
        # With many rows they come near the conventional ones, from above.
        assert list(ends.values()) == sorted(ends.values())
        assert all(cutoff < end < cutoff + 0.03 for cutoff, end in ends.items())
    assert isinstance(rmsea_cutoffs(40, 1000, 6), Unavailable)


def test_a_fit() -> None:
    fit = sn.cfa(THREE, FRAME)
    found = fit.equivalence_test()
    assert isinstance(found, Equivalence)
    # At .05 the T-size is the upper end of the 90 % interval.
    assert found.rmsea == pytest.approx(float(fit.fit_measures["rmsea.ci.upper"]), rel=1e-9)
    assert fit.baseline is not None
    own, base = (noncentrality(*part) for part in ((found.chi_square, 24, 0.025), (fit.baseline.chi_square, 36, 0.975)))
    assert found.cfi == pytest.approx(1 - own / base)
    assert float(found.cfi) < float(fit.fit_measures["cfi"])
    assert (found.rmsea_verdict, found.cfi_verdict) == ("mediocre", "fair")
    assert "mediocre" in str(found)
    assert found.p_value(0.08) == pytest.approx(float(fit.fit_measures["rmsea.notclose.pvalue"]))
    assert 1 - found.p_value(0.05) == pytest.approx(float(fit.fit_measures["rmsea.pvalue"]))
    assert found.p_value(found.rmsea) == pytest.approx(0.05)
    with pytest.raises(FitError, match="rmsea is -1"):
        found.p_value(-1)


def test_a_robust_fit_has_its_corrected_test() -> None:
    fit = sn.cfa(THREE, FRAME, estimator="MLM")
    found = fit.equivalence_test()
    assert isinstance(found, Equivalence)
    assert found.chi_square == fit.fit_measures["chisq.scaled"]
    assert found.rmsea == pytest.approx(np.sqrt(noncentrality(found.chi_square, 24, 0.05) / (301 * 24)))
    restricted = sn.cfa(THREE, FRAME, estimator="MLM", orthogonal=True).equivalence_test(fit)
    assert isinstance(restricted, Unavailable)


def test_restrictions_of_an_invariance_ladder() -> None:
    ladder = sn.invariance(THREE, FRAME, group="school", steps=["configural", "metric", "scalar"])
    found = ladder["metric"].equivalence_test(ladder["configural"])
    assert isinstance(found, Equivalence)
    assert found.df == 6
    assert found.chi_square == pytest.approx(8.192, abs=1e-3)
    assert found.rmsea == pytest.approx(np.sqrt(2 * noncentrality(found.chi_square, 6, 0.05) / (6 * 301)))
    assert isinstance(found.cfi, Unavailable)
    assert found.rmsea_verdict == "close"
    scalar = ladder["scalar"].equivalence_test(ladder["metric"])
    assert isinstance(scalar, Equivalence)
    assert scalar.rmsea > found.rmsea
    with pytest.raises(FitError, match="restricts less"):
        ladder["configural"].equivalence_test(ladder["metric"])


def test_misfit_as_large_as_the_t_size_is_rarely_below_it() -> None:
    random = np.random.default_rng(0)
    real = 0.07
    drawn = ncx2.rvs(24, 400 * 24 * real**2, size=4000, random_state=random)
    below = np.mean([t_size_rmsea(t, 24, 400, 1, 0.05) < real for t in drawn.tolist()])
    assert below == pytest.approx(0.05, abs=0.012)


def test_what_has_no_test() -> None:
    assert isinstance(sn.cfa("f =~ x1 + x2 + x3", FRAME).equivalence_test(), Unavailable)
    with pytest.raises(FitError, match="not maximum likelihood"):
        sn.cfa(THREE, FRAME, estimator="GLS").equivalence_test()
    with pytest.raises(FitError, match="alpha is 5"):
        sn.cfa(THREE, FRAME).equivalence_test(alpha=5)
    with pytest.raises(FitError, match="against is a str"):
        sn.cfa(THREE, FRAME).equivalence_test("other")
    found = sn.cfa(THREE, FRAME).equivalence_test()
    assert isinstance(found, Equivalence)
    with pytest.raises(FitError, match="rmsea is 'close'"):
        found.p_value("close")  # type: ignore[arg-type]
    groups = sn.cfa(THREE, FRAME, group="school").equivalence_test()
    assert isinstance(groups, Equivalence)
    assert isinstance(groups.cfi_verdict, Unavailable)
    assert "no adjusted cutoffs" in str(groups)
