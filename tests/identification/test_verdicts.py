"""Graphs where tools are known to go wrong, and everything a verdict offers."""

import math

import numpy as np
import pytest

from semnan import AMASEM, ModelError, PathModel, Unavailable, covariance, path
from semnan.errors import GraphError
from semnan.identification import (
    Identification,
    LocalIdentification,
    Status,
    Value,
    Verdict,
    Witness,
    identify,
    identify_all,
    identify_joint,
    mixed_graph,
)

from .dense import covariance as implied
from .dense import effect as true_effect
from .test_truth import check_certificate


def statuses(graph: AMASEM | PathModel, kind: str = "direct") -> dict[str, str]:
    return {str(v.query): v.status.value for v in identify_all(graph) if v.query.kind == kind}


def values(model: PathModel, seed: int) -> dict[str, float]:
    """Parameters of moderate size, drawn apart from the library."""
    rng = np.random.default_rng(seed)
    drawn = {row.name: rng.uniform(0.3, 0.8) * rng.choice([-1, 1]) for row in model.parameters}
    return {**drawn, **{row.name: rng.uniform(0.8, 1.6) for row in model.parameters if row.is_variance}}


def check_formula(graph: AMASEM | PathModel, verdict: Verdict) -> None:
    """A hundred covariances, in one batch."""
    model = PathModel.from_amasem(graph) if isinstance(graph, AMASEM) else graph
    drawn = [values(model, seed) for seed in range(100)]
    assert verdict.formula is not None
    said = verdict.formula(np.array([implied(model, v) for v in drawn]))
    truth = [true_effect(model, v, verdict.query) for v in drawn]
    np.testing.assert_allclose(said, truth, rtol=1e-6, atol=1e-6)


def test_front_door() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    verdict = identify(graph, "X -> Y")
    assert verdict.identified
    assert str(verdict.formula) == "cov(X, M) / var(X) * (cov(M, Y | X) / var(M | X))"
    check_formula(graph, verdict)


def test_an_instrument_that_is_none() -> None:
    """Bad M: a latent, or a variable that latents tie to both ends, is no instrument."""
    graph = AMASEM.parse("latent U, V; U -> Z, X; V -> Z, Y; Z -> X -> Y; X <-> Y")
    assert statuses(graph)["X -> Y"] == "not identified"
    bad = AMASEM.parse("latent U, V; U -> Z, Y; V -> Z, X; Z -> X -> Y")
    assert statuses(bad) == {"Z -> X": "not identified", "X -> Y": "not identified"}


def test_napkin() -> None:
    """The ratio of two regressions given W, a conditional instrument; not that of W itself."""
    graph = AMASEM.parse("latent U, V; U -> W, X; V -> W, Y; W -> Z -> X -> Y")
    verdict = identify(graph, "X -> Y")
    assert str(verdict.formula) == "cov(Z, Y | W) / cov(Z, X | W)"
    check_formula(graph, verdict)


def test_proximal() -> None:
    graph = AMASEM.parse("latent U; U -> Z, X, W, Y; Z -> X -> Y; W -> Y")
    assert statuses(graph) == {"Z -> X": "not identified", "X -> Y": "identified", "W -> Y": "not identified"}
    check_formula(graph, identify(graph, "X -> Y"))


def test_channels_and_demand() -> None:
    """Demand that drives four channels and sales: nothing; with two proxies of it: everything."""
    channels = "A, B, C, D"
    bare = AMASEM.parse(f"latent U; U -> {channels}, Y; {channels} -> Y")
    assert set(statuses(bare).values()) == {"not identified"}
    proxied = AMASEM.parse(f"latent U; U -> {channels}, Y, P, Q; {channels} -> Y")
    assert set(statuses(proxied).values()) == {"identified"}
    for verdict in identify_all(proxied):
        check_formula(proxied, verdict)


def test_instruments_for_total_effects() -> None:
    graph = AMASEM.parse("latent U; U -> X, M, Y; Z -> X -> M -> Y; X -> Y")
    assert identify(graph, "X -> Y", kind="direct").status is Status.NOT_IDENTIFIED
    verdict = identify(graph, "X -> Y")
    assert (verdict.status, str(verdict.formula)) == (Status.IDENTIFIED, "cov(Z, Y) / cov(Z, X)")


def test_effects_along_some_paths() -> None:
    graph = AMASEM.parse("X -> M -> Y; X -> Y; Z -> X")
    verdict = identify(graph, "X -> Y", avoiding="M")
    assert verdict.identified
    check_formula(graph, verdict)
    assert identify(graph, "M -> X").method == "no directed path"
    assert str(identify(graph, "M -> X").formula) == "0"


def test_joint_interventions() -> None:
    """Under do(A, B), the effect of A avoids B: identified here though the total effect of A is not."""
    graph = AMASEM.parse("latent U; U -> A, B; A -> B -> Y; A -> Y")
    assert identify(graph, "A -> Y").status is Status.NOT_IDENTIFIED
    for verdict in identify_joint(graph, ["A", "B"], "Y"):
        assert verdict.identified
        check_formula(graph, verdict)


def test_functions_of_the_weights() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    known = Identification(graph)
    verdict = known.verdict(lambda w: w["X", "M"] ** 2 - 3 * w["M", "Y"] + 1)
    model = PathModel.from_amasem(graph)
    drawn = values(model, 3)
    assert verdict.identified
    assert verdict.formula is not None
    expected = drawn["X -> M"] ** 2 - 3 * drawn["M -> Y"] + 1
    assert float(verdict.formula(implied(model, drawn))) == pytest.approx(expected)
    assert known.verdict(lambda w: w["U", "X"]).status is Status.NOT_IDENTIFIED
    product = known.verdict(lambda w: w["U", "X"] * w["U", "Y"])
    assert product.identified
    check_product(model, product)


def test_functions_that_are_no_polynomials() -> None:
    known = Identification(AMASEM.parse("latent U; U -> X, Y; X -> M -> Y; X -> Y"))
    ratio = known.verdict(lambda w: w["X", "M"] / (1 + w["X", "M"] ** 2))
    assert (ratio.status, ratio.method) == (Status.IDENTIFIED, "a function of identified weights")
    share = known.verdict(lambda w: math.exp(w["X", "Y"]) / w["X", "M"])
    assert share.status is Status.NOT_IDENTIFIED
    assert isinstance(share.witness, Witness)
    open_end = known.verdict(lambda w: math.exp(w["U", "X"] * w["U", "Y"] + w["X", "Y"] * 0))
    assert open_end.status is Status.NOT_IDENTIFIED
    front = Identification(AMASEM.parse("latent U; U -> X, Y; X -> M -> Y"))
    assert front.verdict(lambda w: math.exp(w["U", "X"] * w["U", "Y"])).status is Status.UNDECIDED
    with pytest.raises(ModelError, match="asks for the weight"):
        known.verdict(lambda w: w["Y", "X"])


def check_product(model: PathModel, verdict: Verdict) -> None:
    drawn = values(model, 4)
    assert verdict.formula is not None
    assert float(verdict.formula(implied(model, drawn))) == pytest.approx(drawn["U -> X"] * drawn["U -> Y"])


def test_two_values() -> None:
    """García-Puente et al.: two edges from a confounded cause, each up to the other root of a quadratic."""
    arcs = [("1", "2"), ("1", "3"), ("1", "4")]
    graph = mixed_graph([("1", "2"), ("1", "3"), ("1", "4")], arcs)
    verdict = identify(graph, "1 -> 2")
    assert (verdict.status, verdict.solutions, verdict.formula) == (Status.FINITE, 2, None)
    check_certificate(graph, verdict, covariances=0)
    assert isinstance(verdict.witness, Witness)
    found = verdict.values(verdict.witness.sigma)
    assert [value.value for value in found] == pytest.approx(sorted(verdict.witness.effects), rel=1e-8)
    for value in found:
        assert isinstance(value, Value)
        assert value.parameters is not None
        np.testing.assert_allclose(implied(graph, value.parameters), verdict.witness.sigma, atol=1e-10)


def test_values_are_of_finite_verdicts() -> None:
    verdict = identify(AMASEM.parse("X -> Y"), "X -> Y")
    with pytest.raises(ModelError, match="X -> Y is identified"):
        verdict.values(np.eye(2))
    assert isinstance(verdict.witness, Unavailable)


def test_loadings_are_identified_up_to_sign() -> None:
    rows = [path("F", v) for v in "abc"] + [covariance("F", fixed=1.0)] + [covariance(v) for v in "abc"]
    verdict = identify(PathModel(tuple("abc"), ("F",), tuple(rows)), "F -> a")
    assert (verdict.status, verdict.solutions) == (Status.FINITE, 2)
    assert isinstance(verdict.witness, Witness)
    assert sum(verdict.witness.effects) == pytest.approx(0, abs=1e-9)


def test_measurement_models() -> None:
    """Endogenous latents, fixed loadings: a regression between factors."""
    model = PathModel.from_lavaan("f =~ x1 + x2 + x3\n g =~ y1 + y2 + y3\n g ~ f")
    for effect in ("f -> g", "f -> x2", "f -> y3"):
        verdict = identify(model, effect)
        assert verdict.identified, verdict
        check_formula(model, verdict)
    two = PathModel.from_lavaan("f =~ x1 + x2", auto_fix_first=False, auto_var=True)
    assert identify(two, "f -> x1").status is Status.NOT_IDENTIFIED


def test_ties_and_fixed_values() -> None:
    """A tie or a known weight identifies what is otherwise open."""
    pair = [covariance(v) for v in "XY"] + [covariance("X", "Y")]
    free = PathModel(("X", "Y"), (), (path("X", "Y"), *pair))
    assert not identify(free, "X -> Y").identified
    known = PathModel(("X", "Y"), (), (path("X", "Y", fixed=0.3), *pair))
    assert str(identify(known, "X -> Y").formula) == str(identify(known, "X -> Y", kind="direct").formula)
    rows = [path("X", "Y", label="b"), path("Z", "Y", label="b"), *pair, covariance("Z")]
    tied = identify(PathModel(("X", "Z", "Y"), (), tuple(rows)), "X -> Y")
    assert tied.identified
    check_tied(tied, PathModel(("X", "Z", "Y"), (), tuple(rows)))


def check_tied(verdict: Verdict, model: PathModel) -> None:
    drawn = values(model, 1)
    assert verdict.formula is not None
    assert float(verdict.formula(implied(model, drawn))) == pytest.approx(drawn["b"])


def test_free_means_and_known_covariates_change_nothing() -> None:
    model = PathModel.from_lavaan("f =~ x1 + x2 + x3\n f ~ z", meanstructure=True, fixed_x=True)
    assert model.has_means
    assert model.exogenous == ("z",)
    plain = PathModel.from_lavaan("f =~ x1 + x2 + x3\n f ~ z", fixed_x=False)
    for effect in ("f -> x2", "z -> f", "z -> x3"):
        assert str(identify(model, effect)) == str(identify(plain, effect))
        check_formula(plain, identify(plain, effect))


def test_a_group_that_is_enough_by_itself() -> None:
    text = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f"
    model = PathModel.from_lavaan(text, groups=("a", "b"), group_equal=("loadings", "intercepts"))
    for effect in ("f -> g", "f -> x2"):
        verdict = identify(model, effect, group="b")
        assert verdict.identified
        check_formula(PathModel.from_lavaan(text), verdict)


def test_means_that_say_nothing_more() -> None:
    model = PathModel.from_lavaan("i =~ 1*y1 + 1*y2 + 1*y3; s =~ 0*y1 + 1*y2 + 2*y3; i ~ z; s ~ z", function="growth")
    assert model.has_means
    assert identify(model, "z -> s").identified


def test_ties_across_groups_get_the_local_verdict() -> None:
    model = PathModel.from_lavaan("f =~ x1 + x2 + x3 + x4", groups=("a", "b"), std_lv=True, group_equal=("loadings",))
    verdict = identify(model, "f -> x2", group="b")
    assert verdict.status is Status.UNDECIDED
    assert "locally identified" in verdict.method
    loose = PathModel.from_lavaan("f =~ NA*x1 + x2 + x3", groups=("a", "b"))
    assert identify(loose, "f -> x2", group="b").status is Status.NOT_IDENTIFIED


def test_what_would_identify() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> Y")
    found = {remedy.change: remedy.status for remedy in identify(graph, "X -> Y").remedies()}
    assert found["measure U"] == "identified"
    assert "know U -> X" not in found
    assert identify(AMASEM.parse("X -> Y"), "X -> Y").remedies() == ()
    arc = mixed_graph([("X", "Y")], [("X", "Y")])
    assert [str(remedy) for remedy in identify(arc, "X -> Y").remedies()] == [
        "know X <-> Y: identified",
        "no X <-> Y: identified",
    ]


def test_larger_graphs_are_decided_by_criteria_alone() -> None:
    graph = AMASEM.random(30, parents=3, confounders=4, children=3, seed=2)
    verdicts = identify_all(graph)
    assert {v.status for v in verdicts} <= set(Status)
    assert sum(v.status is Status.UNDECIDED for v in verdicts) <= len(verdicts) // 20


WRONG = [
    ("X", {}, ModelError, "give it as 'X -> Y'"),
    ("X -> Q", {}, GraphError, "no variable 'Q'"),
    ("X -> X", {}, ModelError, "two variables"),
    ("X -> Y", {"kind": "partial"}, ModelError, "give 'direct' or 'total'"),
    ("X -> Y", {"avoiding": "X"}, ModelError, "no path is left"),
    ("X -> Y", {"kind": "direct", "avoiding": "M"}, ModelError, "passes through no variable"),
    ("X -> Y", {"group": "a"}, ModelError, "not 'a'"),
]


@pytest.mark.parametrize(("effect", "options", "error", "message"), WRONG)
def test_wrong_questions(effect: str, options: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        identify(AMASEM.parse("X -> M -> Y"), effect, **options)  # type: ignore[arg-type]


def test_linear_equalities() -> None:
    """A constraint that identifies: the confounded edge is half of one that is known."""
    text = "y ~ a*x + b*z\n x ~~ y\n x ~~ x\n z ~~ z"
    assert not identify(PathModel.from_lavaan(text), "x -> y").identified
    model = PathModel.from_lavaan(f"{text}\n c := 2*a\n c == b + 1")
    verdict = identify(model, "x -> y")
    assert verdict.identified
    drawn = {**values(model, 2), "a": 0.7, "b": 0.4}
    assert verdict.formula is not None
    assert float(verdict.formula(implied(model, drawn))) == pytest.approx(0.7)
    found = LocalIdentification.of(model)
    assert found.unidentified == ()
    wider = PathModel.from_lavaan("y ~ a*x + b*z\n x ~~ y\n z ~~ y\n x ~~ x\n z ~~ z\n a == 2*b")
    assert LocalIdentification.of(wider).unidentified == ("a", "b", "y <-> x", "y <-> z", "y <-> y")


def test_other_equalities_are_refused() -> None:
    model = PathModel.from_lavaan("y ~ a*x + b*z\n a == b^2")
    with pytest.raises(ModelError, match="linear equalities only: leave a == b"):
        identify(model, "x -> y")
