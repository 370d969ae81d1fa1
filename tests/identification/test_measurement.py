"""Models with measured latents: loadings, factor covariances, and the two-step rule."""

import time

import pytest

from semnan import PathModel
from semnan.identification import Formula, Verdict, identify, identify_all
from semnan.identification.analysis import Analysis
from semnan.identification.elimination import count_values
from semnan.identification.measurement import measure

from .dense import covariance as implied
from .dense import effect as true_effect
from .test_verdicts import check_formula, values

DEMOCRACY = """
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ ind60
    dem65 ~ ind60 + dem60
    y1 ~~ y5; y2 ~~ y4 + y6; y3 ~~ y7; y4 ~~ y8; y6 ~~ y8
"""
FACTORS = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9"
MODELS = {
    "democracy": DEMOCRACY,
    "confirmatory": f"{FACTORS}; f ~~ g + h; g ~~ h",
    "second order": f"{FACTORS}; s =~ f + g + h",
    "covariates": f"{FACTORS}; f ~ z1 + z2; g ~ f + z1; h ~ f + g; x5 ~ z2",
    "outcomes": "f =~ x1 + x2 + x3; y1 ~ f; y2 ~ f + y1; y3 ~ y2; y1 ~~ y3",
    "two indicators": "f =~ x1 + x2; g =~ x3 + x4; g ~ f",
    "other scales": "f =~ 2*x1 + x2 + x3; g =~ NA*x4 + 0.5*x5 + x6; g ~ f",
    "cross-loadings": "f =~ x1 + x2 + x3 + x6; g =~ x4 + x5 + x6 + x7 + x2; g ~ f",
    "growth": "i =~ 1*y1 + 1*y2 + 1*y3 + 1*y4; s =~ 0*y1 + 1*y2 + 2*y3 + 3*y4; i ~ z; s ~ z + i",
    "direct effects": "f =~ x1 + x2 + x3 + x4; f ~ z1 + z2; x2 ~ z1; x3 ~~ x4; x5 ~ f + z2",
    "confounded factors": "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f; f ~ z; f ~~ g",
}


def verdicts(name: str) -> tuple[PathModel, tuple[Verdict, ...]]:
    model = PathModel.from_lavaan(MODELS[name], fixed_x=False)
    return model, identify_all(model)


@pytest.mark.parametrize("name", MODELS)
def test_every_effect_has_a_formula(name: str) -> None:
    model, found = verdicts(name)
    for verdict in found:
        assert verdict.identified, verdict
        assert verdict.method != "exact elimination"
        check_formula(model, verdict)


@pytest.mark.parametrize("name", MODELS)
def test_every_covariance_and_loading_that_is_solved_is_right(name: str) -> None:
    analysis = Analysis(PathModel.from_lavaan(MODELS[name], fixed_x=False))
    found = measure(analysis)
    for point in analysis.points:
        for at, table in ((found.entries, point.covariance), (found.loadings, point.weights)):
            for (a, b), expression in at.items():
                assert Formula(expression, analysis.names).modulo(point.sigma, point.prime) == table[a, b] % point.prime


def test_what_is_listed() -> None:
    """Loadings, and paths and total effects among latents; no total effects on indicators."""
    found = [(v.query.kind, str(v.query)) for v in verdicts("two indicators")[1]]
    loadings = [("direct", "f -> x1"), ("direct", "f -> x2"), ("direct", "g -> x3"), ("direct", "g -> x4")]
    assert sorted(found) == [("direct", "f -> g"), *loadings, ("total", "f -> g")]


def formula(model: str, effect: str) -> tuple[str, str]:
    verdict = identify(PathModel.from_lavaan(model), effect, kind="direct")
    return verdict.method, str(verdict.formula)


def test_the_rules() -> None:
    """Bollen 1989, ch. 7: a third indicator, or an indicator of another factor; ch. 8: the regression of factors."""
    assert formula("f =~ x1 + x2 + x3", "f -> x2") == ("indicator rules", "cov(x2, x3) / cov(x1, x3)")
    method, said = formula(MODELS["two indicators"], "f -> g")
    assert method == "two-step rule, regression"
    assert said == "cov(x1, x3) / (cov(x1, x2) / (cov(x2, x3) / cov(x1, x3)))"
    assert formula(MODELS["confounded factors"], "f -> g") == (
        "two-step rule, instrument",
        "cov(x4, z) / cov(x1, z)",
    )
    assert formula("f =~ x1 + x2", "f -> x1")[0] == "fixed"


def test_effects_on_indicators() -> None:
    model = PathModel.from_lavaan(DEMOCRACY)
    verdict = identify(model, "ind60 -> y8")
    assert verdict.identified
    check_formula(model, verdict)


UNIT = {
    "confirmatory": f"{FACTORS}; f ~~ g + h; g ~~ h",
    "structural": f"{FACTORS}; g ~ f; h ~ f + g + z; x9 ~ z",
    "second order": f"{FACTORS}; s =~ f + g + h",
    "another variance": "f =~ NA*x1 + x2 + x3 + x4; f ~~ 2*f; g =~ NA*y1 + y2 + y3; g ~~ 0.5*g; g ~ f",
}


@pytest.mark.parametrize("name", UNIT)
def test_latents_of_fixed_variance_are_known_up_to_sign(name: str) -> None:
    model = PathModel.from_lavaan(UNIT[name], std_lv=name != "another variance", fixed_x=False)
    found = identify_all(model)
    for verdict in found:
        if {verdict.query.source, verdict.query.target} & {*model.latents}:
            assert (verdict.status.value, verdict.solutions) == ("finite", 2)
            assert verdict.method.startswith("up to sign")
            check_square(model, verdict)


def check_square(model: PathModel, verdict: Verdict) -> None:
    constant, slope = verdict.polynomial
    for seed in range(20):
        drawn = values(model, seed)
        assert float(slope(implied(model, drawn))) == 0
        truth = true_effect(model, drawn, verdict.query)
        assert -float(constant(implied(model, drawn))) == pytest.approx(truth**2, rel=1e-6)


def test_signs_are_counted_as_elimination_counts() -> None:
    model = PathModel.from_lavaan("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f", std_lv=True)
    analysis = Analysis(model)
    for verdict in identify_all(model):
        assert count_values(analysis, verdict.query) == verdict.solutions


def test_ties_are_left_to_elimination() -> None:
    model = PathModel.from_lavaan("f =~ x1 + a*x2 + a*x3 + x4", std_lv=True)
    assert measure(Analysis(model)).entries == {}
    assert {(v.solutions, v.method) for v in identify_all(model)} == {(2, "exact elimination")}


def test_a_factor_that_nothing_measures_twice() -> None:
    model = PathModel.from_lavaan("f =~ x1; g =~ x2 + x3 + x4; g ~ f; x1 ~~ x1")
    assert not identify(model, "f -> g").identified
    assert identify(model, "g -> x3").identified


def test_measuring_a_factor_is_a_remedy() -> None:
    model = PathModel.from_lavaan("f =~ x1 + x2")
    assert {r.change: r.status for r in identify(model, "f -> x2").remedies()}["measure f"] == "identified"


def test_verdicts_of_the_democracy_model_are_quick() -> None:
    start = time.perf_counter()
    verdicts("democracy")
    assert time.perf_counter() - start < 1.0
