"""Bounds of effects under limits, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

import semnan as sn
from semnan.bounds import Between, EffectBounds, ErrorCorrelation, Limit, PartialR2, effect_bounds, sensitivity
from semnan.bounds import effect as module
from semnan.identification import Witness, identify
from semnan.identification.reading import read_code

BOW = sn.AMASEM.parse("latent U; U -> X, Y; X -> Y")
ADJUSTED = sn.AMASEM.parse("latent U; U -> X, Y; Z, W -> X; Z, W, X -> Y; Z -> W")
SIGMA = np.array([[4.0, 1.0], [1.0, 9.0]])
ROOT = np.random.default_rng(2).normal(size=(4, 4))
WIDE = sn.Moments.from_covariance(ROOT @ ROOT.T + np.eye(4), ("Z", "W", "X", "Y"), 100)
STRENGTHS = (PartialR2("U", "X", 0.15), PartialR2("U", "Y", 0.3))


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the closed form."""
    monkeypatch.setattr(module, "confounded_pair", lambda *_: None)


def check(found: EffectBounds, expected: tuple[float, float], rtol: float = 1e-6) -> None:
    np.testing.assert_allclose((found.lower, found.upper), expected, rtol=rtol)


def test_closed_form_of_the_pair() -> None:
    """Cinelli & Hazlett's bias on both sides of the regression slope, as `sensitivity` has it."""
    fit = sn.fit(sn.AMASEM.parse("Z, W -> X; Z, W, X -> Y; Z -> W"), WIDE)
    regression = sensitivity(fit, "X", "Y")
    bias = float(regression.bias(0.15, 0.3))
    found = effect_bounds(ADJUSTED, WIDE, "X -> Y", STRENGTHS)
    check(found, (regression.estimate - bias, regression.estimate + bias), rtol=1e-9)
    assert found.proven
    assert found.reproduced


@pytest.mark.parametrize(
    "limits", [STRENGTHS, (ErrorCorrelation("X", "Y", 0.3),), (*STRENGTHS, ErrorCorrelation("X", "Y", 0.05))]
)
@pytest.mark.parametrize(("graph", "sigma"), [(BOW, SIGMA), (ADJUSTED, WIDE)])
def test_the_search_finds_the_closed_form(
    graph: sn.AMASEM, sigma: sn.Moments, limits: tuple[Limit, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = effect_bounds(graph, sigma, "X -> Y", limits)
    monkeypatch.setattr(module, "confounded_pair", lambda *_: None)
    found = effect_bounds(graph, sigma, "X -> Y", limits, starts=3)
    check(found, (closed.lower, closed.upper))
    assert closed.proven
    assert not found.proven
    assert "numerically from" in str(found)


def test_ends_are_reached_by_parameters_with_that_covariance(searched: None) -> None:
    found = effect_bounds(BOW, SIGMA, "X -> Y", STRENGTHS, starts=2)
    for parameters, end in ((found.lower_parameters, found.lower), (found.upper_parameters, found.upper)):
        b, x, y = parameters["X -> Y"], parameters["U -> X"], parameters["U -> Y"]
        assert b == pytest.approx(end)
        implied = [parameters["X <-> X"] + x**2, b * 4 + x * y, parameters["Y <-> Y"] + b**2 * 4 + 2 * b * x * y + y**2]
        np.testing.assert_allclose(implied, [4.0, 1.0, 9.0], atol=1e-5)


def test_an_arc_is_like_a_latent() -> None:
    rows = (sn.path("X", "Y"), sn.covariance("X"), sn.covariance("Y"), sn.covariance("X", "Y"))
    limits = (ErrorCorrelation("Y", "X", 0.3),)
    arc = effect_bounds(sn.PathModel(("X", "Y"), (), rows), SIGMA, "X -> Y", limits)
    latent = effect_bounds(BOW, SIGMA, "X -> Y", limits)
    assert (arc.lower, arc.upper) == (latent.lower, latent.upper)
    assert arc.proven


def test_no_limits_no_ends(searched: None) -> None:
    found = effect_bounds(BOW, SIGMA, "X -> Y", starts=2)
    assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert "no end" in found.how


def test_no_ends_under_a_curved_limit() -> None:
    """A limit on something else leaves the pair free."""
    graph = sn.AMASEM.parse("latent U; U -> X, Y; X -> Y; latent V; V -> Z, W; Z -> X, Y")
    limits = (PartialR2("V", "Z", 0.5),)
    found = effect_bounds(graph, np.eye(4) + 0.3, "X -> Y", limits, kind="direct", starts=1)
    assert not found.bounded


def test_arcs_beside_latents_stay_a_covariance() -> None:
    """Three indicators and an arc: the errors' covariance could be indefinite although the visibles' is not."""
    rows = [sn.path("F", v) for v in "ABC"] + [sn.covariance(v) for v in "ABC"]
    model = sn.PathModel(("A", "B", "C"), ("F",), (*rows, sn.covariance("F", fixed=1.0), sn.covariance("A", "B")))
    found = effect_bounds(model, np.eye(3) / 2 + 0.5, "A <-> B", starts=3)
    for parameters in (found.lower_parameters, found.upper_parameters):
        errors = [parameters[f"{a} <-> {b}"] for a, b in ("AA", "AB", "BB")]
        assert errors[1] ** 2 <= errors[0] * errors[2] + 1e-6
    assert found.bounded


def test_an_instrument_with_a_bounded_direct_effect() -> None:
    """b = (Σzy − c Σzz) / Σzx for c from −0.1 to 0.2."""
    sigma = sn.Moments.from_covariance([[1, 0.5, 0.4], [0.5, 1, 0.6], [0.4, 0.6, 1]], ("Z", "X", "Y"), 100)
    graph = sn.AMASEM.parse("latent U; U -> X, Y; Z -> X -> Y; Z -> Y")
    found = effect_bounds(graph, sigma, "X -> Y", [Between("Z -> Y", -0.1, 0.2)], starts=2)
    check(found, ((0.4 - 0.2) / 0.5, (0.4 + 0.1) / 0.5))


def test_a_sign_alone_bounds_one_side() -> None:
    """With a direct effect that is not negative, the instrument's ratio is the most."""
    sigma = sn.Moments.from_covariance([[1, 0.5, 0.4], [0.5, 1, 0.6], [0.4, 0.6, 1]], ("Z", "X", "Y"), 100)
    graph = sn.AMASEM.parse("latent U; U -> X, Y; Z -> X -> Y; Z -> Y")
    found = effect_bounds(graph, sigma, "X -> Y", [Between("Z -> Y", lower=0.0)], starts=2)
    assert found.lower == -math.inf
    assert found.upper == pytest.approx(0.8)
    assert 0.5 in found
    assert 0.9 not in found


def test_two_regressions() -> None:
    """A variable measured with error: between the direct and the reverse regression (Frisch 1934)."""
    rows = (sn.path("F", "X", fixed=1.0), sn.path("F", "Y"), *(sn.covariance(v) for v in "FXY"))
    found = effect_bounds(sn.PathModel(("X", "Y"), ("F",), rows), [[2.0, 0.7], [0.7, 1.5]], "F -> Y", starts=3)
    check(found, (0.35, 1.5 / 0.7))


def test_an_identified_effect_is_a_point() -> None:
    found = effect_bounds(sn.AMASEM.parse("Z -> X -> Y; Z -> Y"), WIDE, "X -> Y")
    assert found.proven
    assert found.lower == found.upper
    assert found.how.startswith("identified")
    limited = effect_bounds(
        sn.AMASEM.parse("Z -> X -> Y; Z -> Y"), WIDE, "X -> Y", [Between("Z -> Y", -9, 9)], starts=1
    )
    check(limited, (found.lower, found.upper))


def test_a_covariance_that_the_model_does_not_reproduce() -> None:
    found = effect_bounds(sn.AMASEM.parse("latent U; U -> X, Y; Z -> X; X -> Y; W -> Y"), WIDE, "X -> Y")
    assert not found.reproduced
    assert "closest" in str(found)


def test_a_mediator_is_no_covariate() -> None:
    """X -> M -> Y with X and Y confounded: M is after X, so the closed form stays silent."""
    graph = sn.AMASEM.parse("latent U; U -> X, Y; X -> M -> Y; X -> Y")
    sigma = sn.Moments.from_covariance(WIDE.covariance[:3, :3], ("X", "M", "Y"), 100)
    found = effect_bounds(graph, sigma, "X -> Y", [ErrorCorrelation("X", "Y", 0.2)], kind="direct", starts=3)
    assert not found.proven
    s = sigma.covariance
    slopes = [mediated_error(s, b) for b in (found.lower, found.upper)]
    np.testing.assert_allclose(np.abs(slopes), 0.2, atol=1e-5)


def mediated_error(s: np.ndarray, b: float) -> float:
    """The correlation of X and Y's error, where M's slope on Y solves cov(M − a X, Y − b X − c M) = 0."""
    a = s[0, 1] / s[0, 0]
    left = np.array([-a, 1.0, 0.0])
    c = left @ s @ np.array([-b, 0.0, 1.0]) / (left @ s @ np.array([0.0, 1.0, 0.0]))
    error = np.array([-b, -c, 1.0])
    return float((s @ error)[0] / math.sqrt(s[0, 0] * (error @ s @ error)))


@pytest.mark.parametrize(("code", "effect"), [("011000_011001", "1 -> 4"), ("110000_110010", "1 -> 2")])
def test_witnesses_are_inside(code: str, effect: str) -> None:
    """Both effects of two parameter vectors with one covariance belong to the set, across its gaps too."""
    model = read_code(code)
    witness = identify(model, effect).witness
    assert isinstance(witness, Witness)
    found = effect_bounds(model, witness.sigma, effect, starts=2)
    assert found.reproduced
    assert all(value in found for value in witness.effects)


def test_limits_that_leave_nothing() -> None:
    sigma = sn.Moments.from_covariance([[1, 0.5], [0.5, 1]], ("X", "Y"), 100)
    with pytest.raises(sn.FitError, match="no parameters were found"):
        effect_bounds(sn.AMASEM.parse("X -> Y"), sigma, "X -> Y", [Between("X -> Y", upper=0.0)], starts=2)


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (Between("Y -> X", 0.0), "no such free parameter"),
        (PartialR2("V", "X", 0.1), "no variable 'V'"),
        ("X > 0", "is no limit"),
    ],
)
def test_limits_about_nothing(limit: Limit, says: str) -> None:
    with pytest.raises(sn.FitError, match=says):
        effect_bounds(BOW, SIGMA, "X -> Y", [limit], starts=1)


def test_limits_are_shares() -> None:
    with pytest.raises(sn.FitError, match="share"):
        PartialR2("U", "X", 1.2)
    with pytest.raises(sn.FitError, match="lower one must be less"):
        Between("X -> Y", 1.0, 0.0)
