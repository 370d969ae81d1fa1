"""`compare` against lavaan's lavTestLRT, and what it refuses."""

import numpy as np
import pytest

import semnan as sn
from semnan import Fit, FitError, Unavailable
from semnan.estimation.comparison import reaches

from .lavaan_cases import case, names

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


def pair(name: str) -> tuple[Fit, Fit]:
    said = case(name).said
    return case(said["lrt"]["larger"]).run(), case(name).run()


@pytest.mark.parametrize("name", [name for name in names() if case(name).said.get("lrt")])
def test_differences_of_lavaan(name: str) -> None:
    larger, smaller = pair(name)
    said = case(name).said["lrt"]
    first, second = sn.compare(smaller, larger, names=["smaller", "larger"]).rows
    assert (first.name, second.name) == ("larger", "smaller")
    assert second.df_difference == said["df"]
    assert second.chi_square_difference == pytest.approx(said["chisq"], abs=1e-5)
    assert second.p_value == pytest.approx(said["pvalue"], rel=1e-5)
    assert [row.aic for row in (first, second)] == pytest.approx([larger.aic, smaller.aic])
    assert isinstance(first.p_value, Unavailable)


def test_the_table_of_lavaan() -> None:
    # lavTestLRT of lavaan 0.6-14, the three cases in one call.
    fits = [case(name).run() for name in ("groups_intercepts", "groups_configural", "groups_loadings")]
    rows = sn.compare(*fits).rows
    assert [row.df for row in rows] == [48, 54, 60]
    assert [row.aic for row in rows] == pytest.approx([7090.789, 7090.492, 7103.050], abs=1e-3)
    assert [row.bic for row in rows] == pytest.approx([7313.016, 7290.496, 7280.832], abs=1e-3)
    assert [row.chi_square for row in rows] == pytest.approx([60.33427, 72.03744, 96.59618], abs=1e-5)
    assert [row.chi_square_difference for row in rows[1:]] == pytest.approx([11.70317, 24.55874], abs=1e-5)
    assert [row.rmsea for row in rows[1:]] == pytest.approx([0.07960435, 0.14359952], abs=1e-7)
    assert [row.p_value for row in rows[1:]] == pytest.approx([0.06892797, 0.00041202], abs=1e-8)


def test_it_prints() -> None:
    found = sn.compare(sn.cfa(TWO, FRAME), sn.cfa(TWO, FRAME, orthogonal=True), names=["correlated", "orthogonal"])
    text = str(found)
    assert "correlated" in text.splitlines()[2]
    assert "orthogonal" in text.splitlines()[3]
    assert "<.001" in text
    assert "<td>orthogonal</td>" in found._repr_html_()


def test_incomplete_rows() -> None:
    holes = FRAME.copy()
    holes.loc[:60, "x1"] = np.nan
    holes.loc[40:90, "x5"] = np.nan
    free, equal = (sn.cfa(text, holes, missing="fiml") for text in (TWO, TWO.replace("x2 + x3", "a*x2 + a*x3")))
    _, row = sn.compare(free, equal).rows
    assert row.chi_square_difference == pytest.approx(
        2 * (float(free.log_likelihood) - float(equal.log_likelihood)), abs=1e-5
    )


def test_models_that_are_not_nested() -> None:
    one = sn.sem("f =~ x1 + x2 + x3 + x4 + x5 + x6", FRAME)
    other = sn.sem("f =~ x1 + x2 + x3\nx4 ~~ x5\nx4 ~~ 0*x6\nx5 ~~ 0*x6", FRAME)
    found = sn.compare(one, other)
    assert isinstance(found.rows[1].p_value, Unavailable)
    assert found.rows[1].df_difference == 2
    assert "not nested" in str(found)


def test_other_names_for_the_same_restriction_are_nested() -> None:
    # One factor is two that correlate perfectly; a marker or a unit variance makes no difference.
    two = sn.cfa(TWO, FRAME, std_lv=True)
    one = sn.cfa("f =~ x1 + x2 + x3 + x4 + x5 + x6", FRAME)
    assert reaches(two.estimate, one.estimate) is True
    assert reaches(one.estimate, two.estimate) is False
    assert float(sn.compare(one, two).rows[1].chi_square_difference) > 50


def test_fits_that_did_not_converge() -> None:
    optimiser = sn.FisherScoring(max_steps=1)
    stopped = sn.cfa(TWO, FRAME, orthogonal=True, optimiser=optimiser)
    assert not stopped.converged
    found = sn.compare(sn.cfa(TWO, FRAME), stopped)
    assert found.rows[1].p_value == Unavailable("fit 2 did not converge")
    assert "fit 2 did not converge" in str(found)


def test_means_in_one_model_only() -> None:
    found = sn.compare(sn.cfa(TWO, FRAME), sn.cfa(TWO, FRAME, orthogonal=True, meanstructure=True))
    assert float(found.rows[1].chi_square_difference) > 10
    assert isinstance(found.rows[0].aic, Unavailable)


def test_what_cannot_be_compared() -> None:
    fit = sn.cfa(TWO, FRAME)
    with pytest.raises(FitError, match="two fits or more"):
        sn.compare(fit)
    with pytest.raises(FitError, match="same df, 8"):
        sn.compare(fit, sn.cfa(TWO, FRAME, std_lv=True))
    with pytest.raises(FitError, match="only one of them has x4, x5, x6"):
        sn.compare(fit, sn.cfa("visual =~ x1 + x2 + x3", FRAME))
    with pytest.raises(FitError, match="301 and 300 rows"):
        sn.compare(fit, sn.cfa(TWO, FRAME[1:], orthogonal=True))
    with pytest.raises(FitError, match="moments differ"):
        sn.compare(fit, sn.cfa(TWO, FRAME.assign(x1=FRAME["x1"][::-1].to_numpy()), orthogonal=True))
    with pytest.raises(FitError, match="give every fit its own"):
        sn.compare(fit, sn.cfa(TWO, FRAME, orthogonal=True), names=["a", "a"])
    with pytest.raises(FitError, match="takes fits"):
        sn.compare(fit, "fit")  # type: ignore[arg-type]
    least = sn.fit(fit.model, FRAME, discrepancy=sn.UnweightedLeastSquares)
    with pytest.raises(FitError, match="fit 2 minimises UnweightedLeastSquares"):
        sn.compare(fit, least)
    school = sn.cfa(TWO, FRAME, group="school", meanstructure=True)
    with pytest.raises(FitError, match="groups"):
        sn.compare(fit, school)
