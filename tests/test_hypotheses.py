"""Wald and score tests, scaled differences and the invariance ladder, beside lavaan's (tests/reference/robust)."""

from typing import Any

import numpy as np
import pytest

import semnan as sn
from semnan import FitError, ModelError, Unavailable
from semnan.estimation.hypotheses import HypothesisTest, ScoreTests

from . import robust_cases
from .robust_cases import answers, options, run, table

LABELLED = "f1 =~ x1 + a*x2 + b*x3 + c*x4\nf2 =~ x5 + d*x6 + e*x7 + x8\nf2 ~ s*f1"


@pytest.mark.parametrize("said", answers()["wald"], ids=lambda said: said["constraints"].replace("\n", "; "))
def test_wald(said: dict[str, Any]) -> None:
    found = run(LABELLED, said["args"]).wald_test(said["constraints"])
    assert isinstance(found, HypothesisTest)
    assert found.chi_square == pytest.approx(said["stat"], rel=1e-4)
    assert found.df == said["df"]
    assert found.p_value == pytest.approx(said["p"], rel=1e-3)


def test_wald_of_one_label_is_the_square_of_z() -> None:
    fit = run(LABELLED, {"estimator": "MLR"})
    found = fit.wald_test("s == 0")
    assert isinstance(found, HypothesisTest)
    assert found.chi_square == pytest.approx((fit.estimates["s"] / float(fit.standard_errors["s"])) ** 2)
    twice = fit.wald_test("s == 0; 2*s == 0")
    assert isinstance(twice, HypothesisTest)
    assert twice.df == 1
    assert twice.chi_square == pytest.approx(found.chi_square)


def test_bad_wald_questions() -> None:
    fit = run(LABELLED, {})
    with pytest.raises(ModelError, match="'zz'"):
        fit.wald_test("a == zz")
    with pytest.raises(FitError, match="equalities"):
        fit.wald_test("a > 1")
    with pytest.raises(ModelError, match="only constraints"):
        fit.wald_test("f1 =~ x1")
    with pytest.raises(ModelError, match="line 1"):
        fit.wald_test("a == ==")


@pytest.mark.parametrize("place", range(2))
def test_score(place: int) -> None:
    """Degrees of freedom of lavaan's count constraints that nothing could break once the others are gone."""
    said = answers()["score"][place]
    found = run(said["model"], said["args"]).score_tests()
    assert isinstance(found, ScoreTests)
    assert found.total.chi_square == pytest.approx(said["total"], rel=1e-4)
    assert found.total.df == said["df"] - (2 if place == 1 else 0)
    ours = sorted(test.chi_square for test in found.single)
    assert ours == pytest.approx(sorted(said["single"]), rel=1e-3)
    assert len(found.single) == said["df"]


def test_score_of_equations() -> None:
    """Labels and `==` say the same."""
    tied = run("f1 =~ x1 + a*x2 + a*x3 + x4\nf2 =~ x5 + x6 + x7\nf2 ~ f1", {}).score_tests()
    stated = run("f1 =~ x1 + a*x2 + b*x3 + x4\nf2 =~ x5 + x6 + x7\nf2 ~ f1\na == b", {}).score_tests()
    assert isinstance(tied, ScoreTests)
    assert isinstance(stated, ScoreTests)
    assert tied.total.chi_square == pytest.approx(stated.total.chi_square, rel=1e-6)
    assert isinstance(run(LABELLED, {}).score_tests(), Unavailable)


def test_score_is_about_the_fall_of_chi_square() -> None:
    free = run("f1 =~ x1 + x2 + x3 + x4", {})
    tied = run("f1 =~ x1 + a*x2 + x3 + b*x4\na == b + 0.1", {})
    found = tied.score_tests()
    assert isinstance(found, ScoreTests)
    assert found.total.chi_square == pytest.approx(float(tied.chi_square) - float(free.chi_square), rel=0.15)


@pytest.mark.parametrize("said", answers()["differences"], ids=lambda said: said["name"])
def test_scaled_differences(said: dict[str, Any]) -> None:
    free, restricted = run(said["free"], said["args"]), run(said["restricted"], said["args"])
    for method, key in (("satorra.bentler.2001", "sb2001"), ("satorra.bentler.2010", "sb2010")):
        if said[key] is None:
            continue
        second = sn.compare(free, restricted, method=method).rows[1]  # type: ignore[arg-type]
        assert second.df_difference == said[key]["df"]
        assert second.chi_square_difference == pytest.approx(said[key]["difference"], rel=1e-3)
        assert second.p_value == pytest.approx(said[key]["p"], rel=1e-2)


def test_refused_differences() -> None:
    robust, plain = run(LABELLED, {"estimator": "MLR"}), run(LABELLED + "\nx1 ~~ x5", {})
    with pytest.raises(FitError, match="some of the fits are robust"):
        sn.compare(robust, plain)
    with pytest.raises(FitError, match="the method is"):
        sn.compare(robust, run(LABELLED + "\nx1 ~~ x5", {"estimator": "MLR"}), method="2001")  # type: ignore[arg-type]


@pytest.mark.parametrize("said", answers()["ladder"], ids=lambda said: str(said["args"]))
def test_invariance(said: dict[str, Any]) -> None:
    text = "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8"
    found = sn.invariance(text, table("clustered"), group="group", **options(said["args"]))
    assert [step.name for step in found] == ["configural", "metric", "scalar", "strict"]
    assert [step.fit.df for step in found] == said["df"]
    assert [step.fit.chi_square for step in found] == pytest.approx(said["chisq"], rel=1e-5)
    assert [step.fit.fit_measures["cfi"] for step in found] == pytest.approx(said["cfi"], rel=1e-5)
    assert [step.fit.fit_measures["rmsea"] for step in found] == pytest.approx(said["rmsea"], rel=1e-5)
    differences = [float(step.test.chi_square_difference) for step in list(found)[1:]]
    assert differences == pytest.approx(said["difference"][1:], rel=1e-3)
    assert [float(step.test.p_value) for step in list(found)[1:]] == pytest.approx(said["p"][1:], rel=5e-3)
    steps = list(found)
    assert float(steps[1].cfi_change) == pytest.approx(float(steps[1].cfi) - float(steps[0].cfi))
    assert "strict" in str(found)
    assert found["scalar"] is steps[2].fit


def test_bad_ladders() -> None:
    frame = table("clustered")
    with pytest.raises(FitError, match="in order"):
        sn.invariance("f =~ x1 + x2 + x3", frame, group="group", steps=("scalar", "metric"))
    with pytest.raises(FitError, match="no groups"):
        sn.invariance("f =~ x1 + x2 + x3", frame)
    with pytest.raises(FitError, match="group_equal"):
        sn.invariance("f =~ x1 + x2 + x3", frame, group="group", group_equal=["loadings"])
    with pytest.raises(FitError, match="no step"):
        sn.invariance("f =~ x1 + x2 + x3", frame, group="group", steps=("configural", "metric"))["scalar"]


def test_frozen_cases_are_there() -> None:
    assert len(robust_cases.cases()) > 30
    assert np.isfinite([said["fit"]["chisq"] for said in robust_cases.cases().values()]).all()


def test_score_tests_name_what_is_equal() -> None:
    found = run("f1 =~ x1 + x2 + x3", {"group": "group", "group_equal": ["loadings"]}).score_tests()
    assert isinstance(found, ScoreTests)
    assert {test.hypothesis for test in found.single} == {
        "f1 -> x2 [a] == f1 -> x2 [b]",
        "f1 -> x3 [a] == f1 -> x3 [b]",
    }
    assert str(found).startswith("all 2 equalities: χ² = ")
