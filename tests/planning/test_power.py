"""Power by noncentrality: closed forms of regression, and sample sizes that are the least."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, ncx2, norm

import semnan as sn
from semnan import FitError, ModelError, Power, Unavailable

LINE = sn.population("y ~ 0.3*x", standardised=True)
TWO = "f =~ 0.8*a + 0.7*b + 0.6*c; g =~ 0.7*d + 0.7*e + 0.6*h; "
RELATED = sn.population(TWO + "g ~ 0.3*f", standardised=True)
TEXT = "f =~ a + b + c; g =~ d + e + h; g ~ b1*f"


def powered(*args: Any, **how: Any) -> Power:
    found = sn.power(*args, **how)
    assert not isinstance(found, Unavailable)
    return found


def test_a_regression_coefficient() -> None:
    found = powered("y ~ x", LINE, 100, effect=("x", "y"))
    error = math.sqrt(0.91 / 100)
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    assert found.value == pytest.approx(0.3)
    assert found.noncentrality == pytest.approx(100 * 0.09 / 0.91, rel=1e-6)
    reach = norm.isf(0.025)
    assert found.power == pytest.approx(norm.sf(reach - 0.3 / error) + norm.cdf(-reach - 0.3 / error), rel=1e-6)
    assert powered("y ~ x", LINE, 100, parameter="x -> y").power == pytest.approx(found.power)
    assert "power 0.882 with n = 100" in str(found)


def test_likelihood_ratios_of_regression() -> None:
    found = powered("y ~ b*x", LINE, 100, hypothesis="b == 0", method="likelihood ratio")
    assert found.noncentrality == pytest.approx(-100 * math.log(1 - 0.09), rel=1e-6)
    assert found.power == pytest.approx(ncx2.sf(chi2.isf(0.05, 1), 1, found.noncentrality), rel=1e-6)


def test_several_coefficients_at_once() -> None:
    truth = sn.population("y ~ 0.3*x + 0.2*z; x ~~ 0.4*z", standardised=True)
    share = 0.09 + 0.04 + 2 * 0.3 * 0.2 * 0.4
    wald = powered("y ~ a*x + b*z", truth, 150, hypothesis="a == 0; b == 0", alpha=0.01)
    assert wald.df == 2
    assert wald.noncentrality == pytest.approx(150 * share / (1 - share), rel=1e-5)
    assert wald.power == pytest.approx(ncx2.sf(chi2.isf(0.01, 2), 2, wald.noncentrality), rel=1e-6)
    ratio = powered("y ~ a*x + b*z", truth, 150, hypothesis="a == 0; b == 0", method="likelihood ratio")
    assert ratio.df == 2
    assert ratio.noncentrality == pytest.approx(-150 * math.log(1 - share), rel=1e-5)
    assert isinstance(ratio.value, Unavailable)


def test_the_fit_of_a_wrong_model() -> None:
    # Without the path the model misses the correlation: F = -log(1 - r²).
    found = powered("y ~ 0*x", LINE, 80)
    assert found.tested == "fit of the model"
    assert found.noncentrality == pytest.approx(-80 * math.log(1 - 0.09), rel=1e-6)
    assert found.population_rmsea == pytest.approx(math.sqrt(-math.log(1 - 0.09)), rel=1e-6)
    assert "misses the population" in str(found)
    assert isinstance(sn.power("y ~ x", LINE, 80), Unavailable)


def test_a_model_that_holds_has_the_level_as_its_power() -> None:
    assert powered(TEXT, RELATED, 500).power == pytest.approx(0.05, abs=1e-6)
    assert isinstance(sn.minimum_n(TEXT, RELATED), Unavailable)


def test_indirect_effects_and_defined_parameters() -> None:
    truth = sn.population("m ~ 0.4*x; y ~ 0.3*m", standardised=True)
    effect = powered("m ~ a*x; y ~ b*m; ab := a*b", truth, 200, effect=("x", "y"), kind="indirect")
    defined = powered("m ~ a*x; y ~ b*m; ab := a*b", truth, 200, parameter="ab")
    # Sobel's standard error.
    error = math.sqrt((0.3**2 * 0.84 + 0.4**2 * 0.91) / 200)
    assert effect.value == pytest.approx(0.12)
    assert effect.standard_error == pytest.approx(error, rel=1e-6)
    assert defined.power == pytest.approx(effect.power, rel=1e-9)


def test_groups_and_shares() -> None:
    truth = sn.population("y ~ c(0.3, 0.1)*x; x ~~ 1*x; y ~~ 1*y", groups=["a", "b"])
    model = sn.PathModel.from_lavaan("y ~ c(b1, b2)*x", groups=["a", "b"])
    for shares, ours in (({"a": 1, "b": 3}, 0.25), (None, 0.5)):
        found = powered(model, truth, 400, hypothesis="b1 == b2", shares=shares)
        assert found.noncentrality == pytest.approx(0.04 / (1 / (400 * ours) + 1 / (400 * (1 - ours))), rel=1e-4)
    same = powered("y ~ c(b1, b2)*x", truth, 400, hypothesis="b1 == b2")
    assert same.noncentrality == pytest.approx(found.noncentrality)


def test_the_least_n() -> None:
    for how in ({"effect": ("f", "g")}, {"hypothesis": "b1 == 0", "method": "likelihood ratio"}, {"parameter": "b1"}):
        n = sn.minimum_n(TEXT, RELATED, power=0.9, **how)
        assert isinstance(n, int)
        assert powered(TEXT, RELATED, n, **how).power >= 0.9
        assert powered(TEXT, RELATED, n - 1, **how).power < 0.9
    assert sn.minimum_n(TEXT, RELATED, parameter="b1") == sn.minimum_n(TEXT, RELATED, parameter="b1", power=0.8)


def test_the_width_of_an_interval() -> None:
    n = sn.minimum_n("y ~ x", LINE, effect=("x", "y"), width=0.2, alpha=0.1)
    assert n == math.ceil((2 * norm.isf(0.05) / 0.2) ** 2 * 0.91)
    assert sn.minimum_n("y ~ x", LINE, parameter="y <-> y", width=0.5) == math.ceil(
        (2 * 1.959964 / 0.5) ** 2 * 2 * 0.91**2
    )


def test_a_fit_as_population() -> None:
    fit = sn.sem("y1 ~ x1", sn.datasets.political_democracy().to_frame())
    error = fit.effect("x1", "y1").standard_error
    found = powered(fit.model, fit, 300, effect=("x1", "y1"))
    assert float(found.standard_error) == pytest.approx(float(error) * math.sqrt(75 / 300), rel=1e-6)


def test_very_large_samples() -> None:
    assert powered("y ~ x", LINE, 10_000_000, effect=("x", "y")).power == 1


def test_what_has_no_power() -> None:
    truth = sn.population("y ~ 0*x", standardised=True)
    found = sn.minimum_n("y ~ x", truth, effect=("x", "y"))
    assert isinstance(found, Unavailable)
    assert "is zero" in found.reason
    assert powered("y ~ x", truth, 100, effect=("x", "y")).power == pytest.approx(0.05)
    loose = sn.power(
        "f =~ NA*a + b\nf ~~ f", sn.population("f =~ 0.7*a + 0.6*b", standardised=True), 100, parameter="f -> a"
    )
    assert isinstance(loose, Unavailable)
    assert "not identified" in loose.reason


def test_what_is_refused() -> None:
    with pytest.raises(FitError, match="one of parameter="):
        sn.power("y ~ x", LINE, 100, parameter="x -> y", effect=("x", "y"))
    with pytest.raises(FitError, match="source and target"):
        sn.power("y ~ x", LINE, 100, effect="x -> y")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="no free or defined parameter 'b'"):
        sn.power("y ~ x", LINE, 100, parameter="b")
    with pytest.raises(FitError, match="method is 'score'"):
        sn.power("y ~ x", LINE, 100, parameter="x -> y", method="score")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="is of a hypothesis"):
        sn.power("y ~ x", LINE, 100, parameter="x -> y", method="likelihood ratio")
    with pytest.raises(FitError, match="of equalities"):
        sn.power("y ~ b*x", LINE, 100, hypothesis="b > 0", method="likelihood ratio")
    with pytest.raises(FitError, match="n is 1"):
        sn.power("y ~ x", LINE, 1)
    with pytest.raises(FitError, match="a power or a width"):
        sn.minimum_n("y ~ x", LINE, parameter="x -> y", power=0.8, width=1.0)
    with pytest.raises(FitError, match="width is 0"):
        sn.minimum_n("y ~ x", LINE, parameter="x -> y", width=0)
    with pytest.raises(FitError, match="width is of the interval"):
        sn.minimum_n("y ~ b*x", LINE, hypothesis="b == 0", width=1.0)
    with pytest.raises(FitError, match="give both the same"):
        sn.power(sn.PathModel.from_lavaan("y ~ x", groups=["a", "b"]), LINE, 100)
    with pytest.raises(ModelError):
        sn.power("y ~~~ x", LINE, 100)
    with pytest.raises(FitError, match="no groups: leave out shares="):
        sn.power("y ~ x", LINE, 100, shares={"a": 1.0})
    groups = sn.population("y ~ c(0.3, 0.1)*x", groups=["a", "b"], standardised=True)
    with pytest.raises(FitError, match="shares= gives"):
        sn.power("y ~ x", groups, 100, shares={"a": 1.0})
    with pytest.raises(FitError, match="have their own"):
        sn.power("y ~ x", groups, 100, groups=["a", "b"])
    with pytest.raises(ModelError, match="list of groups"):
        sn.population("y ~ c(0.3, 0.1)*x", groups="ab", standardised=True)
    with pytest.raises(sn.DataError, match="'z'"):
        sn.power("y ~ z", LINE, 100)
    with pytest.raises(FitError, match="n of at least 3"):
        sn.power("y ~ x", LINE, 2, parameter="x -> y")
    with pytest.raises(FitError, match="alpha is 5"):
        sn.power("y ~ x", LINE, 100, parameter="x -> y", alpha=5)


def test_numbers_of_numpy() -> None:
    assert powered("y ~ x", LINE, np.int64(100), parameter="x -> y") == powered("y ~ x", LINE, 100, parameter="x -> y")


def test_no_less_rows_than_a_fit_takes() -> None:
    strong = sn.population("y ~ 0.99*x", standardised=True)
    assert sn.minimum_n("y ~ x", strong, parameter="x -> y") == 3
    assert sn.minimum_n("y ~ x", strong, parameter="x -> y", width=9.0) == 3
    found = sn.minimum_n("y ~ x", LINE, parameter="x -> y", width=1e-9)
    assert isinstance(found, Unavailable)
    assert "more than" in found.reason
